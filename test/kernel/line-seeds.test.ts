import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Driver } from '../../src/host/driver.ts'
import { RealTime } from '../../src/host/real-time.ts'
import { openTun } from '../../src/host/tun.ts'
import { Chance } from '../../src/sim/chance.ts'
import type { LineOptions } from '../../src/sim/line-options.ts'
import { Stack } from '../../src/stack/stack.ts'
import { kernelTest } from '../support/namespace.ts'
import { eager, type FlowPlan } from '../transfer/flow.ts'
import { assertAccounted, End } from '../transfer/harness.ts'
import { leftovers } from '../transfer/leftovers.ts'
import { pick } from '../transfer/scenario.ts'
import { FAMILIES, KERNEL, STACK } from './harness.ts'
import { LineLink } from './line-link.ts'

/** Connections over one line at once, each with a seed of its own: what takes long are timers, so they wait together. */
const SEEDS = 60
const STACK_PORT = 7000
const KERNEL_PORT = 7001
const FIRST_PORT = 20_000

const BAD: LineOptions = {
  delay: 3,
  jitter: 4,
  loss: { enter: 0.02, leave: 0.7, good: 0.005, bad: 0.5 },
  duplicate: 0.02,
  reorder: 0.05,
  holdBack: 5,
  corrupt: 0.005,
  rate: 100_000_000,
  queue: { packets: 200 },
}

interface Transfer {
  opener: 'stack' | 'kernel'
  up: Uint8Array
  down: Uint8Array
  plan: FlowPlan
}

function transfer(seed: number): Transfer {
  const chance = new Chance(seed)
  const size = (): number => pick(chance, [0, 1, chance.below(3000), chance.below(30_000), chance.below(150_000)])
  const [up, down] = [chance.bytes(1 + size()), chance.bytes(size())]
  const close = pick(chance, ['sent', 'ended'] as const)
  return {
    opener: pick(chance, ['stack', 'kernel'] as const),
    up,
    down,
    plan: unhurried(chance, eager(up, down, close)),
  }
}

/** Portions of any size, and short pauses: time is real here. */
function unhurried(chance: Chance, plan: FlowPlan): FlowPlan {
  const most = pick(chance, [5000, 65_536])
  const pause = (): number => (chance.chance(0.02) ? chance.below(20) : 0)
  const size = (): number => 1 + chance.below(most)
  return { ...plan, writeSize: size, readSize: size, writePause: pause, readPause: pause, noDelay: chance.chance(0.5) }
}

/** The kernel's end: writes all and ends, reads all, and compares. Resolves when it is closed. */
function kernelEnd(socket: Socket, { up, down }: Transfer, seed: number): Promise<void> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.end(down)
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(new Error(`seed ${seed}: ${error.message}`, { cause: error })))
    socket.once('close', () => {
      if (Buffer.concat(chunks).equals(up)) resolve()
      else reject(new Error(`seed ${seed}: the kernel got other octets than were sent`))
    })
  })
}

for (const family of FAMILIES) {
  kernelTest(
    import.meta.url,
    `${SEEDS} seeds of transfers with Linux as the peer over a bad line, IPv${family}: every octet right, nothing left`,
    (t) => run(t, family),
  )
}

async function run(t: TestContext, family: 4 | 6): Promise<void> {
  const tun = await openTun({ addresses: [`${KERNEL[4]}/24`, `${KERNEL[6]}/64`], mtu: 1500, offload: false })
  const scheduler = new RealTime()
  const link = new LineLink(tun, scheduler, BAD, new Chance(family))
  const stack = new Stack({
    addresses: [`${STACK[4]}/24`, `${STACK[6]}/64`],
    secret: new Chance(process.pid).bytes(32),
    tcp: { msl: 100 },
  })
  const driver = new Driver(stack, link, scheduler)
  t.after(() => driver.close())
  const end = new End('a', stack, driver)
  const transfers = Array.from({ length: SEEDS }, (_, seed) => transfer(seed))
  await transferAll(t, end, transfers, family)
  for (const flow of end.flows.values()) assert.ok(flow.done, String(flow))
  for (const listener of end.listeners) listener.close()
  driver.touch()
  while (Object.keys(leftovers(stack, end.listeners)).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assertAccounted(stack)
  for (const { counters } of [link.inward, link.outward]) {
    for (const fate of ['lost', 'duplicated', 'reordered', 'corrupted'] as const) assert.ok(counters[fate] > 0, fate)
  }
}

/** Resolves when both ends of every connection are closed. */
async function transferAll(t: TestContext, end: End, transfers: Transfer[], family: 4 | 6): Promise<void> {
  const { stack, driver } = end
  const kernelEnds: Promise<void>[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const seed = socket.remotePort! - FIRST_PORT
    kernelEnds[seed] = kernelEnd(socket, transfers[seed]!, seed)
    opened()
  })
  t.after(() => server.close())
  await new Promise<void>((resolve) =>
    server.listen({ port: KERNEL_PORT, host: KERNEL[family], backlog: 511 }, resolve),
  )
  const listener = end.listen({ port: STACK_PORT })
  end.onAcceptable = () => {
    for (let connection = listener.accept(); connection !== undefined; connection = listener.accept()) {
      end.start(connection, transfers[connection.remotePort - FIRST_PORT]!.plan)
    }
  }
  let opened = (): void => {}
  const allOpen = new Promise<void>((resolve) => {
    opened = () => Object.keys(kernelEnds).length === transfers.length && resolve()
  })
  for (const [seed, { opener, plan }] of transfers.entries()) {
    const localPort = FIRST_PORT + seed
    if (opener === 'stack') {
      end.start(stack.connect({ address: KERNEL[family], port: KERNEL_PORT, localPort }), plan)
    } else {
      const socket = connect({ host: STACK[family], port: STACK_PORT, localPort, allowHalfOpen: true })
      kernelEnds[seed] = kernelEnd(socket, transfers[seed]!, seed)
    }
  }
  driver.touch()
  opened()
  await allOpen
  await Promise.all(kernelEnds)
  const done = (): boolean => end.flows.size === transfers.length && [...end.flows.values()].every((flow) => flow.done)
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20))
}
