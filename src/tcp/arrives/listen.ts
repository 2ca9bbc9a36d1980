import { ACK, FIN, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import { initialSequence } from '../isn.ts'
import type { Listener } from '../listener.ts'

/** SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2), in its order; `hash` is the four-tuple's. */
export function arrivesListen(endpoint: Endpoint, listener: Listener, segment: Segment, hash: number): void {
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
  admit(endpoint, listener, segment, hash)
}

/** Third: a SYN that asks for a connection anew. Text on it is not kept: the client sends it again (RFC 9293 §3.10.7.2 lets us). */
function admit(endpoint: Endpoint, listener: Listener, syn: Segment, hash: number): void {
  listener.counters.syns++
  if (listener.halfOpen >= listener.backlog) {
    endpoint.drop('syn-queue-full')
    endpoint.counters.TCPReqQFullDrop++
    endpoint.counters.ListenDrops++
    listener.counters.queueFull++
    return
  }
  const { now } = endpoint
  const iss = initialSequence(endpoint.isnKey, syn.destination, syn.destinationPort, syn.source, syn.sourcePort, now)
  const queue = listener.queues[syn.source.family]
  const row = queue.insert(hash, syn, iss, now)
  listener.counters.held++
  if (syn.length > 0) endpoint.drop('tcp-text-ignored')
  endpoint.listening.observeRow('syn-received', listener, queue, row)
  endpoint.listening.answer(listener, queue, row)
}
