/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of whole 32-bit words: the pseudo-random function of RFC 6528, under a key
 * that nobody outside knows (RFC 9293 MUST-9). HalfSipHash-1-3, its 32-bit sister, keeps the hash tables safe from
 * chosen collisions at a quarter of the cost; it is no PRF for secrets that matter.
 *
 * Hot path: 64-bit words are pairs of int32 in local variables.
 */
export interface SipKey {
  readonly k0: number
  readonly k1: number
  readonly k2: number
  readonly k3: number
}

/** The key in 16 octets from `at` on, little-endian as in the reference. */
export function sipKey(secret: Uint8Array, at: number): SipKey {
  const word = (i: number): number =>
    secret[at + i]! | (secret[at + i + 1]! << 8) | (secret[at + i + 2]! << 16) | (secret[at + i + 3]! << 24)
  return { k0: word(0), k1: word(4), k2: word(8), k3: word(12) }
}

/** The least that a secret must have, octets. */
export const SECRET_LENGTH = 32

/** A key of its own for each use of one secret of at least 32 octets; `use` tells them apart. */
export function deriveKey(secret: Uint8Array, use: number): SipKey {
  const root = sipKey(secret, 0)
  const rest = sipKey(secret, 16)
  const words = Int32Array.of(rest.k0, rest.k1, rest.k2, rest.k3, use, 0)
  const k0 = sipHash24(root, words, 6)
  const k1 = sipHashHigh()
  words[5] = 1
  return { k0, k1, k2: sipHash24(root, words, 6), k3: sipHashHigh() }
}

// The state between calls of the round function: module variables, since a tuple would be an object a round.
let v0h = 0
let v0l = 0
let v1h = 0
let v1l = 0
let v2h = 0
let v2l = 0
let v3h = 0
let v3l = 0

/** Whether the sum of two unsigned words, of which `sum` is the low part, carried. */
function carry(sum: number, term: number): number {
  return sum >>> 0 < term >>> 0 ? 1 : 0
}

function round(): void {
  let low = (v0l + v1l) | 0
  v0h = (v0h + v1h + carry(low, v1l)) | 0
  v0l = low
  low = (v2l + v3l) | 0
  v2h = (v2h + v3h + carry(low, v3l)) | 0
  v2l = low
  let high = (v1h << 13) | (v1l >>> 19)
  v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
  v1h = high ^ v0h
  high = (v3h << 16) | (v3l >>> 16)
  v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
  v3h = high ^ v2h
  high = v0l
  v0l = v0h
  v0h = high
  low = (v2l + v1l) | 0
  v2h = (v2h + v1h + carry(low, v1l)) | 0
  v2l = low
  low = (v0l + v3l) | 0
  v0h = (v0h + v3h + carry(low, v3l)) | 0
  v0l = low
  high = (v1h << 17) | (v1l >>> 15)
  v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
  v1h = high ^ v2h
  high = (v3h << 21) | (v3l >>> 11)
  v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
  v3h = high ^ v0h
  high = v2l
  v2l = v2h
  v2h = high
}

function absorb(low: number, high: number): void {
  v3l ^= low
  v3h ^= high
  round()
  round()
  v0l ^= low
  v0h ^= high
}

/** SipHash-2-4 of words[0] up to words[count], `count` even: the low 32 bits, unsigned. {@link sipHashHigh} has the rest. */
export function sipHash24(key: SipKey, words: Int32Array, count: number): number {
  v0l = key.k0 ^ 0x70736575
  v0h = key.k1 ^ 0x736f6d65
  v1l = key.k2 ^ 0x6e646f6d
  v1h = key.k3 ^ 0x646f7261
  v2l = key.k0 ^ 0x6e657261
  v2h = key.k1 ^ 0x6c796765
  v3l = key.k2 ^ 0x79746573
  v3h = key.k3 ^ 0x74656462
  for (let i = 0; i < count; i += 2) absorb(words[i]!, words[i + 1]!)
  absorb(0, (count * 4) << 24)
  v2l ^= 0xff
  for (let i = 0; i < 4; i++) round()
  return (v0l ^ v1l ^ v2l ^ v3l) >>> 0
}

/** The high 32 bits of the last {@link sipHash24}, unsigned. */
export function sipHashHigh(): number {
  return (v0h ^ v1h ^ v2h ^ v3h) >>> 0
}

/** HalfSipHash-c-d of words[0] up to words[count], a signed word. */
export function halfSipHash(key: SipKey, words: Int32Array, count: number, c = 1, d = 3): number {
  let a = key.k0
  let b = key.k1
  let e = key.k0 ^ 0x6c796765
  let f = key.k1 ^ 0x74656462
  const last = (count * 4) << 24
  for (let i = 0; i <= count + 1; i++) {
    const finishing = i > count
    const word = finishing ? 0 : i === count ? last : words[i]!
    if (finishing) e ^= 0xff
    else f ^= word
    for (let rounds = finishing ? d : c; rounds > 0; rounds--) {
      a = (a + b) | 0
      b = ((b << 5) | (b >>> 27)) ^ a
      a = (a << 16) | (a >>> 16)
      e = (e + f) | 0
      f = ((f << 8) | (f >>> 24)) ^ e
      a = (a + f) | 0
      f = ((f << 7) | (f >>> 25)) ^ a
      e = (e + b) | 0
      b = ((b << 13) | (b >>> 19)) ^ e
      e = (e << 16) | (e >>> 16)
    }
    if (!finishing) a ^= word
  }
  return b ^ f
}
