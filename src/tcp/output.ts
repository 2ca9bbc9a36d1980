import { ACK, FIN, MAX_SACK_BLOCKS, PSH, RST, type Segment, SYN } from '../wire/segment.ts'
import { fillSyn } from './active-fast-open.ts'
import type { Connection } from './connection.ts'
import { timestampClock } from './isn.ts'
import { offeredMss, segmentSize } from './options.ts'
import { noteSynAck } from './passive-fast-open.ts'
import { offerWindow } from './receive-window.ts'
import { resendLost } from './recovery/resend.ts'
import { seqAdd, seqDistance, seqLess } from './seq.ts'
import { armRetransmission } from './timeouts.ts'

/**
 * What a connection sends next, as a function of its state: nothing is queued but the data itself. Hot path: fills the
 * one segment that it is given, allocates nothing.
 */
export function nextSegment(connection: Connection, out: Segment): boolean {
  switch (connection.state) {
    case 'CLOSED':
      return false
    case 'SYN-SENT':
    case 'SYN-RECEIVED':
      if (connection.synDue) return sendSyn(connection, out)
      return sendEarly(connection, out) || (connection.acksDue > 0 && sendAck(connection, out))
    case 'TIME-WAIT':
      return connection.acksDue > 0 && sendAck(connection, out)
    default:
      if (connection.retransmitDue && connection.recovery.sack === undefined) return resendFirst(connection, out)
      return (
        sendData(connection, out) ||
        (connection.acksDue > 0 && sendAck(connection, out)) ||
        (connection.keepAliveIfMade?.due === true && sendKeepAlive(connection, out))
      )
  }
}

/** SYN, or SYN,ACK in SYN-RECEIVED, first or again. */
function sendSyn(connection: Connection, out: Segment): boolean {
  const { tcb, host, listener } = connection
  const answering = connection.state === 'SYN-RECEIVED'
  const again = connection.stalledSince !== Number.POSITIVE_INFINITY
  connection.synDue = false
  if (!again && listener === undefined) {
    // Now, not when OPEN was called: the clock in it is to be the network's (RFC 9293 MUST-8).
    tcb.iss = host.initialSequence(connection)
    tcb.snd.una = tcb.iss
    tcb.snd.nxt = seqAdd(tcb.iss, 1)
  }
  const ecn = answering
    ? (connection.ecnIfMade?.answer ?? 0)
    : host.config.ecn === true
      ? connection.ecn.askOnSyn(again)
      : 0
  start(connection, out, (answering ? SYN | ACK : SYN) | ecn, tcb.iss)
  // RFC 7323 §2.2: a window on a SYN is never scaled.
  out.wnd = Math.min(connection.window.limit - connection.receiveBuffer.length, 65_535)
  const edge = seqAdd(tcb.rcv.nxt, out.wnd)
  if (seqLess(tcb.rcv.edge, edge)) tcb.rcv.edge = edge
  // RFC 9293 MUST-14, SHLD-5, MUST-65: an MSS option on every SYN, and on nothing else.
  out.mss = offeredMss(host.mtu, connection.remote)
  if (answering ? tcb.windowScaling : host.config.windowScale) {
    out.windowScale = host.receiveScale
  }
  out.sackPermitted = answering ? tcb.sack : host.config.sack
  if (!answering && host.config.timestamps) stamp(connection, out)
  if (connection.userTimeoutIfMade?.advertises === true) out.userTimeout = connection.userTimeout.advertised
  // RFC 7413 §4.2.1, §4.2.2: a SYN or SYN,ACK that is sent again has neither data nor a cookie.
  if (connection.fastOpen && !again) {
    if (listener !== undefined) host.fastOpen.cookies.offer(out)
    else if (!answering) fillSyn(connection, out)
  }
  connection.acksDue = 0
  connection.unacknowledged = 0
  connection.delayedAckAt = Number.POSITIVE_INFINITY
  tcb.lastAckSent = tcb.rcv.nxt
  tcb.snd.resend = tcb.snd.nxt
  if (again) {
    host.counters.RetransSegs++
    host.counters.TCPSynRetrans++
    connection.timedAt = Number.POSITIVE_INFINITY
  } else {
    connection.stalledSince = host.now
    time(connection, tcb.snd.nxt)
  }
  armRetransmission(connection)
  if (listener !== undefined) noteSynAck(connection, again)
  return true
}

/**
 * Data before the client's ACK, behind the SYN,ACK of a Fast Open (RFC 7413 §4.2.2): SND.UNA is still the ISS. None once
 * the SYN,ACK had to go out again: who knows whether there is a client.
 */
function sendEarly(connection: Connection, out: Segment): boolean {
  const { snd } = connection.tcb
  if (!connection.fastOpen || connection.listener === undefined) return false
  if (connection.timedAt === Number.POSITIVE_INFINITY) return false
  const offset = seqDistance(snd.una, snd.nxt) - 1
  const waiting = connection.sendBuffer.length - offset
  const size = segmentSize(connection)
  const flightLimit = Math.min(snd.wnd, Math.floor(connection.congestion!.cwnd))
  const length = Math.min(waiting, flightLimit - offset, size)
  if (length <= 0 || !worthSending(connection, length, waiting, size, offset, false)) return false
  emit(connection, out, snd.nxt, offset, length, false)
  snd.nxt = seqAdd(snd.nxt, length)
  snd.resend = snd.nxt
  return true
}

/** The oldest unacknowledged segment once more, whatever congestion control says (RFC 5681 §3.2). */
function resendFirst(connection: Connection, out: Segment): boolean {
  const { snd } = connection.tcb
  connection.retransmitDue = false
  if (snd.una === snd.nxt) return false
  const dataLength = connection.sendBuffer.length
  const size = segmentSize(connection)
  const length = Math.min(dataLength, size, seqDistance(snd.una, snd.nxt))
  const fin = connection.finSent && length === dataLength
  emit(connection, out, snd.una, 0, length, fin)
  connection.timedAt = Number.POSITIVE_INFINITY
  connection.host.counters.RetransSegs++
  return true
}

/** New data, data to be sent again after a timeout, a FIN, or a zero-window probe. */
function sendData(connection: Connection, out: Segment): boolean {
  const { snd } = connection.tcb
  const { sendBuffer, recovery } = connection
  if (connection.probeDue) return sendProbe(connection, out)
  connection.path.update(connection)
  const usual = segmentSize(connection)
  if (recovery.sack !== undefined) {
    const turn = resendLost(connection, recovery.sack, usual, emit, out)
    if (turn !== 'new data') return turn === 'sent'
  }
  // Octets of data from `resend` on: -1 once the FIN is out.
  const offset = seqDistance(snd.una, snd.resend)
  const waiting = sendBuffer.length - offset
  const finWaits = connection.finQueued && !connection.finAcked && waiting >= 0
  if (waiting <= 0 && !finWaits) return false
  recovery.prepare(connection)
  const size = connection.path.sizeOfNext(connection, usual, offset)
  // RFC 9293 MUST-34, SHLD-15: a window that has shrunk below what is out lets nothing new go. SHLD-28: else what fits.
  // RFC 5681 §4.1: what was learnt of the path before a pause may not hold.
  const idle = connection.host.now - connection.sentAt
  if (snd.una === snd.nxt && idle > connection.rto.value) connection.congestion!.restartAfterIdle(connection.host.now)
  const pushes = recovery.sack?.pushes === true
  const flightLimit = Math.min(snd.wnd, recovery.limit(connection, offset, size))
  const length = Math.max(0, Math.min(waiting, flightLimit - offset, size))
  const fin = finWaits && length === waiting && snd.wnd > offset + length
  if (length < waiting && snd.wnd > flightLimit && flightLimit - offset < size) connection.windowUse.full(snd.nxt)
  if (length === 0 && !fin) return false
  // RFC 9293 SHLD-16: what a shrunk window still holds is sent again like any other.
  const again = seqLess(snd.resend, snd.nxt)
  if (!fin && !pushes && !worthSending(connection, length, waiting, size, offset, again)) return false
  if (!pushes && connection.pacerIfMade?.holds(connection) === true) return false
  emit(connection, out, snd.resend, offset, length, fin)
  connection.pacerIfMade?.sent(connection, length)
  snd.resend = seqAdd(snd.resend, length + (fin ? 1 : 0))
  if (again) {
    connection.timedAt = Number.POSITIVE_INFINITY
    connection.host.counters.RetransSegs++
    if (seqLess(snd.nxt, snd.resend)) snd.nxt = snd.resend
  } else {
    snd.nxt = snd.resend
    connection.ecnIfMade?.markNewData(out)
    recovery.sentNew(connection)
    time(connection, snd.nxt)
  }
  return true
}

/**
 * The sender's silly window avoidance (RFC 9293 §3.8.6.2.1, MUST-38) with Nagle's algorithm (SHLD-7): a full segment; or
 * all there is, if nothing is in flight or the user wants no delay (MUST-17); or half of the largest window ever seen.
 * The override timeout is the persist timer's. What is sent again need not wait for anything, but for what is in flight.
 */
function worthSending(
  connection: Connection,
  length: number,
  waiting: number,
  size: number,
  offset: number,
  again: boolean,
): boolean {
  if (length >= size) {
    connection.corkIfMade?.clear()
    return true
  }
  if (again && offset === 0) return true
  if (!again && connection.corkIfMade?.holds(connection.host.now) === true) return false
  if (length === waiting)
    return again || connection.noDelay || offset === 0 || connection.urgentIfMade?.isSending(connection) === true
  return length >= connection.tcb.snd.wndMax / 2
}

/** One octet beyond a window that is closed, or too small to be worth filling (RFC 9293 §3.8.6.1, MUST-36); or the FIN. */
function sendProbe(connection: Connection, out: Segment): boolean {
  const { snd } = connection.tcb
  connection.probeDue = false
  const fin = connection.finQueued && connection.sendBuffer.length === 0 && !connection.finAcked
  const length = Math.min(connection.sendBuffer.length, Math.max(1, Math.min(snd.wnd, segmentSize(connection))))
  if (length === 0 && !fin) return false
  connection.recovery.prepare(connection)
  emit(connection, out, snd.una, 0, length, fin)
  connection.timedAt = Number.POSITIVE_INFINITY
  const end = seqAdd(snd.una, length + (fin ? 1 : 0))
  if (seqLess(snd.nxt, end)) {
    snd.nxt = end
    connection.recovery.sentNew(connection)
  }
  snd.resend = connection.recovery.sack === undefined ? end : snd.nxt
  connection.host.counters.TCPWinProbe++
  return true
}

/** Fills in a segment of data, `offset` octets into the send buffer, with the ACK that every segment carries. */
function emit(connection: Connection, out: Segment, seq: number, offset: number, length: number, fin: boolean): void {
  const { sendBuffer, host } = connection
  start(connection, out, ACK, seq)
  acknowledge(connection, out)
  out.octets = sendBuffer.octets
  out.start = sendBuffer.indexOf(offset)
  out.length = length
  noteText(connection, out)
  // RFC 9293 MUST-61, SHLD-27: PSH on the segment that empties the buffer.
  if (length > 0 && offset + length === sendBuffer.length) out.flags |= PSH
  if (fin) {
    out.flags |= FIN
    connection.finSent = true
    if (connection.state === 'CLOSE-WAIT') connection.enter('LAST-ACK')
  }
  if (connection.stalledSince === Number.POSITIVE_INFINITY) connection.stalledSince = host.now
  connection.sentAt = host.now
  armRetransmission(connection)
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
function sendAck(connection: Connection, out: Segment): boolean {
  start(connection, out, ACK, connection.tcb.snd.nxt)
  acknowledge(connection, out)
  return true
}

/** An ACK of a number that the peer has seen, which it answers with an ACK (RFC 9293 §3.8.4, SHLD-12). */
function sendKeepAlive(connection: Connection, out: Segment): boolean {
  connection.keepAlive.due = false
  start(connection, out, ACK, seqAdd(connection.tcb.snd.nxt, -1))
  acknowledge(connection, out)
  return true
}

/** What text sets off beside itself, and takes along. */
function noteText(connection: Connection, out: Segment): void {
  const { userTimeoutIfMade: userTimeout, tcb } = connection
  connection.path.sending(connection, out.seq, out.length)
  if (out.seq === tcb.snd.nxt) connection.quickAcks.sentData(connection)
  if (userTimeout?.due !== true) return
  userTimeout.due = false
  out.userTimeout = userTimeout.advertised
}

/** The RST of an ABORT: <SEQ=SND.NXT><CTL=RST>, with the ACK that makes it acceptable in every state. */
export function fillReset(connection: Connection, out: Segment): void {
  const { tcb } = connection
  start(connection, out, RST | ACK, tcb.snd.nxt)
  out.ack = tcb.rcv.nxt
  out.wnd = 0
}

function start(connection: Connection, out: Segment, flags: number, seq: number): void {
  const { tcb } = connection
  out.clear()
  out.source = connection.local
  out.sourcePort = connection.localPort
  out.destination = connection.remote
  out.destinationPort = connection.remotePort
  out.flags = flags
  out.seq = seq
  if (connection.ipIfMade !== undefined) {
    out.dscp = connection.ipIfMade.dscp
    out.hopLimit = connection.ipIfMade.hopLimit
  }
  if ((flags & ACK) !== 0) out.ack = tcb.rcv.nxt
  if (tcb.timestamps) stamp(connection, out)
}

/** ACK field, window, SACK blocks: and with that, what was owed is paid. */
function acknowledge(connection: Connection, out: Segment): void {
  const { tcb, receiveBuffer } = connection
  out.wnd = offerWindow(connection)
  connection.ecnIfMade?.echo(out)
  connection.urgentIfMade?.stamp(connection, out)
  connection.quickAcks.acknowledged()
  if (tcb.sack && receiveBuffer.hasBlocks) {
    const most = tcb.timestamps ? MAX_SACK_BLOCKS - 1 : MAX_SACK_BLOCKS
    out.sackBlocks = receiveBuffer.blocks(out.sackEdges, most, seqAdd(tcb.rcv.nxt, -receiveBuffer.next))
  }
  tcb.lastAckSent = tcb.rcv.nxt
  connection.unacknowledged = 0
  connection.delayedAckAt = Number.POSITIVE_INFINITY
  if (connection.acksDue > 0) connection.acksDue--
}

function stamp(connection: Connection, out: Segment): void {
  const { tcb, host } = connection
  out.timestamps = true
  out.tsVal = timestampClock(tcb.tsOffset, host.now)
  out.tsEcr = (out.flags & ACK) !== 0 ? tcb.tsRecent : 0
}

/** Starts to time a segment for the RTO, if none is being timed (RFC 6298 §3). */
function time(connection: Connection, end: number): void {
  if (connection.timedAt !== Number.POSITIVE_INFINITY) return
  connection.timedAt = connection.host.now
  connection.timedSeq = end
}
