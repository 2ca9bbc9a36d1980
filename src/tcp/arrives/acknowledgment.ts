import { FIN, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { CONNECTED } from '../events.ts'
import { timestampClock } from '../isn.ts'
import { seqDistance, seqLess, seqLessOrEqual } from '../seq.ts'
import { challenge } from './challenge.ts'
import { becomeEstablished } from './established.ts'

/**
 * Fifth: check the ACK field (RFC 9293 §3.10.7.4). 'go on' to the sixth step; 'stop' when the segment is used up;
 * 'reset' when it deserves a RST `<SEQ=SEG.ACK>`. `unscaled` says that the segment's window is that of a SYN.
 */
export function handleAcknowledgment(
  connection: Connection,
  segment: Segment,
  unscaled: boolean,
): 'go on' | 'stop' | 'reset' {
  const { tcb, host } = connection
  const { snd } = tcb
  if (connection.stage === 'SYN-RECEIVED') {
    if (!seqLess(snd.una, segment.ack) || seqLess(snd.nxt, segment.ack)) {
      host.drop('tcp-ack-unacceptable')
      return 'reset'
    }
    becomeEstablished(connection, segment, unscaled)
    if (connection.listener === undefined) connection.tell(CONNECTED)
    return 'go on'
  }
  // RFC 5961 §5: neither what was never sent, nor older than any window.
  if (seqLess(snd.nxt, segment.ack) || seqDistance(segment.ack, snd.una) > snd.wndMax) {
    challenge(connection, segment, 'tcp-ack-unacceptable')
    return 'stop'
  }
  const flight = seqDistance(snd.una, snd.nxt)
  const acked = seqDistance(snd.una, segment.ack)
  if (acked > 0) advance(connection, segment, acked, flight)
  else {
    connection.ecnIfMade?.noteAck(connection, segment, flight)
    connection.recovery.repeated(connection, segment, isDuplicateAck(connection, segment, flight))
  }
  updateWindow(connection, segment)
  return enterByOurFin(connection)
}

/** SEG.ACK is new: takes what it covers off the buffer, measures, and restarts the timer. */
function advance(connection: Connection, segment: Segment, acked: number, flight: number): void {
  const { tcb, sendBuffer, host } = connection
  const { snd } = tcb
  const octets = Math.min(acked, sendBuffer.length)
  connection.doneWith(octets)
  if (acked > octets) connection.finAcked = true
  snd.una = segment.ack
  if (seqLess(snd.resend, snd.una)) snd.resend = snd.una
  const rtt = measure(connection, segment)
  connection.ecnIfMade?.noteAck(connection, segment, flight)
  connection.recovery.progress(connection, segment, acked, octets, flight, rtt)
  // RFC 6298 (5.2), (5.3): restarted, or stopped, once sending is done.
  const { flight: out } = connection
  out.retransmitAt = Number.POSITIVE_INFINITY
  out.stalledSince = host.now
  connection.tellRoom()
}

/** RFC 6298 with Karn's rule; returns what this ACK measures, ms, NaN for nothing: the timed segment; or, after a retransmission, what the timestamp says (RFC 7323 §4). */
function measure(connection: Connection, segment: Segment): number {
  const { host, rto, flight } = connection
  const stamped = stampedRtt(connection, segment)
  if (flight.timedAt !== Number.POSITIVE_INFINITY) {
    if (seqLess(segment.ack, flight.timedSeq)) return stamped
    const rtt = host.now - flight.timedAt
    rto.sample(rtt)
    flight.timedAt = Number.POSITIVE_INFINITY
    return rtt
  }
  if (stamped >= 0) rto.sample(stamped)
  return stamped
}

/** How long ago what the segment echoes was sent, ms; NaN when it does not say. */
function stampedRtt({ tcb, host, timedOutAt }: Connection, segment: Segment): number {
  if (!tcb.timestamps || !segment.timestamps) return Number.NaN
  const rtt = seqDistance(segment.tsEcr, timestampClock(tcb.tsOffset, host.now))
  // The echo of what was sent before a timeout would measure the timeouts, too.
  return rtt >= 0 && rtt <= host.now - timedOutAt ? rtt : Number.NaN
}

/** RFC 5681 §2: data is out, the segment has none, nor SYN nor FIN, acknowledges SND.UNA again, and the window is the same. */
function isDuplicateAck(connection: Connection, segment: Segment, flight: number): boolean {
  const { snd } = connection.tcb
  return (
    flight > 0 &&
    segment.length === 0 &&
    !segment.has(SYN | FIN) &&
    segment.ack === snd.una &&
    segment.wnd << snd.scale === snd.wnd &&
    snd.wnd > 0
  )
}

/** SND.WND from a segment that is not older than the one which set it (RFC 9293 §3.10.7.4). */
function updateWindow(connection: Connection, segment: Segment): void {
  const { snd } = connection.tcb
  if (seqLess(segment.ack, snd.una)) return
  const newer = seqLess(snd.wl1, segment.seq) || (snd.wl1 === segment.seq && seqLessOrEqual(snd.wl2, segment.ack))
  if (!newer) return
  const wasClosed = snd.wnd === 0
  snd.wnd = segment.wnd << snd.scale
  if (snd.wnd > snd.wndMax) snd.wndMax = snd.wnd
  snd.wl1 = segment.seq
  snd.wl2 = segment.ack
  if (snd.wnd === 0) {
    // An answer to a probe: the peer lives (RFC 9293 MUST-37). The next probe starts the clock anew.
    connection.stalledSince = Number.POSITIVE_INFINITY
  } else if (wasClosed) {
    // What went out as a probe was not taken: it goes out again with the rest.
    connection.recovery.resendAll(connection)
    connection.stalledSince = Number.POSITIVE_INFINITY
    connection.probes = 0
    connection.probeDue = false
  }
}

/** What the acknowledgment of our FIN leads to. */
function enterByOurFin(connection: Connection): 'go on' | 'stop' {
  if (!connection.finAcked) return 'go on'
  switch (connection.stage) {
    case 'FIN-WAIT-1':
      connection.enter('FIN-WAIT-2')
      return 'go on'
    case 'CLOSING':
      connection.enterTimeWait()
      return 'stop'
    case 'LAST-ACK':
      connection.finish(undefined)
      return 'stop'
    default:
      return 'go on'
  }
}
