import type { Instant } from '../../wire/instant.ts'
import { CongestionWindow } from './congestion-window.ts'
import type { AckSample } from './controller.ts'

const BETA = 0.5

/** L of RFC 3465 §2.2: two segments for one ACK, as many as a delayed ACK covers. */
const MOST_FOR_ACK = 2

/**
 * The congestion control of RFC 5681 (RFC 9293 MUST-19) as RFC 6582 has it: doubling each round trip up to the threshold,
 * one segment more each round trip beyond, half after a congestion event.
 */
export class NewReno extends CongestionWindow {
  readonly name: string = 'newreno'
  /** Octets acknowledged since the window last grew in congestion avoidance (RFC 3465 §2.1). */
  private counted = 0
  private priorCounted = 0

  constructor(mss: number) {
    super(mss, BETA, MOST_FOR_ACK)
  }

  override acknowledged({ octets, limited }: AckSample, _now: Instant): void {
    if (!limited) return
    if (this.inSlowStart) {
      this.cwnd += this.slowStartGrowth(octets)
      return
    }
    this.counted += octets
    if (this.counted < this.cwnd) return
    this.counted = Math.min(this.counted - this.cwnd, this.cwnd)
    this.cwnd += this.mss
  }

  protected override save(): void {
    this.priorCounted = this.counted
    this.counted = 0
  }

  protected override restore(): void {
    this.counted = this.priorCounted
  }
}
