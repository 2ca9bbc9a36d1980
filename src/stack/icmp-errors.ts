import type { Counters } from '../tcp/counters.ts'
import type { IpAddress } from '../wire/address.ts'
import { ICMP_HEADER_LENGTH, IcmpMessage, isIcmpError, quoteLength, writeIcmp } from '../wire/icmp.ts'
import { isIcmpv6Error, writeIcmpv6 } from '../wire/icmpv6.ts'
import type { Instant } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'

/** Errors a second, and in one go (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)). */
const ERRORS_PER_SECOND = 100
const ERROR_BURST = 20

/** Type and code in each family; a parameter problem of IPv6 has its code from the header. */
const KINDS = {
  network: { 4: [3, 0], 6: [1, 0] },
  host: { 4: [3, 1], 6: [1, 3] },
  protocol: { 4: [3, 2], 6: [4, 1] },
  port: { 4: [3, 3], 6: [1, 4] },
  'too-big': { 4: [3, 4], 6: [2, 0] },
  'hop-limit': { 4: [11, 0], 6: [3, 0] },
  reassembly: { 4: [11, 1], 6: [3, 1] },
  parameter: { 4: [12, 0], 6: [4, 0] },
} as const

export type IcmpErrorKind = keyof typeof KINDS

export interface IcmpErrorsHost {
  readonly counters: Counters
  /** Whether the address can be one host's. */
  isHost(address: IpAddress): boolean
  /** The stack's own address for an error about a packet to `destination`, which goes to `source`; undefined when there is none. */
  errorSource(source: IpAddress, destination: IpAddress): IpAddress | undefined
  identify(source: IpAddress, destination: IpAddress): number
  send(packet: Uint8Array, destination: IpAddress): boolean
}

/** ICMP errors that the stack sends: at a limited rate, and only about packets that may be answered so. */
export class IcmpErrors {
  private readonly host: IcmpErrorsHost
  private readonly message: IcmpMessage = new IcmpMessage()
  private readonly header: IpHeader = new IpHeader()
  private tokens = ERROR_BURST
  private refilledAt: Instant = 0

  constructor(host: IcmpErrorsHost) {
    this.host = host
  }

  /** Sends the sender of the packet `ip` an error; `rest` is the word behind the checksum: a pointer, or an MTU. */
  send(kind: IcmpErrorKind, ip: IpHeader, octets: Uint8Array, now: Instant, rest = 0): void {
    const { message, host } = this
    if (!this.mayAnswer(ip, octets)) return
    const source = host.errorSource(ip.source, ip.destination)
    if (source === undefined || !this.takeToken(now)) return
    const [type, code] = KINDS[kind][ip.family]
    message.type = type
    message.code = kind === 'parameter' && ip.family === 6 ? ip.problem : code
    message.rest = rest
    message.octets = octets
    message.start = ip.start
    message.length = quoteLength(ip.family, ip.payloadEnd - ip.start)
    message.source = source
    message.destination = ip.source
    const packet = this.write(ip.family)
    if (!host.send(packet, ip.source)) host.counters.PacketQueueFull++
  }

  private write(family: 4 | 6): Uint8Array {
    const { message, header, host } = this
    const v4 = family === 4
    const headerLength = v4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const packet = new Uint8Array(headerLength + ICMP_HEADER_LENGTH + message.length)
    header.family = family
    header.source = message.source
    header.destination = message.destination
    header.protocol = v4 ? Protocol.ICMP : Protocol.ICMPV6
    header.identification = host.identify(message.source, message.destination)
    const length = (v4 ? writeIcmp : writeIcmpv6)(packet, headerLength, message)
    writeIp(packet, 0, header, length)
    return packet
  }

  /** RFC 1122 §3.2.2, RFC 4443 §2.4 (e): not about errors, groups, nobody, or IPv4's fragments other than the first. */
  private mayAnswer(ip: IpHeader, octets: Uint8Array): boolean {
    if (!this.host.isHost(ip.source) || !this.host.isHost(ip.destination)) return false
    if (ip.fragmentOffset > 0) return ip.family === 6 && ip.protocol !== Protocol.ICMPV6
    const type = ip.payloadStart < ip.payloadEnd ? octets[ip.payloadStart]! : 0
    if (ip.family === 4) return ip.protocol !== Protocol.ICMP || !isIcmpError(type)
    return ip.protocol !== Protocol.ICMPV6 || !isIcmpv6Error(type)
  }

  private takeToken(now: Instant): boolean {
    this.tokens = Math.min(ERROR_BURST, this.tokens + ((now - this.refilledAt) * ERRORS_PER_SECOND) / 1000)
    this.refilledAt = now
    if (this.tokens < 1) {
      this.host.counters.IcmpOutRateLimitGlobal++
      return false
    }
    this.tokens--
    return true
  }
}
