import type { Instant } from '../wire/instant.ts'
import type { Connection } from './connection.ts'

/**
 * ACKs that do not wait (as Linux): the first ones of a connection and those after a pause or a gap, when the peer's
 * congestion window is small and grows with every ACK. Not while the application answers what it gets: then the ACK
 * travels with the answer.
 */
export class QuickAcks {
  private left = 0
  private answers = false
  /** When text last arrived. */
  arrivedAt: Instant = Number.NEGATIVE_INFINITY
  /** When the ACK goes out that waits for company. */
  delayedAckAt: Instant = Number.POSITIVE_INFINITY

  /** Text arrived, early or not. True if its ACK is not to wait. */
  arrived({ host, rto }: Connection, early: boolean): boolean {
    const { now, config } = host
    const idle = now - this.arrivedAt > rto.value
    this.arrivedAt = now
    if (idle) this.answers = false
    if (idle || early) this.left = config.quickAcks
    return this.left > 0 && !this.answers
  }

  /** From here to the next gap or pause ACKs wait for company; or, if `quick`, the next ones do not (Linux: TCP_QUICKACK). */
  set({ host }: Connection, quick: boolean): void {
    this.arrivedAt = host.now
    this.answers = !quick
    this.left = quick ? host.config.quickAcks : 0
  }

  /** ACKs go out, with data or without. */
  acknowledged(count = 1): void {
    this.left = Math.max(this.left - count, 0)
  }

  /** Data goes out for the first time: an answer, if it comes soon after what arrived. */
  sentData({ host }: Connection): void {
    if (host.now - this.arrivedAt < host.config.delayedAck) this.answers = true
  }
}

/** Of all connections to which nothing has come: it never changes. */
export const NOTHING_CAME: QuickAcks = new QuickAcks()
