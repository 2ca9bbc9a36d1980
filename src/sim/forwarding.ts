import type { IpAddress } from '../wire/address.ts'
import {
  ICMP_HEADER_LENGTH,
  IcmpMessage,
  IcmpType,
  IcmpUnreachable,
  isIcmpError,
  quoteLength,
  writeIcmp,
} from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6Unreachable, isIcmpv6Error, writeIcmpv6 } from '../wire/icmpv6.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { readUint16, writeUint16 } from '../wire/octets.ts'
import { rewriteChecksum4 } from './ecn.ts'
import type { Port } from './port.ts'

/** Why a router sends a packet's sender an error. */
export type Refusal = 'no-route' | 'hop-limit' | 'too-big'

/** What became of the packets of a device that forwards; each is counted once. */
export type ForwardingCounters = Record<Refusal | 'forwarded' | 'malformed' | 'to-itself', number>

/** What is common to whatever forwards IP packets: hop limit, MTU, fragments and ICMP errors (RFC 1812, RFC 8200). */
export class Forwarding {
  readonly counters: ForwardingCounters = {
    forwarded: 0,
    malformed: 0,
    'to-itself': 0,
    'no-route': 0,
    'hop-limit': 0,
    'too-big': 0,
  }
  readonly #addresses: readonly IpAddress[]
  readonly #scratch = new Uint8Array(65_535)
  readonly #message = new IcmpMessage()
  readonly #header = new IpHeader()

  /** @param addresses those that its errors come from, one of each family. */
  constructor(addresses: readonly IpAddress[]) {
    this.#addresses = addresses
  }

  /** The packet that `prepare` has made, until the next one. */
  get packet(): Uint8Array {
    return this.#scratch
  }

  /**
   * Makes the packet that goes on to `out` and returns its length; or 0, when it must not go on and its sender is told
   * so through `back`.
   */
  prepare(ip: IpHeader, octets: Uint8Array, start: number, end: number, out: Port, back: Port): number {
    const length = ip.payloadEnd - start
    if (ip.hopLimit <= 1) this.refuse('hop-limit', ip, octets, start, end, back)
    else if (length > out.mtu && (ip.family === 6 || ip.dontFragment))
      this.refuse('too-big', ip, octets, start, end, back, out.mtu)
    else {
      const packet = this.#scratch
      packet.set(octets.subarray(start, start + length))
      if (ip.family === 6) {
        packet[7] = ip.hopLimit - 1
      } else {
        packet[8] = ip.hopLimit - 1
        rewriteChecksum4(packet, 0)
      }
      return length
    }
    return 0
  }

  /** Sends the first `length` octets of `packet`, in fragments where it has to (RFC 791 §3.2). */
  emit(length: number, out: Port): void {
    this.counters.forwarded++
    if (length <= out.mtu) {
      out.send(this.#scratch, 0, length)
      return
    }
    const packet = this.#scratch
    const headerLength = (packet[0]! & 15) * 4
    const most = (out.mtu - headerLength) & ~7
    const field = readUint16(packet, 6)
    const fragment = new Uint8Array(out.mtu)
    fragment.set(packet.subarray(0, headerLength))
    for (let at = headerLength; at < length; at += most) {
      const size = Math.min(most, length - at)
      const more = at + size < length ? 0x2000 : field & 0x2000
      fragment.set(packet.subarray(at, at + size), headerLength)
      writeUint16(fragment, 2, headerLength + size)
      writeUint16(fragment, 6, ((field & 0x1fff) + (at - headerLength) / 8) | more)
      rewriteChecksum4(fragment, 0)
      out.send(fragment, 0, headerLength + size)
    }
  }

  /** Tells the sender of a packet that it goes no further, where an error may be sent at all (RFC 1812 §4.3.2.7). */
  refuse(why: Refusal, ip: IpHeader, octets: Uint8Array, start: number, end: number, back: Port, mtu = 0): void {
    this.counters[why]++
    const source = this.#addresses.find(({ family }) => family === ip.family)
    if (source === undefined || !mayBeAnswered(ip, octets)) return
    const message = this.#message
    const v4 = ip.family === 4
    ;[message.type, message.code] = v4 ? CODES[why] : CODES6[why]
    message.rest = mtu
    message.octets = octets
    message.start = start
    message.length = quoteLength(ip.family, Math.min(end, ip.payloadEnd) - start)
    const header = this.#header
    header.family = ip.family
    header.source = source
    header.destination = ip.source
    header.protocol = v4 ? Protocol.ICMP : Protocol.ICMPV6
    message.source = source
    message.destination = ip.source
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const packet = new Uint8Array(headerLength + ICMP_HEADER_LENGTH + message.length)
    const length = (v4 ? writeIcmp : writeIcmpv6)(packet, headerLength, message)
    writeIp(packet, 0, header, length)
    back.send(packet, 0, packet.length)
  }
}

const CODES: Record<Refusal, [number, number]> = {
  'no-route': [IcmpType.DESTINATION_UNREACHABLE, IcmpUnreachable.NETWORK],
  'hop-limit': [IcmpType.TIME_EXCEEDED, 0],
  'too-big': [IcmpType.DESTINATION_UNREACHABLE, IcmpUnreachable.FRAGMENTATION_NEEDED],
}

const CODES6: Record<Refusal, [number, number]> = {
  'no-route': [Icmpv6Type.DESTINATION_UNREACHABLE, Icmpv6Unreachable.NO_ROUTE],
  'hop-limit': [Icmpv6Type.TIME_EXCEEDED, 0],
  'too-big': [Icmpv6Type.PACKET_TOO_BIG, 0],
}

function mayBeAnswered(ip: IpHeader, octets: Uint8Array): boolean {
  const { source, destination, protocol, payloadStart } = ip
  if (source.isMulticast || source.isUnspecified || source.isBroadcast || destination.isMulticast) return false
  if (ip.fragmentOffset > 0) return false
  if (protocol === Protocol.ICMP) return !isIcmpError(octets[payloadStart] ?? 0)
  return protocol !== Protocol.ICMPV6 || !isIcmpv6Error(octets[payloadStart] ?? 0)
}
