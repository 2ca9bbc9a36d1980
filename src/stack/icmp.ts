import type { DropReason } from '../tcp/drop-reason.ts'
import type { ConnectionErrorCode } from '../tcp/errors.ts'
import type { IpAddress } from '../wire/address.ts'
import { ICMP_HEADER_LENGTH, IcmpMessage, IcmpType, IcmpUnreachable, parseIcmp, writeIcmp } from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6Unreachable, parseIcmpv6, writeIcmpv6 } from '../wire/icmpv6.ts'
import type { Instant } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { parseQuotedTcp, QuotedTcp } from '../wire/quoted-tcp.ts'

/** The most answers that wait for the link; further ones are dropped and counted. */
const MOST_WAITING = 64

/** What ICMP needs of its stack. */
export interface IcmpHost {
  drop(reason: DropReason): void
  /** An error about a segment of ours. */
  unreachable(quoted: QuotedTcp, code: ConnectionErrorCode): void
  /** A segment of ours was too long for the next hop of a router, which takes `mtu` octets; 0 when it does not say. */
  tooBig(quoted: QuotedTcp, mtu: number): void
  /** An error about another packet of ours, of which octets[header.payloadStart] up to octets[end] is left. False when none can be ours. */
  unreachablePacket(header: IpHeader, octets: Uint8Array, end: number, code: ConnectionErrorCode): boolean
  /** An answer to an echo of ours. False when there was none. */
  echoed(message: IcmpMessage, now: Instant): boolean
  /** Packets that wait for the link to `destination`. */
  waitingTo(destination: IpAddress): number
  identify(source: IpAddress, destination: IpAddress): number
  /** Sends a packet of ours. False when there is no room for it. */
  send(packet: Uint8Array, destination: IpAddress): boolean
}

/** ICMP and ICMPv6: answers echoes, and passes answers and errors on to whom they concern. */
export class Icmp {
  private readonly host: IcmpHost
  private readonly message: IcmpMessage = new IcmpMessage()
  private readonly quoted: QuotedTcp = new QuotedTcp()
  private readonly header: IpHeader = new IpHeader()

  constructor(host: IcmpHost) {
    this.host = host
  }

  receive(ip: IpHeader, octets: Uint8Array, now: Instant): void {
    if (!this.parse(ip, octets)) return
    if (this.isEcho(ip)) this.answerEcho(ip)
    else if (this.isReply(ip)) this.receiveReply(now)
    else this.handleError(ip)
  }

  /** To an address in whose place we answer TCP: errors about that are ours, echoes are not. */
  receiveForOthers(ip: IpHeader, octets: Uint8Array): void {
    if (!this.parse(ip, octets)) return
    if (this.isEcho(ip) || this.isReply(ip)) this.host.drop('ip-not-ours')
    else this.handleError(ip)
  }

  private parse(ip: IpHeader, octets: Uint8Array): boolean {
    const { message } = this
    message.source = ip.source
    message.destination = ip.destination
    const parse = ip.family === 4 ? parseIcmp : parseIcmpv6
    const defect = parse(octets, ip.payloadStart, ip.payloadEnd, message)
    if (defect !== undefined) this.host.drop(defect)
    return defect === undefined
  }

  private isEcho(ip: IpHeader): boolean {
    return this.message.type === (ip.family === 4 ? IcmpType.ECHO : Icmpv6Type.ECHO)
  }

  private isReply(ip: IpHeader): boolean {
    return this.message.type === (ip.family === 4 ? IcmpType.ECHO_REPLY : Icmpv6Type.ECHO_REPLY)
  }

  private receiveReply(now: Instant): void {
    if (!this.host.echoed(this.message, now)) this.host.drop('icmp-ignored')
  }

  /** RFC 1122 §3.2.2.6, RFC 4443 §4.2; what is longer than the link takes leaves in fragments. */
  private answerEcho(ip: IpHeader): void {
    const { header, message, host } = this
    if (host.waitingTo(ip.source) >= MOST_WAITING) {
      host.drop('icmp-limited')
      return
    }
    const v4 = ip.family === 4
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const packet = new Uint8Array(headerLength + ICMP_HEADER_LENGTH + message.length)
    header.family = ip.family
    header.source = ip.destination
    header.destination = ip.source
    header.protocol = v4 ? Protocol.ICMP : Protocol.ICMPV6
    header.identification = host.identify(header.source, header.destination)
    message.type = v4 ? IcmpType.ECHO_REPLY : Icmpv6Type.ECHO_REPLY
    message.source = header.source
    message.destination = header.destination
    const length = (v4 ? writeIcmp : writeIcmpv6)(packet, headerLength, message)
    writeIp(packet, 0, header, length)
    if (!host.send(packet, header.destination)) host.drop('icmp-limited')
  }

  private handleError(ip: IpHeader): void {
    const { message, quoted } = this
    const code = ip.family === 4 ? errorOf(message) : errorOf6(message)
    const tooBig = isTooBig(message, ip.family)
    if (code === undefined && !tooBig) {
      this.host.drop('icmp-ignored')
      return
    }
    const end = message.start + message.length
    const defect = parseQuotedTcp(message.octets, message.start, end, quoted)
    if (defect === undefined && code === undefined) this.host.tooBig(quoted, message.mtu)
    else if (defect === undefined) this.host.unreachable(quoted, code!)
    else if (defect !== 'quote-not-tcp') this.host.drop(defect)
    else if (code === undefined) this.host.drop('icmp-ignored')
    else if (!this.host.unreachablePacket(quoted.header, message.octets, end, code)) this.host.drop('quote-not-tcp')
  }
}

/** "Fragmentation needed" of IPv4, "packet too big" of IPv6. */
function isTooBig({ type, code }: IcmpMessage, family: 4 | 6): boolean {
  if (family === 6) return type === Icmpv6Type.PACKET_TOO_BIG
  return type === IcmpType.DESTINATION_UNREACHABLE && code === IcmpUnreachable.FRAGMENTATION_NEEDED
}

/** What an ICMP error says to a connection; undefined when it says nothing. Source quench is not heeded (RFC 9293 MUST-55). */
function errorOf(message: IcmpMessage): ConnectionErrorCode | undefined {
  if (message.type === IcmpType.TIME_EXCEEDED || message.type === IcmpType.PARAMETER_PROBLEM) return 'EHOSTUNREACH'
  if (message.type !== IcmpType.DESTINATION_UNREACHABLE) return undefined
  switch (message.code) {
    case IcmpUnreachable.PORT:
    case IcmpUnreachable.PROTOCOL:
      return 'ECONNREFUSED'
    case IcmpUnreachable.FRAGMENTATION_NEEDED:
      return undefined
    case IcmpUnreachable.NETWORK:
      return 'ENETUNREACH'
    default:
      return 'EHOSTUNREACH'
  }
}

function errorOf6(message: IcmpMessage): ConnectionErrorCode | undefined {
  if (message.type === Icmpv6Type.TIME_EXCEEDED || message.type === Icmpv6Type.PARAMETER_PROBLEM) return 'EHOSTUNREACH'
  if (message.type !== Icmpv6Type.DESTINATION_UNREACHABLE) return undefined
  switch (message.code) {
    case Icmpv6Unreachable.PORT:
      return 'ECONNREFUSED'
    case Icmpv6Unreachable.NO_ROUTE:
      return 'ENETUNREACH'
    default:
      return 'EHOSTUNREACH'
  }
}
