/** Packets to and from a stack, and a stack to give them to. */
import assert from 'node:assert/strict'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IcmpMessage, parseIcmp, writeIcmp } from '../../src/wire/icmp.ts'
import { parseIcmpv6, writeIcmpv6 } from '../../src/wire/icmpv6.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Segment } from '../../src/wire/segment.ts'
import { writeTcp } from '../../src/wire/tcp.ts'
import { Datagram, writeUdp } from '../../src/wire/udp.ts'

/** By IP version: the stack's own address, and its peer's. */
export const ADDRESSES = {
  4: { own: '192.0.2.1', peer: '192.0.2.2' },
  6: { own: '2001:db8::1', peer: '2001:db8::2' },
} as const

export function makeStack(options: Partial<StackOptions> = {}): Stack {
  const addresses = [`${ADDRESSES[4].own}/24`, `${ADDRESSES[6].own}/64`]
  return new Stack({ addresses, secret: new Uint8Array(32), ...options })
}

export function receive(stack: Stack, packet: Uint8Array, now = 0): void {
  stack.receive(packet, 0, packet.length, now)
}

/** All that the stack sends now. */
export function drain(stack: Stack, now = 0): Uint8Array[] {
  const into = new Uint8Array(65_536)
  const sent: Uint8Array[] = []
  for (let length = stack.transmit(into, 0, now); length > 0; length = stack.transmit(into, 0, now)) {
    sent.push(into.slice(0, length))
  }
  return sent
}

/** What a header may be changed to before it is written. */
export type Change = (header: IpHeader) => void

function packet(
  family: 4 | 6,
  protocol: number,
  write: (into: Uint8Array, at: number) => number,
  change?: Change,
): Uint8Array {
  const header = headerFrom(family, protocol, change)
  const into = new Uint8Array(70_000)
  const at = family === 4 ? 20 : 40
  const length = write(into, at)
  writeIp(into, 0, header, length)
  return into.slice(0, at + length)
}

function headerFrom(family: 4 | 6, protocol: number, change?: Change): IpHeader {
  const header = new IpHeader()
  header.family = family
  header.protocol = protocol
  header.source = IpAddress.parse(ADDRESSES[family].peer)!
  header.destination = IpAddress.parse(ADDRESSES[family].own)!
  change?.(header)
  return header
}

/** A SYN to port 80, unless `fields` say otherwise. */
export function tcpPacket(family: 4 | 6, fields: Partial<Segment> = {}, change?: Change): Uint8Array {
  const { source, destination } = headerFrom(family, Protocol.TCP, change)
  const segment = Object.assign(
    new Segment(),
    { source, destination, sourcePort: 40_000, destinationPort: 80, flags: 2, wnd: 1000 },
    fields,
  )
  return packet(family, Protocol.TCP, (into, at) => writeTcp(into, at, segment, false), change)
}

export function udpPacket(family: 4 | 6, payload: Uint8Array, change?: Change): Uint8Array {
  const { source, destination } = headerFrom(family, Protocol.UDP, change)
  const fields = {
    source,
    destination,
    sourcePort: 5000,
    destinationPort: 53,
    octets: payload,
    start: 0,
    length: payload.length,
  }
  const datagram = Object.assign(new Datagram(), fields)
  return packet(family, Protocol.UDP, (into, at) => writeUdp(into, at, datagram), change)
}

export function icmpPacket(
  family: 4 | 6,
  type: number,
  code: number,
  rest: number,
  payload: Uint8Array,
  change?: Change,
): Uint8Array {
  const protocol = family === 4 ? Protocol.ICMP : Protocol.ICMPV6
  const { source, destination } = headerFrom(family, protocol, change)
  const fields = { source, destination, type, code, rest, octets: payload, start: 0, length: payload.length }
  const message = Object.assign(new IcmpMessage(), fields)
  const write = family === 4 ? writeIcmp : writeIcmpv6
  return packet(family, protocol, (into, at) => write(into, at, message), change)
}

/** The ICMP message in a packet that the stack sent, and where it goes to; both must be sound. */
export function icmpIn(octets: Uint8Array): {
  header: IpHeader
  type: number
  code: number
  rest: number
  payload: Uint8Array
} {
  const header = new IpHeader()
  assert.equal(parseIp(octets, 0, octets.length, header), undefined)
  const message = new IcmpMessage()
  message.source = header.source
  message.destination = header.destination
  const parse = header.family === 4 ? parseIcmp : parseIcmpv6
  assert.equal(parse(octets, header.payloadStart, header.payloadEnd, message), undefined)
  const { type, code, rest, start, length } = message
  return { header, type, code, rest, payload: octets.slice(start, start + length) }
}
