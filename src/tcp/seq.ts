/**
 * Sequence numbers live on a circle of 2^32 (RFC 9293 §3.4). They are kept unsigned; "less" means less than half the
 * circle behind.
 */

export function seqAdd(seq: number, octets: number): number {
  return (seq + octets) >>> 0
}

/** How far `to` is ahead of `from`: negative when it is behind. -2^31 to 2^31 - 1. */
export function seqDistance(from: number, to: number): number {
  return (to - from) | 0
}

export function seqLess(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

export function seqLessOrEqual(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0
}

/** Whether `seq` is one of the `size` numbers from `first` on. */
export function seqWithin(seq: number, first: number, size: number): boolean {
  return (seq - first) >>> 0 < size
}
