import { ACK, FIN, MAX_SACK_BLOCKS, PSH, RST, type Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { timestampClock } from './isn.ts'
import { offerWindow } from './receive-window.ts'
import { seqAdd } from './seq.ts'
import { armRetransmission } from './timeouts.ts'

/**
 * Fills in a segment of data, `offset` octets into the send buffer, with the ACK that every segment carries. Where it is
 * longer than `size`, the link cuts it into segments of that. `seq` may be signed, in which form V8 hands it on without a box.
 */
export function emit(
  connection: Connection,
  out: Segment,
  seq: number,
  offset: number,
  length: number,
  fin: boolean,
  size: number = length,
): void {
  const { sendBuffer, host } = connection
  start(connection, out, ACK, seq)
  acknowledge(connection, out)
  out.octets = sendBuffer.octets
  out.start = sendBuffer.indexOf(offset)
  out.length = length
  if (length > size) out.segmentSize = size
  noteText(connection, out, size)
  // RFC 9293 MUST-61, SHLD-27: PSH on the segment that empties the buffer.
  if (length > 0 && offset + length === sendBuffer.length) out.flags |= PSH
  if (fin) {
    out.flags |= FIN
    connection.finSent = true
    if (connection.stage === 'CLOSE-WAIT') connection.enter('LAST-ACK')
  }
  const { flight } = connection
  if (flight.stalledSince === Number.POSITIVE_INFINITY) flight.stalledSince = host.now
  flight.sentAt = host.now
  armRetransmission(connection)
}

/** What text sets off beside itself, and takes along. */
function noteText(connection: Connection, out: Segment, size: number): void {
  const { userTimeoutIfMade: userTimeout, tcb } = connection
  connection.pathIfMade?.sending(connection, out, size)
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

export function start(connection: Connection, out: Segment, flags: number, seq: number): void {
  const { tcb } = connection
  out.clear()
  out.source = connection.local
  out.sourcePort = connection.localPort
  out.destination = connection.remote
  out.destinationPort = connection.remotePort
  out.flags = flags
  out.seq = seq >>> 0
  if (connection.ipIfMade !== undefined) {
    out.dscp = connection.ipIfMade.dscp
    out.hopLimit = connection.ipIfMade.hopLimit
  }
  if ((flags & ACK) !== 0) out.ack = tcb.rcv.nxt
  if (tcb.timestamps) stamp(connection, out)
}

/** ACK field, window, SACK blocks: and with that, what was owed is paid. */
export function acknowledge(connection: Connection, out: Segment): void {
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

export function stamp(connection: Connection, out: Segment): void {
  const { tcb, host } = connection
  out.timestamps = true
  out.tsVal = timestampClock(tcb.tsOffset, host.now)
  out.tsEcr = (out.flags & ACK) !== 0 ? tcb.tsRecent : 0
}

/** Starts to time a segment for the RTO, if none is being timed (RFC 6298 §3). */
export function time(connection: Connection, end: number): void {
  const { flight } = connection
  if (flight.timedAt !== Number.POSITIVE_INFINITY) return
  flight.timedAt = connection.host.now
  flight.timedSeq = end
}
