import { FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import type { Counters } from '../counters.ts'

/** Why a segment that is not acceptable is answered with an ACK. */
export type ChallengeReason =
  | 'tcp-rst-inexact'
  | 'tcp-syn-challenged'
  | 'tcp-ack-unacceptable'
  | 'tcp-out-of-window'
  | 'tcp-paws'

/**
 * Drops a segment that is not acceptable, and answers `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` unless an answer went out
 * lately: two ends that answer each other's answers would never stop (RFC 5961 §7). A segment with text
 * or a FIN is always answered, since its sender waits for that (RFC 9293 §3.10.7.4).
 */
export function challenge(connection: Connection, segment: Segment, reason: ChallengeReason): void {
  const { host } = connection
  host.drop(reason)
  const limited = segment.has(SYN | RST) || (segment.length === 0 && !segment.has(FIN))
  if (limited && host.now - connection.challengedAt < host.config.challengeInterval) {
    countSkipped(host.counters, reason)
    return
  }
  if (limited) connection.challengedAt = host.now
  countChallenge(host.counters, reason)
  connection.acksDue = Math.max(connection.acksDue, 1)
}

/** The ACKs that RFC 5961 asks for; those that any TCP sends to what is old or out of the window have no counter, as in Linux. */
export function countChallenge(counters: Counters, reason: ChallengeReason): void {
  if (reason !== 'tcp-out-of-window' && reason !== 'tcp-paws') counters.TCPChallengeACK++
}

/** What the limit of RFC 5961 §7 has kept back. */
export function countSkipped(counters: Counters, reason: ChallengeReason): void {
  if (reason === 'tcp-out-of-window') counters.TCPACKSkippedSeq++
  else if (reason === 'tcp-paws') counters.TCPACKSkippedPAWS++
  else counters.TCPACKSkippedChallenge++
}
