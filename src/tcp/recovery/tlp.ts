import type { Instant, Milliseconds } from '../../wire/instant.ts'
import { seqLess } from '../seq.ts'
import type { Delivery } from './delivery.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** How long the peer may keep back the ACK of a single segment (TLP.max_ack_delay, RFC 8985 §7.2). */
const MOST_ACK_DELAY: Milliseconds = 200

/** Added to PTO otherwise, so that on the shortest of paths an answer may take its time: as Linux does. */
const LEAST_WAIT: Milliseconds = 2

/** PTO before a round-trip time is known (RFC 8985 §7.2). */
const FIRST_PTO: Milliseconds = 1000

/** Tail loss probe (RFC 8985 §7): when no answer comes, something is sent that asks for one. */
export class TailLossProbe {
  /** When the probe timeout is over; Infinity when none runs. */
  at: Instant = NEVER
  /** The probe is to go out with the next segments. */
  due = false
  /** TLP.end_seq, TLP.is_retrans: a probe is out, SND.NXT after it, and whether it sent something again. */
  outstanding = false
  private end = 0
  private again = false

  /** Starts the probe timeout unless it runs. */
  arm(now: Instant, srtt: Milliseconds, single: boolean, timeout: Instant): void {
    if (this.at !== NEVER) return
    const pto = srtt < 0 ? FIRST_PTO : 2 * srtt + (single ? MOST_ACK_DELAY : LEAST_WAIT)
    this.at = Math.min(now + pto, timeout)
  }

  stop(): void {
    this.at = NEVER
    this.due = false
  }

  sent(nxt: number, again: boolean): void {
    this.due = false
    this.outstanding = true
    this.end = nxt
    this.again = again
  }

  /** What was out is taken for lost: the probe with it. */
  forget(): void {
    this.stop()
    this.outstanding = false
  }

  /**
   * RFC 8985 §7.4: true when the probe has made good a loss that nothing else shows. `ack` is SND.UNA; `bare`: it was
   * that before, and there are no SACK blocks.
   */
  acknowledged(ack: number, { duplicate, duplicateEnd }: Delivery, bare: boolean): boolean {
    if (!this.outstanding || seqLess(ack, this.end)) return false
    if (!this.again || bare || (duplicate > 0 && duplicateEnd === this.end)) {
      this.outstanding = false
    } else if (seqLess(this.end, ack)) {
      this.outstanding = false
      return true
    }
    return false
  }
}
