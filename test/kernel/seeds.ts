/** Transfers between the kernel's TCP and ours over a bad line: what each seed stands for, and a run of some at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun } from '../../src/host/tun.ts'
import { impair } from '../../src/link/impair.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import { Chance } from '../../src/sim/chance.ts'
import { FAMILIES, KERNEL, STACK } from './harness.ts'

type End = 'kernel' | 'stack'

interface Transfer {
  readonly family: 4 | 6
  readonly opener: End
  /** What each end sends. */
  readonly streams: Readonly<Record<End, Buffer>>
  /** Octets of the longest write. */
  readonly writeSize: number
  /** How long a reader stops now and then, ms. */
  readonly pause: number
}

const PORT = 7000
/** ms after which it is told what is not done: before the test's time is over. */
const PATIENCE = 25_000

interface Progress {
  readonly seed: number
  at: string
}

function transferOf(seed: number): Transfer {
  const chance = new Chance(seed)
  const size = (): number => pick(chance, [0, 1, chance.below(3000), chance.below(40_000), chance.below(150_000)])
  return {
    family: pick(chance, FAMILIES),
    opener: pick(chance, ['kernel', 'stack']),
    streams: { kernel: Buffer.from(chance.bytes(size())), stack: Buffer.from(chance.bytes(size())) },
    writeSize: pick(chance, [500, 5000, 65_536]),
    pause: pick(chance, [0, 0, 10, 300]),
  }
}

/** Runs these seeds at once over one line, whose faults the first of them decides. */
export async function runSeeds(t: TestContext, first: number, count: number): Promise<void> {
  const chance = new Chance(first)
  const line = { delay: 2, jitter: 8, loss: 0.05, duplicate: 0.05, reorder: 0.1, corrupt: 0.01 }
  const mtu = pick(chance, [1280, 1500, 9000])
  // Each packet of the kernel's has faults of its own.
  const tun = await openTun({ addresses: [`${KERNEL[4]}/24`, `${KERNEL[6]}/64`], mtu, offload: false })
  const net = createNet({
    link: impair(tun, new RealTime(), line, () => chance.next()),
    addresses: [`${STACK[4]}/24`, `${STACK[6]}/64`],
    tcp: {
      msl: 100,
      // Five losses in a row, of a SYN or its answer, would take longer than the test may.
      rtoMax: 4000,
      timestamps: chance.chance(0.7),
      sack: chance.chance(0.7),
      windowScale: chance.chance(0.7),
      sendBuffer: pick(chance, [8192, 65_535, 524_288]),
      receiveBuffer: pick(chance, [8192, 65_535, 524_288]),
    },
  })
  t.after(() => net.close())
  const transfers = Array.from({ length: count }, (_, i) => transferOf(first + i))
  const servers = await listen(net, t)
  const progress = transfers.map((_, i) => ({ seed: first + i, at: 'to begin' }))
  const watch = setTimeout(() => tellWhatStands(net, progress), PATIENCE)
  t.after(() => clearTimeout(watch))
  await Promise.all(transfers.map((transfer, i) => run(net, servers, transfer, progress[i]!)))
  await net.drained()
  assert.equal(net.stack.tcp.connections.size, 0, 'all are closed, or in TIME-WAIT')
}

/** At once, not with the test's end: it may be ended from outside. */
function tellWhatStands(net: Net, progress: readonly Progress[]): void {
  for (const { seed, at } of progress) if (at !== 'done') console.log(`seed ${seed}: ${at}`)
  for (const connection of net.stack.tcp.connections) {
    const { remoteAddress, localPort, remotePort, state, readable, tcb, retransmitAt, persistAt } = connection
    const { una, nxt, wnd } = tcb.snd
    console.log(
      `${localPort} < ${remoteAddress}:${remotePort} ${state}: ${readable} unread, ${nxt - una} out, window ${wnd}, timers ${retransmitAt} ${persistAt}`,
    )
  }
  console.log(`now ${net.stack.tcp.now}, next deadline ${net.stack.nextDeadline()}`)
}

type Accepted = Record<End, (port: number) => Promise<Duplex>>

/** A server at either end; connections are told apart by the opener's port. */
async function listen(net: Net, t: TestContext): Promise<Accepted> {
  const arrivals = { kernel: new Arrivals(), stack: new Arrivals() }
  const kernel: Server = createServer({ allowHalfOpen: true }, (socket) =>
    arrivals.kernel.add(socket.remotePort!, socket),
  )
  kernel.listen(PORT, '::')
  t.after(() => kernel.close())
  const stack = net.createServer({ allowHalfOpen: true }, (socket) => arrivals.stack.add(socket.remotePort!, socket))
  stack.listen(PORT)
  await Promise.all([once(kernel, 'listening'), once(stack, 'listening')])
  return { kernel: (port) => arrivals.kernel.of(port), stack: (port) => arrivals.stack.of(port) }
}

class Arrivals {
  private readonly sockets: Map<number, Duplex> = new Map()
  private readonly waiting: Map<number, (socket: Duplex) => void> = new Map()

  add(port: number, socket: Duplex): void {
    const resolve = this.waiting.get(port)
    if (resolve === undefined) this.sockets.set(port, socket)
    else resolve(socket)
  }

  of(port: number): Promise<Duplex> {
    const socket = this.sockets.get(port)
    return socket === undefined ? new Promise((resolve) => this.waiting.set(port, resolve)) : Promise.resolve(socket)
  }
}

async function run(net: Net, accepted: Accepted, transfer: Transfer, progress: Progress): Promise<void> {
  const { family, opener, streams } = transfer
  try {
    const options = { port: PORT, allowHalfOpen: true }
    const active =
      opener === 'kernel'
        ? connect({ ...options, host: STACK[family] })
        : net.connect({ ...options, host: KERNEL[family] })
    progress.at = `${opener} opens`
    await once(active, 'connect')
    progress.at = `port ${active.localPort} of the ${opener} is to be accepted`
    const passive = accepted[opener === 'kernel' ? 'stack' : 'kernel'](active.localPort!)
    const [kernel, stack] = opener === 'kernel' ? [active, await passive] : [await passive, active]
    progress.at = `octets are on their way, port ${active.localPort} of the ${opener}`
    await Promise.all([
      write(kernel, streams.kernel, transfer),
      write(stack, streams.stack, transfer),
      read(kernel, streams.stack, transfer),
      read(stack, streams.kernel, transfer),
    ])
    progress.at = 'done'
  } catch (error) {
    throw new Error(`seed ${progress.seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

async function write(socket: Duplex, octets: Buffer, { writeSize }: Transfer): Promise<void> {
  for (let at = 0; at < octets.length; at += writeSize) {
    if (!socket.write(octets.subarray(at, at + writeSize))) await once(socket, 'drain')
  }
  socket.end()
}

/** Reads to the end, and compares every octet. */
async function read(socket: Duplex, expected: Buffer, { pause }: Transfer): Promise<void> {
  let at = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const due = expected.subarray(at, at + chunk.length)
    assert.ok(chunk.equals(due), `wrong octets from ${at} on`)
    at += chunk.length
    if (pause > 0 && at % 7 === 0) await sleep(pause)
  }
  assert.equal(at, expected.length, 'octets to the end')
}

function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[chance.below(from.length)]!
}
