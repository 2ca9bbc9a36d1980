import { foldChecksum, sumView, sumWord } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { IPV4_HEADER_LENGTH, type IpHeader } from './ip.ts'
import { viewOf } from './octets.ts'

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff

/**
 * Reads the IPv4 header (RFC 791 §3.1) at octets[start]. Options are skipped; what follows the Total Length, the
 * padding of a short Ethernet frame for one, is left out.
 */
export function parseIpv4(octets: Uint8Array, start: number, end: number, into: IpHeader): WireDefect | undefined {
  const view = viewOf(octets)
  const defect = parseQuotedIpv4(octets, start, end, into, view)
  if (defect !== undefined) return defect
  const totalLength = view.getUint16(start + 2)
  const headerLength = into.payloadStart - start
  if (totalLength < headerLength || totalLength > end - start) return 'ipv4-length'
  // RFC 1122 §3.2.1.2
  if (foldChecksum(sumView(view, start, into.payloadStart)) !== 0) return 'ipv4-checksum'
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
  view: DataView = viewOf(octets),
): WireDefect | undefined {
  if (end - start < IPV4_HEADER_LENGTH) return 'ipv4-header-truncated'
  const first = view.getInt32(start)
  if (first >>> 28 !== 4) return 'ip-version'
  const headerLength = ((first >>> 24) & 15) * 4
  if (headerLength < IPV4_HEADER_LENGTH) return 'ipv4-header-length'
  if (headerLength > end - start) return 'ipv4-header-truncated'

  const second = view.getInt32(start + 4)
  const third = view.getInt32(start + 8)
  into.family = 4
  into.trafficClass = (first >>> 16) & 0xff
  into.flowLabel = 0
  into.identification = second >>> 16
  into.dontFragment = (second & DONT_FRAGMENT) !== 0
  into.moreFragments = (second & MORE_FRAGMENTS) !== 0
  into.fragmentOffset = (second & FRAGMENT_OFFSET) * 8
  into.fragment = (second & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0
  into.hopLimit = third >>> 24
  into.protocol = (third >>> 16) & 0xff
  into.source.set4(view.getInt32(start + 12))
  into.destination.set4(view.getInt32(start + 16))
  into.start = start
  into.payloadStart = start + headerLength
  into.payloadEnd = end
  return undefined
}

/** Writes a header without options at into[at], for a payload of `payloadLength` octets. Returns its length, 20. */
export function writeIpv4(into: Uint8Array, at: number, header: IpHeader, payloadLength: number): number {
  const view = viewOf(into)
  const flags = (header.dontFragment ? DONT_FRAGMENT : 0) | (header.moreFragments ? MORE_FRAGMENTS : 0)
  const first = 0x45000000 | (header.trafficClass << 16) | (IPV4_HEADER_LENGTH + payloadLength)
  const second = (header.identification << 16) | flags | (header.fragmentOffset >>> 3)
  const third = (header.hopLimit << 24) | (header.protocol << 16)
  const source = header.source.d
  const destination = header.destination.d
  const sum = sumWord(first) + sumWord(second) + sumWord(third) + sumWord(source) + sumWord(destination)
  view.setInt32(at, first)
  view.setInt32(at + 4, second)
  view.setInt32(at + 8, third | foldChecksum(sum))
  view.setInt32(at + 12, source)
  view.setInt32(at + 16, destination)
  return IPV4_HEADER_LENGTH
}
