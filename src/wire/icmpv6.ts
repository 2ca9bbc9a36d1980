import { foldChecksum, pseudoHeaderSum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { ICMP_HEADER_LENGTH, type IcmpMessage, readIcmp, writeIcmpOver } from './icmp.ts'
import { Protocol } from './ip.ts'

/** ICMPv6 message types (RFC 4443, RFC 4861). */
export const Icmpv6Type = {
  DESTINATION_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO: 128,
  ECHO_REPLY: 129,
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOUR_SOLICITATION: 135,
  NEIGHBOUR_ADVERTISEMENT: 136,
  REDIRECT: 137,
} as const

/** Codes of ICMPv6's destination unreachable (RFC 4443 §3.1). */
export const Icmpv6Unreachable = {
  NO_ROUTE: 0,
  ADMINISTRATIVELY_PROHIBITED: 1,
  BEYOND_SCOPE: 2,
  ADDRESS: 3,
  PORT: 4,
  SOURCE_POLICY: 5,
  REJECT_ROUTE: 6,
} as const

/** Whether the type is that of an error, which must never be answered with an error (RFC 4443 §2.4 (e)). */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}

/**
 * Reads the ICMPv6 message at octets[start] up to octets[end]. The caller has set `into.source` and `into.destination`,
 * which the checksum covers.
 */
export function parseIcmpv6(octets: Uint8Array, start: number, end: number, into: IcmpMessage): WireDefect | undefined {
  if (end - start < ICMP_HEADER_LENGTH) return 'icmp-truncated'
  const pseudo = pseudoHeaderSum(into.source, into.destination, Protocol.ICMPV6, end - start)
  if (foldChecksum(sumOctets(octets, start, end, pseudo)) !== 0) return 'icmp-checksum'
  readIcmp(octets, start, end, into)
  return undefined
}

/** Writes `message` as ICMPv6 at into[at]. Returns the octets written, 8 and `message.length`. */
export function writeIcmpv6(into: Uint8Array, at: number, message: IcmpMessage): number {
  const length = ICMP_HEADER_LENGTH + message.length
  const pseudo = pseudoHeaderSum(message.source, message.destination, Protocol.ICMPV6, length)
  return writeIcmpOver(into, at, message, pseudo)
}
