import { foldChecksum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { IPV4_HEADER_LENGTH, type IpHeader } from './ip.ts'
import { readUint16, writeUint16 } from './octets.ts'

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff

/**
 * Reads the IPv4 header (RFC 791 §3.1) at octets[start]. Options are skipped; what follows the Total Length, the
 * padding of a short Ethernet frame for one, is left out.
 */
export function parseIpv4(octets: Uint8Array, start: number, end: number, into: IpHeader): WireDefect | undefined {
  const defect = parseQuotedIpv4(octets, start, end, into)
  if (defect !== undefined) return defect
  const totalLength = readUint16(octets, start + 2)
  const headerLength = into.payloadStart - start
  if (totalLength < headerLength || totalLength > end - start) return 'ipv4-length'
  // RFC 1122 §3.2.1.2
  if (foldChecksum(sumOctets(octets, start, into.payloadStart)) !== 0) return 'ipv4-checksum'
  into.payloadEnd = start + totalLength
  if (into.fragment) {
    if (into.moreFragments && (totalLength - headerLength) % 8 !== 0) return 'ipv4-fragment'
    if (into.fragmentOffset + totalLength > 0xffff) return 'ipv4-fragment'
  }
  return undefined
}

/**
 * Reads the header of a packet that an ICMP error quotes: it may be cut short behind the header and altered on its way,
 * so neither its length nor its checksum is looked at.
 */
export function parseQuotedIpv4(
  octets: Uint8Array,
  start: number,
  end: number,
  into: IpHeader,
): WireDefect | undefined {
  if (end - start < IPV4_HEADER_LENGTH) return 'ipv4-header-truncated'
  if (octets[start]! >>> 4 !== 4) return 'ip-version'
  const headerLength = (octets[start]! & 15) * 4
  if (headerLength < IPV4_HEADER_LENGTH) return 'ipv4-header-length'
  if (headerLength > end - start) return 'ipv4-header-truncated'

  const fragmentField = readUint16(octets, start + 6)
  into.family = 4
  into.trafficClass = octets[start + 1]!
  into.flowLabel = 0
  into.identification = readUint16(octets, start + 4)
  into.dontFragment = (fragmentField & DONT_FRAGMENT) !== 0
  into.moreFragments = (fragmentField & MORE_FRAGMENTS) !== 0
  into.fragmentOffset = (fragmentField & FRAGMENT_OFFSET) * 8
  into.fragment = into.moreFragments || into.fragmentOffset > 0
  into.hopLimit = octets[start + 8]!
  into.protocol = octets[start + 9]!
  into.source.read4(octets, start + 12)
  into.destination.read4(octets, start + 16)
  into.start = start
  into.payloadStart = start + headerLength
  into.payloadEnd = end
  return undefined
}

/** Writes a header without options at into[at], for a payload of `payloadLength` octets. Returns its length, 20. */
export function writeIpv4(into: Uint8Array, at: number, header: IpHeader, payloadLength: number): number {
  into[at] = 0x45
  into[at + 1] = header.trafficClass
  writeUint16(into, at + 2, IPV4_HEADER_LENGTH + payloadLength)
  writeUint16(into, at + 4, header.identification)
  const flags = (header.dontFragment ? DONT_FRAGMENT : 0) | (header.moreFragments ? MORE_FRAGMENTS : 0)
  writeUint16(into, at + 6, flags | (header.fragmentOffset >>> 3))
  into[at + 8] = header.hopLimit
  into[at + 9] = header.protocol
  writeUint16(into, at + 10, 0)
  header.source.write(into, at + 12)
  header.destination.write(into, at + 16)
  writeUint16(into, at + 10, foldChecksum(sumOctets(into, at, at + IPV4_HEADER_LENGTH)))
  return IPV4_HEADER_LENGTH
}
