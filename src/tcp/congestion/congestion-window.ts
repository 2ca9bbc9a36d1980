import type { Instant } from '../../wire/instant.ts'
import type { AckSample, CongestionControl } from './controller.ts'

/** The initial window of RFC 6928 §2, octets. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600))
}

/**
 * What all loss-based controllers share, by RFC 5681: slow start with appropriate byte counting (RFC 3465), the fall to a
 * threshold, to one segment after a timeout, to the initial window after a pause, and the way back from a reduction that
 * was for nothing. How the window grows from the threshold on is the subclass's.
 */
export abstract class CongestionWindow implements CongestionControl {
  abstract readonly name: string
  cwnd: number
  ssthresh: number = Number.POSITIVE_INFINITY
  protected mss: number
  /** The share of the flight that a congestion event leaves. */
  private readonly beta: number
  /** L of RFC 3465: segments by which one ACK may open the window in slow start. */
  private readonly mostForAck: number
  /** In the slow start after a timeout, where one ACK may cover much that left the network long ago. */
  private afterTimeout = false
  private mayUndo = false
  private priorWindow = 0
  private priorThreshold = 0

  constructor(mss: number, beta: number, mostForAck: number) {
    this.mss = mss
    this.beta = beta
    this.mostForAck = mostForAck
    this.cwnd = initialWindow(mss)
  }

  abstract acknowledged(sample: AckSample, now: Instant): void

  reduce(flight: number, _cause: 'loss' | 'ecn', _now: Instant): void {
    this.lowerThreshold(flight)
    this.afterTimeout = false
  }

  setWindow(octets: number): void {
    this.cwnd = Math.max(octets, this.mss)
  }

  exitRecovery(_now: Instant): void {
    this.cwnd = this.ssthresh
  }

  timedOut(flight: number, again: boolean, _now: Instant): void {
    if (!again) this.lowerThreshold(flight)
    this.afterTimeout = true
    this.cwnd = this.mss
  }

  undo(_now: Instant): void {
    if (!this.mayUndo) return
    this.mayUndo = false
    this.afterTimeout = false
    this.cwnd = Math.max(this.cwnd, this.priorWindow)
    this.ssthresh = Math.max(this.priorThreshold, 2 * this.mss)
    this.restore()
  }

  restartAfterIdle(_now: Instant): void {
    const restart = initialWindow(this.mss)
    if (this.cwnd <= restart) return
    // RFC 7661 §4.4.2: the way back to what the path has borne may be quick.
    this.ssthresh = Math.max(this.ssthresh, (3 * this.cwnd) / 4)
    this.cwnd = restart
  }

  setMss(mss: number): void {
    // RFC 5681 §3.1: as many of the smaller segments, not as many octets. Larger ones don't open the window.
    if (mss < this.mss) this.scale(mss / this.mss)
    this.mss = mss
    this.cwnd = Math.max(this.cwnd, mss)
    this.ssthresh = Math.max(this.ssthresh, 2 * mss)
  }

  protected get inSlowStart(): boolean {
    return this.cwnd < this.ssthresh
  }

  /** Octets that an ACK in slow start opens the window by: no more than it acknowledges, nor beyond the threshold. */
  protected slowStartGrowth(octets: number): number {
    // RFC 3465 §2.3: L is 1 after a timeout.
    const most = (this.afterTimeout ? 1 : this.mostForAck) * this.mss
    return Math.min(octets, most, this.ssthresh - this.cwnd)
  }

  /** Keeps, and brings back, what a subclass has beside `cwnd` and `ssthresh`. */
  protected abstract save(): void
  protected abstract restore(): void

  protected scale(ratio: number): void {
    this.cwnd *= ratio
    this.ssthresh *= ratio
    this.priorWindow *= ratio
    this.priorThreshold *= ratio
  }

  private lowerThreshold(flight: number): void {
    this.mayUndo = true
    this.priorWindow = this.cwnd
    this.priorThreshold = this.ssthresh
    this.save()
    // RFC 5681 §3.1 (4): by what was in flight, not by a window that may not have been used.
    this.ssthresh = Math.max(flight * this.beta, 2 * this.mss)
  }
}
