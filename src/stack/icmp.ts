import type { DropReason } from '../tcp/drop-reason.ts'
import type { ConnectionErrorCode } from '../tcp/errors.ts'
import { Fifo } from '../tcp/fifo.ts'
import {
  ICMP_HEADER_LENGTH,
  IcmpMessage,
  IcmpType,
  IcmpUnreachable,
  parseIcmp,
  quoteLength,
  writeIcmp,
} from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6Unreachable, parseIcmpv6, writeIcmpv6 } from '../wire/icmpv6.ts'
import type { Instant } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { parseQuotedTcp, QuotedTcp } from '../wire/quoted-tcp.ts'

/** The most ICMP packets that wait for the link; further ones are dropped and counted. */
const MOST_WAITING = 64
/** Errors a second, and in one go (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)). */
const ERRORS_PER_SECOND = 100
const ERROR_BURST = 20

/** What ICMP needs of its stack. */
export interface IcmpHost {
  readonly mtu: number
  drop(reason: DropReason): void
  /** An error about a segment of ours. */
  unreachable(quoted: QuotedTcp, code: ConnectionErrorCode): void
  /** A segment of ours was too long for the next hop of a router, which takes `mtu` octets; 0 when it does not say. */
  tooBig(quoted: QuotedTcp, mtu: number): void
}

/** ICMP and ICMPv6: answers echoes, tells senders of ports without a socket, and passes errors on to TCP. */
export class Icmp {
  private readonly host: IcmpHost
  private readonly message: IcmpMessage = new IcmpMessage()
  private readonly quoted: QuotedTcp = new QuotedTcp()
  private readonly header: IpHeader = new IpHeader()
  private readonly waiting: Fifo<Uint8Array> = new Fifo<Uint8Array>()
  private tokens = ERROR_BURST
  private refilledAt: Instant = 0

  constructor(host: IcmpHost) {
    this.host = host
  }

  receive(ip: IpHeader, octets: Uint8Array): void {
    const { message } = this
    message.source = ip.source
    message.destination = ip.destination
    const parse = ip.family === 4 ? parseIcmp : parseIcmpv6
    const defect = parse(octets, ip.payloadStart, ip.payloadEnd, message)
    if (defect !== undefined) this.host.drop(defect)
    else if (message.type === (ip.family === 4 ? IcmpType.ECHO : Icmpv6Type.ECHO)) this.answerEcho(ip)
    else this.handleError(ip)
  }

  /** To the sender of a UDP datagram that nobody waits for (RFC 1122 §4.1.3.1). */
  portUnreachable(ip: IpHeader, octets: Uint8Array, now: Instant): void {
    if (!this.takeToken(now)) return
    const { message } = this
    const v4 = ip.family === 4
    message.type = v4 ? IcmpType.DESTINATION_UNREACHABLE : Icmpv6Type.DESTINATION_UNREACHABLE
    message.code = v4 ? IcmpUnreachable.PORT : Icmpv6Unreachable.PORT
    message.rest = 0
    message.octets = octets
    message.start = ip.start
    message.length = quoteLength(ip.family, ip.payloadEnd - ip.start)
    this.enqueue(ip)
  }

  /** Writes the next packet to into[start]; returns its octets, or 0. */
  transmit(into: Uint8Array, start: number): number {
    const packet = this.waiting.shift()
    if (packet === undefined) return 0
    into.set(packet, start)
    return packet.length
  }

  private answerEcho(ip: IpHeader): void {
    const headers = (ip.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH) + ICMP_HEADER_LENGTH
    if (this.message.length + headers > this.host.mtu) {
      this.host.drop('icmp-limited')
      return
    }
    this.message.type = ip.family === 4 ? IcmpType.ECHO_REPLY : Icmpv6Type.ECHO_REPLY
    this.enqueue(ip)
  }

  /** Puts `message` into the queue as an answer to the packet of `ip`. */
  private enqueue(ip: IpHeader): void {
    if (this.waiting.length >= MOST_WAITING) {
      this.host.drop('icmp-limited')
      return
    }
    const { header, message } = this
    const v4 = ip.family === 4
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const packet = new Uint8Array(headerLength + ICMP_HEADER_LENGTH + message.length)
    header.family = ip.family
    header.source = ip.destination
    header.destination = ip.source
    header.protocol = v4 ? Protocol.ICMP : Protocol.ICMPV6
    message.source = header.source
    message.destination = header.destination
    const length = (v4 ? writeIcmp : writeIcmpv6)(packet, headerLength, message)
    writeIp(packet, 0, header, length)
    this.waiting.push(packet)
  }

  private handleError(ip: IpHeader): void {
    const { message, quoted } = this
    const code = ip.family === 4 ? errorOf(message) : errorOf6(message)
    const tooBig = isTooBig(message, ip.family)
    if (code === undefined && !tooBig) {
      this.host.drop('icmp-ignored')
      return
    }
    const defect = parseQuotedTcp(message.octets, message.start, message.start + message.length, quoted)
    if (defect !== undefined) this.host.drop(defect)
    else if (code === undefined) this.host.tooBig(quoted, message.mtu)
    else this.host.unreachable(quoted, code)
  }

  private takeToken(now: Instant): boolean {
    this.tokens = Math.min(ERROR_BURST, this.tokens + ((now - this.refilledAt) * ERRORS_PER_SECOND) / 1000)
    this.refilledAt = now
    if (this.tokens < 1) return false
    this.tokens--
    return true
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
