import type { QuotedTcp } from '../../wire/quoted-tcp.ts'
import { Segment } from '../../wire/segment.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ConnectionErrorCode } from '../errors.ts'
import { seqWithin } from '../seq.ts'
import { NONE } from '../syn-rows.ts'

/**
 * An ICMP error about a segment of ours, by its four-tuple and number (RFC 9293 §3.9.2.2, MUST-54). One that quotes a number
 * which is not in flight is forged, or old (RFC 5927 §4.1). A half-open row notes nothing: its retransmissions go on to
 * their end.
 */
export function arrivesUnreachable(endpoint: Endpoint, quoted: QuotedTcp, code: ConnectionErrorCode): void {
  const { source: local, sourcePort: localPort, destination: remote, destinationPort: remotePort, seq } = quoted
  const hash = endpoint.tupleHash(local, localPort, remote, remotePort)
  const connection = endpoint.connections.get(hash, local, localPort, remote, remotePort)
  const { una, nxt } = connection?.tcb.snd ?? { una: 0, nxt: 0 }
  if (connection === undefined && isHalfOpen(endpoint, hash, quoted)) {
    endpoint.drop('icmp-ignored')
    return
  }
  if (connection === undefined || !seqWithin(seq, una, (nxt - una) >>> 0)) {
    endpoint.counters.OutOfWindowIcmps++
    endpoint.drop('icmp-out-of-window')
    return
  }
  // RFC 9293 MUST-56: a soft error does not abort. SHLD-26 would have hard ones do so; on a synchronised connection
  // RFC 5461 and 5927 advise against it, and an error that can be forged blind shall not reset (RFC 5927 §5.2).
  if (connection.state === 'SYN-SENT' && code === 'ECONNREFUSED') {
    connection.finish(code)
  } else {
    const softError = code === 'ECONNREFUSED' ? 'EHOSTUNREACH' : code
    connection.noteSoftError(softError)
    connection.trouble.report(connection, softError)
  }
}

/** What a row is sought by. */
const sought: Segment = new Segment()

/** Whether the error is about the SYN,ACK of a half-open row: a soft error, which its listener counts. */
function isHalfOpen(endpoint: Endpoint, hash: number, quoted: QuotedTcp): boolean {
  const listener = endpoint.listening.anywhere.listenerFor(quoted.source, quoted.sourcePort)
  if (listener === undefined) return false
  sought.source = quoted.destination
  sought.sourcePort = quoted.destinationPort
  sought.destination = quoted.source
  sought.destinationPort = quoted.sourcePort
  const queue = listener.queues.of(quoted.family)
  const row = queue.find(hash, sought)
  if (row === NONE || queue.rows.iss[row] !== quoted.seq) return false
  listener.counters.softErrors++
  return true
}
