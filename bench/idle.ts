/**
 * What connections cost that do nothing: established, with keep-alives, each after a question and an answer of 100 octets.
 * One end is measured; the other is frames. A process for each figure.
 *
 *     idle.ts NAME COUNT    prints octets of heap, of buffers and of resident memory, for each, and of the process
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket as NodeSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Link, LinkReceiver } from '../src/link/link.ts'
import { createNet } from '../src/net/net.ts'
import type { Socket } from '../src/net/socket.ts'
import { VirtualClock } from '../src/sim/virtual-clock.ts'
import type { Connection } from '../src/tcp/connection.ts'
import { LEAST_WARM } from '../src/tcp/warm-list.ts'
import { NO_OFFLOAD, Offload } from '../src/wire/offload.ts'
import { ACK, PSH, SYN } from '../src/wire/segment.ts'
import { Generator } from './generator.ts'
import { bundle } from './harness/bundle.ts'
import { collectGarbage, type Sample, sample } from './measure.ts'
import { makeStack } from './pump.ts'

const PROGRAM = fileURLToPath(import.meta.url)
const PORT = 80
const QUESTION = 100
const KEEP_ALIVE = { idle: 7_200_000, interval: 1000, count: 10 }
/** V8 takes a process for idle after eight seconds, and what it has to give back is back after as many more, ms. */
const REST = 20_000
/** So long after the one before a connection is opened, ms: a thousand a second. */
const APART = 1

export interface Idle {
  readonly heap: number
  readonly buffers: number
  readonly resident: number
  /** Of the whole process, and after a while in which nothing has happened: V8 gives back what it had for new objects. */
  readonly process: number
  readonly rested: number
}

/** Clients that are frames: they open connections to port 80, and ask each a question. */
class Clients {
  private readonly generator: Generator = new Generator()
  private readonly give: (frame: Uint8Array, length: number) => void
  private readonly network: number

  constructor(give: (frame: Uint8Array, length: number) => void) {
    this.give = give
    this.network = this.generator.segment.source.d
    this.generator.segment.destinationPort = PORT
    this.generator.segment.wnd = 65_535
  }

  open(i: number): void {
    const { segment } = this.generator
    segment.source.d = this.network + 2 + (i >>> 15)
    segment.sourcePort = 32_768 + (i & 0x7fff)
    segment.flags = SYN
    segment.seq = 0
    segment.ack = 0
    segment.length = 0
    segment.mss = 1460
    segment.sackPermitted = true
    segment.timestamps = true
    segment.tsVal = i
    segment.tsEcr = 0
    segment.windowScale = 7
    this.send()
  }

  /** What the server has sent: its SYN,ACK is acknowledged, with a question; and its answer. */
  hear(octets: Uint8Array, length: number): void {
    const answer = this.generator.read(octets, length)
    const { segment } = this.generator
    if (!answer.has(SYN) && answer.length === 0) return
    segment.source.d = answer.destination.d
    segment.sourcePort = answer.destinationPort
    segment.flags = ACK
    segment.clearOptions()
    segment.timestamps = true
    segment.tsVal = answer.tsEcr
    segment.tsEcr = answer.tsVal
    segment.seq = answer.ack
    segment.ack = (answer.seq + answer.len) >>> 0
    if (answer.has(SYN)) {
      segment.flags = ACK | PSH
      segment.octets = this.generator.frame
      segment.start = 1000
      segment.length = QUESTION
    } else {
      segment.length = 0
    }
    this.send()
  }

  private send(): void {
    this.give(this.generator.frame, this.generator.write())
  }
}

/** The core alone. */
function core(count: number): () => unknown {
  const stack = makeStack('b', { addresses: ['10.0.0.2/8'] })
  const listener = stack.listen({ port: PORT, backlog: 1024 })
  const out = new Uint8Array(2000)
  const octets = new Uint8Array(QUESTION)
  const connections: Connection[] = []
  let now = 0
  const clients = new Clients((frame, length) => stack.receive(frame.slice(0, length), 0, length, now))
  const turn = (): void => {
    for (let length = stack.transmit(out, 0, now); length > 0; length = stack.transmit(out, 0, now)) {
      clients.hear(out, length)
    }
    for (let event = stack.nextEvent(); event !== undefined; event = stack.nextEvent()) {
      if (event.type === 'acceptable') {
        for (let next = listener.accept(); next !== undefined; next = listener.accept()) {
          next.setKeepAlive(KEEP_ALIVE)
          connections.push(next)
        }
      } else if (event.type === 'readable') {
        event.connection.receive(octets)
        event.connection.send(octets)
      }
    }
  }
  return () => {
    for (let i = 0; i < count; i++) {
      clients.open(i)
      for (let turns = 0; turns < 4; turns++) turn()
      now += APART
      stack.advance(now)
    }
    for (const end = now + 2 * LEAST_WARM; now < end; turn()) {
      now = Math.min(end, Math.max(now, stack.nextDeadline()))
      stack.advance(now)
    }
    if (stack.counters.CurrEstab !== count) throw new Error(`${stack.counters.CurrEstab} of ${count} are open`)
    return connections
  }
}

/** A link at whose other end frames are made. */
class BenchLink implements Link {
  readonly name = 'bench'
  readonly medium = 'ip'
  readonly mtu = 1500
  readonly offload = NO_OFFLOAD
  readonly headroom = 0
  private readonly none: Offload = new Offload()
  private receiver: LinkReceiver | undefined
  private readonly sent: Uint8Array[] = []

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number): boolean {
    this.sent.push(octets.slice(start, end))
    return true
  }

  give(frame: Uint8Array, length: number): void {
    this.receiver!.frame(frame, 0, length, this.none)
    this.receiver!.drained()
  }

  take(): Uint8Array[] {
    return this.sent.splice(0)
  }

  close(): void {}
}

/** Sockets of estab/net. */
function sockets(count: number): () => Promise<unknown> {
  const link = new BenchLink()
  const scheduler = new VirtualClock()
  const net = createNet({ link, addresses: ['10.0.0.2/8'], scheduler })
  const open: Socket[] = []
  const server = net.createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE.idle }, (socket) => {
    socket.on('data', (octets) => socket.write(octets))
    open.push(socket)
  })
  server.listen(PORT)
  const clients = new Clients((frame, length) => link.give(frame, length))
  const turn = async (): Promise<void> => {
    for (const frame of link.take()) clients.hear(frame, frame.length)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return async () => {
    for (let i = 0; i < count; i++) {
      clients.open(i)
      if (i % 100 !== 99) continue
      for (let turns = 0; turns < 6; turns++) await turn()
      scheduler.advance(100 * APART)
    }
    for (const end = scheduler.now() + 2 * LEAST_WARM; scheduler.now() < end; await turn()) {
      scheduler.advance(LEAST_WARM / 100)
    }
    if (open.length !== count) throw new Error(`${open.length} of ${count} are open`)
    return [net, open]
  }
}

/** Sockets of node:net, over loopback; the clients are another process. The kernel's memory is not counted. */
function nodeSockets(count: number): () => Promise<unknown> {
  return async () => {
    const open: NodeSocket[] = []
    const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE.idle }, (socket) => {
      socket.on('data', (octets) => socket.write(octets))
      socket.on('error', () => {})
      open.push(socket)
    })
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const args = [PROGRAM, 'clients', String(count), String(port)]
    const clients = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(clients.stdout, 'data')
    process.once('exit', () => clients.kill())
    return [server, open]
  }
}

async function nodeClients(count: number, port: number): Promise<void> {
  const question = new Uint8Array(QUESTION)
  const open: NodeSocket[] = []
  while (open.length < count) {
    const socket = connect(port, '127.0.0.1')
    socket.write(question)
    await once(socket, 'data')
    open.push(socket)
  }
  console.log('open')
}

const FIGURES = { core, sockets, node: nodeSockets }

async function measure(name: keyof typeof FIGURES, count: number): Promise<Idle> {
  const warmUp = FIGURES[name](Math.min(1000, count / 10))
  const kept: unknown[] = [await warmUp()]
  const work = FIGURES[name](count)
  const before = memory()
  kept.push(await work())
  const after = memory()
  await sleep(REST)
  if (kept.length !== 2) throw new Error('not all was kept')
  const of = (figure: 'heapUsed' | 'arrayBuffers' | 'rss'): number => (after[figure] - before[figure]) / count
  return {
    heap: of('heapUsed'),
    buffers: of('arrayBuffers'),
    resident: of('rss'),
    process: after.rss,
    rested: process.memoryUsage.rss(),
  }
}

function memory(): NodeJS.MemoryUsage {
  for (let i = 0; i < 4; i++) collectGarbage()
  return process.memoryUsage()
}

/** In so many processes of its own. */
export async function idle(
  name: keyof typeof FIGURES,
  count: number,
  rounds: number,
): Promise<Record<keyof Idle, Sample>> {
  const args = ['--expose-gc', await bundle(PROGRAM), name, String(count)]
  const figures: Idle[] = []
  while (figures.length < rounds) {
    const { stdout } = await promisify(execFile)(process.execPath, args)
    figures.push(JSON.parse(stdout) as Idle)
  }
  const of = (figure: keyof Idle): Sample => sample(figures.map((one) => one[figure]))
  return {
    heap: of('heap'),
    buffers: of('buffers'),
    resident: of('resident'),
    process: of('process'),
    rested: of('rested'),
  }
}

if (process.argv[1] === PROGRAM) {
  const [name, count, port] = process.argv.slice(2)
  if (name === 'clients') {
    await nodeClients(Number(count), Number(port))
  } else {
    console.log(JSON.stringify(await measure(name as keyof typeof FIGURES, Number(count))))
    process.exit()
  }
}
