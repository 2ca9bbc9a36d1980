import { ACK, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import type { Endpoint } from '../endpoint.ts'
import { seqLess } from '../seq.ts'

/**
 * Whether a SYN to a connection in TIME-WAIT asks for its next incarnation: later by its timestamp or, where
 * that does not tell, beyond its last number (RFC 6191 §2, RFC 9293 SHLD-4, MAY-2). The old one is gone then, and the SYN is a SYN like
 * any other.
 */
export function recycles(endpoint: Endpoint, connection: Connection, segment: Segment): boolean {
  if (connection.state !== 'TIME-WAIT' || !segment.has(SYN) || segment.has(ACK | RST)) return false
  if (endpoint.listening.listeners.get(segment.destination, segment.destinationPort) === undefined) return false
  const { tcb } = connection
  const beyond = seqLess(tcb.rcv.nxt, segment.seq)
  const stamped = tcb.timestamps && segment.timestamps
  const later = stamped && seqLess(tcb.tsRecent, segment.tsVal)
  const asLate = !stamped || segment.tsVal === tcb.tsRecent
  if (!later && !(asLate && beyond)) return false
  endpoint.counters.TWRecycled++
  connection.finish(undefined)
  return true
}
