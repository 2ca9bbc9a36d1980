import type { Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { emit } from '../fill-segment.ts'
import { seqAdd, seqDistance } from '../seq.ts'
import type { SackRecovery } from './sack-recovery.ts'
import { LOST, type SentSegments } from './sent-segments.ts'

/**
 * What goes out before new data: what is lost (RFC 6675 §4, NextSeg (1)), in segments of at most `size` octets, or a
 * probe (RFC 8985 §7.3). 'sent', 'wait' when it has to, or 'new data' when it is the turn of that.
 */
export function resendLost(
  connection: Connection,
  sack: SackRecovery,
  size: number,
  out: Segment,
): 'sent' | 'wait' | 'new data' {
  const { sent, probe } = sack
  const { snd } = connection.tcb
  const forced = connection.retransmitDue
  connection.retransmitDue = false
  if (sent.count === 0) {
    probe.due = false
    return 'new data'
  }
  // A closed window is probed, and what is out goes out anew when it opens.
  if (snd.wnd === 0) return 'wait'
  const newData = mayForward(connection, size)
  const i = probe.due && sent.lost === 0 ? lastSegment(sent, size) : sent.findLost()
  if (i < 0 || (sack.pushes && newData && !forced)) return 'new data'
  const offset = seqDistance(snd.una, sent.startOf(i))
  const room = snd.wnd - offset
  fit(sack, i, i === 0 ? Math.min(size, room) : size, sent.has(i, LOST))
  const length = Math.min(sent.lengthOf(i), size)
  // What a shrunk window keeps back is sent again when there is room for it (RFC 9293 SHLD-16).
  if (room < length && i > 0) return 'wait'
  // RFC 6675 §5 (C): room for a full segment, however short this one is.
  const pipe = sent.pipe
  if (!forced && !probe.due && pipe > 0 && pipe + size > connection.congestion!.cwnd) {
    connection.windowUse.full(connection.tcb.snd.nxt)
    return 'wait'
  }
  const data = Math.min(length, connection.sendBuffer.length - offset)
  // RFC 6298 (5.1) for a segment that is sent anew: the wait for its answer begins.
  if (i === 0 && sack.inRecovery) connection.retransmitAt = Number.POSITIVE_INFINITY
  emit(connection, out, sent.startOf(i), offset, data, data < length)
  sack.resent(connection, i)
  connection.timedAt = Number.POSITIVE_INFINITY
  return 'sent'
}

/** Whether a new segment could go, but for congestion control. */
export function mayForward(connection: Connection, size: number): boolean {
  const { snd } = connection.tcb
  const flight = seqDistance(snd.una, snd.nxt)
  const waiting = Math.min(connection.sendBuffer.length - flight, size)
  return waiting > 0 && flight + waiting <= snd.wnd && !connection.recovery.sack!.sent.isFull
}

/** Makes entry `i` a segment of at most `size` octets, together with neighbours that are lost, too. */
function fit({ sent }: SackRecovery, i: number, size: number, lost: boolean): void {
  if (sent.lengthOf(i) > size) {
    if (sent.canSplit) sent.split(i, seqAdd(sent.startOf(i), size))
    return
  }
  if (!lost) return
  while (i + 1 < sent.count && sent.has(i + 1, LOST) && sent.lengthOf(i) + sent.lengthOf(i + 1) <= size) sent.join(i)
}

/** The entry of the segment that was sent with the highest numbers: of several that went as one, the last. */
function lastSegment(sent: SentSegments, size: number): number {
  const i = sent.count - 1
  const length = sent.lengthOf(i)
  if (length <= size || !sent.canSplit) return i
  sent.split(i, seqAdd(sent.end, -(length % size || size)))
  return i + 1
}
