import type { WireDefect } from './defect.ts'
import { IPV6_HEADER_LENGTH, type IpHeader, Protocol } from './ip.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts'

/** A packet with more is an attack on whoever walks it (RFC 8883 §1, RFC 8504 §5.3). */
export const MAX_EXTENSION_HEADERS = 8

/** Codes of an ICMPv6 parameter problem (RFC 4443 §3.4). */
export const ParameterProblem = { FIELD: 0, NEXT_HEADER: 1, OPTION: 2 } as const

/** Pad1, the one option without a length. */
const PAD1 = 0

/**
 * Reads the IPv6 header (RFC 8200 §3) at octets[start] and the extension headers behind it. At the header of a fragment
 * it stops: `protocol` and the payload are those of the fragment, which may begin with further extension headers;
 * {@link walkExtensions} reads them once the packet is whole.
 */
export function parseIpv6(octets: Uint8Array, start: number, end: number, into: IpHeader): WireDefect | undefined {
  if (end - start < IPV6_HEADER_LENGTH) return 'ipv6-header-truncated'
  const packetLength = IPV6_HEADER_LENGTH + readUint16(octets, start + 4)
  if (packetLength > end - start) return 'ipv6-length'
  const defect = parseQuotedIpv6(octets, start, start + packetLength, into)
  return defect === undefined && into.fragment ? fragmentDefect(into) : defect
}

/** RFC 8200 §4.5: what is answered with a parameter problem that points to Payload Length, or to Fragment Offset. */
function fragmentDefect(into: IpHeader): WireDefect | undefined {
  const length = into.payloadEnd - into.payloadStart
  if (into.moreFragments && length % 8 !== 0) return defectAt(into, 'ipv6-fragment', ParameterProblem.FIELD, 4)
  if (into.fragmentOffset + length <= 0xffff) return undefined
  return defectAt(into, 'ipv6-fragment', ParameterProblem.FIELD, into.payloadStart - into.start - 6)
}

/** Notes how the defect is to be answered. */
function defectAt(into: IpHeader, defect: WireDefect, problem: number, pointer: number): WireDefect {
  into.problem = problem
  into.pointer = pointer
  return defect
}

/** Reads the header of a packet that an ICMP error quotes, which may be cut short: its length is not looked at. */
export function parseQuotedIpv6(
  octets: Uint8Array,
  start: number,
  end: number,
  into: IpHeader,
): WireDefect | undefined {
  if (end - start < IPV6_HEADER_LENGTH) return 'ipv6-header-truncated'
  const word = readUint32(octets, start)
  if (word >>> 28 !== 6) return 'ip-version'
  into.family = 6
  into.trafficClass = (word >>> 20) & 0xff
  into.flowLabel = word & 0xfffff
  into.hopLimit = octets[start + 7]!
  into.source.read6(octets, start + 8)
  into.destination.read6(octets, start + 24)
  if (into.source.family === 4 || into.destination.family === 4) return 'ipv6-mapped-address'
  into.identification = 0
  into.dontFragment = false
  into.start = start
  into.payloadEnd = end
  into.pointer = 6
  return walkExtensions(octets, start + IPV6_HEADER_LENGTH, end, octets[start + 6]!, into)
}

/**
 * Reads the extension headers from octets[at] on, the first of which has the number `first`, and sets `protocol`,
 * `payloadStart` and the fields of fragmentation. It stops behind the header of a fragment.
 */
export function walkExtensions(
  octets: Uint8Array,
  at: number,
  end: number,
  first: number,
  into: IpHeader,
): WireDefect | undefined {
  into.fragment = false
  into.moreFragments = false
  into.fragmentOffset = 0
  into.protocol = first
  let next = first
  let offset = at
  for (let count = 0; isExtension(next) && !into.fragment; count++) {
    if (count === MAX_EXTENSION_HEADERS) return 'ipv6-extension-count'
    if (end - offset < 8) return 'ipv6-extension-truncated'
    const length = next === Protocol.FRAGMENT ? 8 : 8 * (octets[offset + 1]! + 1)
    if (length > end - offset) return 'ipv6-extension-truncated'
    // Zero is a next header of the IPv6 header alone; elsewhere it is one that nobody knows (RFC 8200 §4).
    if (next === Protocol.HOP_BY_HOP && count > 0) {
      return defectAt(into, 'ipv6-extension-order', ParameterProblem.NEXT_HEADER, into.pointer)
    }
    if (next === Protocol.FRAGMENT) {
      readFragment(octets, offset, into)
    } else if (next === Protocol.ROUTING) {
      // No type is known, least of all type 0 (RFC 5095 §3): unless it is used up, the packet goes no further.
      if (octets[offset + 3] !== 0) {
        return defectAt(into, 'ipv6-routing', ParameterProblem.FIELD, offset + 2 - into.start)
      }
    } else if (!optionsAcceptable(octets, offset + 2, offset + length, into)) {
      return 'ipv6-option'
    }
    into.pointer = offset - into.start
    next = octets[offset]!
    offset += length
  }
  into.protocol = next
  into.payloadStart = offset
  return undefined
}

function isExtension(protocol: number): boolean {
  return (
    protocol === Protocol.HOP_BY_HOP ||
    protocol === Protocol.ROUTING ||
    protocol === Protocol.FRAGMENT ||
    protocol === Protocol.DESTINATION
  )
}

/** RFC 8200 §4.5. A packet that is its own only fragment is no fragment (RFC 6946 §4). */
function readFragment(octets: Uint8Array, at: number, into: IpHeader): void {
  const field = readUint16(octets, at + 2)
  into.fragmentOffset = field & 0xfff8
  into.moreFragments = (field & 1) !== 0
  into.fragment = into.moreFragments || into.fragmentOffset > 0
  into.identification = readUint32(octets, at + 4)
}

/**
 * RFC 8200 §4.2: every option is unknown here, and the upper two bits of its type say whether it may be skipped (0), or
 * the packet is discarded (1), with an answer (2), which goes to no sender to a group (3).
 */
function optionsAcceptable(octets: Uint8Array, start: number, end: number, into: IpHeader): boolean {
  let at = start
  while (at < end) {
    const type = octets[at]!
    if (type === PAD1) {
      at += 1
      continue
    }
    const action = type >>> 6
    if (action === 2 || (action === 3 && !into.destination.isMulticast)) {
      defectAt(into, 'ipv6-option', ParameterProblem.OPTION, at - into.start)
    }
    if (action !== 0 || at + 2 > end) return false
    at += 2 + octets[at + 1]!
  }
  return at === end
}

/** Writes a header without extensions at into[at], for a payload of `payloadLength` octets. Returns its length, 40. */
export function writeIpv6(into: Uint8Array, at: number, header: IpHeader, payloadLength: number): number {
  writeUint32(into, at, (6 << 28) | (header.trafficClass << 20) | header.flowLabel)
  writeUint16(into, at + 4, payloadLength)
  into[at + 6] = header.protocol
  into[at + 7] = header.hopLimit
  header.source.write6(into, at + 8)
  header.destination.write6(into, at + 24)
  return IPV6_HEADER_LENGTH
}
