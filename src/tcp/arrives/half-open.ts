import { ACK, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import { ANSWERED, DEFERRED, TIMESTAMPS } from '../half-open.ts'
import type { Listener } from '../listener.ts'
import { acknowledgmentFor } from '../reply-queue.ts'
import { seqAdd, seqLess, seqWithin } from '../seq.ts'
import { rowTimestamp } from '../signed-handshake.ts'
import type { SynQueue } from '../syn-queue.ts'
import { countChallenge } from './challenge.ts'
import { refuseForAcceptQueue } from './listen.ts'

/**
 * SEGMENT ARRIVES in passive SYN-RECEIVED: a row of the SYN queue. The order is that of RFC 9293 §3.10.7.4; a SYN comes
 * before the sequence check, since the client's own SYN again is never in the window and is to be answered with the
 * SYN,ACK, not with an ACK that it cannot use.
 */
export function arrivesHalfOpen(
  endpoint: Endpoint,
  listener: Listener,
  queue: SynQueue,
  row: number,
  segment: Segment,
): void {
  const next = seqAdd(queue.rows.irs[row]!, 1)
  if (segment.has(RST)) {
    handleReset(endpoint, listener, queue, row, segment, next)
    return
  }
  if (segment.has(SYN)) {
    // The same SYN: our SYN,ACK was lost. Another: a blind attacker, or a client that has restarted, which will answer
    // the SYN,ACK with the exact RST. Neither prolongs the row's life.
    const same = segment.seq === queue.rows.irs[row]
    endpoint.drop(same ? 'syn-duplicate' : 'syn-other-isn')
    if (same) listener.counters.duplicates++
    else listener.counters.otherIsn++
    if (mayAnswer(endpoint, queue, row)) listener.scheduleAnswer(queue, row)
    return
  }
  if (!segment.has(ACK)) {
    endpoint.drop('tcp-no-ack')
    return
  }
  if (queue.rows.has(row, DEFERRED)) {
    // We have sent nothing that could be acknowledged.
    endpoint.drop('tcp-ack-unacceptable')
    endpoint.replyReset(segment)
    return
  }
  const stamped = endpoint.config.timestamps && queue.rows.has(row, TIMESTAMPS)
  if (stamped && !segment.timestamps) {
    endpoint.drop('tcp-timestamp-missing')
    return
  }
  // RFC 7323 §5.3 R1: the handshake's last segment is not older than its first.
  if (stamped && seqLess(segment.tsVal, queue.rows.tsRecent[row]!)) {
    endpoint.counters.PAWSEstab++
    challenge(endpoint, queue, row, segment, 'tcp-paws')
    return
  }
  if (!isInWindow(endpoint, segment, next)) {
    challenge(endpoint, queue, row, segment, 'tcp-out-of-window')
    return
  }
  if (segment.ack !== seqAdd(queue.rows.iss[row]!, 1)) {
    if (completesByCookie(endpoint, listener, queue, row, segment)) return
    endpoint.drop('tcp-ack-unacceptable')
    endpoint.replyReset(segment)
    return
  }
  if (listener.acceptQueueIsFull) {
    refuseForAcceptQueue(endpoint, listener, segment)
    if (listener.acceptOverflow === 'reset') {
      endpoint.counters.AttemptFails++
      listener.counters.acceptReset++
      endpoint.listening.observeRow('refused', listener, queue, row)
      queue.remove(row)
      return
    }
    listener.keepWaiting(queue, row, segment)
    endpoint.listening.observeRow('waiting', listener, queue, row)
    return
  }
  endpoint.listening.complete(listener, queue, row, segment)
}

/**
 * Whether the ACK is that of a cookie which went out before the client's SYN came again and found room: the row gives way
 * to what the client knows.
 */
function completesByCookie(
  endpoint: Endpoint,
  listener: Listener,
  queue: SynQueue,
  row: number,
  segment: Segment,
): boolean {
  const { listening, now } = endpoint
  if (!listener.takesCookies(now)) return false
  listening.cookies.keys.update(now)
  if (!listening.cookies.verify(segment, listening.halfOpen)) return false
  if (listening.used.has(queue.hash(row), listening.halfOpen.iss)) return false
  const { acceptQueueIsFull } = listener
  if (acceptQueueIsFull) refuseForAcceptQueue(endpoint, listener, segment)
  if (acceptQueueIsFull ? listener.acceptOverflow === 'reset' : !listening.hasRoom()) return true
  const hash = queue.hash(row)
  listener.counters.evicted++
  listening.observeRow('evicted', listener, queue, row)
  queue.remove(row)
  if (acceptQueueIsFull) {
    listening.holdCookie(listener, segment, hash)
    return true
  }
  endpoint.counters.SyncookiesRecv++
  listening.completeCookie(listener, segment)
  return true
}

/** A RST at exactly RCV.NXT ends the row; another in the window is challenged (RFC 5961 §3); the rest is nothing. */
function handleReset(
  endpoint: Endpoint,
  listener: Listener,
  queue: SynQueue,
  row: number,
  segment: Segment,
  next: number,
): void {
  if (segment.seq === next) {
    endpoint.counters.EmbryonicRsts++
    endpoint.counters.AttemptFails++
    listener.counters.reset++
    endpoint.listening.observeRow('reset', listener, queue, row)
    queue.remove(row)
  } else if (seqWithin(segment.seq, next, endpoint.initialWindow)) {
    challenge(endpoint, queue, row, segment, 'tcp-rst-inexact')
  } else {
    endpoint.drop('tcp-rst-ignored')
  }
}

function isInWindow(endpoint: Endpoint, segment: Segment, next: number): boolean {
  const size = endpoint.initialWindow
  const length = segment.len
  if (length === 0) return seqWithin(segment.seq, next, size + 1)
  return seqWithin(segment.seq, next, size) || seqWithin(seqAdd(segment.seq, length - 1), next, size)
}

/** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, the row stays. */
function challenge(
  endpoint: Endpoint,
  queue: SynQueue,
  row: number,
  segment: Segment,
  reason: 'tcp-paws' | 'tcp-out-of-window' | 'tcp-rst-inexact',
): void {
  endpoint.drop(reason)
  if (!mayAnswer(endpoint, queue, row)) return
  queue.noteAnswer(row, endpoint.now)
  countChallenge(endpoint.counters, reason)
  const reply = endpoint.reply
  acknowledgmentFor(
    segment,
    seqAdd(queue.rows.iss[row]!, 1),
    seqAdd(queue.rows.irs[row]!, 1),
    endpoint.initialWindow,
    reply,
  )
  if (endpoint.config.timestamps && queue.rows.has(row, TIMESTAMPS)) {
    queue.read(row, endpoint.listening.halfOpen)
    reply.timestamps = true
    reply.tsVal = rowTimestamp(endpoint, endpoint.listening.halfOpen, queue.rows.generation(row))
    reply.tsEcr = queue.rows.tsRecent[row]!
  }
  endpoint.sendReply(reply)
}

/**
 * At most one answer each 500 ms a row, beside those of the schedule (RFC 5961 §7; Linux: tcp_invalid_ratelimit). A
 * deferred row answers nothing.
 */
function mayAnswer(endpoint: Endpoint, queue: SynQueue, row: number): boolean {
  const { rows } = queue
  if (rows.has(row, DEFERRED)) return false
  if (!rows.has(row, ANSWERED) || queue.sinceAnswer(row, endpoint.now) >= endpoint.config.challengeInterval) return true
  endpoint.counters.TCPACKSkippedSynRecv++
  return false
}
