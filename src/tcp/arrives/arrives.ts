import { RST, type Segment } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Listener } from '../listener.ts'
import { NO_ROW } from '../row-index.ts'
import { NONE } from '../syn-rows.ts'
import { arrivesHalfOpen } from './half-open.ts'
import { arrivesListen } from './listen.ts'
import { arrivesTimeWait, asksForReincarnation } from './time-wait.ts'

/** SEGMENT ARRIVES (RFC 9293 §3.10.7): to its connection, its half-open row, its listener, or nobody. */
export function arrives(endpoint: Endpoint, segment: Segment, listener: Listener | undefined): void {
  const { source, sourcePort, destination, destinationPort } = segment
  const same = endpoint.connections.again(destination, destinationPort, source, sourcePort)
  if (same !== undefined) {
    endpoint.deliver(same, segment)
    return
  }
  const hash = endpoint.tupleHash(destination, destinationPort, source, sourcePort)
  const connection = endpoint.connections.get(hash, destination, destinationPort, source, sourcePort)
  if (connection !== undefined) {
    endpoint.deliver(connection, segment)
    return
  }
  const old = endpoint.timeWait.find(hash, destination, destinationPort, source, sourcePort)
  if (old !== NO_ROW && (listener === undefined || !asksForReincarnation(endpoint.timeWait.rows, old, segment))) {
    arrivesTimeWait(endpoint, old, segment)
    return
  }
  if (listener === undefined) {
    arrivesClosed(endpoint, segment)
    return
  }
  const queue = listener.queues.of(destination.family)
  const row = queue.find(hash, segment)
  if (row !== NONE) arrivesHalfOpen(endpoint, listener, queue, row, segment)
  else arrivesListen(endpoint, listener, segment, hash, old)
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
