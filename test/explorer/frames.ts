/** Between the explorer's segments and the frames that a stack takes and gives. */
import { IpAddress } from '../../src/wire/address.ts'
import { IcmpMessage, IcmpType, IcmpUnreachable, writeIcmp } from '../../src/wire/icmp.ts'
import { Icmpv6Type, Icmpv6Unreachable, writeIcmpv6 } from '../../src/wire/icmpv6.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../../src/wire/tcp.ts'
import { streamOctet } from '../support/trace-packet.ts'
import type { Peer } from './peer.ts'
import { ACK, type Arrival, has, SYN } from './rfc9293-terms.ts'
import { distance } from './sequence.ts'

const STACK_ADDRESSES = { 4: IpAddress.parse('192.0.2.1')!, 6: IpAddress.parse('2001:db8::1')! } as const
export const WINDOW = 65_535
export const MSS = 1460
/** The TSval of all that a client with timestamps sends, and one that is older. */
export const TS_VAL = 1_000_000
export const OLD_TS_VAL: number = TS_VAL - 1

const segment = new Segment()
const header = new IpHeader()
const message = new IcmpMessage()
const text = new Uint8Array(64)
const ip = new IpHeader()
const read = new Segment()

/** Writes a segment from `peer`, whose text begins after the SYN `isn`; returns the frame's length. */
export function writeSegment(into: Uint8Array, peer: Peer, localPort: number, arrival: Arrival, isn: number): number {
  segment.clear()
  segment.source = peer.address
  segment.destination = addressOf(peer)
  segment.sourcePort = peer.port
  segment.destinationPort = localPort
  segment.flags = arrival.flags
  segment.seq = arrival.seq
  segment.ack = arrival.ack
  segment.wnd = WINDOW
  if (has(arrival, SYN)) segment.mss = MSS
  if (peer.stamped && arrival.stamp !== 'none') {
    segment.timestamps = true
    segment.tsVal = arrival.stamp === 'old' ? OLD_TS_VAL : TS_VAL
    segment.tsEcr = has(arrival, ACK) ? peer.echo(arrival.ack) : 0
  }
  const position = distance(isn, arrival.seq) - 1
  for (let i = 0; i < arrival.length; i++) text[i] = streamOctet(position + i)
  segment.octets = text
  segment.length = arrival.length
  return writePacket(into, peer, Protocol.TCP, writeTcp(into, headerLength(peer), segment, false))
}

/** Writes ICMP's port unreachable about the segment that the stack sent to `peer` with number `seq`. */
export function writeUnreachable(into: Uint8Array, peer: Peer, localPort: number, seq: number): number {
  const length = headerLength(peer)
  const quote = new Uint8Array(length + 60)
  segment.clear()
  segment.source = addressOf(peer)
  segment.destination = peer.address
  segment.sourcePort = localPort
  segment.destinationPort = peer.port
  segment.seq = seq
  const quoted = writeTcp(quote, length, segment, false)
  header.family = peer.address.family
  header.source = addressOf(peer)
  header.destination = peer.address
  header.protocol = Protocol.TCP
  writeIp(quote, 0, header, quoted)
  const isIpv4 = peer.address.family === 4
  message.type = isIpv4 ? IcmpType.DESTINATION_UNREACHABLE : Icmpv6Type.DESTINATION_UNREACHABLE
  message.code = isIpv4 ? IcmpUnreachable.PORT : Icmpv6Unreachable.PORT
  message.rest = 0
  message.octets = quote
  message.start = 0
  message.length = length + 8
  message.source = peer.address
  message.destination = addressOf(peer)
  if (isIpv4) return writePacket(into, peer, Protocol.ICMP, writeIcmp(into, length, message))
  return writePacket(into, peer, Protocol.ICMPV6, writeIcmpv6(into, length, message))
}

function writePacket(into: Uint8Array, peer: Peer, protocol: number, length: number): number {
  header.family = peer.address.family
  header.source = peer.address
  header.destination = addressOf(peer)
  header.protocol = protocol
  return writeIp(into, 0, header, length) + length
}

/** The stack's address of the peer's family. */
function addressOf({ address }: Peer): IpAddress {
  return STACK_ADDRESSES[address.family]
}

function headerLength({ address }: Peer): number {
  return address.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
}

/** Whether a segment of the stack's has timestamps, and echoes the client's. */
export function isStamped({ timestamps, tsEcr }: Segment): boolean {
  return timestamps && tsEcr === TS_VAL
}

/** The segment in a frame of the stack's. Throws if it is anything else: nothing else is ever due here. Borrowed until the next call. */
export function readSegment(octets: Uint8Array, length: number): Segment {
  const defect = parseIp(octets, 0, length, ip)
  if (defect !== undefined || ip.protocol !== Protocol.TCP) throw new Error(`the stack sent no segment: ${defect}`)
  read.source = ip.source
  read.destination = ip.destination
  const malformed = parseTcp(octets, ip.payloadStart, ip.payloadEnd, read, true)
  if (malformed !== undefined) throw new Error(`the stack sent a malformed segment: ${malformed}`)
  return read
}
