/** Between the explorer's segments and the frames that a stack takes and gives. */
import { IpAddress } from '../../src/wire/address.ts'
import { IcmpMessage, IcmpType, IcmpUnreachable, writeIcmp } from '../../src/wire/icmp.ts'
import { IPV4_HEADER_LENGTH, IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../../src/wire/tcp.ts'
import { streamOctet } from '../support/trace-packet.ts'
import type { Peer } from './peer.ts'
import { type Arrival, has, SYN } from './rfc9293-terms.ts'
import { distance } from './sequence.ts'

export const STACK_ADDRESS: IpAddress = IpAddress.parse('192.0.2.1')!
export const WINDOW = 65_535
export const MSS = 1460

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
  segment.destination = STACK_ADDRESS
  segment.sourcePort = peer.port
  segment.destinationPort = localPort
  segment.flags = arrival.flags
  segment.seq = arrival.seq
  segment.ack = arrival.ack
  segment.wnd = WINDOW
  if (has(arrival, SYN)) segment.mss = MSS
  const position = distance(isn, arrival.seq) - 1
  for (let i = 0; i < arrival.length; i++) text[i] = streamOctet(position + i)
  segment.octets = text
  segment.length = arrival.length
  return writePacket(into, peer, Protocol.TCP, writeTcp(into, IPV4_HEADER_LENGTH, segment, false))
}

/** Writes ICMP's port unreachable about the segment that the stack sent to `peer` with number `seq`. */
export function writeUnreachable(into: Uint8Array, peer: Peer, localPort: number, seq: number): number {
  const quote = new Uint8Array(IPV4_HEADER_LENGTH + 60)
  segment.clear()
  segment.source = STACK_ADDRESS
  segment.destination = peer.address
  segment.sourcePort = localPort
  segment.destinationPort = peer.port
  segment.seq = seq
  const quoted = writeTcp(quote, IPV4_HEADER_LENGTH, segment, false)
  header.source = STACK_ADDRESS
  header.destination = peer.address
  header.protocol = Protocol.TCP
  writeIp(quote, 0, header, quoted)
  message.type = IcmpType.DESTINATION_UNREACHABLE
  message.code = IcmpUnreachable.PORT
  message.rest = 0
  message.octets = quote
  message.start = 0
  message.length = IPV4_HEADER_LENGTH + 8
  message.source = peer.address
  message.destination = STACK_ADDRESS
  return writePacket(into, peer, Protocol.ICMP, writeIcmp(into, IPV4_HEADER_LENGTH, message))
}

function writePacket(into: Uint8Array, peer: Peer, protocol: number, length: number): number {
  header.source = peer.address
  header.destination = STACK_ADDRESS
  header.protocol = protocol
  writeIp(into, 0, header, length)
  return IPV4_HEADER_LENGTH + length
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
