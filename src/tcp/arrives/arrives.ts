import { RST, type Segment } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Listener } from '../listener.ts'
import { NONE } from '../syn-rows.ts'
import { arrivesHalfOpen } from './half-open.ts'
import { arrivesListen } from './listen.ts'
import { asksForReincarnation } from './time-wait.ts'

/** SEGMENT ARRIVES (RFC 9293 §3.10.7): to its connection, its half-open row, its listener, or nobody. */
export function arrives(endpoint: Endpoint, segment: Segment, listener: Listener | undefined): void {
  const { source, sourcePort, destination, destinationPort } = segment
  const hash = endpoint.tupleHash(destination, destinationPort, source, sourcePort)
  const connection = endpoint.connections.get(hash, destination, destinationPort, source, sourcePort)
  if (connection !== undefined) {
    if (listener !== undefined && asksForReincarnation(connection, segment)) {
      arrivesListen(endpoint, listener, segment, hash, connection)
    } else {
      endpoint.deliver(connection, segment)
    }
    return
  }
  if (listener === undefined) {
    arrivesClosed(endpoint, segment)
    return
  }
  const queue = listener.queue(destination.family)
  const row = queue.find(hash, segment)
  if (row !== NONE) arrivesHalfOpen(endpoint, listener, queue, row, segment)
  else arrivesListen(endpoint, listener, segment, hash, undefined)
}

/** SEGMENT ARRIVES in CLOSED (RFC 9293 §3.10.7.1). */
function arrivesClosed(endpoint: Endpoint, segment: Segment): void {
  if (segment.has(RST)) {
    endpoint.drop('tcp-rst-ignored')
    return
  }
  endpoint.drop('tcp-no-listener')
  endpoint.replyReset(segment)
}
