import type { Instant } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import { ACKNOWLEDGED, DEFERRED, HalfOpen, type HalfOpenView } from './half-open.ts'
import type { SynQueue } from './syn-queue.ts'

/** A row of the SYN queue. */
export function viewOfRow(queue: SynQueue, row: number, now: Instant): HalfOpenView {
  const halfOpen = new HalfOpen()
  queue.read(row, halfOpen)
  return {
    ...viewOf(halfOpen),
    retransmissions: queue.retransmissions(row),
    expiresIn: queue.expiry(row) - now,
    acknowledged: queue.rows.has(row, ACKNOWLEDGED),
    deferred: queue.rows.has(row, DEFERRED),
  }
}

/** A half-open connection of which nothing is kept. */
export function viewOf(halfOpen: HalfOpen): HalfOpenView {
  return {
    remoteAddress: halfOpen.remote.toString(),
    remotePort: halfOpen.remotePort,
    localAddress: halfOpen.local.toString(),
    localPort: halfOpen.localPort,
    irs: halfOpen.irs,
    iss: halfOpen.iss,
    retransmissions: 0,
    expiresIn: 0,
    acknowledged: false,
    deferred: false,
  }
}

/** A connection in SYN-RECEIVED by Fast Open, or just out of it. */
export function viewOfFastOpen(connection: Connection, now: Instant): HalfOpenView {
  const { remoteAddress, remotePort, localAddress, localPort, tcb, rto, state, stalledSince, listener } = connection
  return {
    remoteAddress,
    remotePort,
    localAddress,
    localPort,
    irs: tcb.irs,
    iss: tcb.iss,
    retransmissions: rto.backOffs,
    expiresIn: state === 'SYN-RECEIVED' ? stalledSince + listener!.survivalTime - now : 0,
    acknowledged: false,
    deferred: false,
  }
}
