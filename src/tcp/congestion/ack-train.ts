import type { Instant, Milliseconds } from '../../wire/instant.ts'

const NONE: Milliseconds = Number.POSITIVE_INFINITY

/** ACKs that are further apart than this, ms, are no train (Linux: hystart_ack_delta_us). */
const MOST_APART: Milliseconds = 2

/** Samples of which the least must show the queue. */
const GROUP = 8

/**
 * The ACKs of a round as a measure of the path (Ha and Rhee, "Taming the elephants", 2011): as long as they come without a
 * pause, as long has the bottleneck been busy with one window. Where that is half a round trip, and the round trips have
 * become longer, the next doubling will be too much.
 */
export class AckTrain {
  /** The part of a round trip that says so: a half, or all of it where a window is spread over the round trip. */
  private readonly share: number
  private leastRtt: Milliseconds = NONE
  private beganAt: Instant = 0
  private lastAt: Instant = 0
  private samples = 0
  /** The least of the samples since the last eight were full, and of those eight. */
  private current: Milliseconds = NONE
  private last: Milliseconds = 0

  constructor(share: number) {
    this.share = share
  }

  beginRound(now: Instant): void {
    this.beganAt = now
    this.lastAt = now
  }

  /** Takes an ACK, and the round trip that it measures, if it does; `threshold` says what a longer one is. */
  fillsPath(rtt: Milliseconds, now: Instant, threshold: (rtt: Milliseconds) => Milliseconds): boolean {
    if (rtt >= 0) this.measured(rtt)
    if (now - this.lastAt > MOST_APART) return false
    this.lastAt = now
    return now - this.beganAt > this.share * this.leastRtt && this.last >= this.leastRtt + threshold(this.leastRtt)
  }

  reset(): void {
    this.leastRtt = NONE
    this.samples = 0
    this.current = NONE
    this.last = 0
  }

  private measured(rtt: Milliseconds): void {
    this.leastRtt = Math.min(this.leastRtt, rtt)
    this.current = Math.min(this.current, rtt)
    if (++this.samples < GROUP) return
    this.last = this.current
    this.current = NONE
    this.samples = 0
  }
}
