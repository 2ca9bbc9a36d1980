import type { AckSample, CongestionControl } from './controller.ts'

/**
 * Slow start and congestion avoidance of RFC 5681 (RFC 9293 MUST-19), with the initial window of RFC 6928.
 */
export class Reno implements CongestionControl {
  readonly name: string = 'reno'
  cwnd: number
  ssthresh: number = Number.POSITIVE_INFINITY
  private readonly mss: number
  private readonly initialWindow: number
  /** Before the last reduction. */
  private priorCwnd = 0
  private priorSsthresh: number = Number.POSITIVE_INFINITY

  constructor(mss: number) {
    this.mss = mss
    this.initialWindow = Math.min(10 * mss, Math.max(2 * mss, 14_600))
    this.cwnd = this.initialWindow
  }

  acknowledged({ octets, limited }: AckSample): void {
    // RFC 7661: a window that was not used is not grown.
    if (!limited) return
    // Appropriate byte counting with L = 2 (RFC 3465), so that an ACK of many segments opens the window by two at the most.
    if (this.cwnd < this.ssthresh) this.cwnd += Math.min(octets, 2 * this.mss)
    else this.cwnd += Math.max(1, (this.mss * Math.min(octets, 2 * this.mss)) / this.cwnd)
  }

  reduce(flight: number): void {
    this.remember()
    this.ssthresh = Math.max(flight / 2, 2 * this.mss)
  }

  setWindow(octets: number): void {
    this.cwnd = octets
  }

  exitRecovery(): void {
    this.cwnd = this.ssthresh
  }

  timedOut(flight: number, again: boolean): void {
    if (!again) this.reduce(flight)
    this.cwnd = this.mss
  }

  undo(): void {
    this.cwnd = Math.max(this.cwnd, this.priorCwnd)
    this.ssthresh = Math.max(this.ssthresh, this.priorSsthresh)
  }

  restartAfterIdle(): void {
    this.cwnd = Math.min(this.cwnd, this.initialWindow)
  }

  private remember(): void {
    this.priorCwnd = this.cwnd
    this.priorSsthresh = this.ssthresh
  }
}
