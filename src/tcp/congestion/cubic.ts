import type { Instant, Milliseconds } from '../../wire/instant.ts'
import { CongestionWindow } from './congestion-window.ts'
import type { AckSample } from './controller.ts'
import { HyStart } from './hystart.ts'

/** The constants of RFC 9438 §4.1, §4.3, §4.6. C in segments / s³. */
const C = 0.4
const BETA = 0.7
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)

/** L of RFC 9406 §4.3, where bursts are not paced. */
const MOST_FOR_ACK = 8

/**
 * CUBIC (RFC 9438), with HyStart++ for its first slow start. The RFC's variables, but in octets; and in ms where it has
 * seconds.
 */
export class Cubic extends CongestionWindow {
  readonly name: string = 'cubic'
  private readonly hystart: HyStart
  /** Where the last congestion event was, or somewhat below (fast convergence): the plateau. 0 for none. */
  private wMax = 0
  /** How long it takes to be there again. */
  private k: Milliseconds = 0
  /** What Reno's window would be. */
  private wEst = 0
  /** cwnd when ssthresh was last set. */
  private cwndPrior = 0
  /** When the stage of congestion avoidance began, later by as much as the application held it up; NaN outside of one. */
  private epoch: Instant = Number.NaN
  private lastAck: Instant = 0
  private rtt: Milliseconds = 0
  /** wMax, k, wEst, cwndPrior and epoch before the last reduction. */
  private prior: Float64Array | undefined

  /** @param mostForAck Infinity where bursts are paced (RFC 9406 §4.3) */
  constructor(mss: number, mostForAck: number = MOST_FOR_ACK) {
    super(mss, BETA, mostForAck)
    this.hystart = new HyStart(mostForAck === Number.POSITIVE_INFINITY ? 1 : 0.5)
  }

  override acknowledged(sample: AckSample, now: Instant): void {
    if (sample.rtt >= 0) this.rtt = sample.rtt
    if (this.inSlowStart) this.slowStart(sample, now)
    else this.avoidCongestion(sample, now)
    this.lastAck = now
  }

  override reduce(flight: number, cause: 'loss' | 'ecn', now: Instant): void {
    const { wMax } = this
    super.reduce(flight, cause, now)
    // RFC 9438 §4.7, fast convergence: who has less than before makes room for newcomers.
    this.wMax = this.cwnd < wMax ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd
  }

  override timedOut(flight: number, again: boolean, now: Instant): void {
    super.timedOut(flight, again, now)
    this.epoch = Number.NaN
    // RFC 9438 §4.8: the next stage has its plateau where it begins.
    this.wMax = 0
  }

  override setWindow(octets: number): void {
    super.setWindow(octets)
    this.epoch = Number.NaN
  }

  override exitRecovery(now: Instant): void {
    super.exitRecovery(now)
    this.epoch = Number.NaN
  }

  override restartAfterIdle(now: Instant): void {
    const { cwnd } = this
    super.restartAfterIdle(now)
    this.hystart.reset()
    if (this.cwnd < cwnd) this.epoch = Number.NaN
    this.epoch += now - this.lastAck
    this.lastAck = now
  }

  protected override save(): void {
    this.prior ??= new Float64Array(5)
    const { prior } = this
    prior[0] = this.wMax
    prior[1] = this.k
    prior[2] = this.wEst
    prior[3] = this.cwndPrior
    prior[4] = this.epoch
    this.cwndPrior = this.cwnd
    this.epoch = Number.NaN
    this.hystart.reset()
  }

  /** RFC 9438 §4.9 */
  protected override restore(): void {
    const { prior } = this
    if (prior === undefined) return
    this.wMax = prior[0]!
    this.k = prior[1]!
    this.wEst = prior[2]!
    this.cwndPrior = prior[3]!
    this.epoch = prior[4]!
  }

  protected override scale(ratio: number): void {
    super.scale(ratio)
    const { prior } = this
    this.wMax *= ratio
    this.wEst *= ratio
    this.cwndPrior *= ratio
    if (prior === undefined) return
    prior[0]! *= ratio
    prior[2]! *= ratio
    prior[3]! *= ratio
  }

  /** HyStart++ is for the first slow start alone: later ones know where to end (RFC 9406 §4.3). */
  private slowStart(sample: AckSample, now: Instant): void {
    this.epoch = Number.NaN
    const growth = sample.limited ? this.slowStartGrowth(sample.octets) : 0
    if (this.ssthresh !== Number.POSITIVE_INFINITY) {
      this.cwnd += growth
      return
    }
    this.cwnd += growth / this.hystart.divisor
    if (!this.hystart.acknowledged(sample, now)) return
    this.ssthresh = this.cwnd
    // RFC 9438 §4.10
    this.cwndPrior = this.cwnd
  }

  private avoidCongestion(sample: AckSample, now: Instant): void {
    const { cwnd, mss } = this
    if (Number.isNaN(this.epoch)) this.beginEpoch(now)
    else if (!sample.limited) this.epoch += now - this.lastAck
    if (!sample.limited) return
    const share = Math.min(sample.octets / cwnd, 1)
    // RFC 9438 §4.3: as Reno with CUBIC's beta, and as Reno itself once it is back where it was.
    this.wEst += (this.wEst < this.cwndPrior ? ALPHA : 1) * mss * share
    const t = now - this.epoch
    if (this.wCubic(t) < this.wEst) {
      this.cwnd = Math.max(cwnd, this.wEst)
      return
    }
    const target = Math.min(Math.max(this.wCubic(t + this.rtt), cwnd), 1.5 * cwnd)
    this.cwnd += (target - cwnd) * share
  }

  /** A stage of congestion avoidance begins (RFC 9438 §4.2 figure 2; §4.8 and §4.10 where there is no plateau above). */
  private beginEpoch(now: Instant): void {
    this.epoch = now
    this.wEst = this.cwnd
    if (this.cwnd < this.wMax) {
      // In whole µs, since engines may differ in the last bit of a cube root, and runs of the simulator must not.
      this.k = Math.round(1e6 * Math.cbrt((this.wMax - this.cwnd) / this.mss / C)) / 1000
    } else {
      this.k = 0
      this.wMax = this.cwnd
    }
  }

  /** The window at `t` ms into the stage, octets (RFC 9438 §4.2 figure 1). */
  private wCubic(t: Milliseconds): number {
    const seconds = (t - this.k) / 1000
    return C * seconds * seconds * seconds * this.mss + this.wMax
  }
}
