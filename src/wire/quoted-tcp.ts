import type { IpAddress } from './address.ts'
import type { WireDefect } from './defect.ts'
import { IpHeader, Protocol } from './ip.ts'
import { parseQuotedIpv4 } from './ipv4.ts'
import { parseQuotedIpv6 } from './ipv6.ts'
import { readUint16, readUint32 } from './octets.ts'

/** Ports and sequence number: all of a TCP header that an ICMP error must quote (RFC 792). */
const QUOTED_LENGTH = 8

/** The segment that an ICMP error is about, as this side once sent it: its source is this side. */
export class QuotedTcp {
  readonly header: IpHeader = new IpHeader()
  sourcePort = 0
  destinationPort = 0
  /** SEG.SEQ, unsigned, to be checked against what is in flight (RFC 5927 §4.1). */
  seq = 0

  get family(): 4 | 6 {
    return this.header.family
  }

  get source(): IpAddress {
    return this.header.source
  }

  get destination(): IpAddress {
    return this.header.destination
  }
}

/** Reads the packet at octets[at] up to octets[end] that an ICMP or ICMPv6 error quotes, cut short wherever. */
export function parseQuotedTcp(octets: Uint8Array, at: number, end: number, into: QuotedTcp): WireDefect | undefined {
  if (end <= at) return 'ip-empty'
  const header = into.header
  const version = octets[at]! >>> 4
  if (version !== 4 && version !== 6) return 'ip-version'
  const defect = version === 4 ? parseQuotedIpv4(octets, at, end, header) : parseQuotedIpv6(octets, at, end, header)
  if (defect !== undefined) return defect
  if (header.protocol !== Protocol.TCP || header.fragmentOffset > 0) return 'quote-not-tcp'
  if (end - header.payloadStart < QUOTED_LENGTH) return 'quote-truncated'
  into.sourcePort = readUint16(octets, header.payloadStart)
  into.destinationPort = readUint16(octets, header.payloadStart + 2)
  into.seq = readUint32(octets, header.payloadStart + 4)
  return undefined
}
