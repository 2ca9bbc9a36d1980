import { IpAddress } from './address.ts'

/** IANA protocol numbers, as they stand in IPv4's Protocol and IPv6's Next Header field. */
export const Protocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  ROUTING: 43,
  FRAGMENT: 44,
  ICMPV6: 58,
  NO_NEXT: 59,
  DESTINATION: 60,
} as const

export const IPV4_HEADER_LENGTH = 20
export const IPV6_HEADER_LENGTH = 40

/** The defect, if there is one, is answered with nothing. */
export const NO_PROBLEM = -1

/**
 * The header of an IPv4 or IPv6 packet, one type for both families so that the layers above know no difference.
 * One object is reused for every packet: whoever keeps a field, an address above all, copies it.
 */
export class IpHeader {
  family: 4 | 6 = 4
  source: IpAddress = new IpAddress()
  destination: IpAddress = new IpAddress()
  /** The transport's {@link Protocol} number: in IPv6 the one behind the last extension header. */
  protocol = 0
  /** Time to live, or hop limit. */
  hopLimit = 64
  /** DSCP (upper six bits) and ECN (lower two). */
  trafficClass = 0
  /** IPv6 only, 20 bits. */
  flowLabel = 0
  identification = 0
  /** IPv4 only. */
  dontFragment = false
  /** True for any fragment, the first and the last included. */
  fragment = false
  moreFragments = false
  /** Octets. */
  fragmentOffset = 0
  /** Of a defect that is to be answered with an ICMPv6 parameter problem: its code (RFC 4443 §3.4); else -1. */
  problem: number = NO_PROBLEM
  /** Which octet of the packet is at fault, counted from its first; without a fault that of the last Next Header field. */
  pointer = 0
  /** Where in the frame the IP header starts, the transport's header starts, and the packet ends (padding left out). */
  start = 0
  payloadStart = 0
  payloadEnd = 0
}
