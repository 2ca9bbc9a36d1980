import { ACK, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import type { Endpoint } from '../endpoint.ts'
import { seqLess } from '../seq.ts'

/**
 * Whether a SYN to a connection in TIME-WAIT asks for its next incarnation: beyond its last number (RFC 1122
 * §4.2.2.13, RFC 9293 MAY-2), or later by its timestamp (RFC 6191). The old one is gone then, and the SYN is a SYN like
 * any other.
 */
export function recycles(endpoint: Endpoint, connection: Connection, segment: Segment): boolean {
  if (connection.state !== 'TIME-WAIT' || !segment.has(SYN) || segment.has(ACK | RST)) return false
  if (endpoint.listening.listeners.get(segment.destination, segment.destinationPort) === undefined) return false
  const { tcb } = connection
  const later = tcb.timestamps && segment.timestamps && seqLess(tcb.tsRecent, segment.tsVal)
  if (!later && !seqLess(tcb.rcv.nxt, segment.seq)) return false
  endpoint.counters.TWRecycled++
  connection.finish(undefined)
  return true
}
