/** Between the packets of a script and octets. */

import type { Flow, SentSegment } from './flow.ts'
import {
  decodeOptions,
  decodePacket,
  encodeIcmpError,
  encodeOptions,
  encodeSegment,
  type RawIp,
  stream,
  streamOctet,
} from './raw-packet.ts'
import { ScriptFailure } from './report.ts'
import { type Ecn, FLAG_LETTERS, type IcmpPacket, type IpFields, type TcpPacket, writtenFlags } from './script.ts'

/** The ECN field in the IP header (RFC 3168 §5): each name at its value, and back. */
const ECN_NAMES = ['noecn', 'ect1', 'ect0', 'ce'] as const
const ECN_BITS: Record<Ecn, number> = { noecn: 0, ect1: 1, ect0: 2, ce: 3, ect01: 2 }
const MOST_OPTIONS = 40

/**
 * A segment for the stack, in the numbers of the wire.
 * @throws {ScriptFailure} its options are longer than a header's 40 octets
 */
export function encodeTcp(flow: Flow, packet: TcpPacket): Uint8Array {
  const options = encodeOptions(packet.options === 'any' ? [] : packet.options)
  if (options.length > MOST_OPTIONS) {
    throw new ScriptFailure(`the options take ${options.length} octets, and a header has room for ${MOST_OPTIONS}`)
  }
  const flags = [...FLAG_LETTERS].reduce((bits, letter, i) => bits | (packet.flags.includes(letter) ? 1 << i : 0), 0)
  const first = positionOf(packet, flow.peerIsn)
  const { seq, ack, win, urg } = packet
  const payload = stream(first, first + packet.length)
  return encodeSegment(flow, rawIp(packet.ip), { flags, seq, ack, win, urg, options, payload })
}

function rawIp(ip: IpFields): RawIp {
  return { trafficClass: ip.tos ?? ECN_BITS[ip.ecn ?? 'noecn'], hopLimit: ip.ttl }
}

/** The position in its stream of the first octet of a payload: a SYN takes the number before it. */
function positionOf({ seq, flags }: TcpPacket, isn: number): number {
  return ((seq - isn) | 0) - (flags.includes('S') ? 0 : 1)
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
  const [type, code] = codes
  const { seq, length } = icmp.quoted ?? { seq: 0, length: 0 }
  return encodeIcmpError(flow, rawIp(icmp.ip), { type, code, mtu: icmp.mtu, seq: flow.toWire(seq), length })
}

/** The index of the first octet of a payload of the stack's that is not its stream's; -1 when all are. */
export function firstWrongOctet({ packet, payload }: SentSegment, iss: number): number {
  const first = positionOf(packet, iss)
  return payload.findIndex((octet, i) => octet !== streamOctet(first + i))
}

/** What the stack sent, or a sentence about what it is in place of a segment. */
export function decode(octets: Uint8Array, at: number): SentSegment | string {
  const read = decodePacket(octets)
  if (typeof read === 'string') return read
  const { header, tcp } = read
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
