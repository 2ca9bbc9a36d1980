import { piecesOf, type Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { emit, time } from './fill-segment.ts'
import { longestSend, segmentSize } from './options.ts'
import { resendLost } from './recovery/resend.ts'
import { seqAdd, seqDistance, seqLess } from './seq.ts'

/**
 * Data before the client's ACK, behind the SYN,ACK of a Fast Open (RFC 7413 §4.2.2): SND.UNA is still the ISS. None once
 * the SYN,ACK had to go out again: who knows whether there is a client.
 */
export function sendEarly(connection: Connection, out: Segment): boolean {
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
export function resendFirst(connection: Connection, out: Segment): boolean {
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
export function sendData(connection: Connection, out: Segment): boolean {
  const { snd } = connection.tcb
  const { sendBuffer } = connection
  if (connection.probeDue) return sendProbe(connection, out)
  if (sendBuffer.length > 0) connection.path.update(connection)
  const usual = segmentSize(connection)
  const { sack } = connection.recovery
  if (sack !== undefined) {
    const turn = resendLost(connection, sack, usual, out)
    if (turn !== 'new data') return turn === 'sent'
  }
  // Octets of data from `resend` on: -1 once the FIN is out.
  const offset = seqDistance(snd.una, snd.resend)
  const waiting = sendBuffer.length - offset
  const finWaits = connection.finQueued && !connection.finAcked && waiting >= 0
  if (waiting <= 0 && !finWaits) return false
  const recovery = connection.recovery.prepare(connection)
  const size = waiting > 0 ? connection.path.sizeOfNext(connection, usual, offset) : usual
  // RFC 9293 MUST-34, SHLD-15: a window that has shrunk below what is out lets nothing new go. SHLD-28: else what fits.
  // RFC 5681 §4.1: what was learnt of the path before a pause may not hold.
  const idle = connection.host.now - connection.sentAt
  if (waiting > 0 && snd.una === snd.nxt && idle > connection.rto.value) {
    connection.congestion!.restartAfterIdle(connection.host.now)
  }
  // What holds back data does not hold back a FIN that follows none.
  const flightLimit = waiting > 0 ? Math.min(snd.wnd, recovery.limit(connection, offset, size)) : snd.wnd
  // RFC 9293 SHLD-16: what a shrunk window still holds is sent again like any other.
  const again = seqLess(snd.resend, snd.nxt)
  const most = Math.max(0, Math.min(waiting, flightLimit - offset, longestNow(connection, size, usual)))
  const fin = finWaits && most === waiting && snd.wnd > offset + most
  const length = fin ? most : withoutTail(connection, most, waiting, size, offset, again)
  if (length < waiting && snd.wnd > flightLimit && flightLimit - offset < size) connection.windowUse.full(snd.nxt)
  if (length === 0 && !fin) return false
  const pushes = recovery.sack?.pushes === true
  if (!fin && !pushes && !worthSending(connection, length, waiting, size, offset, again)) return false
  if (!pushes && connection.pacerIfMade?.holds(connection) === true) return false
  emit(connection, out, snd.resend | 0, offset, length, fin, size)
  connection.pacerIfMade?.sent(connection, length)
  snd.resend = seqAdd(snd.resend, length + (fin ? 1 : 0))
  if (again) {
    connection.timedAt = Number.POSITIVE_INFINITY
    connection.host.counters.RetransSegs += piecesOf(out)
    if (seqLess(snd.nxt, snd.resend)) snd.nxt = snd.resend
  } else {
    snd.nxt = snd.resend
    connection.ecnIfMade?.markNewData(out)
    recovery.sentNew(connection, piecesOf(out))
    time(connection, snd.nxt)
  }
  return true
}

/**
 * The most new data that goes to the link at once, octets: one segment where what follows has to look anew, or where a
 * field of the header could not be the same on all.
 */
function longestNow(connection: Connection, size: number, usual: number): number {
  if (connection.host.segmentation === 0 || size > usual || connection.recovery.sack?.pushes === true) return size
  if (connection.ecnIfMade?.owesReduction === true) return size
  if (connection.urgentIfMade?.isSending(connection) === true) return size
  const paced = connection.pacerIfMade?.room(connection) ?? Number.POSITIVE_INFINITY
  return Math.max(size, Math.min(longestSend(connection, size), paced))
}

/** Of `length` octets whole segments, and behind them only what would not have to wait if it went alone. */
function withoutTail(
  connection: Connection,
  length: number,
  waiting: number,
  size: number,
  offset: number,
  again: boolean,
): number {
  const tail = length % size
  if (length <= size || tail === 0) return length
  const whole = length - tail
  const goes = length === waiting && worthSending(connection, tail, tail, size, offset + whole, again)
  return goes ? length : whole
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
