import type { Instant } from '../../wire/instant.ts'
import type { Connection } from '../connection.ts'
import type { Delivery } from './delivery.ts'
import type { SentSegments } from './sent-segments.ts'

/**
 * What SACK blocks say of the round trip while SND.UNA stands still. A queue that overflows has just made it longer: a
 * timer that does not hear of it runs out in the midst of recovery.
 */
export class SackRoundTrip {
  private measuredAt: Instant = Number.NEGATIVE_INFINITY

  start(): void {
    this.measuredAt = Number.NEGATIVE_INFINITY
  }

  /** The ACK at hand has blocks that tell of something new. */
  sacked(connection: Connection, sent: SentSegments, { rtt }: Delivery): void {
    const { rto, host } = connection
    // Karn's rule: of what was sent again, nothing is measured.
    if (Number.isNaN(rtt)) return
    // RFC 6298 §3: once in a round trip.
    if (host.now - this.measuredAt >= rto.srtt) {
      this.measuredAt = host.now
      rto.sample(rtt)
    }
    // RFC 6298 (5.3), as Linux reads it: SACKed is acknowledged. But what went after the first segment was last sent must
    // not put off the timer, or it would wait for that one as long as the rest flows.
    if (sent.count > 0 && rtt >= host.now - sent.sentAt(0)) connection.retransmitAt = Number.POSITIVE_INFINITY
  }
}
