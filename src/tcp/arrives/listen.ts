import { ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import type { Endpoint } from '../endpoint.ts'
import { initialSequence } from '../isn.ts'
import type { Listener } from '../listener.ts'
import { seqAdd, seqLess } from '../seq.ts'

/** SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2), in its order; `hash` is the four-tuple's, `old` its incarnation in TIME-WAIT. */
export function arrivesListen(
  endpoint: Endpoint,
  listener: Listener,
  segment: Segment,
  hash: number,
  old: Connection | undefined,
): void {
  // First: a RST could be for nothing that we sent.
  if (segment.has(RST)) {
    endpoint.drop('tcp-rst-ignored')
    return
  }
  // Second: any ACK is bad in LISTEN.
  if (segment.has(ACK)) {
    endpoint.drop('tcp-ack-to-listener')
    endpoint.replyReset(segment)
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

/** Third: a SYN that asks for a connection anew. Text on it is not kept: the client sends it again (RFC 9293 §3.10.7.2 lets us). */
function admit(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number, old: Connection | undefined): void {
  listener.counters.syns++
  if (listener.halfOpen >= listener.backlog) {
    endpoint.drop('syn-queue-full')
    endpoint.counters.TCPReqQFullDrop++
    endpoint.counters.ListenDrops++
    listener.counters.queueFull++
    return
  }
  const iss = freshSequence(endpoint, syn, old)
  const queue = listener.queues[syn.source.family]
  const row = queue.insert(hash, syn, iss, endpoint.now)
  listener.counters.held++
  if (syn.length > 0) endpoint.drop('tcp-text-ignored')
  endpoint.listening.observeRow('syn-received', listener, queue, row)
  endpoint.listening.answer(listener, queue, row)
}

/** Our initial number; beyond all that an old incarnation has used, which ends with this (RFC 9293 MAY-2 (1)). */
function freshSequence(endpoint: Endpoint, syn: Segment, old: Connection | undefined): number {
  const { isnKey, now } = endpoint
  const iss = initialSequence(isnKey, syn.destination, syn.destinationPort, syn.source, syn.sourcePort, now)
  if (old === undefined) return iss
  const used = old.tcb.snd.nxt
  endpoint.counters.TWRecycled++
  old.finish(undefined)
  return seqLess(used, iss) ? iss : seqAdd(used, 65_537)
}
