import type { QuotedTcp } from '../../wire/quoted-tcp.ts'
import type { Endpoint } from '../endpoint.ts'
import { LEAST_IPV6, plateauBelow } from '../path-mtu.ts'
import { seqWithin } from '../seq.ts'

/**
 * "Fragmentation needed" (RFC 1191) or "packet too big" (RFC 8201) about a segment of ours; `mtu` is the next hop's, 0
 * where an IPv4 router does not say. Like any ICMP error it must quote a number in flight (RFC 5927 §4.1); and it must make
 * the path smaller, but never smaller than the least that is worth believing.
 */
export function arrivesTooBig(endpoint: Endpoint, quoted: QuotedTcp, mtu: number): void {
  const { source: local, sourcePort: localPort, destination: remote, destinationPort: remotePort, seq } = quoted
  const hash = endpoint.tupleHash(local, localPort, remote, remotePort)
  const connection = endpoint.connections.get(hash, local, localPort, remote, remotePort)
  const { una, nxt } = connection?.tcb.snd ?? { una: 0, nxt: 0 }
  if (connection === undefined || !seqWithin(seq, una, (nxt - una) >>> 0)) {
    endpoint.counters.OutOfWindowIcmps++
    endpoint.drop('icmp-out-of-window')
    return
  }
  const { path } = connection
  const current = path.mtu === 0 ? endpoint.mtu : path.mtu
  // RFC 8201 §4: there is no smaller MTU than IPv6's least.
  const isPossible = remote.family === 4 || mtu >= LEAST_IPV6
  const least = remote.family === 4 ? endpoint.config.minPathMtu : LEAST_IPV6
  const next = Math.max(least, mtu === 0 ? plateauBelow(current) : mtu)
  if (!isPossible || next >= current) {
    endpoint.drop('icmp-ignored')
    return
  }
  endpoint.counters.PathMtuReductions++
  endpoint.paths.learn(remote, next, endpoint.now)
  path.reduced(connection)
}
