import { Ring } from './ring.ts'

/** What the application has sent and the peer has not acknowledged: a stream from `base` to `end`, at most `limit` long. */
export class SendBuffer extends Ring {
  /** The most octets taken: it grows with the congestion window, and shrinks where it has to be shared. */
  limit: number
  /** Stream position after the last octet. */
  end = 0

  constructor(limit: number) {
    super()
    this.limit = limit
  }

  /**
   * Room for what is in flight, and as much again that waits to be: less would leave a window of `cwnd` octets unused.
   * But no more than `most` octets, once what it holds is that little.
   */
  fit(cwnd: number, most: number): void {
    this.limit = Math.max(this.length, Math.min(Math.max(this.limit, 2 * Math.floor(cwnd)), most))
  }

  get length(): number {
    return this.end - this.base
  }

  get room(): number {
    return this.limit - this.length
  }

  /** Takes as many octets as there is room for; returns how many. */
  push(octets: Uint8Array, start: number, end: number): number {
    const taken = Math.min(end - start, this.room)
    this.write(this.end, octets, start, taken)
    this.end += taken
    return taken
  }

  /** The first `octets` are acknowledged. */
  acknowledge(octets: number): void {
    if (octets === this.length) this.empty(this.end)
    else this.drop(octets)
  }

  /** Index in `octets` of the octet that is `offset` after the first unacknowledged one. */
  indexOf(offset: number): number {
    return this.placeOf(this.base + offset)
  }
}
