import { Chance } from '../../src/sim/chance.ts'
import { Line } from '../../src/sim/line.ts'
import type { LineOptions } from '../../src/sim/line-options.ts'
import type { Device } from '../../src/sim/port.ts'
import { Port } from '../../src/sim/port.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Datagram, parseUdp, writeUdp } from '../../src/wire/udp.ts'

/** A line that nothing but the test sends into, and what comes out of it. */
export interface LoneLine {
  line: Line
  clock: VirtualClock
  /** When each came, and its first octet, or all of it. */
  arrived: { at: number; id: number; octets: Uint8Array }[]
  /** Sends a packet of `length` octets that begins with `id`. */
  send(id: number, length?: number): void
  /** The ids in the order in which they came. */
  ids(): number[]
  /** Sends `count` packets, one each `every` ms, and runs until all have come. */
  flood(count: number, every: number, length?: number): void
}

export function loneLine(options: LineOptions, seed = 1): LoneLine {
  const clock = new VirtualClock()
  const arrived: LoneLine['arrived'] = []
  const exit = {
    packet: (octets: Uint8Array, start: number, end: number) =>
      void arrived.push({ at: clock.now(), id: octets[start]!, octets: octets.slice(start, end) }),
    drained: () => {},
  }
  const line = new Line('x > y', 0, clock, new Chance(seed), { packet: () => {} }, exit)
  line.set(options)
  const send = (id: number, length = 100): void => {
    const octets = new Uint8Array(length)
    octets[0] = id
    line.send(octets, 0, length)
  }
  return {
    line,
    clock,
    arrived,
    send,
    ids: () => arrived.map(({ id }) => id),
    flood: (count, every, length) => {
      for (let i = 0; i < count; i++) clock.at(i * every, () => send(i & 255, length))
      clock.run()
    },
  }
}

export interface PacketFields {
  source: string
  destination: string
  sourcePort?: number
  destinationPort?: number
  length?: number
  hopLimit?: number
  dontFragment?: boolean
  /** DSCP and ECN. */
  trafficClass?: number
}

/** A UDP datagram in an IP packet of either family, with `length` octets of payload that are their position. */
export function udpPacket(fields: PacketFields): Uint8Array {
  const { length = 8 } = fields
  const header = new IpHeader()
  header.source = IpAddress.parse(fields.source)!
  header.destination = IpAddress.parse(fields.destination)!
  header.family = header.source.family
  header.protocol = Protocol.UDP
  header.hopLimit = fields.hopLimit ?? 64
  header.dontFragment = fields.dontFragment ?? false
  header.trafficClass = fields.trafficClass ?? 0
  header.identification = 77
  const datagram = new Datagram()
  datagram.source = header.source
  datagram.destination = header.destination
  datagram.sourcePort = fields.sourcePort ?? 1111
  datagram.destinationPort = fields.destinationPort ?? 2222
  datagram.octets = Uint8Array.from({ length }, (_, i) => i)
  datagram.length = length
  const headerLength = header.family === 4 ? 20 : 40
  const packet = new Uint8Array(headerLength + 8 + length)
  const written = writeUdp(packet, headerLength, datagram)
  writeIp(packet, 0, header, written)
  return packet
}

/** Whether a whole UDP datagram came, with a right checksum; and its ends. */
export function readUdp(packet: Uint8Array): { source: string; destination: string } | undefined {
  const ip = new IpHeader()
  if (parseIp(packet, 0, packet.length, ip) !== undefined) return undefined
  const datagram = new Datagram()
  datagram.source = ip.source
  datagram.destination = ip.destination
  if (parseUdp(packet, ip.payloadStart, ip.payloadEnd, datagram, true) !== undefined) return undefined
  return {
    source: `${ip.source}:${datagram.sourcePort}`,
    destination: `${ip.destination}:${datagram.destinationPort}`,
  }
}

/** A device of the test's: keeps what comes, and sends what it is told to. */
export class Probe implements Device {
  readonly name: string
  readonly port: Port = new Port(this)
  readonly packets: Uint8Array[] = []

  constructor(name: string) {
    this.name = name
  }

  receive(_port: Port, octets: Uint8Array, start: number, end: number): void {
    this.packets.push(octets.slice(start, end))
  }

  drained(): void {}

  send(packet: Uint8Array): void {
    this.port.send(packet, 0, packet.length)
  }
}

/** Joins ports by lines without fault; `mtu` is that of the direction away from the first. */
export function join(clock: VirtualClock, x: Port, y: Port, mtu = 65_535): void {
  const observer = { packet: () => {} }
  x.line = new Line(`${x.device.name} > ${y.device.name}`, 0, clock, new Chance(1), observer, y)
  y.line = new Line(`${y.device.name} > ${x.device.name}`, 1, clock, new Chance(2), observer, x)
  x.line.set({ mtu })
  y.line.set({ mtu })
  x.peer = y
  y.peer = x
}
