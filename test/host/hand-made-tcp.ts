import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp, tcpHeaderLength, writeTcp } from '../../src/wire/tcp.ts'

/** What of a segment is written down; the addresses and ports are the connection's. */
export interface Fields {
  flags: number
  seq: number
  ack?: number
  mss?: number
  payload?: Uint8Array
}

/** A packet whose TCP checksum is left to the link, behind `headroom` octets of nothing. */
export function tcpPacket(
  from: { address: string; port: number },
  to: { address: string; port: number },
  fields: Fields,
  headroom: number,
): Uint8Array {
  const segment = new Segment()
  segment.source = IpAddress.parse(from.address)!
  segment.destination = IpAddress.parse(to.address)!
  segment.sourcePort = from.port
  segment.destinationPort = to.port
  segment.wnd = 65_535
  const { payload, ...rest } = fields
  Object.assign(segment, rest)
  if (payload !== undefined) {
    segment.octets = payload
    segment.length = payload.length
  }
  const header = new IpHeader()
  header.source = segment.source
  header.destination = segment.destination
  header.family = header.source.family
  header.protocol = Protocol.TCP
  header.dontFragment = true
  const length = tcpHeaderLength(segment) + segment.length
  const start = headroom + (header.family === 4 ? 20 : 40)
  const octets = new Uint8Array(start + length)
  writeIp(octets, headroom, header, length)
  writeTcp(octets, start, segment, true)
  return octets
}

/** The TCP segment in a frame; undefined if it is something else. Its payload lies in `frame`. */
export function segmentIn(frame: Uint8Array): Segment | undefined {
  const header = new IpHeader()
  if (parseIp(frame, 0, frame.length, header) !== undefined || header.protocol !== Protocol.TCP) return undefined
  const segment = new Segment()
  segment.source = header.source
  segment.destination = header.destination
  return parseTcp(frame, header.payloadStart, header.payloadEnd, segment, false) === undefined ? segment : undefined
}
