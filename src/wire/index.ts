/**
 * `estab/wire`: octets to fields and back, for IPv4, IPv6, TCP, UDP, ICMP, ICMPv6, neighbour discovery, ARP and
 * Ethernet. Everything is a pure function over a `Uint8Array` and a record that the caller owns and reuses. A parser
 * never throws: it returns undefined, or the name of what is wrong.
 *
 * @example
 * ```ts
 * import { IpHeader, parseIp, parseTcp, printSegment, Segment } from 'estab/wire'
 *
 * const header = new IpHeader()
 * const segment = new Segment()
 * const packet = new Uint8Array(1500)
 * if (parseIp(packet, 0, packet.length, header) === undefined) {
 *   segment.source.copy(header.source)
 *   segment.destination.copy(header.destination)
 *   const defect = parseTcp(packet, header.payloadStart, header.payloadEnd, segment, true)
 *   console.log(defect ?? printSegment(segment))
 * }
 * ```
 *
 * @module
 */
export { IpAddress, IpPrefix } from './address.ts'
export { ARP_LENGTH, ArpOperation, ArpPacket, parseArp, writeArp } from './arp.ts'
export { foldChecksum, foldSum, pseudoHeaderSum, sumOctets } from './checksum.ts'
export type { WireDefect } from './defect.ts'
export { ETHERNET_HEADER_LENGTH, EthernetHeader, EtherType, parseEthernet, writeEthernet } from './ethernet.ts'
export {
  echoRest,
  ICMP_HEADER_LENGTH,
  IcmpMessage,
  IcmpType,
  IcmpUnreachable,
  isIcmpError,
  parseIcmp,
  quoteLength,
  writeIcmp,
} from './icmp.ts'
export { Icmpv6Type, Icmpv6Unreachable, isIcmpv6Error, parseIcmpv6, writeIcmpv6 } from './icmpv6.ts'
export type { Instant, Milliseconds } from './instant.ts'
export { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from './ip.ts'
export { parseIp, writeIp } from './ip-packet.ts'
export { parseIpv4, writeIpv4 } from './ipv4.ts'
export { MAX_EXTENSION_HEADERS, parseIpv6, walkExtensions, writeIpv6 } from './ipv6.ts'
export {
  isGroupMac,
  MAC_BROADCAST,
  type MacAddress,
  macText,
  multicastMac,
  parseMac,
  readMac,
  writeMac,
} from './mac.ts'
export { NDP_HOP_LIMIT, NdpMessage, parseNdp, solicitedNode, writeNdp } from './ndp.ts'
export {
  copyOctets,
  EMPTY,
  readInt32,
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from './octets.ts'
export { NO_OFFLOAD, Offload, type OffloadCapability } from './offload.ts'
export { endpointText, flagsText, type PrintOptions, printFrame, printPacket, printSegment } from './print.ts'
export { parseQuotedTcp, QuotedTcp } from './quoted-tcp.ts'
export {
  ABSENT,
  ACK,
  AE,
  CE,
  CWR,
  ECE,
  ECT_0,
  ECT_1,
  FIN,
  MAX_COOKIE_LENGTH,
  MAX_SACK_BLOCKS,
  PSH,
  RST,
  Segment,
  SYN,
  URG,
} from './segment.ts'
export { parseTcp, TCP_HEADER_LENGTH, tcpHeaderLength, writeTcp } from './tcp.ts'
export { MAX_OPTIONS_LENGTH, parseTcpOptions, tcpOptionsLength, writeTcpOptions } from './tcp-options.ts'
export { Datagram, parseUdp, UDP_HEADER_LENGTH, writeUdp } from './udp.ts'
