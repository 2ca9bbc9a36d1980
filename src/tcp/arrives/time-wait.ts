import { ACK, RST, type Segment, SYN } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { seqLess } from '../seq.ts'

/**
 * Whether a SYN to a connection in TIME-WAIT asks for its next incarnation: later by its timestamp or, where that does
 * not tell, beyond its last number (RFC 6191 §2, RFC 9293 SHLD-4, MAY-2). It goes through admission like any SYN, and the
 * old one is gone once it is admitted.
 */
export function asksForReincarnation(connection: Connection, segment: Segment): boolean {
  if (connection.state !== 'TIME-WAIT' || !segment.has(SYN) || segment.has(ACK | RST)) return false
  const { tcb } = connection
  const beyond = seqLess(tcb.rcv.nxt, segment.seq)
  if (!tcb.timestamps || !segment.timestamps) return beyond
  return seqLess(tcb.tsRecent, segment.tsVal) || (segment.tsVal === tcb.tsRecent && beyond)
}
