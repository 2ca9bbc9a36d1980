/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of whole 32-bit words: the pseudo-random function of RFC 6528, under a key
 * that nobody outside knows (RFC 9293 MUST-9). HalfSipHash-1-3, its 32-bit sister, keeps the hash tables safe from
 * chosen collisions at a quarter of the cost; it is no PRF for secrets that matter.
 *
 * Hot path. In JavaScript, 64-bit words are pairs of int32 in local variables; where there is WebAssembly, which has
 * such words, that does it (docs/adr/0010-siphash-in-webassembly.md).
 */
import { wasmSipHash } from './siphash-wasm.ts'

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

/** The high 32 bits of the last hash: a tuple to return both would be an object a hash. */
let high32 = 0

const wasm = wasmSipHash()

/** Scratch for what is to be hashed: what is laid out here, and not elsewhere, need not be copied. A hash overwrites it. */
export const sipWords: Int32Array = wasm?.words ?? new Int32Array(16)

/** SipHash-2-4 of words[0] up to words[count], at most 1000: the low 32 bits, unsigned. {@link sipHashHigh} has the rest. */
export function sipHash24(key: SipKey, words: Int32Array, count: number): number {
  if (wasm === undefined) return plainSipHash24(key, words, count)
  const memory = wasm.words
  const last = count & ~1
  if (words !== memory) copyWords(words, count, memory)
  // The last block: what is left, and the length in octets.
  if (last === count) memory[count] = 0
  memory[last + 1] = (count * 4) << 24
  wasm.hash(key.k0, key.k1, key.k2, key.k3, 4 * last + 8)
  high32 = memory[1]!
  return memory[0]! >>> 0
}

function copyWords(from: Int32Array, count: number, to: Int32Array): void {
  for (let i = 0; i < count; i++) to[i] = from[i]!
}

/** The same in JavaScript alone. */
export function plainSipHash24(key: SipKey, words: Int32Array, count: number): number {
  let v0l = key.k0 ^ 0x70736575
  let v0h = key.k1 ^ 0x736f6d65
  let v1l = key.k2 ^ 0x6e646f6d
  let v1h = key.k3 ^ 0x646f7261
  let v2l = key.k0 ^ 0x6e657261
  let v2h = key.k1 ^ 0x6c796765
  let v3l = key.k2 ^ 0x79746573
  let v3h = key.k3 ^ 0x74656462
  // The carry of each 64-bit sum is worked out in bits: a comparison would be a branch that is mispredicted every other
  // time, and made the function four times as slow.
  // Blocks of two words, then one with the length, then the finalization: the round is written down once.
  const last = count & ~1
  for (let i = 0; i <= last + 2; i += 2) {
    const finishing = i > last
    const low = i < count ? words[i]! : 0
    const high = i + 1 < count ? words[i + 1]! : (count * 4) << 24
    if (finishing) {
      v2l ^= 0xff
    } else {
      v3l ^= low
      v3h ^= high
    }
    for (let rounds = finishing ? 4 : 2; rounds > 0; rounds--) {
      let sum = (v0l + v1l) | 0
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~sum)) >>> 31)) | 0
      v0l = sum
      sum = (v2l + v3l) | 0
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~sum)) >>> 31)) | 0
      v2l = sum
      let turned = ((v1h << 13) | (v1l >>> 19)) ^ v0h
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l
      v1h = turned
      turned = ((v3h << 16) | (v3l >>> 16)) ^ v2h
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l
      v3h = turned
      turned = v0l
      v0l = v0h
      v0h = turned
      sum = (v2l + v1l) | 0
      v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~sum)) >>> 31)) | 0
      v2l = sum
      sum = (v0l + v3l) | 0
      v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~sum)) >>> 31)) | 0
      v0l = sum
      turned = ((v1h << 17) | (v1l >>> 15)) ^ v2h
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l
      v1h = turned
      turned = ((v3h << 21) | (v3l >>> 11)) ^ v0h
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l
      v3h = turned
      turned = v2l
      v2l = v2h
      v2h = turned
    }
    if (!finishing) {
      v0l ^= low
      v0h ^= high
    }
  }
  high32 = v0h ^ v1h ^ v2h ^ v3h
  return (v0l ^ v1l ^ v2l ^ v3l) >>> 0
}

/** The high 32 bits of the last {@link sipHash24}, unsigned. */
export function sipHashHigh(): number {
  return high32 >>> 0
}

/** HalfSipHash-1-3 of words[0] up to words[count], a signed word. */
export function halfSipHash(key: SipKey, words: Int32Array, count: number): number {
  let a = key.k0
  let b = key.k1
  let e = key.k0 ^ 0x6c796765
  let f = key.k1 ^ 0x74656462
  // A round for each word and one for the length, then three to finish: the round is written down once.
  for (let i = 0; i <= count + 3; i++) {
    const word = i < count ? words[i]! : i === count ? (count * 4) << 24 : 0
    if (i === count + 1) e ^= 0xff
    f ^= word
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
    a ^= word
  }
  return b ^ f
}
