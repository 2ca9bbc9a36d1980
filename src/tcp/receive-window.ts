import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { timestampClock } from './isn.ts'
import { seqAdd, seqDistance, seqLess } from './seq.ts'

/** Octets in segments that the window has room for beyond twice what is read in a round trip (as Linux). */
const SLACK = 16

/** What dynamic right-sizing has measured: made with the first text, and forgotten when nothing comes for long. */
export class ReceiveRate {
  /** The receiver's own measure of the round trip, ms; 0 before there is one. */
  roundTrip: Milliseconds = 0
  /** What was read since `since`, and the most of a round trip so far. */
  read = 0
  best = 0
  since: Instant = 0
  lastEcho = -1
  turn = 0
  turnAt: Instant = Number.NEGATIVE_INFINITY
}

/*
 * How much of the receive buffer is open to the peer: dynamic right-sizing as on Linux. Once in each round trip what the
 * application has read is compared with the most it ever read in one: where it was more, the buffer becomes twice that,
 * up to `receiveBuffer.max`. Who does not read gets no more to hold. The round trip is that of a timestamp which comes
 * back with data or, without timestamps, the time in which a window is used up.
 */

/** Text arrived in order. */
export function noteArrival(connection: Connection, segment: Segment): void {
  const { tcb, host, receiveBuffer } = connection
  if (receiveBuffer.limit >= host.receiveBuffer.max) return
  const rate = connection.receiveRate
  if (tcb.timestamps) {
    if (segment.tsEcr === rate.lastEcho || segment.length < tcb.rcv.mss) return
    rate.lastEcho = segment.tsEcr
    const sample = Math.max(1, seqDistance(segment.tsEcr, timestampClock(tcb.tsOffset, host.now)))
    rate.roundTrip = rate.roundTrip === 0 ? sample : rate.roundTrip + (sample - rate.roundTrip) / 8
    return
  }
  if (rate.turnAt !== Number.NEGATIVE_INFINITY && seqLess(tcb.rcv.nxt, rate.turn)) return
  if (rate.turnAt !== Number.NEGATIVE_INFINITY) {
    const sample = Math.max(1, host.now - rate.turnAt)
    // It measures the sender's pauses, too: the shortest is nearest.
    rate.roundTrip = rate.roundTrip === 0 ? sample : Math.min(rate.roundTrip, sample)
  }
  rate.turn = tcb.rcv.edge
  rate.turnAt = host.now
}

/** The application has read `octets`. */
export function noteRead(connection: Connection, octets: number): void {
  measure(connection, octets)
  // After the peer's FIN there is nobody who could use the window.
  if (connection.finReceived || !windowWouldOpen(connection)) return
  connection.acksDue = Math.max(connection.acksDue, 1)
  connection.host.ready(connection)
}

function measure(connection: Connection, octets: number): void {
  const { tcb, host, receiveBuffer, receiveRateIfMade: rate } = connection
  if (rate === undefined || receiveBuffer.limit >= host.receiveBuffer.max) return
  rate.read += octets
  const { now } = host
  if (rate.roundTrip === 0 || now - rate.since < rate.roundTrip) return
  const wanted = wantedWindow(rate, tcb.rcv.mss)
  receiveBuffer.limit = Math.min(host.receiveBuffer.max, Math.max(receiveBuffer.limit, wanted))
  rate.read = 0
  rate.since = now
}

/** Octets; 0 when no more was read than before. */
function wantedWindow(rate: ReceiveRate, mss: number): number {
  const { read, best } = rate
  if (read <= best) return 0
  rate.best = read
  const wanted = 2 * read + SLACK * mss
  // A sender in slow start doubles: the window is to be ahead of it.
  const ahead = best > 0 ? 2 * wanted * Math.min(1, (read - best) / best) : 0
  return Math.floor(wanted + ahead)
}

/** Where the right edge of the window could be: what was not read takes from it, and 16 scaled bits must reach it. */
function possibleEdge(connection: Connection): number {
  const { tcb, receiveBuffer } = connection
  const room = connection.released ? receiveBuffer.limit : receiveBuffer.room
  return seqAdd(tcb.rcv.nxt, Math.max(0, Math.min(room, 65_535 << tcb.rcv.scale)))
}

/** The receiver's silly window avoidance (RFC 9293 §3.8.6.2.2, MUST-39): the edge moves by a segment or half the buffer, or not at all. */
export function windowWouldOpen(connection: Connection): boolean {
  return isWorthOpening(connection, possibleEdge(connection))
}

function isWorthOpening({ tcb, receiveBuffer }: Connection, edge: number): boolean {
  const gain = seqDistance(tcb.rcv.edge, edge)
  return gain > 0 && gain >= Math.min(tcb.snd.mss, receiveBuffer.limit / 2)
}

/** SEG.WND of an ordinary segment; moves RCV's edge. */
export function offerWindow(connection: Connection): number {
  const { rcv } = connection.tcb
  const possible = possibleEdge(connection)
  if (isWorthOpening(connection, possible)) rcv.edge = possible
  const unit = 1 << rcv.scale
  const window = seqDistance(rcv.nxt, rcv.edge)
  // Rounded up, so that the edge the peer sees does not move back by what the scale cuts off (RFC 7323 §2.4); but never
  // by more than one unit beyond the buffer, or tiny segments would push the edge along for ever.
  let field = Math.ceil(window / unit)
  if (seqDistance(possible, seqAdd(rcv.nxt, field * unit)) >= unit) field = Math.floor(window / unit)
  field = Math.min(field, 65_535)
  const edge = seqAdd(rcv.nxt, field * unit)
  if (seqLess(rcv.edge, edge)) rcv.edge = edge
  return field
}
