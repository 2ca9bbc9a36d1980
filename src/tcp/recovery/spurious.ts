import type { Instant } from '../../wire/instant.ts'
import { seqLess, seqLessOrEqual } from '../seq.ts'
import type { Delivery } from './delivery.ts'

/**
 * Whether a recovery was for nothing: the segments were late, not lost. Two witnesses: the timestamp that the ACK of a
 * retransmission echoes is older than that (Eifel, RFC 3522); or the peer reports as many duplicates as were sent again
 * (RFC 2883, 3708).
 */
export class Spurious {
  /** A reduction can be undone. */
  private possible = false
  private from = 0
  private to = 0
  /** When the first retransmission was made, in whole ms as timestamps are; Infinity before. */
  private firstAt: Instant = Number.POSITIVE_INFINITY
  /** Octets sent again that were not reported as duplicates. */
  private outstanding = 0
  private reported = false

  /** A recovery of what is between SND.UNA and SND.NXT begins, and with it a reduction. */
  begin(una: number, nxt: number): void {
    this.possible = true
    this.from = una
    this.to = nxt
    this.firstAt = Number.POSITIVE_INFINITY
    this.outstanding = 0
    this.reported = false
  }

  /** Nothing is to be undone any more. */
  forget(): void {
    this.possible = false
  }

  retransmitted(octets: number, now: Instant): void {
    this.outstanding += octets
    if (this.firstAt === Number.POSITIVE_INFINITY) this.firstAt = Math.floor(now)
  }

  /** Notes the duplicate that an ACK reports; true if it may be of this recovery. */
  note(delivery: Delivery): boolean {
    if (!this.possible || this.firstAt === Number.POSITIVE_INFINITY) return false
    if (!seqLess(this.from, delivery.duplicateEnd) || !seqLessOrEqual(delivery.duplicateEnd, this.to)) return false
    this.outstanding -= delivery.duplicate
    this.reported = true
    return true
  }

  /** The ACK moves SND.UNA past something sent again, and answers what was sent before that (RFC 3522 §3.2). */
  saysEcho(delivery: Delivery): boolean {
    if (!this.possible || this.firstAt === Number.POSITIVE_INFINITY) return false
    return delivery.again && delivery.echoedAt < this.firstAt
  }

  /** All that was sent again has come twice. */
  saysDuplicates(): boolean {
    return this.possible && this.reported && this.outstanding <= 0
  }
}
