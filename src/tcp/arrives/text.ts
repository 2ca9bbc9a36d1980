import { FIN, type Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { READABLE } from '../events.ts'
import { offeredMss } from '../options.ts'
import { mostRanges } from '../receive-buffer.ts'
import { noteArrival, noteRead } from '../receive-window.ts'
import { seqAdd, seqDistance, seqLess } from '../seq.ts'

/** The most pure ACKs that are owed at once: each early segment asks for one (RFC 5681 §4.2). */
const MOST_ACKS_DUE = 16

/** Seventh: process the segment text (RFC 9293 §3.10.7.4). Returns 'reset' when nobody will read it. */
export function handleText(connection: Connection, segment: Segment): 'reset' | undefined {
  if (segment.length === 0) return undefined
  const { tcb, receiveBuffer, host } = connection
  switch (connection.stage) {
    // On a SYN, by Fast Open (RFC 7413 §4.2.2); nothing else gets here before ESTABLISHED.
    case 'SYN-RECEIVED':
    case 'ESTABLISHED':
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
      break
    default:
      host.drop('tcp-text-ignored')
      return undefined
  }
  if (connection.released) {
    // RFC 9293 SHLD-3: data was lost, and the peer should know.
    host.drop('tcp-text-after-release')
    return 'reset'
  }
  const { rcv } = tcb
  // What was received before is trimmed off the front, what the window does not let in off the end (the "idealized segment" of RFC 9293 §3.10.7.4).
  const early = Math.max(0, -seqDistance(rcv.nxt, segment.seq))
  const late = Math.max(0, seqDistance(rcv.edge, seqAdd(segment.seq, segment.length)))
  const length = segment.length - early - late
  if (late > 0) segment.flags &= ~FIN
  if (early > 0) noteOldDuplicate(connection, segment)
  if (length <= 0) {
    connection.acksDue = Math.max(connection.acksDue, 1)
    return undefined
  }
  if (length > rcv.mss) noteFullSize(connection, segment, length)
  const gap = seqDistance(rcv.nxt, seqAdd(segment.seq, early))
  const before = receiveBuffer.next
  const hadGaps = receiveBuffer.hasGaps
  const start = segment.start + early
  const taken = gap === 0 ? sink(connection, segment, start, length) : 0
  // RFC 9293 SHLD-31: early text too.
  if (
    taken < length &&
    !receiveBuffer.store(
      before + gap + taken,
      segment.octets,
      start + taken,
      length - taken,
      mostRanges(receiveBuffer.limit),
    )
  ) {
    host.drop('tcp-reassembly-full')
  }
  const advanced = receiveBuffer.next - before
  if (advanced > 0) noteArrival(connection, segment)
  rcv.nxt = seqAdd(rcv.nxt, advanced)
  if (taken > 0) noteRead(connection, taken)
  if (advanced > 0) connection.tell(READABLE)
  scheduleAck(connection, advanced, hadGaps)
  return undefined
}

/** Octets that the reader has taken out of the frame: they never get into the receive buffer. */
function sink(connection: Connection, segment: Segment, start: number, length: number): number {
  const { sink, receiveBuffer, host } = connection
  if (sink === undefined || !receiveBuffer.isEmpty) return 0
  const taken = sink.take(segment.octets, start, length)
  if (taken > 0) host.nextText.taken(connection, segment)
  receiveBuffer.pass(taken)
  return taken
}

/**
 * What came in one segment says what a full one is; of what the link has put together, and be it that it does not say
 * so, no more than the MSS that we offer is one.
 */
function noteFullSize({ tcb, host, remote }: Connection, segment: Segment, length: number): void {
  const size = segment.segmentSize === 0 ? length : Math.min(length, segment.segmentSize)
  tcb.rcv.mss = Math.max(tcb.rcv.mss, Math.min(size, offeredMss(host.mtu, remote)))
}

/**
 * Text of the segment lies before RCV.NXT: the ACK, which goes out at once, reports it (RFC 2883 §4.1). A peer whose ACKs
 * were lost, or whose timer ran early, learns from it that it need not have sent this again.
 */
export function noteOldDuplicate(connection: Connection, segment: Segment): void {
  const { tcb, receiveBuffer, host } = connection
  connection.acksDue = Math.max(connection.acksDue, 1)
  if (!tcb.sack) return
  const from = seqDistance(tcb.rcv.nxt, segment.seq)
  const to = Math.min(0, from + segment.length)
  receiveBuffer.noteDuplicate(receiveBuffer.next + from, receiveBuffer.next + to)
  host.counters.TCPDSACKOldSent++
}

/**
 * RFC 5681 §4.2, RFC 9293 SHLD-18, SHLD-19, MUST-58, MUST-59: at once for an early segment or one that fills a gap, else
 * for every second full one, or after the delay.
 */
function scheduleAck(connection: Connection, advanced: number, hadGaps: boolean): void {
  const { host, tcb } = connection
  const quick = connection.ownQuickAcks.arrived(connection, advanced === 0 || hadGaps)
  if (advanced === 0) {
    connection.acksDue = Math.min(connection.acksDue + 1, MOST_ACKS_DUE)
    return
  }
  connection.unacknowledged += advanced
  if (quick || hadGaps || connection.unacknowledged >= 2 * tcb.rcv.mss || host.config.delayedAck === 0) {
    connection.acksDue = Math.max(connection.acksDue, 1)
  } else if (connection.delayedAckAt === Number.POSITIVE_INFINITY) {
    connection.delayedAckAt = host.now + host.config.delayedAck
  }
}

/** Eighth: check the FIN bit (RFC 9293 §3.10.7.4). It counts once everything before it has come. */
export function handleFin(connection: Connection, segment: Segment): void {
  const { rcv } = connection.tcb
  if (segment.has(FIN)) {
    connection.acksDue = Math.max(connection.acksDue, 1)
    if (connection.finReceived) return
    rcv.fin = seqAdd(segment.seq, segment.length)
    rcv.finKnown = true
  }
  if (!rcv.finKnown || connection.finReceived || rcv.fin !== rcv.nxt) return
  rcv.nxt = seqAdd(rcv.nxt, 1)
  // A closed window leaves a FIN its place, which is beyond the edge.
  if (seqLess(rcv.edge, rcv.nxt)) rcv.edge = rcv.nxt
  connection.finReceived = true
  connection.acksDue = Math.max(connection.acksDue, 1)
  connection.tell(READABLE)
  switch (connection.stage) {
    case 'ESTABLISHED':
      connection.enter('CLOSE-WAIT')
      break
    case 'FIN-WAIT-1':
      // Our FIN is not acknowledged, or the fifth step would have made it FIN-WAIT-2.
      connection.enter('CLOSING')
      break
    case 'FIN-WAIT-2':
      connection.enterTimeWait()
      break
  }
}
