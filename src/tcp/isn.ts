import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { tupleWords } from './four-tuple.ts'
import { type SipKey, sipHash24, sipWords } from './siphash.ts'

/**
 * An initial sequence number by RFC 6528: ISN = M + F(localip, localport, remoteip, remoteport, secretkey), with M a
 * clock that ticks every 4 µs and F SipHash-2-4.
 */
export function initialSequence(
  key: SipKey,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
  now: Instant,
): number {
  // RFC 9293 MUST-8: clock-driven. RFC 9293 SHLD-1, MUST-9: by a function that nobody outside can compute.
  const clock = (now * 250) >>> 0
  return (clock + sipHash24(key, sipWords, tupleWords(sipWords, local, localPort, remote, remotePort))) >>> 0
}

/** A fixed offset of each four-tuple's timestamp clock, so that TSval tells neither uptime nor other connections (RFC 7323 §7.1). */
export function timestampOffset(
  key: SipKey,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): number {
  return sipHash24(key, sipWords, tupleWords(sipWords, local, localPort, remote, remotePort))
}

/** TSval at `now`: one tick a millisecond (RFC 7323 §5.4). */
export function timestampClock(offset: number, now: Instant): number {
  return (offset + (now >>> 0)) >>> 0
}
