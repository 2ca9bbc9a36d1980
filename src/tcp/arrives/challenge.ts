import { FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import type { DropReason } from '../drop-reason.ts'

/**
 * Drops a segment that is not acceptable, and answers `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` unless an answer went out
 * lately: two ends that answer each other's answers would never stop (RFC 5961 §7). A segment with text
 * or a FIN is always answered, since its sender waits for that (RFC 9293 §3.10.7.4).
 */
export function challenge(connection: Connection, segment: Segment, reason: DropReason): void {
  const { host } = connection
  host.drop(reason)
  const limited = segment.has(SYN | RST) || (segment.length === 0 && !segment.has(FIN))
  if (limited && host.now - connection.challengedAt < host.config.challengeInterval) {
    host.counters.TCPACKSkippedSeq++
    return
  }
  if (limited) connection.challengedAt = host.now
  host.counters.TCPChallengeACK++
  connection.acksDue = Math.max(connection.acksDue, 1)
}
