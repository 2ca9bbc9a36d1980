/**
 * Between a trace's notation and the packets on the wire. Packets to the stack are put together here octet by octet,
 * so that a trace can carry what the stack's own writer never would; packets from the stack are read with the stack's
 * parsers, which check every checksum.
 */
import type { IpAddress } from '../../src/wire/address.ts'
import { foldChecksum, pseudoHeaderSum, sumOctets } from '../../src/wire/checksum.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../src/wire/octets.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'
import { formatSegment } from './trace-format.ts'
import { FLAG_LETTERS, type IcmpNotation, type OptionNotation, type SegmentNotation } from './trace-parse.ts'

/** The other end of a connection of the stack's, with what turns relative numbers into absolute ones. */
export interface Peer {
  readonly name: string
  readonly address: IpAddress
  readonly port: number
  readonly localAddress: IpAddress
  readonly localPort: number
  /** The peer's initial sequence number: what 0 stands for in `<` sequence and `>` acknowledgment numbers. */
  readonly isn: number
  /** The stack's, learnt from its last SYN. Until then numbers of the stack's stand for themselves. */
  iss: number | undefined
  /** The first TSval of the stack's since that SYN, which is written as 0. */
  firstTsVal: number | undefined
  lastTsVal: number
  /** The last Fast Open cookie that the stack gave. */
  lastCookie: number[]
}

/** A packet that the stack sent. */
export interface Sent {
  at: number
  /** Undefined when it went to nobody in the trace. */
  peer: Peer | undefined
  /** Undefined for what is not TCP. */
  segment: SegmentNotation | undefined
  /** What is wrong with it whatever was expected; undefined when nothing is. */
  defect: string | undefined
  /** The rest of the line in a trace, from the arrow on. */
  text: string
}

/** The octets of every stream, in both directions, from position `from` up to `to`; octet 0 has sequence number 1. */
export function stream(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, i) => streamOctet(from + i))
}

export function streamOctet(position: number): number {
  return (position * 7 + (position >>> 8) * 13 + (position >>> 16) * 29) & 0xff
}

/** Position in its stream of the first octet of a payload: a SYN takes the number before it. */
function positionOf(segment: SegmentNotation): number {
  return segment.seq - (segment.flags.includes('S') ? 0 : 1)
}

export function encodeSegment(peer: Peer, segment: SegmentNotation): Uint8Array {
  const options = encodeOptions(peer, segment)
  const tcp = new Uint8Array(20 + options.length + segment.length)
  const flags = [...FLAG_LETTERS].reduce((bits, letter, i) => bits | (segment.flags.includes(letter) ? 1 << i : 0), 0)
  writeUint16(tcp, 0, peer.port)
  writeUint16(tcp, 2, peer.localPort)
  writeUint32(tcp, 4, peer.isn + segment.seq)
  writeUint32(tcp, 8, segment.ack === undefined ? 0 : (peer.iss ?? 0) + segment.ack)
  tcp[12] = ((20 + options.length) << 2) | (flags >>> 8)
  tcp[13] = flags
  writeUint16(tcp, 14, segment.win ?? 65_535)
  writeUint16(tcp, 18, segment.urg ?? 0)
  tcp.set(options, 20)
  const position = positionOf(segment)
  tcp.set(stream(position, position + segment.length), 20 + options.length)
  return packet(peer, Protocol.TCP, tcp, 16, segment.ecn)
}

function encodeOptions(peer: Peer, segment: SegmentNotation): number[] {
  const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  const octets = (segment.options ?? []).flatMap((option) => {
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
        return [5, 2 + 4 * option.edges.length, ...option.edges.flatMap((edge) => word((peer.iss ?? 0) + edge))]
      case 'TS':
        return [8, 10, ...word(Number(option.val)), ...word(echoed(peer, option, segment))]
      case 'FO': {
        const cookie = option.cookie === 'last' ? peer.lastCookie : [...option.cookie].map(Number)
        return [34, 2 + cookie.length, ...cookie]
      }
      default:
        return option.octets
    }
  })
  while (octets.length % 4 !== 0) octets.push(0)
  return octets
}

/** A segment without an ACK echoes nothing: its TSecr stands as it is written. */
function echoed(peer: Peer, option: OptionNotation & { kind: 'TS' }, segment: SegmentNotation): number {
  if (option.ecr === 'last') return peer.lastTsVal
  return segment.ack === undefined ? Number(option.ecr) : (peer.firstTsVal ?? 0) + Number(option.ecr)
}

const ICMP_ERRORS: Record<string, { v4?: [type: number, code: number]; v6?: [type: number, code: number] }> = {
  'unreachable net_unreachable': { v4: [3, 0], v6: [1, 0] },
  'unreachable host_unreachable': { v4: [3, 1], v6: [1, 3] },
  'unreachable protocol_unreachable': { v4: [3, 2] },
  'unreachable port_unreachable': { v4: [3, 3], v6: [1, 4] },
  'unreachable frag_needed': { v4: [3, 4] },
  'unreachable source_route_failed': { v4: [3, 5] },
  'unreachable admin_prohibited': { v4: [3, 13], v6: [1, 1] },
  source_quench: { v4: [4, 0] },
  'time_exceeded ttl_exceeded': { v4: [11, 0], v6: [3, 0] },
  'time_exceeded reassembly_exceeded': { v4: [11, 1], v6: [3, 1] },
  parameter_problem: { v4: [12, 0], v6: [4, 0] },
  packet_too_big: { v6: [2, 0] },
}

/** An error about a segment of the stack's, of which the IP header and the first 8 octets come back (RFC 792). */
export function encodeIcmp(peer: Peer, icmp: IcmpNotation): Uint8Array {
  const { family } = peer.address
  const codes = ICMP_ERRORS[icmp.name]?.[family === 4 ? 'v4' : 'v6']
  if (codes === undefined) {
    throw new Error(`no ICMP error of IPv${family} is called "${icmp.name}": ${Object.keys(ICMP_ERRORS).join(', ')}`)
  }
  const quoted = new Uint8Array(8)
  writeUint16(quoted, 0, peer.localPort)
  writeUint16(quoted, 2, peer.port)
  writeUint32(quoted, 4, (peer.iss ?? 0) + icmp.seq)
  const quote = new Uint8Array(48)
  const headerLength = writeIp(quote, 0, ipHeader(peer, 'out', Protocol.TCP), 20 + icmp.length)
  quote.set(quoted, headerLength)
  const body = new Uint8Array(8 + headerLength + quoted.length)
  body.set(codes)
  if (icmp.mtu !== undefined) writeUint32(body, 4, icmp.mtu)
  body.set(quote.subarray(0, headerLength + quoted.length), 8)
  return packet(peer, family === 4 ? Protocol.ICMP : Protocol.ICMPV6, body, 2)
}

function ipHeader(peer: Peer, way: 'in' | 'out', protocol: number): IpHeader {
  const header = new IpHeader()
  header.family = peer.address.family
  header.protocol = protocol
  header.source.copy(way === 'in' ? peer.address : peer.localAddress)
  header.destination.copy(way === 'in' ? peer.localAddress : peer.address)
  return header
}

/** An IP packet from the peer; its transport checksum goes to body[checksumAt]. */
function packet(peer: Peer, protocol: number, body: Uint8Array, checksumAt: number, ecn = 0): Uint8Array {
  const header = ipHeader(peer, 'in', protocol)
  header.trafficClass = ecn
  const pseudo =
    protocol === Protocol.ICMP ? 0 : pseudoHeaderSum(header.source, header.destination, protocol, body.length)
  writeUint16(body, checksumAt, foldChecksum(sumOctets(body, 0, body.length, pseudo)))
  const octets = new Uint8Array(40 + body.length)
  const headerLength = writeIp(octets, 0, header, body.length)
  octets.set(body, headerLength)
  return octets.subarray(0, headerLength + body.length)
}

/** Reads what the stack sent, and learns its initial sequence number and timestamp from it. */
export function decode(octets: Uint8Array, at: number, peers: Iterable<Peer>): Sent {
  const header = new IpHeader()
  const malformed = parseIp(octets, 0, octets.length, header)
  if (malformed !== undefined) return undecoded(at, `a malformed packet: ${malformed}`)
  if (header.protocol !== Protocol.TCP) {
    const [type, code] = octets.subarray(header.payloadStart)
    return undecoded(at, `to ${header.destination} protocol ${header.protocol}, its first octets ${type} ${code}`)
  }
  const tcp = new Segment()
  tcp.source.copy(header.source)
  tcp.destination.copy(header.destination)
  const defect = parseTcp(octets, header.payloadStart, header.payloadEnd, tcp, true)
  if (defect !== undefined) return undecoded(at, `a malformed segment: ${defect}`)
  const peer = [...peers].find((p) => addressed(p, tcp))
  if (peer !== undefined) learn(peer, tcp)
  const segment = notate(tcp, peer)
  if ((header.trafficClass & 3) !== 0) segment.ecn = header.trafficClass & 3
  const arrow = peer === undefined ? `> (to ${tcp.destination} port ${tcp.destinationPort})` : `>${peer.name}`
  const wrong = peer?.iss === undefined ? -1 : firstWrongOctet(tcp, positionOf(segment))
  return {
    at,
    peer,
    segment,
    defect: wrong < 0 ? undefined : `octet ${wrong} of its payload is not the stream's`,
    text: `${arrow} ${formatSegment(segment)}`,
  }
}

function undecoded(at: number, what: string): Sent {
  return { at, peer: undefined, segment: undefined, defect: what, text: `> ${what}` }
}

function addressed(peer: Peer, tcp: Segment): boolean {
  return (
    peer.port === tcp.destinationPort &&
    peer.localPort === tcp.sourcePort &&
    peer.address.equals(tcp.destination) &&
    peer.localAddress.equals(tcp.source)
  )
}

function learn(peer: Peer, tcp: Segment): void {
  if (tcp.flags & 2 && peer.iss !== tcp.seq) {
    peer.iss = tcp.seq
    peer.firstTsVal = undefined
  }
  if (tcp.cookieLength > 0) peer.lastCookie = [...tcp.cookie.subarray(0, tcp.cookieLength)]
  if (tcp.timestamps) {
    peer.firstTsVal ??= tcp.tsVal
    peer.lastTsVal = tcp.tsVal
  }
}

function notate(tcp: Segment, peer: Peer | undefined): SegmentNotation {
  return {
    flags: [...FLAG_LETTERS].filter((_, bit) => tcp.flags & (1 << bit)).join('') || '-',
    seq: (tcp.seq - (peer?.iss ?? 0)) | 0,
    length: tcp.length,
    ack: tcp.flags & 16 ? (tcp.ack - (peer?.isn ?? 0)) | 0 : undefined,
    win: tcp.wnd,
    urg: tcp.flags & 32 ? tcp.urg : undefined,
    options: decodeOptions(tcp.octets.subarray(tcp.optionsStart, tcp.optionsEnd), peer),
  }
}

function decodeOptions(octets: Uint8Array, peer: Peer | undefined): OptionNotation[] {
  const options: OptionNotation[] = []
  for (let at = 0; at < octets.length; ) {
    const length = octets[at]! < 2 ? 1 : Math.max(octets[at + 1] ?? 0, 2)
    options.push(decodeOption(octets.subarray(at, at + length), peer))
    at += length
  }
  return options
}

function decodeOption(octets: Uint8Array, peer: Peer | undefined): OptionNotation {
  const [kind, length] = octets
  if (kind === 0) return { kind: 'eol' }
  if (kind === 1) return { kind: 'nop' }
  if (kind === 2 && length === 4) return { kind: 'mss', value: readUint16(octets, 2) }
  if (kind === 3 && length === 3) return { kind: 'wscale', value: octets[2]! }
  if (kind === 4 && length === 2) return { kind: 'sackOK' }
  if (kind === 5 && length! % 8 === 2) {
    const edges = Array.from({ length: (length! - 2) / 4 }, (_, i) => readUint32(octets, 2 + 4 * i))
    return { kind: 'sack', edges: edges.map((edge) => (edge - (peer?.isn ?? 0)) | 0) }
  }
  if (kind === 8 && length === 10) {
    const val = (readUint32(octets, 2) - (peer?.firstTsVal ?? 0)) >>> 0
    return { kind: 'TS', val, ecr: readUint32(octets, 6) }
  }
  if (kind === 34) return { kind: 'FO', cookie: [...octets.subarray(2)] }
  return { kind: 'raw', octets: [...octets] }
}

function firstWrongOctet(tcp: Segment, position: number): number {
  for (let i = 0; i < tcp.length; i++) if (tcp.octets[tcp.start + i] !== streamOctet(position + i)) return i
  return -1
}
