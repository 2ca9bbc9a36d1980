import { ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import { timestampClock } from '../isn.ts'
import { acknowledgmentFor } from '../reply-queue.ts'
import { seqAdd, seqDistance, seqLess, seqLessOrEqual, seqWithin } from '../seq.ts'
import type { TimeWaitRows } from '../time-wait-rows.ts'
import { type ChallengeReason, countChallenge, countSkipped } from './challenge.ts'

/**
 * Whether a SYN to a connection in TIME-WAIT asks for its next incarnation: later by its timestamp or, where that does
 * not tell, beyond its last number (RFC 6191 §2, RFC 9293 SHLD-4, MAY-2). It goes through admission like any SYN, and the
 * old one is gone once it is admitted.
 */
export function asksForReincarnation(rows: TimeWaitRows, row: number, segment: Segment): boolean {
  if (!segment.has(SYN) || segment.has(ACK | RST)) return false
  const beyond = seqLess(rows.rcvNxt(row), segment.seq)
  if (!rows.timestamps(row) || !segment.timestamps) return beyond
  const tsRecent = rows.tsRecent(row)
  return seqLess(tsRecent, segment.tsVal) || (segment.tsVal === tsRecent && beyond)
}

/**
 * SEGMENT ARRIVES in TIME-WAIT (RFC 9293 §3.10.7.4), as `arrives/otherwise` has it, for a row of the table: everything has
 * been said by both sides, so that all that can be told is this again.
 */
export function arrivesTimeWait(endpoint: Endpoint, row: number, segment: Segment): void {
  const { rows } = endpoint.timeWait
  // First: the sequence number.
  if (isOldDuplicate(endpoint, row, segment)) return
  if (!isAcceptable(rows, row, segment)) {
    refuseUnacceptable(endpoint, row, segment)
    return
  }
  if (rows.timestamps(row) && segment.timestamps && seqLessOrEqual(segment.seq, rows.rcvNxt(row))) {
    rows.setTsRecent(row, segment.tsVal)
  }
  // Second: the RST bit.
  if (segment.has(RST)) {
    if (segment.seq !== rows.rcvNxt(row)) challenge(endpoint, row, segment, 'tcp-rst-inexact')
    // RFC 1337 §3, fix 1: who has said everything has nothing to reset, and an old RST would let old segments in.
    else if (endpoint.config.rfc1337) endpoint.drop('tcp-rst-ignored')
    else endpoint.timeWait.end(row)
    return
  }
  // Fourth: the SYN bit (RFC 5961 §4).
  if (segment.has(SYN)) {
    challengeSyn(endpoint, row, segment)
    return
  }
  // Fifth: the ACK field (RFC 5961 §5).
  if (!segment.has(ACK)) {
    endpoint.drop('tcp-no-ack')
    return
  }
  const nxt = rows.sndNxt(row)
  if (seqLess(nxt, segment.ack) || seqDistance(segment.ack, nxt) > rows.sndWndMax(row)) {
    challenge(endpoint, row, segment, 'tcp-ack-unacceptable')
    return
  }
  // Seventh: there is no text behind the FIN. Eighth: a FIN is acknowledged.
  if (segment.length > 0) endpoint.drop('tcp-text-ignored')
  if (segment.has(FIN)) acknowledge(endpoint, row, segment)
}

/** PAWS (RFC 7323 §5.3 R1), and a segment without the timestamps that were agreed on (§3.2). */
function isOldDuplicate(endpoint: Endpoint, row: number, segment: Segment): boolean {
  const { rows } = endpoint.timeWait
  if (!rows.timestamps(row) || segment.has(RST | SYN)) return false
  if (!segment.timestamps) {
    endpoint.drop('tcp-timestamp-missing')
    return true
  }
  if (!seqLess(segment.tsVal, rows.tsRecent(row))) return false
  endpoint.counters.PAWSEstab++
  challenge(endpoint, row, segment, 'tcp-paws')
  return true
}

/** RFC 9293 §3.4, table 6. */
function isAcceptable(rows: TimeWaitRows, row: number, segment: Segment): boolean {
  const next = rows.rcvNxt(row)
  const window = rows.rcvWnd(row)
  const length = segment.len
  if (length === 0) return seqWithin(segment.seq, next, segment.has(RST) && window > 0 ? window : window + 1)
  if (window === 0) return false
  return seqWithin(segment.seq, next, window) || seqWithin(seqAdd(segment.seq, length - 1), next, window)
}

/** The answer to a segment that fails the first step: an ACK, but nothing to a RST. */
function refuseUnacceptable(endpoint: Endpoint, row: number, segment: Segment): void {
  if (segment.has(RST)) {
    endpoint.drop('tcp-rst-ignored')
  } else if (segment.has(SYN)) {
    challengeSyn(endpoint, row, segment)
  } else {
    challenge(endpoint, row, segment, 'tcp-out-of-window')
    // The peer's FIN once more is never in the window, and yet it is what TIME-WAIT is there for: it has not heard our ACK
    // (RFC 9293 §3.10.7.4, eighth).
    if (segment.has(FIN)) endpoint.timeWait.restart(row)
  }
}

/** RFC 5961 §4: whatever its number, a SYN asks for a challenge ACK. */
function challengeSyn(endpoint: Endpoint, row: number, segment: Segment): void {
  endpoint.counters.TCPSYNChallenge++
  challenge(endpoint, row, segment, 'tcp-syn-challenged')
}

/** As that of a connection: one without text or FIN is answered only so often (RFC 5961 §7). */
function challenge(endpoint: Endpoint, row: number, segment: Segment, reason: ChallengeReason): void {
  const { counters, now } = endpoint
  const { rows } = endpoint.timeWait
  endpoint.drop(reason)
  const limited = segment.has(SYN | RST) || (segment.length === 0 && !segment.has(FIN))
  if (limited && rows.sinceChallenge(row, now) < endpoint.config.challengeInterval) {
    countSkipped(counters, reason)
    return
  }
  if (limited) rows.noteChallenge(row, now)
  countChallenge(counters, reason)
  acknowledge(endpoint, row, segment)
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
function acknowledge(endpoint: Endpoint, row: number, segment: Segment): void {
  const { reply } = endpoint
  const { rows } = endpoint.timeWait
  acknowledgmentFor(segment, rows.sndNxt(row), rows.rcvNxt(row), rows.windowField(row), reply)
  if (rows.timestamps(row)) {
    reply.timestamps = true
    reply.tsVal = timestampClock(rows.tsOffset(row), endpoint.now)
    reply.tsEcr = rows.tsRecent(row)
  }
  endpoint.sendReply(reply)
}
