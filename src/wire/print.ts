import type { IpAddress } from './address.ts'
import { ArpOperation, ArpPacket, parseArp } from './arp.ts'
import { EthernetHeader, EtherType, parseEthernet } from './ethernet.ts'
import { IcmpMessage, IcmpType, IcmpUnreachable, isIcmpError, parseIcmp } from './icmp.ts'
import { Icmpv6Type, Icmpv6Unreachable, isIcmpv6Error, parseIcmpv6 } from './icmpv6.ts'
import { IpHeader, Protocol } from './ip.ts'
import { parseIp } from './ip-packet.ts'
import { macText } from './mac.ts'
import { NdpMessage, parseNdp } from './ndp.ts'
import { parseQuotedTcp, QuotedTcp } from './quoted-tcp.ts'
import { ABSENT, ACK, Segment, URG } from './segment.ts'
import { parseTcp } from './tcp.ts'
import { Datagram, parseUdp } from './udp.ts'

// One line for each packet, in the notation that tcpdump once had and packetdrill has kept.

export interface PrintOptions {
  /** Taken off the sequence number, so that an initial one prints as 0. */
  readonly seqBase?: number
  /** Taken off the acknowledgement number and the edges of SACK blocks, which count in the other direction's space. */
  readonly ackBase?: number
  /** Whether the line begins with addresses and ports; true by default. */
  readonly addresses?: boolean
}

/** By bit, from FIN on: RFC 9293 §3.1 and RFC 9768. */
const FLAG_LETTERS = 'FSRP.UEWe'

/** `S.` for SYN and ACK, `F.`, `P.`, `R`, `.` for ACK alone, `-` for no flag. */
export function flagsText(flags: number): string {
  const text = [...FLAG_LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0).join('')
  return text === '' ? '-' : text
}

/** `10.0.0.1:1234 > 10.0.0.2:80 S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 7 ecr 5,wscale 7>`. */
export function printSegment(segment: Segment, options: PrintOptions = {}): string {
  const { seqBase = 0, ackBase = 0, addresses = true } = options
  const seq = (segment.seq - seqBase) >>> 0
  let line = addresses ? `${endpoints(segment)} ` : ''
  line += `${flagsText(segment.flags)} ${seq}:${(seq + segment.length) >>> 0}(${segment.length})`
  if (segment.has(ACK)) line += ` ack ${(segment.ack - ackBase) >>> 0}`
  line += ` win ${segment.wnd}`
  if (segment.has(URG)) line += ` urg ${segment.urg}`
  const list = optionTexts(segment, ackBase)
  return list.length === 0 ? line : `${line} <${list.join(',')}>`
}

function optionTexts(segment: Segment, ackBase: number): string[] {
  const list: string[] = []
  if (segment.mss !== ABSENT) list.push(`mss ${segment.mss}`)
  if (segment.sackPermitted) list.push('sackOK')
  if (segment.timestamps) list.push(`TS val ${segment.tsVal} ecr ${segment.tsEcr}`)
  if (segment.windowScale !== ABSENT) list.push(`wscale ${segment.windowScale}`)
  if (segment.sackBlocks > 0) {
    const edges = Array.from(segment.sackEdges.subarray(0, 2 * segment.sackBlocks), (edge) => (edge - ackBase) >>> 0)
    const blocks = edges.flatMap((edge, i) => (i % 2 === 0 ? [`${edge}:${edges[i + 1]!}`] : []))
    list.push(`sack ${blocks.join(' ')}`)
  }
  if (segment.cookieLength !== ABSENT) list.push(cookieText(segment))
  return list
}

/** `FO`, which asks for a cookie; `FO 0123456789abcdef`. */
function cookieText({ cookie, cookieLength }: Segment): string {
  const hex = Array.from(cookie.subarray(0, cookieLength), (octet) => octet.toString(16).padStart(2, '0'))
  return hex.length === 0 ? 'FO' : `FO ${hex.join('')}`
}

interface Endpoints {
  readonly source: IpAddress
  readonly destination: IpAddress
  readonly sourcePort: number
  readonly destinationPort: number
}

function endpoints({ source, destination, sourcePort, destinationPort }: Endpoints): string {
  return `${endpointText(source, sourcePort)} > ${endpointText(destination, destinationPort)}`
}

/** `10.0.0.1:80`, `[fd77::1]:80`. */
export function endpointText(address: IpAddress, port: number): string {
  return address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
}

/**
 * The IP packet at octets[start] up to octets[end]. Transport checksums are not looked at, since a link with offloads
 * leaves them undone; what is malformed otherwise prints as the name of its defect.
 */
export function printPacket(octets: Uint8Array, start: number, end: number): string {
  const header = new IpHeader()
  const defect = parseIp(octets, start, end, header)
  if (defect !== undefined) return `malformed packet of ${end - start} octets: ${defect}`
  if (header.fragment) return `${addressesOf(header)} ${fragmentText(header)}`
  switch (header.protocol) {
    case Protocol.TCP:
      return printTcp(octets, header)
    case Protocol.UDP:
      return printUdp(octets, header)
    case Protocol.ICMP:
    case Protocol.ICMPV6:
      return printIcmp(octets, header)
    default:
      return `${addressesOf(header)} protocol ${header.protocol} length ${header.payloadEnd - header.payloadStart}`
  }
}

function addressesOf({ source, destination }: IpHeader): string {
  return `${source} > ${destination}`
}

function fragmentText(header: IpHeader): string {
  const { fragmentOffset: from, payloadStart, payloadEnd, moreFragments, identification, protocol } = header
  const range = `${from}:${from + payloadEnd - payloadStart}${moreFragments ? '+' : ''}`
  return `protocol ${protocol} fragment ${range} of packet ${identification}`
}

function printTcp(octets: Uint8Array, header: IpHeader): string {
  const segment = new Segment()
  segment.source = header.source
  segment.destination = header.destination
  const defect = parseTcp(octets, header.payloadStart, header.payloadEnd, segment, false)
  return defect === undefined ? printSegment(segment) : `${addressesOf(header)} malformed: ${defect}`
}

function printUdp(octets: Uint8Array, header: IpHeader): string {
  const datagram = new Datagram()
  datagram.source = header.source
  datagram.destination = header.destination
  const defect = parseUdp(octets, header.payloadStart, header.payloadEnd, datagram, false)
  if (defect !== undefined) return `${addressesOf(header)} malformed: ${defect}`
  return `${endpoints(datagram)} udp length ${datagram.length}`
}

function printIcmp(octets: Uint8Array, header: IpHeader): string {
  const message = new IcmpMessage()
  message.source = header.source
  message.destination = header.destination
  const six = header.protocol === Protocol.ICMPV6
  const parse = six ? parseIcmpv6 : parseIcmp
  const defect = parse(octets, header.payloadStart, header.payloadEnd, message)
  if (defect !== undefined) return `${addressesOf(header)} malformed: ${defect}`
  return `${addressesOf(header)} ${six ? icmpv6Text(message, header.hopLimit) : icmpText(message)}`
}

function icmpText(message: IcmpMessage): string {
  if (isIcmpError(message.type)) return `icmp ${icmpErrorText(message)}${quoteText(message)}`
  if (message.type === IcmpType.ECHO) return `icmp echo ${echoText(message)}`
  if (message.type === IcmpType.ECHO_REPLY) return `icmp echo reply ${echoText(message)}`
  return `icmp type ${message.type} code ${message.code}`
}

function icmpErrorText(message: IcmpMessage): string {
  const { type, code } = message
  if (type === IcmpType.TIME_EXCEEDED) return 'time exceeded'
  if (type === IcmpType.PARAMETER_PROBLEM) return `parameter problem at ${message.pointer}`
  if (type !== IcmpType.DESTINATION_UNREACHABLE) return `error of type ${type} code ${code}`
  if (code === IcmpUnreachable.FRAGMENTATION_NEEDED) return `fragmentation needed, mtu ${message.mtu}`
  return `${nameOf(IcmpUnreachable, code)} unreachable`
}

function icmpv6Text(message: IcmpMessage, hopLimit: number): string {
  if (isIcmpv6Error(message.type)) return `icmp6 ${icmpv6ErrorText(message)}${quoteText(message)}`
  if (message.type === Icmpv6Type.ECHO) return `icmp6 echo ${echoText(message)}`
  if (message.type === Icmpv6Type.ECHO_REPLY) return `icmp6 echo reply ${echoText(message)}`
  const neighbour = new NdpMessage()
  const defect = parseNdp(message, hopLimit, neighbour)
  if (defect === 'ndp-type') return `icmp6 type ${message.type} code ${message.code}`
  const name = nameOf(Icmpv6Type, message.type)
  if (defect !== undefined) return `icmp6 malformed ${name}: ${defect}`
  const { target, linkLayerAddress } = neighbour
  const about = message.type >= Icmpv6Type.NEIGHBOUR_SOLICITATION ? ` of ${target}` : ''
  return `icmp6 ${name}${about}${linkLayerAddress === undefined ? '' : ` at ${macText(linkLayerAddress)}`}`
}

function icmpv6ErrorText(message: IcmpMessage): string {
  const { type, code } = message
  if (type === Icmpv6Type.PACKET_TOO_BIG) return `packet too big, mtu ${message.mtu}`
  if (type === Icmpv6Type.TIME_EXCEEDED) return 'time exceeded'
  if (type === Icmpv6Type.PARAMETER_PROBLEM) return `parameter problem at ${message.pointer}`
  if (type !== Icmpv6Type.DESTINATION_UNREACHABLE) return `error of type ${type} code ${code}`
  return `${nameOf(Icmpv6Unreachable, code)} unreachable`
}

function echoText(message: IcmpMessage): string {
  return `id ${message.identifier} seq ${message.sequence} length ${message.length}`
}

function quoteText(message: IcmpMessage): string {
  const quoted = new QuotedTcp()
  const defect = parseQuotedTcp(message.octets, message.start, message.start + message.length, quoted)
  return defect === undefined ? `, quoting ${endpoints(quoted)} seq ${quoted.seq}` : ''
}

/** The key that stands for `number`, in lower case, or else the number. */
function nameOf(numbers: Readonly<Record<string, number>>, number: number): string {
  const name = Object.keys(numbers).find((key) => numbers[key] === number)
  return name === undefined ? `code ${number}` : name.toLowerCase().replaceAll('_', ' ')
}

/** The Ethernet frame at octets[start] up to octets[end]: its addresses, then the packet in it. */
export function printFrame(octets: Uint8Array, start: number, end: number): string {
  const header = new EthernetHeader()
  const defect = parseEthernet(octets, start, end, header)
  if (defect !== undefined) return `malformed frame of ${end - start} octets: ${defect}`
  const { etherType, payloadStart, payloadEnd } = header
  const addresses = `${macText(header.source)} > ${macText(header.destination)}`
  if (etherType === EtherType.ARP) return `${addresses} ${arpText(octets, payloadStart, payloadEnd)}`
  if (etherType === EtherType.IPV4 || etherType === EtherType.IPV6) {
    return `${addresses} ${printPacket(octets, payloadStart, payloadEnd)}`
  }
  return `${addresses} ethertype 0x${etherType.toString(16).padStart(4, '0')} length ${payloadEnd - payloadStart}`
}

function arpText(octets: Uint8Array, start: number, end: number): string {
  const packet = new ArpPacket()
  const defect = parseArp(octets, start, end, packet)
  if (defect !== undefined) return `malformed arp: ${defect}`
  if (packet.operation === ArpOperation.REQUEST) return `arp who-has ${packet.target} tell ${packet.sender}`
  if (packet.operation === ArpOperation.REPLY) return `arp ${packet.sender} is-at ${macText(packet.senderMac)}`
  return `arp operation ${packet.operation}`
}
