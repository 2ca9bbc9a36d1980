import type { EventEmitter } from 'node:events'
import type { TestContext } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'
import type { Link } from '../../src/link/link.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net, type NetOptions } from '../../src/net/net.ts'
import type { Server } from '../../src/net/server.ts'
import type { Socket } from '../../src/net/socket.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { Offload } from '../../src/wire/offload.ts'
import { flagsText } from '../../src/wire/print.ts'
import { RST, type Segment, SYN } from '../../src/wire/segment.ts'
import { type Fields, segmentIn, tcpPacket } from '../host/hand-made-tcp.ts'

export const SERVER = '10.0.0.1'
export const CLIENT = '10.0.0.2'

export interface Pair {
  server: Net
  client: Net
}

/** Two nets on a wire in this process. Both are closed when the test ends. */
export function pair(t: TestContext, tcp: Partial<TcpConfig> = {}): Pair {
  const scheduler = new RealTime()
  const [a, b] = createWire(scheduler)
  const server = createNet({ link: a, addresses: [`${SERVER}/24`, 'fd00::1/64'], scheduler, tcp })
  const client = createNet({ link: b, addresses: [`${CLIENT}/24`, 'fd00::2/64'], scheduler, tcp })
  t.after(() => {
    client.close()
    server.close()
  })
  return { server, client }
}

export function listening(server: Server, port = 80): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => resolve(server))
  })
}

export function event(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)))
}

/** Everything that comes until the end, or an error. */
export async function collect(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Octets that differ everywhere, and are the same in every run. */
export function pattern(length: number): Buffer {
  const octets = Buffer.allocUnsafe(length)
  let word = 1
  for (let i = 0; i < length; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) | 0
    octets[i] = word >>> 16
  }
  return octets
}

/** A server's net on a virtual clock, on a wire at whose other end is the test. */
export interface Lone {
  net: Net
  clock: VirtualClock
  /** When a segment was sent, its flags and the port it was for: `500 S. to 4000`. */
  sent: string[]
  /** A SYN from 10.0.0.2, and the RST that takes it back. */
  syn(port: number): void
  reset(port: number): void
  /** Moves the clock on, then lets promises run, and what follows from them. */
  pass(ms: number): Promise<void>
}

type End = Parameters<typeof tcpPacket>[0]

/** The far end of a wire, where segments are made by hand and those that come are seen. */
export interface FarEnd {
  /** When a segment came, its flags and the port it was for: `500 S. to 4000`. */
  sent: string[]
  send(from: End, to: End, fields: Fields): void
}

export function farEnd(link: Link, clock: VirtualClock, seen: (segment: Segment) => void = () => {}): FarEnd {
  const sent: string[] = []
  link.attach({
    frame(octets, start, end) {
      const segment = segmentIn(octets.slice(start, end))!
      seen(segment)
      sent.push(`${clock.now()} ${flagsText(segment.flags)} to ${segment.destinationPort}`)
    },
    drained() {},
    writable() {},
    closed() {},
  })
  const offload = new Offload()
  return {
    sent,
    send(from, to, fields) {
      const packet = tcpPacket(from, to, fields, 0)
      offload.checksumPartial = true
      link.send(packet, 0, packet.length, offload)
      clock.run(clock.now())
    },
  }
}

const ISN = 1000

export function lone(options: Partial<NetOptions> = {}): Lone {
  const clock = new VirtualClock()
  const [near, far] = createWire(clock, { offload: true })
  const net = createNet({ link: near, address: `${SERVER}/24`, scheduler: clock, ...options })
  const { sent, send } = farEnd(far, clock)
  const client = (port: number, fields: Fields): void =>
    send({ address: CLIENT, port }, { address: SERVER, port: 80 }, fields)
  return {
    net,
    clock,
    sent,
    syn: (port) => client(port, { flags: SYN, seq: ISN, mss: 1460 }),
    reset: (port) => client(port, { flags: RST, seq: ISN + 1 }),
    async pass(ms) {
      clock.run(clock.now() + ms)
      await new Promise((resolve) => setImmediate(resolve))
      clock.run(clock.now())
    },
  }
}
