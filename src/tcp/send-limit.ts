import type { Milliseconds } from '../wire/instant.ts'
import type { Connection } from './connection.ts'

/**
 * A peer within this round trip, ms, keeps one sender as busy as it can be with a buffer of the largest size, whether that is
 * one connection's or shared by many: more would only leave the processor's caches.
 */
const NEAR: Milliseconds = 1

/** After an ACK: the send buffer has the size that fits the congestion window, and who else is sending. */
export function fitSendBuffer({ host, sendBuffer, recovery, congestionIfMade: congestion }: Connection): void {
  const isNear = recovery.sack !== undefined && recovery.sack.leastRtt < NEAR
  const senders = sendBuffer.length === 0 ? host.senders + 1 : host.senders
  sendBuffer.fit(congestion?.cwnd ?? 0, host.sendBuffer, isNear ? senders : 1)
}
