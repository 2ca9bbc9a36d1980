/**
 * Between a trace's notation and the packets on the wire. Packets to the stack are put together octet by octet, so that
 * a trace can carry what the stack's own writer never would; packets from the stack are read with its parsers, which
 * check every checksum.
 */
import {
  decodeOptions,
  decodePacket,
  type Ends,
  encodeIcmpError,
  encodeOptions,
  encodeSegment as encodeRaw,
  stream,
  streamOctet,
} from '../../src/packetdrill/raw-packet.ts'
import type { TcpOption } from '../../src/packetdrill/script.ts'
import type { IpAddress } from '../../src/wire/address.ts'
import type { Segment } from '../../src/wire/segment.ts'
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

export { stream, streamOctet }

function endsOf({ address, port, localAddress, localPort }: Peer): Ends {
  return { local: localAddress, localPort, remote: address, remotePort: port }
}

/** Position in its stream of the first octet of a payload: a SYN takes the number before it. */
function positionOf(segment: SegmentNotation): number {
  return segment.seq - (segment.flags.includes('S') ? 0 : 1)
}

export function encodeSegment(peer: Peer, segment: SegmentNotation): Uint8Array {
  const { length, urg, win = 65_535, ecn: trafficClass } = segment
  const position = positionOf(segment)
  return encodeRaw(
    endsOf(peer),
    { trafficClass },
    {
      flags: [...FLAG_LETTERS].reduce((bits, letter, i) => bits | (segment.flags.includes(letter) ? 1 << i : 0), 0),
      seq: peer.isn + segment.seq,
      ack: segment.ack === undefined ? undefined : (peer.iss ?? 0) + segment.ack,
      win,
      urg,
      options: encodeOptions((segment.options ?? []).map((option) => absolute(peer, option, segment))),
      payload: stream(position, position + length),
    },
  )
}

/** The option in the numbers of the wire. */
function absolute(peer: Peer, option: OptionNotation, segment: SegmentNotation): TcpOption {
  switch (option.kind) {
    case 'sack': {
      const edges = option.edges.map((edge) => (peer.iss ?? 0) + edge)
      const block = (i: number): [number, number] => [edges[2 * i]!, edges[2 * i + 1]!]
      return { kind: 'sack', blocks: Array.from({ length: edges.length / 2 }, (_, i) => block(i)) }
    }
    case 'TS':
      return { kind: 'TS', val: Number(option.val), ecr: echoed(peer, option, segment) }
    case 'FO':
      return { kind: 'FO', cookie: option.cookie === 'last' ? peer.lastCookie : [...option.cookie].map(Number) }
    case 'raw':
      return { kind: 'unknown', octets: option.octets }
    default:
      return option
  }
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
  const [type, code] = codes
  const { mtu, length } = icmp
  return encodeIcmpError(endsOf(peer), {}, { type, code, mtu, seq: (peer.iss ?? 0) + icmp.seq, length })
}

/** Reads what the stack sent, and learns its initial sequence number and timestamp from it. */
export function decode(octets: Uint8Array, at: number, peers: Iterable<Peer>): Sent {
  const read = decodePacket(octets)
  if (typeof read === 'string') return { at, peer: undefined, segment: undefined, defect: read, text: `> ${read}` }
  const { header, tcp } = read
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
    options: decodeOptions(tcp.octets.subarray(tcp.optionsStart, tcp.optionsEnd)).map((o) => relative(o, peer)),
  }
}

/** The option in the trace's numbers. */
function relative(option: TcpOption, peer: Peer | undefined): OptionNotation {
  switch (option.kind) {
    case 'sack':
      return { kind: 'sack', edges: option.blocks.flat().map((edge) => (edge - (peer?.isn ?? 0)) | 0) }
    case 'TS':
      return { kind: 'TS', val: (option.val - (peer?.firstTsVal ?? 0)) >>> 0, ecr: option.ecr }
    case 'FO':
      return { kind: 'FO', cookie: [...option.cookie] }
    case 'unknown':
      return { kind: 'raw', octets: [...option.octets] }
    default:
      return option
  }
}

function firstWrongOctet(tcp: Segment, position: number): number {
  for (let i = 0; i < tcp.length; i++) if (tcp.octets[tcp.start + i] !== streamOctet(position + i)) return i
  return -1
}
