/**
 * Packets in the numbers of the wire, for whoever writes them down in a notation. What goes into a stack is put together
 * here octet by octet, so that it can be what no writer of ours would make; what comes out is read with the stack's
 * parsers, which check it.
 */
import type { IpAddress } from '../wire/address.ts'
import { foldChecksum, pseudoHeaderSum, sumOctets } from '../wire/checksum.ts'
import { IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp, writeIp } from '../wire/ip-packet.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../wire/octets.ts'
import { Segment } from '../wire/segment.ts'
import { parseTcp } from '../wire/tcp.ts'
import type { TcpOption } from './script.ts'

/** TCP options end on a multiple of 4 octets. */
const WORD = 4

/** The two ends of a connection, as the stack sees them. */
export interface Ends {
  readonly local: IpAddress
  readonly localPort: number
  readonly remote: IpAddress
  readonly remotePort: number
}

/** A segment for the stack; what is not given is 0, or nothing. */
export interface RawSegment {
  /** The header's 12 bits. */
  readonly flags: number
  readonly seq: number
  readonly ack?: number | undefined
  /** The header's field, not scaled. */
  readonly win?: number | undefined
  readonly urg?: number | undefined
  readonly options: readonly number[]
  readonly payload: Uint8Array
}

/** Of the IP header. */
export interface RawIp {
  readonly trafficClass?: number | undefined
  readonly hopLimit?: number | undefined
}

/** An ICMP error about a segment of the stack's. */
export interface RawIcmp {
  readonly type: number
  readonly code: number
  readonly mtu?: number | undefined
  /** Of the segment that is quoted. */
  readonly seq: number
  readonly length: number
}

/** The octets of every stream, in both directions: what is lost, repeated or displaced shows. */
export function streamOctet(position: number): number {
  return (position * 7 + (position >>> 8) * 13 + (position >>> 16) * 29) & 0xff
}

/** From position `from` up to `to`. */
export function stream(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => streamOctet(from + i))
}

/** A packet with this segment, from the peer. */
export function encodeSegment(ends: Ends, ip: RawIp, segment: RawSegment): Uint8Array {
  const { flags, options, payload } = segment
  const start = 20 + options.length
  const tcp = new Uint8Array(start + payload.length)
  writeUint16(tcp, 0, ends.remotePort)
  writeUint16(tcp, 2, ends.localPort)
  writeUint32(tcp, 4, segment.seq)
  writeUint32(tcp, 8, segment.ack ?? 0)
  tcp[12] = (start << 2) | (flags >>> 8)
  tcp[13] = flags
  writeUint16(tcp, 14, segment.win ?? 0)
  writeUint16(tcp, 18, segment.urg ?? 0)
  tcp.set(options, 20)
  tcp.set(payload, start)
  return packet(ends, ip, Protocol.TCP, tcp, 16)
}

/** A packet with this error: the quoted segment's IP header and first 8 octets come back (RFC 792). */
export function encodeIcmpError(ends: Ends, ip: RawIp, icmp: RawIcmp): Uint8Array {
  const quote = new Uint8Array(48)
  const headerLength = writeIp(quote, 0, ipHeader(ends, 'out', Protocol.TCP), 20 + icmp.length)
  writeUint16(quote, headerLength, ends.localPort)
  writeUint16(quote, headerLength + 2, ends.remotePort)
  writeUint32(quote, headerLength + 4, icmp.seq)
  const body = new Uint8Array(8 + headerLength + 8)
  body[0] = icmp.type
  body[1] = icmp.code
  if (icmp.mtu !== undefined) writeUint32(body, 4, icmp.mtu)
  body.set(quote.subarray(0, headerLength + 8), 8)
  return packet(ends, ip, ends.remote.family === 4 ? Protocol.ICMP : Protocol.ICMPV6, body, 2)
}

function ipHeader(ends: Ends, way: 'in' | 'out', protocol: number): IpHeader {
  const header = new IpHeader()
  header.family = ends.remote.family
  header.protocol = protocol
  header.source.copy(way === 'in' ? ends.remote : ends.local)
  header.destination.copy(way === 'in' ? ends.local : ends.remote)
  return header
}

/** From the peer; the transport's checksum goes to body[checksumAt]. */
function packet(ends: Ends, ip: RawIp, protocol: number, body: Uint8Array, checksumAt: number): Uint8Array {
  const header = ipHeader(ends, 'in', protocol)
  header.trafficClass = ip.trafficClass ?? 0
  if (ip.hopLimit !== undefined) header.hopLimit = ip.hopLimit
  const pseudo =
    protocol === Protocol.ICMP ? 0 : pseudoHeaderSum(header.source, header.destination, protocol, body.length)
  writeUint16(body, checksumAt, foldChecksum(sumOctets(body, 0, body.length, pseudo)))
  const octets = new Uint8Array(40 + body.length)
  const headerLength = writeIp(octets, 0, header, body.length)
  octets.set(body, headerLength)
  return octets.subarray(0, headerLength + body.length)
}

/** The options' octets, padded to a whole word. */
export function encodeOptions(options: readonly TcpOption[]): number[] {
  const octets = options.flatMap(encodeOption)
  while (octets.length % WORD !== 0) octets.push(0)
  return octets
}

function encodeOption(option: TcpOption): readonly number[] {
  const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  switch (option.kind) {
    case 'eol':
      return [0]
    case 'nop':
      return [1]
    case 'mss':
      return [2, 4, option.value >>> 8, option.value & 255]
    case 'wscale':
      return [3, 3, option.value]
    case 'sackOK':
      return [4, 2]
    case 'sack':
      return [5, 2 + 8 * option.blocks.length, ...option.blocks.flat().flatMap(word)]
    case 'TS':
      return [8, 10, ...word(option.val), ...word(option.ecr)]
    case 'FO':
      return [34, 2 + option.cookie.length, ...option.cookie]
    default:
      return option.octets
  }
}

export function decodeOptions(octets: Uint8Array): TcpOption[] {
  const options: TcpOption[] = []
  for (let at = 0; at < octets.length; ) {
    const length = octets[at]! < 2 ? 1 : Math.max(octets[at + 1] ?? 0, 2)
    options.push(decodeOption(octets.subarray(at, at + length)))
    at += length
  }
  return options
}

function decodeOption(octets: Uint8Array): TcpOption {
  const [kind, length] = octets
  if (kind === 0) return { kind: 'eol' }
  if (kind === 1) return { kind: 'nop' }
  if (kind === 2 && length === 4) return { kind: 'mss', value: readUint16(octets, 2) }
  if (kind === 3 && length === 3) return { kind: 'wscale', value: octets[2]! }
  if (kind === 4 && length === 2) return { kind: 'sackOK' }
  if (kind === 8 && length === 10) return { kind: 'TS', val: readUint32(octets, 2), ecr: readUint32(octets, 6) }
  if (kind === 34) return { kind: 'FO', cookie: [...octets.subarray(2)] }
  if (kind === 5 && length! % 8 === 2) {
    const block = (at: number): readonly [number, number] => [readUint32(octets, at), readUint32(octets, at + 4)]
    return { kind: 'sack', blocks: Array.from({ length: (length! - 2) / 8 }, (_, i) => block(2 + 8 * i)) }
  }
  return { kind: 'unknown', octets: [...octets] }
}

/** A packet of the stack's: its headers, or a sentence about what it is in place of a sound segment. */
export function decodePacket(octets: Uint8Array): { header: IpHeader; tcp: Segment } | string {
  const header = new IpHeader()
  const malformed = parseIp(octets, 0, octets.length, header)
  if (malformed !== undefined) return `a malformed packet: ${malformed}`
  if (header.protocol !== Protocol.TCP) {
    const [type, code] = octets.subarray(header.payloadStart)
    return `a packet of protocol ${header.protocol} to ${header.destination}, its first octets ${type} ${code}`
  }
  const tcp = new Segment()
  tcp.source.copy(header.source)
  tcp.destination.copy(header.destination)
  const defect = parseTcp(octets, header.payloadStart, header.payloadEnd, tcp, true)
  return defect === undefined ? { header, tcp } : `a malformed segment: ${defect}`
}
