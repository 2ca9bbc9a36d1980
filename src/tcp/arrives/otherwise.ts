import { ABSENT, ACK, FIN, RST, type Segment, SYN, URG } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { answerSynAgain } from '../passive-fast-open.ts'
import { seqAdd, seqDistance, seqLess, seqLessOrEqual, seqWithin } from '../seq.ts'
import { handleAcknowledgment } from './acknowledgment.ts'
import { challenge } from './challenge.ts'
import { handleFin, handleText, noteOldDuplicate } from './text.ts'

/** TS.Recent that is older says nothing any more (RFC 7323 §5.5): 24 days. */
const PAWS_IDLE = 24 * 24 * 3600 * 1000

/**
 * SEGMENT ARRIVES in every state but CLOSED, LISTEN, SYN-SENT and TIME-WAIT (RFC 9293 §3.10.7.4), in its order, first to eighth.
 * 'reset' when the segment deserves a RST `<SEQ=SEG.ACK>`.
 */
export function arrivesOtherwise(connection: Connection, segment: Segment): 'reset' | undefined {
  const unscaled = connection.stage === 'SYN-RECEIVED' && trimSyn(connection, segment)
  // First: the sequence number.
  if (isOldDuplicate(connection, segment)) return undefined
  if (isAcceptable(connection, segment)) {
    trimToClosedWindow(connection, segment)
    noteTimestamp(connection, segment)
  } else if (!trimOldText(connection, segment)) {
    refuseUnacceptable(connection, segment)
    return undefined
  }
  connection.keepAliveIfMade?.heard(connection)
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
  const verdict = handleAcknowledgment(connection, segment, unscaled)
  if (verdict !== 'go on') return verdict === 'reset' ? 'reset' : undefined
  if (segment.userTimeout !== ABSENT) connection.userTimeoutIfMade?.received(segment.userTimeout)
  // Sixth: the URG bit. Seventh: the text. Eighth: the FIN.
  if (segment.has(URG)) connection.urgent.arrived(connection, segment)
  if (handleText(connection, segment) === 'reset') {
    connection.finish(undefined)
    return 'reset'
  }
  connection.ecnIfMade?.noteText(connection, segment)
  handleFin(connection, segment)
  return undefined
}

/**
 * In a simultaneous open the peer's SYN,ACK repeats the SYN that we have: without it the segment begins at RCV.NXT, as
 * the ideal one of RFC 9293 §3.10.7.4 does (figure 7; RFC 9293 MUST-10). True if so: its window is not scaled then
 * (RFC 7323 §2.2).
 */
function trimSyn(connection: Connection, segment: Segment): boolean {
  if (!segment.has(SYN) || !segment.has(ACK) || segment.seq !== connection.tcb.irs) return false
  if (connection.listener !== undefined) return false
  segment.seq = seqAdd(segment.seq, 1)
  segment.flags &= ~SYN
  return true
}

/**
 * PAWS (RFC 7323 §5.3 R1), and a segment without the timestamps that were agreed on (§3.2). A SYN is from a client that
 * has restarted, perhaps with other options: it is challenged, whatever its timestamp.
 */
function isOldDuplicate(connection: Connection, segment: Segment): boolean {
  const { tcb, host } = connection
  if (!tcb.timestamps || segment.has(RST | SYN)) return false
  if (!segment.timestamps) {
    host.drop('tcp-timestamp-missing')
    return true
  }
  if (!seqLess(segment.tsVal, tcb.tsRecent) || host.now - tcb.tsRecentAt >= PAWS_IDLE) return false
  host.counters.PAWSEstab++
  challenge(connection, segment, 'tcp-paws')
  return true
}

/** RFC 7323 §4.3 (2), (3): the timestamp to echo is that of the segment which the last ACK was waiting for. */
function noteTimestamp(connection: Connection, segment: Segment): void {
  const { tcb, host } = connection
  if (!tcb.timestamps || !segment.timestamps || !seqLessOrEqual(segment.seq, tcb.lastAckSent)) return
  tcb.tsRecent = segment.tsVal
  tcb.tsRecentAt = host.now
}

/**
 * The four cases of RFC 9293 §3.4, table 6, with two allowances. A segment without text may begin at the window's right
 * edge: that is where a peer stands that has filled the window, and its ACKs must count. And a closed window leaves a
 * segment at RCV.NXT its controls, though not its text (RFC 9293 §3.10.7.4, MUST-66).
 */
function isAcceptable(connection: Connection, segment: Segment): boolean {
  const { rcv } = connection.tcb
  const window = seqDistance(rcv.nxt, rcv.edge)
  const length = segment.len
  if (length === 0) return seqWithin(segment.seq, rcv.nxt, segment.has(RST) && window > 0 ? window : window + 1)
  if (window === 0) return segment.seq === rcv.nxt && !segment.has(SYN)
  const last = seqAdd(segment.seq, length - 1)
  return seqWithin(segment.seq, rcv.nxt, window) || seqWithin(last, rcv.nxt, window)
}

/**
 * Text that came before, no longer ago than a buffer, from a peer that takes reports of duplicates: it gets one, which is
 * worth more than the limit on challenges, and begets no further ACK. What else the segment says is heard: two ends that
 * send again what the other has, and lose their pure ACKs, would tell each other nothing for ever.
 */
function trimOldText(connection: Connection, segment: Segment): boolean {
  const { tcb, host } = connection
  const behind = seqDistance(segment.seq, tcb.rcv.nxt)
  if (!tcb.sack || segment.has(SYN | RST)) return false
  if (segment.length === 0 || segment.length > behind || behind > host.receiveBuffer.max) return false
  host.drop('tcp-out-of-window')
  noteOldDuplicate(connection, segment)
  segment.seq = tcb.rcv.nxt
  segment.length = 0
  segment.flags &= ~FIN
  return true
}

/** A probe of our closed window: its text is not taken, and the answer tells the window (RFC 9293 §3.8.6.1). */
function trimToClosedWindow(connection: Connection, segment: Segment): void {
  const { rcv } = connection.tcb
  if (rcv.nxt !== rcv.edge || segment.length === 0) return
  segment.length = 0
  segment.flags &= ~FIN
  connection.acksDue = Math.max(connection.acksDue, 1)
  connection.host.drop('tcp-zero-window')
}

/** The answer to a segment that fails the first step: an ACK, but nothing to a RST. */
function refuseUnacceptable(connection: Connection, segment: Segment): void {
  if (segment.has(RST)) {
    connection.host.drop('tcp-rst-ignored')
  } else if (segment.has(SYN)) {
    challengeSyn(connection, segment)
  } else {
    challenge(connection, segment, 'tcp-out-of-window')
  }
}

/**
 * RFC 5961 §3: only a RST at exactly RCV.NXT resets, with text or without (RFC 9293 SHLD-2); one in the window asks for a
 * challenge ACK.
 */
function handleReset(connection: Connection, segment: Segment): void {
  if (segment.seq !== connection.tcb.rcv.nxt) {
    challenge(connection, segment, 'tcp-rst-inexact')
    return
  }
  switch (connection.stage) {
    case 'SYN-RECEIVED':
      connection.finish(connection.listener === undefined ? 'ECONNREFUSED' : 'ECONNRESET')
      break
    case 'CLOSING':
    case 'LAST-ACK':
      connection.finish(undefined)
      break
    default:
      connection.finish('ECONNRESET')
  }
}

/** RFC 5961 §4: whatever its number, a SYN asks for a challenge ACK; a peer that has restarted answers it with the exact RST. */
function challengeSyn(connection: Connection, segment: Segment): void {
  if (connection.stage === 'SYN-RECEIVED' && connection.listener !== undefined) {
    answerSynAgain(connection, segment)
    return
  }
  connection.host.counters.TCPSYNChallenge++
  challenge(connection, segment, 'tcp-syn-challenged')
}
