/** Reading and writing big-endian numbers. No call checks bounds: callers have checked the length once. */

export const EMPTY: Uint8Array = new Uint8Array(0)

export function readUint16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!
}

/** Unsigned, 0 to 2^32 - 1. */
export function readUint32(octets: Uint8Array, at: number): number {
  return readInt32(octets, at) >>> 0
}

/** Signed: the form in which V8 keeps a 32-bit word without a box on the heap. */
export function readInt32(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!
}

export function writeUint16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8
  octets[at + 1] = value
}

/** Takes signed and unsigned words alike. */
export function writeUint32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24
  octets[at + 1] = value >>> 16
  octets[at + 2] = value >>> 8
  octets[at + 3] = value
}

/** The views of the last two arrays: a frame that comes and one that goes. Making one costs more than what is read through it. */
let recentOctets: Uint8Array = EMPTY
let recentView: DataView = new DataView(EMPTY.buffer)
let olderOctets: Uint8Array = EMPTY
let olderView: DataView = recentView

/**
 * A view of `octets`, to read and write 32 bits at a time. It keeps the last two arrays from collection; a WeakMap would
 * hold more, but costs 3 µs for each array that is used but once.
 */
export function viewOf(octets: Uint8Array): DataView {
  if (octets === recentOctets) return recentView
  const view = octets === olderOctets ? olderView : new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  olderOctets = recentOctets
  olderView = recentView
  recentOctets = octets
  recentView = view
  return view
}

/** Below this many octets a plain loop beats the view object that `TypedArray.set` needs. */
const LOOP_LIMIT = 24

/** The last two ranges that were copied, and the views of them: a frame that comes and goes lies where the last one did. */
let recentSource: Uint8Array = EMPTY
let recentStart = 0
let recentRange: Uint8Array = EMPTY
let olderSource: Uint8Array = EMPTY
let olderStart = 0
let olderRange: Uint8Array = EMPTY

/**
 * Copies `length` octets. The ranges must not overlap within one array. It makes no view of a range that it has copied
 * before, but for what was copied since; two arrays are kept from collection for that.
 */
export function copyOctets(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length <= LOOP_LIMIT) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i]!
  } else if (length === from.length) {
    to.set(from, at)
  } else {
    to.set(rangeOf(from, start, length), at)
  }
}

function rangeOf(from: Uint8Array, start: number, length: number): Uint8Array {
  if (from === recentSource && start === recentStart && length === recentRange.length) return recentRange
  const known = from === olderSource && start === olderStart && length === olderRange.length
  const range = known ? olderRange : from.subarray(start, start + length)
  olderSource = recentSource
  olderStart = recentStart
  olderRange = recentRange
  recentSource = from
  recentStart = start
  recentRange = range
  return range
}
