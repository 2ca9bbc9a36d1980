import type { Instant, Milliseconds } from '../../wire/instant.ts'
import { seqLess } from '../seq.ts'
import { AckTrain } from './ack-train.ts'
import type { AckSample } from './controller.ts'

/** The constants of RFC 9406 §4.3. */
const MIN_RTT_THRESH: Milliseconds = 4
const MAX_RTT_THRESH: Milliseconds = 16
const MIN_RTT_DIVISOR = 8
const N_RTT_SAMPLE = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5

const NONE: Milliseconds = Number.POSITIVE_INFINITY

/**
 * HyStart++ (RFC 9406): ends the first slow start before it loses, when round trips become longer. On the first sign the
 * window grows more slowly for five rounds (conservative slow start, CSS); if round trips become shorter again, the sign
 * was jitter, and slow start goes on. What RFC 9406 leaves out, and Linux has: a train of ACKs ends it at once, here only if
 * the round trip has become longer, too.
 */
export class HyStart {
  /**
   * SND.NXT when the round began: the round ends with its ACK. Taken from the second ACK on, which finds sent what the
   * first let out: each round would begin with the tail of the one before otherwise, and the shift doubles with them.
   */
  private windowEnd = 0
  private inRound = false
  private lastRoundMinRtt: Milliseconds = NONE
  private currentRoundMinRtt: Milliseconds = NONE
  private samples = 0
  /** Infinity outside of CSS. */
  private cssBaselineMinRtt: Milliseconds = NONE
  private cssRounds = 0
  private readonly train: AckTrain

  /** @param trainShare see AckTrain */
  constructor(trainShare = 0.5) {
    this.train = new AckTrain(trainShare)
  }

  get inCss(): boolean {
    return this.cssBaselineMinRtt !== NONE
  }

  /** What slow start's growth is divided by. */
  get divisor(): number {
    return this.inCss ? CSS_GROWTH_DIVISOR : 1
  }

  /** Takes an ACK in slow start. True when slow start is over: congestion avoidance from here. */
  acknowledged(sample: AckSample, now: Instant): boolean {
    if (!this.inRound) {
      this.inRound = true
      this.train.beginRound(now)
      this.windowEnd = sample.nxt
    }
    if (sample.rtt >= 0) {
      this.currentRoundMinRtt = Math.min(this.currentRoundMinRtt, sample.rtt)
      this.samples++
      if (this.samples >= N_RTT_SAMPLE) this.judge()
    }
    if (this.train.fillsPath(sample.rtt, now, thresholdOf)) return true
    if (seqLess(sample.una, this.windowEnd)) return false
    this.inRound = false
    this.lastRoundMinRtt = this.currentRoundMinRtt
    this.currentRoundMinRtt = NONE
    this.samples = 0
    // The round in which CSS began counts, however little of it was left.
    if (this.inCss) this.cssRounds++
    return this.cssRounds >= CSS_ROUNDS
  }

  /** Forgets all: slow start begins anew. */
  reset(): void {
    this.inRound = false
    this.lastRoundMinRtt = NONE
    this.currentRoundMinRtt = NONE
    this.samples = 0
    this.cssBaselineMinRtt = NONE
    this.cssRounds = 0
    this.train.reset()
  }

  private judge(): void {
    const { lastRoundMinRtt, currentRoundMinRtt } = this
    if (this.inCss) {
      if (currentRoundMinRtt >= this.cssBaselineMinRtt) return
      this.cssBaselineMinRtt = NONE
      this.cssRounds = 0
    } else if (lastRoundMinRtt !== NONE) {
      if (currentRoundMinRtt >= lastRoundMinRtt + thresholdOf(lastRoundMinRtt))
        this.cssBaselineMinRtt = currentRoundMinRtt
    }
  }
}

/** RttThresh */
function thresholdOf(rtt: Milliseconds): Milliseconds {
  return Math.max(MIN_RTT_THRESH, Math.min(rtt / MIN_RTT_DIVISOR, MAX_RTT_THRESH))
}
