/**
 * Between the packets of a script and octets. What goes into the stack is put together here octet by octet, so that a
 * script can say what no writer of ours would; what comes out is read with the stack's parsers, which check it.
 */
import { foldChecksum, pseudoHeaderSum, sumOctets } from '../wire/checksum.ts'
import { IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp, writeIp } from '../wire/ip-packet.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../wire/octets.ts'
import { Segment } from '../wire/segment.ts'
import { parseTcp } from '../wire/tcp.ts'
import type { Flow, SentSegment } from './flow.ts'
import { ScriptFailure } from './report.ts'
import {
  type Ecn,
  FLAG_LETTERS,
  type IcmpPacket,
  type IpFields,
  type TcpOption,
  type TcpPacket,
  writtenFlags,
} from './script.ts'

/** The ECN field in the IP header (RFC 3168 §5): each name at its value, and back. */
const ECN_NAMES = ['noecn', 'ect1', 'ect0', 'ce'] as const
const ECN_BITS: Record<Ecn, number> = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 }
/** TCP options end on a multiple of 4 octets. */
const WORD = 4
const MOST_OPTIONS = 40

/**
 * The octets of every stream, in both directions, by their number: what is lost, repeated or displaced shows. Number 1
 * is the first behind the SYN.
 */
export function streamOctet(position: number): number {
  return (position * 7 + (position >>> 8) * 13 + (position >>> 16) * 29) & 0xff
}

export function stream(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => streamOctet(from + i))
}

/**
 * A segment for the stack, in the numbers of the wire.
 * @throws {ScriptFailure} its options are longer than a header's 40 octets
 */
export function encodeTcp(flow: Flow, packet: TcpPacket): Uint8Array {
  const options = encodeOptions(packet.options === 'any' ? [] : packet.options)
  const start = 20 + options.length
  const tcp = new Uint8Array(start + packet.length)
  const flags = [...FLAG_LETTERS].reduce((bits, letter, i) => bits | (packet.flags.includes(letter) ? 1 << i : 0), 0)
  writeUint16(tcp, 0, flow.remotePort)
  writeUint16(tcp, 2, flow.localPort)
  writeUint32(tcp, 4, packet.seq)
  writeUint32(tcp, 8, packet.ack ?? 0)
  tcp[12] = (start << 2) | (flags >>> 8)
  tcp[13] = flags
  writeUint16(tcp, 14, packet.win ?? 0)
  writeUint16(tcp, 18, packet.urg ?? 0)
  tcp.set(options, 20)
  const first = positionOf(packet, flow.peerIsn)
  for (let i = 0; i < packet.length; i++) tcp[start + i] = streamOctet(first + i)
  return ipPacket(flow, packet.ip, Protocol.TCP, tcp, 16)
}

/** The position in its stream of the first octet of a payload: a SYN takes the number before it. */
function positionOf({ seq, flags }: TcpPacket, isn: number): number {
  return ((seq - isn) | 0) - (flags.includes('S') ? 0 : 1)
}

function encodeOptions(options: readonly TcpOption[]): number[] {
  const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  const octets = options.flatMap((option): number[] => {
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
        return [...option.octets]
    }
  })
  while (octets.length % WORD !== 0) octets.push(0)
  if (octets.length > MOST_OPTIONS) {
    throw new ScriptFailure(`the options take ${octets.length} octets, and a header has room for ${MOST_OPTIONS}`)
  }
  return octets
}

/** The words of packetdrill for ICMP errors: type and code in IPv4 and in IPv6. */
const ICMP_ERRORS: Record<string, { v4?: readonly [number, number]; v6?: readonly [number, number] }> = {
  'unreachable net_unreachable': { v4: [3, 0] },
  'unreachable host_unreachable': { v4: [3, 1] },
  'unreachable protocol_unreachable': { v4: [3, 2] },
  'unreachable port_unreachable': { v4: [3, 3], v6: [1, 4] },
  'unreachable frag_needed': { v4: [3, 4] },
  'unreachable source_route_failed': { v4: [3, 5] },
  'unreachable net_unknown': { v4: [3, 6] },
  'unreachable host_unknown': { v4: [3, 7] },
  'unreachable source_host_isolated': { v4: [3, 8] },
  'unreachable net_prohibited': { v4: [3, 9] },
  'unreachable host_prohibited': { v4: [3, 10] },
  'unreachable packet_filtered': { v4: [3, 13] },
  'unreachable no_route': { v6: [1, 0] },
  'unreachable admin_prohibited': { v6: [1, 1] },
  'unreachable address_unreachable': { v6: [1, 3] },
  source_quench: { v4: [4, 0] },
  'time_exceeded exceed_ttl': { v4: [11, 0] },
  'time_exceeded exceed_fragtime': { v4: [11, 1] },
  'time_exceeded exceed_hopcount': { v6: [3, 0] },
  parameter_problem: { v4: [12, 0], v6: [4, 0] },
  packet_too_big: { v6: [2, 0] },
}

/**
 * An ICMP error about a segment of the stack's: its IP header and 8 octets come back (RFC 792).
 * @throws {ScriptFailure} the family has no such error
 */
export function encodeIcmp(flow: Flow, icmp: IcmpPacket): Uint8Array {
  const { family } = flow.remote
  const name = icmp.code === undefined ? icmp.type : `${icmp.type} ${icmp.code}`
  const codes = ICMP_ERRORS[name]?.[family === 4 ? 'v4' : 'v6']
  if (codes === undefined) {
    const names = Object.keys(ICMP_ERRORS).filter((other) => ICMP_ERRORS[other]![family === 4 ? 'v4' : 'v6'])
    throw new ScriptFailure(`no ICMP error of IPv${family} is called "${name}". There are: ${names.join(', ')}`)
  }
  const quote = new Uint8Array(48)
  const { seq, length } = icmp.quoted ?? { seq: 0, length: 0 }
  const headerLength = writeIp(quote, 0, ipHeader(flow, 'out', Protocol.TCP), 20 + length)
  writeUint16(quote, headerLength, flow.localPort)
  writeUint16(quote, headerLength + 2, flow.remotePort)
  writeUint32(quote, headerLength + 4, flow.toWire(seq))
  const body = new Uint8Array(8 + headerLength + 8)
  body.set(codes)
  if (icmp.mtu !== undefined) writeUint32(body, 4, icmp.mtu)
  body.set(quote.subarray(0, headerLength + 8), 8)
  return ipPacket(flow, icmp.ip, family === 4 ? Protocol.ICMP : Protocol.ICMPV6, body, 2)
}

function ipHeader(flow: Flow, way: 'in' | 'out', protocol: number): IpHeader {
  const header = new IpHeader()
  header.family = flow.remote.family
  header.protocol = protocol
  header.source.copy(way === 'in' ? flow.remote : flow.local)
  header.destination.copy(way === 'in' ? flow.local : flow.remote)
  return header
}

/** An IP packet from the peer; its transport's checksum goes to body[checksumAt]. */
function ipPacket(flow: Flow, ip: IpFields, protocol: number, body: Uint8Array, checksumAt: number): Uint8Array {
  const header = ipHeader(flow, 'in', protocol)
  header.trafficClass = ip.tos ?? ECN_BITS[ip.ecn ?? 'noecn']
  if (ip.ttl !== undefined) header.hopLimit = ip.ttl
  const pseudo =
    protocol === Protocol.ICMP ? 0 : pseudoHeaderSum(header.source, header.destination, protocol, body.length)
  writeUint16(body, checksumAt, foldChecksum(sumOctets(body, 0, body.length, pseudo)))
  const octets = new Uint8Array(40 + body.length)
  const headerLength = writeIp(octets, 0, header, body.length)
  octets.set(body, headerLength)
  return octets.subarray(0, headerLength + body.length)
}

/** The index of the first octet of a payload of the stack's that is not its stream's; -1 when all are. */
export function firstWrongOctet({ packet, payload }: SentSegment, iss: number): number {
  const first = positionOf(packet, iss)
  return payload.findIndex((octet, i) => octet !== streamOctet(first + i))
}

/** What the stack sent, or a sentence about what it is in place of a segment. */
export function decode(octets: Uint8Array, at: number): SentSegment | string {
  const header = new IpHeader()
  const malformed = parseIp(octets, 0, octets.length, header)
  if (malformed !== undefined) return `a malformed packet: ${malformed}`
  if (header.protocol !== Protocol.TCP) {
    return `a packet of protocol ${header.protocol} to ${header.destination}, which starts with ${octets[header.payloadStart]}`
  }
  const tcp = new Segment()
  tcp.source.copy(header.source)
  tcp.destination.copy(header.destination)
  const defect = parseTcp(octets, header.payloadStart, header.payloadEnd, tcp, true)
  if (defect !== undefined) return `a malformed segment: ${defect}`
  const { sourcePort, destinationPort } = tcp
  const packet: TcpPacket = {
    kind: 'tcp',
    way: '>',
    ip: { ecn: ECN_NAMES[header.trafficClass & 3], tos: header.trafficClass, ttl: header.hopLimit },
    ports: { source: sourcePort, destination: destinationPort },
    flags: writtenFlags((_, bit) => (tcp.flags & (1 << bit)) !== 0),
    seq: tcp.seq >>> 0,
    length: tcp.length,
    ack: tcp.flags & 16 ? tcp.ack >>> 0 : undefined,
    win: tcp.wnd,
    urg: tcp.flags & 32 ? tcp.urg : undefined,
    options: decodeOptions(tcp.octets.subarray(tcp.optionsStart, tcp.optionsEnd)),
  }
  return { at, sourcePort, destinationPort, packet, payload: tcp.octets.subarray(tcp.start, tcp.start + tcp.length) }
}

function decodeOptions(octets: Uint8Array): TcpOption[] {
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
