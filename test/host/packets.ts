import { IpAddress } from '../../src/wire/address.ts'
import { IcmpMessage, IcmpType, parseIcmp, writeIcmp } from '../../src/wire/icmp.ts'
import { Icmpv6Type, parseIcmpv6, writeIcmpv6 } from '../../src/wire/icmpv6.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Datagram, parseUdp, UDP_HEADER_LENGTH, writeUdp } from '../../src/wire/udp.ts'

export interface End {
  readonly address: string
  readonly port: number
}

/** The octets of a UDP packet, behind `headroom` octets of nothing. */
export function udpPacket(from: End, to: End, payload: string, headroom: number): Uint8Array {
  const header = headerBetween(from.address, to.address, Protocol.UDP)
  const datagram = new Datagram()
  datagram.source = header.source
  datagram.destination = header.destination
  datagram.sourcePort = from.port
  datagram.destinationPort = to.port
  datagram.octets = new TextEncoder().encode(payload)
  datagram.length = datagram.octets.length
  return packet(header, UDP_HEADER_LENGTH + datagram.length, headroom, (octets, at) => writeUdp(octets, at, datagram))
}

/** An echo request of the family that `from` is of. */
export function echoPacket(from: string, to: string, data: string, headroom: number): Uint8Array {
  const header = headerBetween(from, to, from.includes(':') ? Protocol.ICMPV6 : Protocol.ICMP)
  const message = new IcmpMessage()
  message.source = header.source
  message.destination = header.destination
  message.type = header.family === 4 ? IcmpType.ECHO : Icmpv6Type.ECHO
  message.rest = 0x7777_0001
  message.octets = new TextEncoder().encode(data)
  message.length = message.octets.length
  const write = header.family === 4 ? writeIcmp : writeIcmpv6
  return packet(header, 8 + message.length, headroom, (octets, at) => write(octets, at, message))
}

/** What a frame is, if it is one of these; undefined for the kernel's own chatter. */
export function describe(octets: Uint8Array, verify = true): string | undefined {
  const header = new IpHeader()
  if (parseIp(octets, 0, octets.length, header) !== undefined) return undefined
  const { payloadStart, payloadEnd, source, destination } = header
  const text = (start: number, length: number): string =>
    new TextDecoder().decode(octets.subarray(start, start + length))
  if (header.protocol === Protocol.UDP) {
    const datagram = new Datagram()
    datagram.source = source
    datagram.destination = destination
    if (parseUdp(octets, payloadStart, payloadEnd, datagram, verify) !== undefined) return undefined
    return `udp ${source} > ${destination}.${datagram.destinationPort} ${text(datagram.start, datagram.length)}`
  }
  const message = new IcmpMessage()
  message.source = source
  message.destination = destination
  const parse = header.family === 4 ? parseIcmp : parseIcmpv6
  if (parse(octets, payloadStart, payloadEnd, message) !== undefined) return undefined
  if (message.type !== IcmpType.ECHO_REPLY && message.type !== Icmpv6Type.ECHO_REPLY) return undefined
  return `echo reply ${source} > ${destination} ${text(message.start, message.length)}`
}

function headerBetween(from: string, to: string, protocol: number): IpHeader {
  const header = new IpHeader()
  header.source = IpAddress.parse(from)!
  header.destination = IpAddress.parse(to)!
  header.family = header.source.family
  header.protocol = protocol
  return header
}

function packet(
  header: IpHeader,
  length: number,
  headroom: number,
  write: (octets: Uint8Array, at: number) => void,
): Uint8Array {
  const headerLength = header.family === 4 ? 20 : 40
  const octets = new Uint8Array(headroom + headerLength + length)
  writeIp(octets, headroom, header, length)
  write(octets, headroom + headerLength)
  return octets
}
