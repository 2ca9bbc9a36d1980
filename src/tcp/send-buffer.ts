import type { BufferSize } from './config.ts'
import { Ring } from './ring.ts'

/** What the application has sent and the peer has not acknowledged: a stream from `una` to `end`, at most `limit` long. */
export class SendBuffer {
  readonly ring: Ring = new Ring()
  /** The most octets held: it grows with the congestion window, and never shrinks. */
  limit: number
  private readonly most: number
  /** Stream position after the last octet. */
  end = 0

  constructor(size: BufferSize) {
    this.limit = size.initial
    this.most = size.max
  }

  /** What is in flight, and as much again that waits to be: less would leave a window of `cwnd` octets unused. */
  grow(cwnd: number): void {
    if (2 * cwnd > this.limit) this.limit = Math.min(2 * Math.floor(cwnd), this.most)
  }

  get length(): number {
    return this.end - this.ring.base
  }

  get room(): number {
    return this.limit - this.length
  }

  /** Takes as many octets as there is room for; returns how many. */
  push(octets: Uint8Array, start: number, end: number): number {
    const taken = Math.min(end - start, this.room)
    this.ring.write(this.end, octets, start, taken)
    this.end += taken
    return taken
  }

  /** The first `octets` are acknowledged. */
  acknowledge(octets: number): void {
    this.ring.base += octets
  }

  /** Index in `ring.octets` of the octet that is `offset` after the first unacknowledged one. */
  indexOf(offset: number): number {
    return this.ring.indexOf(this.ring.base + offset)
  }

  release(): void {
    this.ring.base = this.end
    this.ring.release()
  }
}
