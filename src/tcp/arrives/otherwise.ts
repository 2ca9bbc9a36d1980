import type { Instant } from '../../wire/instant.ts'
import { ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { seqAdd, seqDistance, seqLessOrEqual, seqWithin } from '../seq.ts'
import { handleAcknowledgment } from './acknowledgment.ts'
import { challenge } from './challenge.ts'
import { handleFin, handleText } from './text.ts'

/** TS.Recent that is older says nothing any more (RFC 7323 §5.5): 24 days. */
const PAWS_IDLE = 24 * 24 * 3600 * 1000

/**
 * SEGMENT ARRIVES in every state but CLOSED, LISTEN and SYN-SENT (RFC 9293 §3.10.7.4), in its order, first to eighth.
 * 'reset' when the segment deserves a RST `<SEQ=SEG.ACK>`.
 */
export function arrivesOtherwise(connection: Connection, segment: Segment, now: Instant): 'reset' | undefined {
  if (connection.state === 'SYN-RECEIVED') trimSyn(connection, segment)
  // First: the sequence number.
  if (!isTimely(connection, segment, now)) return undefined
  if (!isAcceptable(connection, segment)) {
    if (segment.has(RST)) connection.host.drop('tcp-rst-ignored')
    else if (segment.has(SYN)) challengeSyn(connection, segment)
    else challenge(connection, segment, 'tcp-out-of-window')
    return undefined
  }
  // Second: the RST bit.
  if (segment.has(RST)) {
    handleReset(connection, segment)
    return undefined
  }
  // Third, security, is not ours. Fourth: the SYN bit (RFC 5961 §4).
  if (segment.has(SYN)) {
    challengeSyn(connection, segment)
    return undefined
  }
  // Fifth: the ACK field.
  if (!segment.has(ACK)) {
    connection.host.drop('tcp-no-ack')
    return undefined
  }
  const verdict = handleAcknowledgment(connection, segment)
  if (verdict !== 'go on') return verdict === 'reset' ? 'reset' : undefined
  // Sixth, urgent data, is not offered to the application. Seventh: the text. Eighth: the FIN.
  if (handleText(connection, segment) === 'reset') {
    connection.finish(undefined)
    return 'reset'
  }
  handleFin(connection, segment)
  return undefined
}

/**
 * In a simultaneous open the peer's SYN,ACK repeats the SYN that we have: without it the segment begins at RCV.NXT, as
 * the ideal one of RFC 9293 §3.10.7.4 does (figure 7; RFC 9293 MUST-10).
 */
function trimSyn(connection: Connection, segment: Segment): void {
  const { tcb } = connection
  if (!segment.has(SYN) || !segment.has(ACK) || segment.seq !== tcb.irs) return
  segment.seq = seqAdd(segment.seq, 1)
  segment.flags &= ~SYN
  // Its window is not scaled (RFC 7323 §2.2), and is read as if it were.
  segment.wnd >>>= tcb.snd.scale
}

/** PAWS, and what it needs (RFC 7323 §5.3 R1 to R3). */
function isTimely(connection: Connection, segment: Segment, now: Instant): boolean {
  const { tcb, host } = connection
  if (!tcb.timestamps || segment.has(RST)) return true
  if (!segment.timestamps) {
    host.drop('tcp-timestamp-missing')
    return false
  }
  const age = seqDistance(segment.tsVal, tcb.tsRecent)
  if (age > 0 && now - tcb.tsRecentAt < PAWS_IDLE) {
    host.counters.PAWSEstab++
    challenge(connection, segment, 'tcp-paws')
    return false
  }
  if (seqLessOrEqual(segment.seq, tcb.lastAckSent) && isAcceptable(connection, segment)) {
    tcb.tsRecent = segment.tsVal
    tcb.tsRecentAt = now
  }
  return true
}

/**
 * The four cases of RFC 9293 §3.4, table 6, with two allowances. A segment without text may begin at the window's right
 * edge: that is where a peer stands that has filled the window, and its ACKs must count. And a closed window leaves a
 * segment at RCV.NXT its controls, though not its text (RFC 9293 §3.10.7.4, MUST-66).
 */
function isAcceptable(connection: Connection, segment: Segment): boolean {
  const { rcv } = connection.tcb
  const window = seqDistance(rcv.nxt, rcv.edge)
  const { seq } = segment
  const length = segment.len
  if (length === 0) return seqWithin(seq, rcv.nxt, window + 1)
  if (window > 0) return seqWithin(seq, rcv.nxt, window) || seqWithin(seqAdd(seq, length - 1), rcv.nxt, window)
  if (seq !== rcv.nxt || segment.has(SYN)) return false
  if (segment.length > 0) {
    // A probe: the answer tells the window (RFC 9293 §3.8.6.1).
    segment.length = 0
    segment.flags &= ~FIN
    connection.acksDue = Math.max(connection.acksDue, 1)
    connection.host.drop('tcp-zero-window')
  }
  return true
}

/** RFC 5961 §3: only a RST at exactly RCV.NXT resets; one in the window asks for a challenge ACK. */
function handleReset(connection: Connection, segment: Segment): void {
  const { tcb, host } = connection
  if (segment.seq !== tcb.rcv.nxt) {
    challenge(connection, segment, 'tcp-rst-inexact')
    return
  }
  switch (connection.state) {
    case 'SYN-RECEIVED':
      connection.finish('ECONNREFUSED')
      break
    case 'TIME-WAIT':
    case 'CLOSING':
    case 'LAST-ACK':
      connection.finish(undefined)
      break
    default:
      if (connection.state === 'ESTABLISHED' || connection.state === 'CLOSE-WAIT') host.counters.EstabResets++
      connection.finish('ECONNRESET')
  }
}

/** RFC 5961 §4: whatever its number, a SYN asks for a challenge ACK; a peer that has restarted answers it with the exact RST. */
function challengeSyn(connection: Connection, segment: Segment): void {
  connection.host.counters.TCPSYNChallenge++
  challenge(connection, segment, 'tcp-syn-challenged')
}
