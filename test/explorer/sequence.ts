/** Sequence numbers for the explorer's own reckoning (RFC 9293 §3.4), apart from the code under test. */

export function after(seq: number, octets: number): number {
  return (seq + octets) >>> 0
}

/** How far `to` is ahead of `from`: negative when it is behind. */
export function distance(from: number, to: number): number {
  return (to - from) | 0
}

export function before(a: number, b: number): boolean {
  return distance(a, b) > 0
}

/** Whether `seq` is one of the `size` numbers from `first` on. */
export function within(seq: number, first: number, size: number): boolean {
  return (seq - first) >>> 0 < size
}
