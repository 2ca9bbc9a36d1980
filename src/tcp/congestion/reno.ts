import type { CongestionControl } from './controller.ts'

/**
 * Slow start, congestion avoidance, fast retransmit and fast recovery of RFC 5681 (RFC 9293 MUST-19), with NewReno's
 * answer to partial ACKs (RFC 6582) and the initial window of RFC 6928.
 */
export class Reno implements CongestionControl {
  readonly name: string = 'reno'
  cwnd: number
  ssthresh: number = Number.POSITIVE_INFINITY
  private readonly mss: number
  private readonly initialWindow: number

  constructor(mss: number) {
    this.mss = mss
    this.initialWindow = Math.min(10 * mss, Math.max(2 * mss, 14_600))
    this.cwnd = this.initialWindow
  }

  acknowledged(octets: number, flight: number): void {
    // RFC 7661: a window that was not used is not grown.
    if (2 * flight < this.cwnd && this.cwnd > this.initialWindow) return
    // Appropriate byte counting with L = 2 (RFC 3465), so that an ACK of many segments opens the window by two at the most.
    if (this.cwnd < this.ssthresh) this.cwnd += Math.min(octets, 2 * this.mss)
    else this.cwnd += Math.max(1, (this.mss * Math.min(octets, 2 * this.mss)) / this.cwnd)
  }

  enterRecovery(flight: number): void {
    this.ssthresh = Math.max(flight / 2, 2 * this.mss)
    this.cwnd = this.ssthresh + 3 * this.mss
  }

  duplicateAck(): void {
    this.cwnd += this.mss
  }

  partialAck(octets: number): void {
    this.cwnd = Math.max(this.cwnd - octets, 0) + Math.min(octets, this.mss)
    this.cwnd = Math.max(this.cwnd, this.mss)
  }

  exitRecovery(flight: number): void {
    this.cwnd = Math.min(this.ssthresh, Math.max(flight, this.mss) + this.mss)
  }

  timedOut(flight: number, again: boolean): void {
    if (!again) this.ssthresh = Math.max(flight / 2, 2 * this.mss)
    this.cwnd = this.mss
  }

  restartAfterIdle(): void {
    this.cwnd = Math.min(this.cwnd, this.initialWindow)
  }
}
