import { deepEqual, equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type ImpairOptions, impair } from '../../src/link/impair.ts'
import type { Link } from '../../src/link/link.ts'
import { createWire } from '../../src/link/wire.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import type { ServerOptions } from '../../src/net/server-options.ts'
import { Chance } from '../../src/sim/chance.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Offload } from '../../src/wire/offload.ts'
import { ACK, SYN } from '../../src/wire/segment.ts'
import { type Fields, segmentIn, tcpPacket } from '../host/hand-made-tcp.ts'
import { landing } from '../support/landing-link.ts'
import { CLIENT, listening, pattern, SERVER } from './support.ts'

/** A day: more than any of these transfers takes. */
const LIMIT = 86_400_000

const OCTETS = pattern(3_000_000)

/** Senders take turns; so that two frames of one of them come in a row. */
const MIXED: ImpairOptions = { delay: 2, inward: { reorder: 0.3, holdBack: 1 } }

/** Two nets on a virtual clock, of which the server's link puts text to where it is wanted. */
function joined(t: TestContext, impairment: ImpairOptions = {}, seed = 1, mtu = 65_535) {
  const clock = new VirtualClock()
  const [near, far] = createWire(clock, { mtu })
  const chance = new Chance(seed)
  const bad: Link = impair(near, clock, impairment, () => chance.next())
  const link = landing(bad)
  const tcp = { quickAcks: 4 }
  const server = createNet({ link, address: `${SERVER}/24`, scheduler: clock, tcp })
  const client = createNet({ link: far, address: `${CLIENT}/24`, scheduler: clock })
  t.after(() => {
    client.close()
    server.close()
  })
  return { clock, link, server, client }
}

/** Moves the clock on, and lets what is asked for by promises and immediates happen, until `done`. */
async function until(clock: VirtualClock, done: () => boolean): Promise<void> {
  while (!done()) {
    ok(clock.now() < LIMIT, 'it takes no day')
    clock.run(Math.max(clock.now(), Math.min(clock.next, clock.now() + 50)))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface Reader {
  readonly hash: string
  readonly octets: number
  readonly ended: boolean
}

/** A server on `port` whose connections are read into `buffer()` in turn. */
async function reading(server: Net, port: number, buffer: () => Uint8Array | (() => Uint8Array)): Promise<Reader[]> {
  const readers: Reader[] = []
  const onread = () => {
    const hash = createHash('sha256')
    const reader = { hash: '', octets: 0, ended: false }
    readers.push(reader)
    return {
      buffer: buffer(),
      callback(octets: number, buffer: Uint8Array): boolean {
        hash.update(buffer.subarray(0, octets))
        reader.octets += octets
        reader.hash = hash.copy().digest('hex')
        return true
      },
    }
  }
  const options: ServerOptions = { estab: { onread } }
  const listener = server.createServer(options, (socket) => {
    const reader = readers.at(-1) as { ended: boolean }
    socket.on('end', () => {
      reader.ended = true
    })
  })
  await listening(listener, port)
  return readers
}

const SHA = createHash('sha256').update(OCTETS).digest('hex')

function send(client: Net, port: number): void {
  client.connect(port, SERVER).end(OCTETS)
}

async function settled(clock: VirtualClock, readers: readonly Reader[], count: number): Promise<void> {
  await until(clock, () => readers.length === count && readers.every(({ ended }) => ended))
  for (const reader of readers) {
    equal(reader.octets, OCTETS.length)
    equal(reader.hash, SHA)
  }
}

test('bulk to one reader lands in its memory', async (t) => {
  const { clock, link, server, client } = joined(t)
  const readers = await reading(server, 80, () => new Uint8Array(262_144))
  send(client, 80)
  await settled(clock, readers, 1)
  ok(link.landed > 20, `${link.landed} frames have landed`)
  equal(link.takenBack, 0)
})

for (const size of [1000, 9000, 65_495, 65_496, 70_000, 131_071, 1_000_003]) {
  test(`a reader with room for ${size} octets gets all of it`, async (t) => {
    const { clock, link, server, client } = joined(t)
    const readers = await reading(server, 80, () => new Uint8Array(size))
    send(client, 80)
    await settled(clock, readers, 1)
    equal(link.landed > 20, size > 65_000, `${link.landed} frames have landed`)
  })
}

test('a reader with room for one text at a time is told of each, and gets the next', async (t) => {
  const { clock, link, server, client } = joined(t, {}, 1, 30_000)
  const readers = await reading(server, 80, () => new Uint8Array(50_000))
  send(client, 80)
  await settled(clock, readers, 1)
  ok(link.landed > 0.9 * (OCTETS.length / 30_000), `${link.landed} frames have landed`)
})

test('a reader whose room is one octet every now and then gets all of it', async (t) => {
  const { clock, link, server, client } = joined(t)
  let calls = 0
  const readers = await reading(server, 80, () => () => new Uint8Array(++calls % 5 === 0 ? 1 : 100_000))
  send(client, 80)
  await settled(clock, readers, 1)
  ok(link.landed > 20, `${link.landed} frames have landed`)
})

test('memory that changes with each call, a part of a larger one, is read into', async (t) => {
  const { clock, link, server, client } = joined(t)
  const slab = Buffer.alloc(1_000_000)
  let turn = 0
  const next = (): Uint8Array => slab.subarray(100_000 * (++turn % 7) + 13, 100_000 * (turn % 7) + 99_000)
  const readers = await reading(server, 80, () => next)
  send(client, 80)
  await settled(clock, readers, 1)
  ok(link.landed > 20, `${link.landed} frames have landed`)
})

test('several readers at once get what is theirs, be it that they share their memory', async (t) => {
  for (const shared of [false, true]) {
    const { clock, link, server, client } = joined(t, MIXED)
    const memory = new Uint8Array(200_000)
    const readers = await reading(server, 80, () => (shared ? memory : new Uint8Array(150_000)))
    const pairs: Promise<Reader[]>[] = []
    for (let port = 81; port < 84; port++) pairs.push(reading(server, port, () => new Uint8Array(port * 1000)))
    for (let i = 0; i < 4; i++) send(client, 80)
    for (let port = 81; port < 84; port++) send(client, port)
    await settled(clock, readers, 4)
    for (const other of pairs) await settled(clock, await other, 1)
    ok(shared || link.takenBack > 0, 'some guesses were wrong')
  }
})

test('whatever the line does, the octets are those that were sent', async (t) => {
  const impairments: ImpairOptions[] = [
    { inward: { loss: 0.03 } },
    { inward: { duplicate: 0.2 }, outward: { loss: 0.1 } },
    { delay: 5, inward: { reorder: 0.2, holdBack: 3 } },
    { delay: 3, loss: 0.02, duplicate: 0.05, reorder: 0.1, corrupt: 0.02 },
  ]
  let landed = 0
  for (const [i, impairment] of impairments.entries()) {
    for (let seed = 1; seed <= 3; seed++) {
      const { clock, link, server, client } = joined(t, impairment, 10 * i + seed)
      const readers = await reading(server, 80, () => new Uint8Array(seed * 66_001))
      send(client, 80)
      send(client, 80)
      await settled(clock, readers, 2)
      landed += link.landed
    }
  }
  ok(landed > 100, `${landed} frames have landed`)
})

test('what has not been announced holds nothing of other connections', async (t) => {
  const { clock, link, server, client } = joined(t, MIXED)
  const memory = new Uint8Array(400_000)
  let seen = 0
  const readers = await reading(server, 80, () => memory)
  const others = await reading(server, 81, () => new Uint8Array(70_000))
  client.connect(80, SERVER).end(Buffer.alloc(OCTETS.length, 1))
  client.connect(81, SERVER).end(Buffer.alloc(OCTETS.length, 2))
  await until(clock, () => {
    if (memory.includes(2)) seen++
    return readers.length + others.length === 2 && [...readers, ...others].every(({ ended }) => ended)
  })
  equal(seen, 0)
  ok(link.takenBack > 0, 'some guesses were wrong')
})

/** A server at whose other end segments are made by hand. What is sent comes as one batch when the clock runs. */
async function byHand(t: TestContext, memory: Uint8Array) {
  const clock = new VirtualClock()
  const [near, far] = createWire(clock, { offload: true })
  const link = landing(near)
  const server = createNet({ link, address: `${SERVER}/24`, scheduler: clock })
  t.after(() => server.close())
  const parts: number[][] = []
  /** What is acknowledged to each port. */
  const opened = new Map<number, number>()
  const onread = () => {
    const part: number[] = []
    parts.push(part)
    return {
      buffer: memory,
      callback(octets: number, buffer: Uint8Array): boolean {
        part.push(...buffer.subarray(0, octets))
        return true
      },
    }
  }
  await listening(server.createServer({ estab: { onread } }))
  far.attach({
    frame(octets, start, end) {
      const segment = segmentIn(octets.slice(start, end))!
      if (segment.has(SYN)) opened.set(segment.destinationPort, (segment.seq + 1) >>> 0)
    },
    drained() {},
    writable() {},
    closed() {},
  })
  const offload = new Offload()
  offload.checksumPartial = true
  const put = (port: number, fields: Fields): void => {
    const packet = tcpPacket({ address: CLIENT, port }, { address: SERVER, port: 80 }, fields, 0)
    far.send(packet, 0, packet.length, offload)
  }
  return {
    link,
    /** What the connections have been handed, in the order in which they were opened. */
    parts,
    async run() {
      clock.run(clock.now() + 1)
      await new Promise((resolve) => setImmediate(resolve))
    },
    async open(port: number) {
      put(port, { flags: SYN, seq: 0, mss: 1460 })
      await this.run()
      put(port, { flags: ACK, seq: 1, ack: opened.get(port)! })
      await this.run()
    },
    /** The stream's octets from `from` up to `to`. */
    text: (port: number, stream: Uint8Array, from: number, to: number) =>
      put(port, { flags: ACK, seq: 1 + from, ack: opened.get(port)!, payload: stream.subarray(from, to) }),
  }
}

test('text that came in part before lands, and what is new of it is where it belongs', async (t) => {
  const server = await byHand(t, new Uint8Array(200_000))
  await server.open(4000)
  server.text(4000, OCTETS, 0, 10_000)
  server.text(4000, OCTETS, 10_000, 20_000)
  server.text(4000, OCTETS, 15_000, 27_000)
  server.text(4000, OCTETS, 30_000, 40_000)
  await server.run()
  equal(server.link.landed, 2)
  server.text(4000, OCTETS, 26_000, 50_000)
  await server.run()
  const [read] = server.parts
  deepEqual(Buffer.from(read!), OCTETS.subarray(0, 50_000))
})

test('where octets of another reader wait nothing lands', async (t) => {
  const server = await byHand(t, new Uint8Array(200_000))
  await server.open(4000)
  await server.open(4001)
  const other = OCTETS.subarray(1_000_000)
  for (let at = 0; at < 20_000; at += 10_000) server.text(4000, OCTETS, at, at + 10_000)
  await server.run()
  server.text(4001, other, 0, 100)
  server.text(4000, OCTETS, 20_000, 30_000)
  await server.run()
  equal(server.link.landed, 0)
  const [first, second] = server.parts
  deepEqual(Buffer.from(first!), OCTETS.subarray(0, 30_000))
  deepEqual(Buffer.from(second!), other.subarray(0, 100))
})
