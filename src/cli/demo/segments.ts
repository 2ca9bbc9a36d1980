import { IpAddress } from '../../wire/address.ts'
import { IpHeader, Protocol } from '../../wire/ip.ts'
import { parseIp, writeIp } from '../../wire/ip-packet.ts'
import { ACK, RST, Segment, SYN } from '../../wire/segment.ts'
import { parseTcp, tcpHeaderLength, writeTcp } from '../../wire/tcp.ts'

/** The TCP segment in a frame, or undefined; it is valid until the next call. */
export function readSegment(octets: Uint8Array, start: number, end: number): Segment | undefined {
  const defect = parseIp(octets, start, end, header)
  if (defect !== undefined || header.protocol !== Protocol.TCP || header.fragment) return undefined
  segment.clear()
  segment.source.copy(header.source)
  segment.destination.copy(header.destination)
  // The checksum is the stack's business, and on a link with offloads it isn't there yet.
  return parseTcp(octets, header.payloadStart, header.payloadEnd, segment, false) === undefined ? segment : undefined
}

const header = new IpHeader()
const segment = new Segment()

export function isSyn(segment: Segment): boolean {
  return segment.has(SYN) && !segment.has(ACK) && !segment.has(RST)
}

export function isSynAck(segment: Segment): boolean {
  return segment.has(SYN) && segment.has(ACK)
}

/** A SYN as a packet, for a client who is not there. */
export function synPacket(from: string, fromPort: number, to: string, toPort: number, seq: number): Uint8Array {
  const syn = new Segment()
  syn.source.copy(IpAddress.parse(from)!)
  syn.destination.copy(IpAddress.parse(to)!)
  syn.sourcePort = fromPort
  syn.destinationPort = toPort
  syn.seq = seq
  syn.flags = SYN
  syn.wnd = 65_535
  syn.mss = 1460
  const ip = new IpHeader()
  ip.family = syn.source.family
  ip.source.copy(syn.source)
  ip.destination.copy(syn.destination)
  ip.protocol = Protocol.TCP
  const length = tcpHeaderLength(syn)
  const octets = new Uint8Array(40 + length)
  const payloadAt = writeIp(octets, 0, ip, length)
  return octets.subarray(0, payloadAt + writeTcp(octets, payloadAt, syn, false))
}
