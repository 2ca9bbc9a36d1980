/** What is larger is not kept for others when nothing is out any more; nor are more than so many, or so many entries, of one capacity: 2 MB in all. */
export const KEPT_CAPACITY = 1024
const MOST_KEPT = 128
const MOST_ENTRIES_KEPT = 16_384

/** A ring of entries. A typed array costs more to make than a segment to send: rings go from one connection to the next. */
export class SentRing {
  readonly capacity: number
  readonly ends: Uint32Array
  readonly times: Float64Array
  readonly marks: Uint8Array
  readonly pieces: Uint16Array

  constructor(capacity: number) {
    this.capacity = capacity
    this.ends = new Uint32Array(capacity)
    this.times = new Float64Array(capacity)
    this.marks = new Uint8Array(capacity)
    this.pieces = new Uint16Array(capacity)
  }
}

export const NO_RING: SentRing = new SentRing(0)

/** By the logarithm of their capacity. */
const spare: SentRing[][] = Array.from({ length: Math.log2(KEPT_CAPACITY) + 1 }, () => [])

export function takeRing(capacity: number): SentRing {
  return spare[31 - Math.clz32(capacity)]?.pop() ?? new SentRing(capacity)
}

export function giveBack(ring: SentRing): void {
  if (ring.capacity > KEPT_CAPACITY) return
  const rings = spare[31 - Math.clz32(ring.capacity)]!
  if (rings.length < Math.min(MOST_KEPT, MOST_ENTRIES_KEPT / ring.capacity)) rings.push(ring)
}
