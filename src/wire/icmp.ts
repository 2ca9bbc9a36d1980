import { IpAddress } from './address.ts'
import { foldChecksum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH } from './ip.ts'
import { copyOctets, EMPTY, readUint32, writeUint16, writeUint32 } from './octets.ts'

/** Octets of an ICMP or ICMPv6 header, the four that depend on the type included. */
export const ICMP_HEADER_LENGTH = 8

/** ICMPv4 message types (RFC 792). */
export const IcmpType = {
  ECHO_REPLY: 0,
  DESTINATION_UNREACHABLE: 3,
  ECHO: 8,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
} as const

/** Codes of ICMPv4's destination unreachable. FRAGMENTATION_NEEDED carries the MTU of the next hop (RFC 1191 §4). */
export const IcmpUnreachable = {
  NETWORK: 0,
  HOST: 1,
  PROTOCOL: 2,
  PORT: 3,
  FRAGMENTATION_NEEDED: 4,
  SOURCE_ROUTE_FAILED: 5,
  ADMINISTRATIVELY_PROHIBITED: 13,
} as const

/** Codes of time exceeded, the same in both families. */
export const TimeExceeded = { HOP_LIMIT: 0, REASSEMBLY: 1 } as const

/**
 * An ICMP or ICMPv6 message with the addresses of its IP packet. One object is reused for every message, so it is
 * borrowed until the call that got it returns.
 */
export class IcmpMessage {
  source: IpAddress = new IpAddress()
  destination: IpAddress = new IpAddress()
  type = 0
  code = 0
  /** Octets 4 to 7, unsigned: what they mean depends on the type, and the properties below say it. */
  rest = 0
  /** What follows the header, an echo's data or the packet that an error quotes: `length` octets from octets[start]. */
  octets: Uint8Array = EMPTY
  start = 0
  length = 0

  /** Echo and echo reply. */
  get identifier(): number {
    return this.rest >>> 16
  }

  /** Echo and echo reply. */
  get sequence(): number {
    return this.rest & 0xffff
  }

  /** Fragmentation needed (ICMPv4), where 0 is "not said"; packet too big (ICMPv6). Octets. */
  get mtu(): number {
    return this.source.family === 4 ? this.rest & 0xffff : this.rest
  }

  /** Parameter problem: at which octet of the quoted packet it is. */
  get pointer(): number {
    return this.source.family === 4 ? this.rest >>> 24 : this.rest
  }
}

/** Whether the type is that of an error, which must never be answered with an error (RFC 1122 §3.2.2). */
export function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12
}

/** Reads the ICMPv4 message at octets[start] up to octets[end]. */
export function parseIcmp(octets: Uint8Array, start: number, end: number, into: IcmpMessage): WireDefect | undefined {
  if (end - start < ICMP_HEADER_LENGTH) return 'icmp-truncated'
  if (foldChecksum(sumOctets(octets, start, end)) !== 0) return 'icmp-checksum'
  readIcmp(octets, start, end, into)
  return undefined
}

/** The fields of the message, which both families lay out in the same way. */
export function readIcmp(octets: Uint8Array, start: number, end: number, into: IcmpMessage): void {
  into.type = octets[start]!
  into.code = octets[start + 1]!
  into.rest = readUint32(octets, start + 4)
  into.octets = octets
  into.start = start + ICMP_HEADER_LENGTH
  into.length = end - into.start
}

/** Writes `message` as ICMPv4 at into[at]. Returns the octets written, 8 and `message.length`. */
export function writeIcmp(into: Uint8Array, at: number, message: IcmpMessage): number {
  return writeIcmpOver(into, at, message, 0)
}

/** Writes `message` with a checksum that starts from `pseudoHeader`, the sum of what is not in the message. */
export function writeIcmpOver(into: Uint8Array, at: number, message: IcmpMessage, pseudoHeader: number): number {
  const length = ICMP_HEADER_LENGTH + message.length
  into[at] = message.type
  into[at + 1] = message.code
  writeUint16(into, at + 2, 0)
  writeUint32(into, at + 4, message.rest)
  copyOctets(message.octets, message.start, message.length, into, at + ICMP_HEADER_LENGTH)
  writeUint16(into, at + 2, foldChecksum(sumOctets(into, at, at + length, pseudoHeader)))
  return length
}

/**
 * How much of a packet of `packetLength` octets an error quotes: as much as leaves the error within what every path
 * carries, 576 octets of IPv4 (RFC 1812 §4.3.2.3) and 1280 of IPv6 (RFC 4443 §2.4 (c)).
 */
export function quoteLength(family: 4 | 6, packetLength: number): number {
  const room = family === 4 ? 576 - IPV4_HEADER_LENGTH : 1280 - IPV6_HEADER_LENGTH
  return Math.min(packetLength, room - ICMP_HEADER_LENGTH)
}

/** The four octets of an echo's identifier and sequence number, for {@link IcmpMessage.rest}. */
export function echoRest(identifier: number, sequence: number): number {
  return ((identifier << 16) | sequence) >>> 0
}
