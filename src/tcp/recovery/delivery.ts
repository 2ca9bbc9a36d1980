import type { Instant, Milliseconds } from '../../wire/instant.ts'
import type { Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { timestampClock } from '../isn.ts'
import { seqDistance } from '../seq.ts'

/** What one ACK says of what was sent. One object is reused for all. */
export class Delivery {
  now: Instant = 0
  /** What the ACK's timestamp echoes, as an instant of ours in whole ms; NaN without timestamps. */
  echoedAt: Instant = Number.NaN
  /** Octets that have reached the peer and were not known to have, and how many of them only SACK blocks say so of. */
  octets = 0
  sacked = 0
  /** From the last transmission of the segment that was sent last, of those sent once: NaN when there is none. */
  rtt: Milliseconds = Number.NaN
  /** A segment that was sent once and before `recover` has come. */
  original = false
  /** A segment was acknowledged by an answer to what was sent before it was sent again. */
  late = false
  /** Octets that the peer got twice (RFC 2883). */
  duplicate = 0
  /** Where they end. */
  duplicateEnd = 0

  clear(now: Instant, echoedAt: Instant): void {
    this.now = now
    this.echoedAt = echoedAt
    this.octets = 0
    this.sacked = 0
    this.rtt = Number.NaN
    this.original = false
    this.late = false
    this.duplicate = 0
  }
}

/** What instant of ours the ACK's timestamp echoes, in whole ms; NaN when there is none. */
export function echoedAt({ tcb, host }: Connection, segment: Segment): Instant {
  if (!tcb.timestamps || !segment.timestamps) return Number.NaN
  return Math.floor(host.now) - seqDistance(segment.tsEcr, timestampClock(tcb.tsOffset, host.now))
}
