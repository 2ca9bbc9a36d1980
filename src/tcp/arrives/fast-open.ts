import type { Segment } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Listener } from '../listener.ts'

/**
 * What a SYN that asks for Fast Open comes to (RFC 7413 §4.2.2): a connection at once; the ordinary handshake, with a
 * cookie for the next time; or the ordinary handshake alone.
 */
export type FastOpenVerdict = 'open' | 'offer' | 'none'

/** `deferred`: the application is to decide on the SYN, so it can't be opened yet. */
export function judgeFastOpen(
  endpoint: Endpoint,
  listener: Listener,
  syn: Segment,
  deferred: boolean,
): FastOpenVerdict {
  const { counters, now } = endpoint
  const { cookies } = endpoint.fastOpen
  cookies.keys.update(now)
  // RFC 7413 §4.2: at the bound, Fast Open is off for all new requests, those for cookies included.
  if (listener.fastOpens.isFull(now)) {
    counters.TCPFastOpenListenOverflow++
    return 'none'
  }
  if (syn.cookieLength === 0) {
    counters.TCPFastOpenCookieReqd++
    return 'offer'
  }
  const mayOpen = !deferred && !listener.acceptQueueIsFull && !endpoint.isFull
  if (mayOpen && cookies.verify(syn)) return 'open'
  counters.TCPFastOpenPassiveFail++
  return 'offer'
}
