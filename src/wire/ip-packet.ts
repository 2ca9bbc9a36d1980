import type { WireDefect } from './defect.ts'
import { type IpHeader, NO_PROBLEM } from './ip.ts'
import { parseIpv4, writeIpv4 } from './ipv4.ts'
import { parseIpv6, writeIpv6 } from './ipv6.ts'

/** Reads the header of the IP packet, of either family, at octets[start] up to octets[end]. */
export function parseIp(octets: Uint8Array, start: number, end: number, into: IpHeader): WireDefect | undefined {
  into.problem = NO_PROBLEM
  if (end <= start) return 'ip-empty'
  const version = octets[start]! >>> 4
  if (version === 4) return parseIpv4(octets, start, end, into)
  return version === 6 ? parseIpv6(octets, start, end, into) : 'ip-version'
}

/**
 * Writes a header of `header.family` at into[at], for a payload of `payloadLength` octets: no options, no extension
 * headers. Returns its length, 20 or 40.
 */
export function writeIp(into: Uint8Array, at: number, header: IpHeader, payloadLength: number): number {
  return header.family === 4 ? writeIpv4(into, at, header, payloadLength) : writeIpv6(into, at, header, payloadLength)
}
