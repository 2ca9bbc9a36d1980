import type { IpAddress } from './address.ts'
import { copyInArena, ELSEWHERE, placeOf, sumInArena } from './arena.ts'
import { copyOctets, viewOf } from './octets.ts'

// The Internet checksum of RFC 1071, the complement of the one's-complement sum of big-endian 16-bit words. On the hot
// path: nothing here allocates, and `| 0` keeps V8 from boxing sums, all of which are far below 2^31. Measured on one
// EPYC core, Node 20: 20 octets 20 ns, 1500 octets 0.2 µs, 64 KiB 7 µs; in the arena 1500 octets take 45 ns.

/** From so many octets on, WebAssembly or the machine's own order of octets pays for what is beside it. */
const WORDS_PAY_FROM = 96

/** The most that is summed at once, octets. */
const MOST_AT_ONCE = 65_536

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * Adds octets[start] up to octets[end] to `sum`, as 16-bit words; an odd last octet counts as if a 0 followed. To sum a
 * packet in several parts, all but the last must be of even length. {@link foldChecksum} ends the sum.
 */
export function sumOctets(octets: Uint8Array, start: number, end: number, sum = 0): number {
  // What is rare stands apart, here and below: V8 puts into its callers only what is short.
  if (end - start < WORDS_PAY_FROM) return sumView(viewOf(octets), start, end, sum)
  return (sum + sumLong(octets, start, end)) | 0
}

function sumLong(octets: Uint8Array, start: number, end: number): number {
  const place = placeOf(octets)
  if (place === ELSEWHERE || end - start > MOST_AT_ONCE) return sumByWord(octets, start, end)
  return sumInArena(place + start, place + end)
}

/** Copies `length` octets as `copyOctets` does, and returns their sum, below 2^31. */
export function copySummed(from: Uint8Array, start: number, length: number, into: Uint8Array, at: number): number {
  if (length >= WORDS_PAY_FROM && length <= MOST_AT_ONCE) {
    const source = placeOf(from)
    const target = source === ELSEWHERE ? ELSEWHERE : placeOf(into)
    if (target !== ELSEWHERE) return copyInArena(source + start, source + start + length, target + at)
  }
  copyOctets(from, start, length, into, at)
  return sumOctets(into, at, at + length)
}

/** The sum of octets, below 2^31, as it is where an odd number of octets is before them; folded to 16 bits. */
export function shiftSum(sum: number): number {
  return swap(foldSum(sum))
}

/** The same of what `view` shows: for headers, and whoever has their view at hand. */
export function sumView(view: DataView, start: number, end: number, initial = 0): number {
  let sum = initial
  let i = start
  for (; i + 4 <= end; i += 4) sum = (sum + sumWord(view.getInt32(i))) | 0
  if (i + 2 <= end) {
    sum = (sum + view.getUint16(i)) | 0
    i += 2
  }
  return i < end ? (sum + (view.getUint8(i) << 8)) | 0 : sum
}

/**
 * Octets before and after the aligned 32-bit words are summed one by one. The words may be read in the machine's own
 * order, and from an odd octet on: both only swap the octets of the sum (RFC 1071 §2 (B)).
 */
function sumByWord(octets: Uint8Array, start: number, end: number): number {
  const view = viewOf(octets)
  const words = wordsOf(octets)
  const head = -(octets.byteOffset + start) & 3
  const first = (octets.byteOffset + start + head) >>> 2
  const last = (octets.byteOffset + end) >>> 2
  const tail = start + head + 4 * (last - first)

  const inMachineOrder = sumWords(words, first, last)
  const inOrder = (LITTLE_ENDIAN ? swap(inMachineOrder) : inMachineOrder) + sumView(view, tail, end)
  return sumView(view, start, start + head) + (head % 2 === 0 ? inOrder : swap(foldSum(inOrder)))
}

/**
 * The words from `first` up to `last`, folded to 16 bits. In floating point, exact below 2^53: it is faster than carrying
 * in 32 bits, and four sums at once faster than one.
 */
function sumWords(words: Uint32Array, first: number, last: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = first
  for (; i + 8 <= last; i += 8) {
    a += words[i]! + words[i + 4]!
    b += words[i + 1]! + words[i + 5]!
    c += words[i + 2]! + words[i + 6]!
    d += words[i + 3]! + words[i + 7]!
  }
  for (; i < last; i++) a += words[i]!
  const sum = a + b + c + d
  return foldSum(foldSum(sum % 0x1_0000_0000) + Math.floor(sum / 0x1_0000_0000))
}

function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8)
}

// The views of the two buffers seen last, which are the one received into and the one transmitted from. A WeakMap would
// hold more, but costs 3 µs for each buffer that is used but once. The price is that two buffers are kept from collection.
let recentBuffer: ArrayBufferLike | undefined
let recentWords: Uint32Array = new Uint32Array(0)
let olderBuffer: ArrayBufferLike | undefined
let olderWords: Uint32Array = new Uint32Array(0)

/** The whole buffer under `octets` in 32-bit words. */
function wordsOf(octets: Uint8Array): Uint32Array {
  const buffer = octets.buffer
  if (buffer === recentBuffer) return recentWords
  const words = buffer === olderBuffer ? olderWords : new Uint32Array(buffer, 0, buffer.byteLength >>> 2)
  olderBuffer = recentBuffer
  olderWords = recentWords
  recentBuffer = buffer
  recentWords = words
  return words
}

/** The sum, below 2^32, folded to 16 bits and complemented: a checksum field's value. 0 over what holds a right one. */
export function foldChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff
}

/** The sum, below 2^32, folded to 16 bits but not complemented: what a link that completes checksums finds in the field. */
export function foldSum(sum: number): number {
  const folded = (sum & 0xffff) + (sum >>> 16)
  return (folded & 0xffff) + (folded >>> 16)
}

/**
 * The sum of the pseudo-header of RFC 9293 §3.1 (IPv4) or RFC 8200 §8.1 (IPv6). `length` is the transport's, header
 * and payload in octets.
 */
export function pseudoHeaderSum(source: IpAddress, destination: IpAddress, protocol: number, length: number): number {
  const last = (protocol + sumWord(length) + sumWord(source.d) + sumWord(destination.d)) | 0
  return source.family === 4 ? last : (last + sumUpper(source) + sumUpper(destination)) | 0
}

function sumUpper({ a, b, c }: IpAddress): number {
  return (sumWord(a) + sumWord(b) + sumWord(c)) | 0
}

/** The two 16-bit words of a 32-bit one. */
export function sumWord(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}
