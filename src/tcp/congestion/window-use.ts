import { seqLessOrEqual } from '../seq.ts'

/**
 * Whether the congestion window was what held sending back. An ACK of data that was out while it did says that the path
 * bears the window; of an application that sends less it says nothing (RFC 7661).
 */
export class WindowUse {
  /** Data up to this number was sent before the window was last full. */
  private fullUpTo = 0
  private wasFull = false

  /** It never was full, as far as anybody asks. */
  get isBlank(): boolean {
    return !this.wasFull
  }

  clear(): void {
    this.wasFull = false
  }

  /** More would have been sent, had the window let it; `nxt` is SND.NXT. */
  full(nxt: number): void {
    this.wasFull = true
    this.fullUpTo = nxt
  }

  /** Whether an ACK up to `una`, with `flight` out before it, speaks for the window. */
  isLimited(una: number, flight: number, cwnd: number, ssthresh: number): boolean {
    // Half of it is enough where it doubles: it may be as large as what was sent proves, times two.
    if (cwnd < ssthresh && 2 * flight >= cwnd) return true
    // Forgotten when it is past, or it would be ahead again half the circle later.
    if (this.wasFull && !seqLessOrEqual(una, this.fullUpTo)) this.wasFull = false
    return this.wasFull
  }
}
