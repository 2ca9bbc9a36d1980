import type { IpAddress } from '../wire/address.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH } from '../wire/ip.ts'
import { ABSENT, type Segment } from '../wire/segment.ts'
import { MAX_TCP_HEADER_LENGTH, TCP_HEADER_LENGTH } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { LEAST_MSS } from './cookie-code.ts'

/** RFC 9293 MUST-15: what a peer takes that names no MSS. */
const DEFAULT_MSS_IPV4 = 536
const DEFAULT_MSS_IPV6 = 1220

/** RFC 7323 §2.3: the largest shift count. */
export const MOST_SCALE = 14

/** Octets of the timestamps option with its padding. */
const TIMESTAMPS_LENGTH = 12
const USER_TIMEOUT_LENGTH = 4

/**
 * The MSS option that we send: what an unfragmented packet of `mtu` octets takes (RFC 9293 MUST-67, RFC 6691); a link
 * has one MTU (SHLD-6).
 */
export function offeredMss(mtu: number, remote: IpAddress): number {
  const ip = remote.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
  return Math.min(mtu - ip - TCP_HEADER_LENGTH, 65_535)
}

/** The most payload that we send in a segment without options: what the peer takes, and the path (RFC 9293 MUST-16). */
export function sendMss(segment: Segment, mtu: number): number {
  return acceptedMss(segment.mss, offeredMss(mtu, segment.source), segment.source)
}

/** A peer that names less than 88 gets that all the same: tiny segments serve nobody but an attacker (CVE-2019-11479). */
export function acceptedMss(option: number, most: number, remote: IpAddress): number {
  const fallback = remote.family === 4 ? DEFAULT_MSS_IPV4 : DEFAULT_MSS_IPV6
  return Math.min(Math.max(option === ABSENT ? fallback : option, LEAST_MSS), most)
}

/** The smallest shift count with which the header's 16 bits can offer the whole buffer. */
export function windowScaleFor(receiveBuffer: number): number {
  let scale = 0
  while (scale < MOST_SCALE && 65_535 << scale < receiveBuffer) scale++
  return scale
}

/** The peer's shift count: RFC 7323 §2.3 takes more than 14 for 14. */
export function acceptedScale(option: number): number {
  return Math.min(option, MOST_SCALE)
}

/**
 * Eff.snd.MSS (RFC 9293 §3.7.1): payload in the next segment, which carries timestamps and, while there are gaps, SACK
 * blocks.
 */
export function segmentSize(connection: Connection): number {
  const { tcb, receiveBuffer } = connection
  let size = tcb.snd.mss
  if (tcb.timestamps) size -= TIMESTAMPS_LENGTH
  if (tcb.sack && receiveBuffer.hasBlocks) size -= tcb.timestamps ? 28 : 36
  if (connection.userTimeoutIfMade?.due === true) size -= USER_TIMEOUT_LENGTH
  return Math.max(size, 1)
}

/** The most payload that goes to the link at once: so many whole segments of `size` octets as it cuts, or one. */
export function longestSend({ host, remote }: Connection, size: number): number {
  if (host.segmentation === 0) return size
  const ip = remote.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
  const room = host.segmentation - ip - MAX_TCP_HEADER_LENGTH
  return Math.max(size, room - (room % size))
}
