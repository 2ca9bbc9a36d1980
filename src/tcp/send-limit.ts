import type { Milliseconds } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import { longestSend, segmentSize } from './options.ts'

/** What goes to a peer within this round trip, ms, never leaves the machine, or the room: its buffers are what the processor's caches are for. */
const NEAR: Milliseconds = 1

/** Octets of buffer that each of many near senders has at the least. */
const LEAST = 131_072

/**
 * Octets that near senders have together at the least where the link takes each segment by itself. Far more time goes to the
 * segments then than to copies, so that a turn of the event loop with more to send is worth more than the cache.
 */
const UNCUT = 2_097_152

/** Octets that are worth sending before more are copied into the send buffer: few enough to be in the cache still. */
const PIECE = 262_144

/**
 * After an ACK: the send buffer has the size that fits the congestion window. To near peers all senders together have what a path
 * of that round trip holds if one of 1 ms holds the largest buffer, or what a buffer begins with, if that is more; or, where
 * the link cuts no segments, {@link UNCUT}.
 */
export function fitSendBuffer({ host, sendBuffer, recovery, congestionIfMade: congestion }: Connection): void {
  const { initial, max } = host.sendBuffer
  const cwnd = congestion?.cwnd ?? 0
  const rtt = recovery.sack?.leastRtt ?? Number.POSITIVE_INFINITY
  if (rtt >= NEAR) {
    sendBuffer.fit(cwnd, max)
    return
  }
  const senders = sendBuffer.length === 0 ? host.senders + 1 : host.senders
  const least = host.segmentation === 0 ? Math.max(initial, Math.min(UNCUT, max)) : initial
  const all = Math.max(least, (max * rtt) / NEAR)
  sendBuffer.fit(cwnd, Math.max(Math.min(initial, LEAST), Math.floor(all / senders)))
}

/** Octets of so many whole frames that none is left over for a short one. */
export function sendPiece(connection: Connection): number {
  const longest = longestSend(connection, segmentSize(connection))
  return Math.max(longest, PIECE - (PIECE % longest))
}
