import { isLinkLocal } from '../ip/source-address.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import { foldChecksum, foldSum, pseudoHeaderSum, sumOctets } from '../wire/checksum.ts'
import type { Instant } from '../wire/instant.ts'
import { type IpHeader, Protocol } from '../wire/ip.ts'
import { writeUint16 } from '../wire/octets.ts'
import type { Offload } from '../wire/offload.ts'
import type { IcmpErrorKind } from './icmp-errors.ts'
import type { Stack } from './stack.ts'

/** Hands packets that are for others on to the next hop (RFC 1812 §5.2, RFC 8200 §3). */
export class Forwarder {
  private readonly stack: Stack

  constructor(stack: Stack) {
    this.stack = stack
  }

  forward(ip: IpHeader, octets: Uint8Array, now: Instant, offload: Offload | undefined): void {
    const { stack } = this
    if (!stack.isHost(ip.source) || stack.addresses.has(ip.source)) {
      stack.drop('ip-source')
      return
    }
    if (isLinkLocal(ip.source) || isLinkLocal(ip.destination)) {
      stack.drop('ip-not-ours')
      return
    }
    if (ip.hopLimit <= 1) {
      this.refuse('ip-ttl', 'hop-limit', ip, octets, now)
      return
    }
    const out = stack.routes?.lookup(ip.destination)?.out
    if (out === undefined) {
      this.refuse('ip-no-route', 'network', ip, octets, now)
      return
    }
    if (ip.payloadEnd - ip.start > out.mtu && (ip.family === 6 || ip.dontFragment)) {
      this.refuse('ip-too-big', 'too-big', ip, octets, now, out.mtu)
      return
    }
    const packet = octets.slice(ip.start, ip.payloadEnd)
    if (offload?.checksumPartial === true) completeChecksum(packet, ip)
    decrement(packet, ip)
    if (!stack.enqueue(out, packet)) {
      stack.drop('ip-queue-full')
      return
    }
    if (ip.family === 4) stack.counters.IpForwDatagrams++
    else stack.counters.Ip6OutForwDatagrams++
  }

  private refuse(
    reason: DropReason,
    kind: IcmpErrorKind,
    ip: IpHeader,
    octets: Uint8Array,
    now: Instant,
    rest = 0,
  ): void {
    this.stack.drop(reason)
    this.stack.errors.send(kind, ip, octets, now, rest)
  }
}

function decrement(packet: Uint8Array, ip: IpHeader): void {
  if (ip.family === 6) {
    packet[7]!--
    return
  }
  packet[8]!--
  const headerLength = ip.payloadStart - ip.start
  writeUint16(packet, 10, 0)
  writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, headerLength)))
}

/** The link that brought the packet vouched for it: the next one is to see a checksum. */
function completeChecksum(packet: Uint8Array, ip: IpHeader): void {
  const at = ip.protocol === Protocol.TCP ? 16 : ip.protocol === Protocol.UDP ? 6 : undefined
  const start = ip.payloadStart - ip.start
  if (at === undefined || ip.fragment || start + at + 2 > packet.length) return
  // The field holds the pseudo-header's sum, or whatever its sender left there.
  writeUint16(
    packet,
    start + at,
    foldSum(pseudoHeaderSum(ip.source, ip.destination, ip.protocol, packet.length - start)),
  )
  const checksum = foldChecksum(sumOctets(packet, start, packet.length))
  writeUint16(packet, start + at, checksum === 0 && ip.protocol === Protocol.UDP ? 0xffff : checksum)
}
