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

/** Below this many octets a plain loop beats the view object that `TypedArray.set` needs. */
const LOOP_LIMIT = 48

/** Copies `length` octets. The ranges must not overlap within one array. */
export function copyOctets(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length <= LOOP_LIMIT) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i]!
  } else {
    to.set(from.subarray(start, start + length), at)
  }
}
