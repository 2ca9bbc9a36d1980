import type { Segment } from '../wire/segment.ts'
import { tcpOptionsLength } from '../wire/tcp-options.ts'
import type { Connection } from './connection.ts'
import { seqAdd, seqDistance } from './seq.ts'

/**
 * What the first SYN of an active open by Fast Open carries (RFC 7413 §4.2): the server's cookie and as much data as fits
 * into one segment of its; or the request for a cookie, where there is none, or no data. Nothing while the server is
 * left alone for its failures.
 */
export function fillSyn(connection: Connection, syn: Segment): void {
  const { host, sendBuffer } = connection
  const { snd } = connection.tcb
  const server = host.fastOpen.servers.find(connection)
  if (server !== undefined && host.now < server.pausedUntil) {
    connection.fastOpen = false
    return
  }
  syn.cookieLength = 0
  if (server === undefined || server.cookie.length === 0 || sendBuffer.length === 0) return
  syn.cookieLength = server.cookie.length
  syn.cookie.set(server.cookie)
  syn.octets = sendBuffer.octets
  syn.start = sendBuffer.indexOf(0)
  syn.length = Math.min(sendBuffer.length, server.mss - tcpOptionsLength(syn))
  snd.nxt = seqAdd(snd.nxt, syn.length)
}

/** The server's SYN,ACK: what is to be remembered of it (RFC 7413 §4.2.2). */
export function learnFromSynAck(connection: Connection, synAck: Segment): void {
  const { host, tcb } = connection
  const { servers } = host.fastOpen
  const sent = dataOnSyn(connection)
  const taken = seqDistance(tcb.iss, synAck.ack) - 1
  servers.learn(connection, synAck)
  if (taken > 0) servers.succeeded(connection)
  else if (synAck.cookieLength <= 0) servers.failed(connection, host.now)
  if (sent === 0) return
  if (taken === sent) host.counters.TCPFastOpenActive++
  else host.counters.TCPFastOpenActiveFail++
}

/** No SYN,ACK ever came, or a RST in its place. */
export function activeOpenFailed(connection: Connection): void {
  const { host } = connection
  host.fastOpen.servers.failed(connection, host.now)
  if (dataOnSyn(connection) > 0) host.counters.TCPFastOpenActiveFail++
}

/** In SYN-SENT, nothing else has been sent. */
function dataOnSyn({ tcb }: Connection): number {
  return seqDistance(tcb.iss, tcb.snd.nxt) - 1
}
