import { ABSENT, ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Listener } from '../listener.ts'
import { NO_ROW } from '../row-index.ts'
import { seqAdd, seqLess } from '../seq.ts'
import { halfOpenOf, signHandshake } from '../signed-handshake.ts'
import { NONE } from '../syn-rows.ts'
import { judgeFastOpen } from './fast-open.ts'

/** SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2), in its order; `hash` is the four-tuple's, `old` the row of its incarnation in TIME-WAIT, or NO_ROW. */
export function arrivesListen(
  endpoint: Endpoint,
  listener: Listener,
  segment: Segment,
  hash: number,
  old: number,
): void {
  // First: a RST could be for nothing that we sent.
  if (segment.has(RST)) {
    endpoint.drop('tcp-rst-ignored')
    return
  }
  // Second: an ACK is a cookie's, or bad.
  if (segment.has(ACK)) {
    arrivesCookie(endpoint, listener, segment, hash)
    return
  }
  if (!segment.has(SYN)) {
    endpoint.drop('tcp-no-syn')
    return
  }
  if (segment.has(FIN)) {
    endpoint.drop('tcp-syn-fin')
    endpoint.counters.ListenDrops++
    return
  }
  admit(endpoint, listener, segment, hash, old)
}

/**
 * An ACK without an entry: of a cookie, if some went out lately; else it is bad (RFC 9293 §3.10.7.2, second). No ACK
 * makes a second connection out of a handshake.
 */
function arrivesCookie(endpoint: Endpoint, listener: Listener, segment: Segment, hash: number): void {
  const { listening, counters, now } = endpoint
  listening.cookies.keys.update(now)
  if (segment.has(SYN) || !listener.takesCookies(now)) {
    endpoint.drop('tcp-ack-to-listener')
    endpoint.replyReset(segment)
  } else if (!listening.cookies.verify(segment, listening.halfOpen)) {
    counters.SyncookiesFailed++
    listener.counters.cookieFailed++
    listening.observeStray('cookie-failed', listener, segment)
    // Perhaps a cookie's client, with text that has overtaken its ACK: a RST would kill what its next segments complete.
    endpoint.drop('cookie-failed')
  } else if (listening.used.has(hash, listening.halfOpen.iss)) {
    listener.counters.cookieReplayed++
    listening.observe('cookie-replayed', listener)
    endpoint.drop('cookie-replayed')
    endpoint.replyReset(segment)
  } else if (listener.acceptQueueIsFull) {
    refuseForAcceptQueue(endpoint, listener, segment)
    if (listener.acceptOverflow === 'wait') listening.holdCookie(listener, segment, hash)
  } else {
    counters.SyncookiesRecv++
    listening.completeCookie(listener, segment)
  }
}

/** The accept queue is full: the client is told, or its ACK waits if there is an entry to keep it in. */
export function refuseForAcceptQueue(endpoint: Endpoint, listener: Listener, segment: Segment): void {
  endpoint.counters.ListenOverflows++
  endpoint.counters.ListenDrops++
  listener.counters.acceptQueueFull++
  if (listener.acceptOverflow === 'reset') {
    endpoint.drop('accept-queue-reset')
    endpoint.replyReset(segment)
  } else {
    endpoint.drop('accept-queue-full')
  }
}

/**
 * Third: a SYN that asks for a connection anew. Text on it is not kept: the client sends it again (RFC 9293 §3.10.7.2
 * lets us).
 */
function admit(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number, old: number): void {
  const { counters } = listener
  counters.syns++
  endpoint.listening.cookies.keys.update(endpoint.now)
  endpoint.synView.segment = syn
  switch (listener.admission(endpoint.synView, listener.load.at(syn.source))) {
    case 'hold':
      hold(endpoint, listener, syn, hash, old, false)
      return
    case 'defer':
      hold(endpoint, listener, syn, hash, old, true)
      return
    case 'cookie':
      answerWithCookie(endpoint, listener, syn, hash, old)
      return
    case 'refuse':
      counters.refused++
      endpoint.drop('syn-refused')
      endpoint.replyReset(syn)
      return
    default:
      counters.ignored++
      endpoint.drop('syn-ignored')
  }
}

/** An entry of the SYN queue; in a full one, the heaviest prefix makes room. Or, by Fast Open, a connection. */
function hold(
  endpoint: Endpoint,
  listener: Listener,
  syn: Segment,
  hash: number,
  old: number,
  deferred: boolean,
): void {
  const { listening } = endpoint
  const asked = listener.fastOpens.limit > 0 && syn.cookieLength !== ABSENT
  const verdict = asked ? judgeFastOpen(endpoint, listener, syn, deferred) : 'none'
  if (verdict === 'open') {
    listening.halfOpen.iss = freshSequence(endpoint, syn, old)
    listening.openFast(listener, syn)
    return
  }
  if (!hasRoom(endpoint, listener)) {
    answerWithCookie(endpoint, listener, syn, hash, old)
    return
  }
  const row = enter(endpoint, listener, syn, hash, old)
  if (row === NONE) return
  const queue = listener.queues.of(syn.source.family)
  if (verdict === 'offer') queue.rows.setWantsCookie(row)
  if (deferred) listening.defer(listener, queue, row, syn)
  else listener.scheduleAnswer(queue, row)
}

/** For one entry more, perhaps since another went. */
function hasRoom({ listening }: Endpoint, listener: Listener): boolean {
  return listener.halfOpen < listener.backlog || (listener.cookies && listening.evict(listener))
}

/** The row of the new entry; NONE if there is no memory for it, and the SYN is dropped. */
function enter(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number, old: number): number {
  const { listening, now } = endpoint
  const { keys } = listening.cookies
  const queue = listener.queues.of(syn.source.family)
  const row = queue.insert(hash, syn, freshSequence(endpoint, syn, old), keys.generation, now)
  if (row === NONE) {
    dropForNoRoom(endpoint, listener)
    return NONE
  }
  // Until the first answer: the half of its TSval that is not to be had again without another signature.
  queue.rows.answered[row] = listening.cookies.tsVal >>> 16
  listener.counters.held++
  if (syn.length > 0) endpoint.drop('tcp-text-ignored')
  listening.observeRow('syn-received', listener, queue, row)
  return row
}

/**
 * A SYN,ACK of which nothing is kept (RFC 4987 §3.6). An old incarnation ends with it; where the cookie is not beyond
 * what that has used (RFC 9293 MAY-2 (1)), the SYN gets an entry, whose number can be: the same client would be told the same
 * cookie again and again.
 */
function answerWithCookie(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number, old: number): void {
  const { listening, counters } = endpoint
  const { halfOpen, cookies } = listening
  halfOpenOf(syn, halfOpen)
  signHandshake(endpoint, halfOpen, cookies.keys.current)
  if (!listener.cookies) {
    dropForNoRoom(endpoint, listener)
    return
  }
  if (old !== NO_ROW && !seqLess(endpoint.timeWait.rows.sndNxt(old), cookies.iss)) {
    holdInstead(endpoint, listener, syn, hash, old)
    return
  }
  if (old !== NO_ROW) {
    counters.TWRecycled++
    endpoint.timeWait.end(old)
  }
  listener.overflowedAt = endpoint.now
  halfOpen.iss = cookies.iss
  endpoint.replySynAck(halfOpen, cookies.tsVal)
  listener.counters.cookied++
  listener.counters.synAcks++
  counters.SyncookiesSent++
  counters.TCPReqQFullDoCookies++
  listening.observe('cookie-sent', listener)
}

/** Of a SYN for which no cookie can be. */
function holdInstead(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number, old: number): void {
  if (!hasRoom(endpoint, listener)) {
    dropForNoRoom(endpoint, listener)
    return
  }
  const row = enter(endpoint, listener, syn, hash, old)
  if (row !== NONE) listener.scheduleAnswer(listener.queues.of(syn.source.family), row)
}

function dropForNoRoom(endpoint: Endpoint, listener: Listener): void {
  endpoint.drop('syn-queue-full')
  endpoint.counters.TCPReqQFullDrop++
  endpoint.counters.ListenDrops++
  listener.counters.queueFull++
}

/**
 * Our initial number: a cookie, though the row is kept, so that the client's ACK completes the handshake even if the row
 * is evicted. After an old incarnation, beyond all that it has used (RFC 9293 MAY-2 (1)), cookie or not; it ends with
 * this.
 */
function freshSequence(endpoint: Endpoint, syn: Segment, old: number): number {
  const { halfOpen, cookies } = endpoint.listening
  halfOpenOf(syn, halfOpen)
  signHandshake(endpoint, halfOpen, cookies.keys.current)
  const iss = endpoint.chosenSequence(cookies.iss)
  if (old === NO_ROW) return iss
  const used = endpoint.timeWait.rows.sndNxt(old)
  endpoint.counters.TWRecycled++
  endpoint.timeWait.end(old)
  return seqLess(used, iss) ? iss : seqAdd(used, 65_537)
}
