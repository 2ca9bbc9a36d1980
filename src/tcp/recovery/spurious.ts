import type { Instant } from '../../wire/instant.ts'
import { seqAdd } from '../seq.ts'
import type { Delivery } from './delivery.ts'

/** With more segments sent again in one recovery, their duplicates are not told from the path's. */
const MOST_TRACKED = 32

const NONE = new Uint32Array(0)

/**
 * Whether a recovery was for nothing: the segments were late, not lost. Two witnesses: the timestamp that the ACK of a
 * retransmission echoes is older than that (Eifel, RFC 3522); or the peer reports as many duplicates as were sent again
 * (RFC 2883, 3708).
 */
export class Spurious {
  /** A reduction can be undone. */
  private possible = false
  /** When the first retransmission was made, in whole ms as timestamps are; Infinity before. */
  private firstAt: Instant = Number.POSITIVE_INFINITY
  /** Where the segments begin that were sent again and not reported as duplicates; how many, and of how many in all. */
  private waiting: Uint32Array = NONE
  private outstanding = 0
  private total = 0

  /** For another connection. */
  start(): void {
    this.begin()
    this.possible = false
  }

  /** A recovery begins, and with it a reduction. */
  begin(): void {
    this.possible = true
    this.firstAt = Number.POSITIVE_INFINITY
    this.outstanding = 0
    this.total = 0
  }

  /** Nothing is to be undone any more. */
  forget(): void {
    this.possible = false
  }

  /** The segment at `seq` was sent again. */
  retransmitted(seq: number, now: Instant): void {
    if (this.firstAt === Number.POSITIVE_INFINITY) this.firstAt = Math.floor(now)
    if (this.waiting === NONE) this.waiting = new Uint32Array(MOST_TRACKED)
    if (this.total++ < MOST_TRACKED) this.waiting[this.outstanding++] = seq
  }

  /** Notes the duplicate that an ACK reports; true if it may be of this recovery. */
  note(delivery: Delivery): boolean {
    const at = this.waiting.indexOf(seqAdd(delivery.duplicateEnd, -delivery.duplicate))
    if (at < 0 || at >= this.outstanding) return false
    this.waiting[at] = this.waiting[--this.outstanding]!
    return true
  }

  /** The ACK answers what was sent before anything was sent again (RFC 3522 §3.2). */
  saysEcho(delivery: Delivery): boolean {
    if (!this.possible || this.firstAt === Number.POSITIVE_INFINITY) return false
    return delivery.late && delivery.echoedAt < this.firstAt
  }

  /** All that was sent again has come twice. */
  saysDuplicates(): boolean {
    return this.possible && this.total > 0 && this.total <= MOST_TRACKED && this.outstanding === 0
  }
}
