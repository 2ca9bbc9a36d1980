import { setTimeout as sleep } from 'node:timers/promises'
import { type Figures, FROM_MANY_SOURCES, type Peer, type Running } from './peer.ts'
import { exactCpuSecondsOf } from './usage.ts'
import type { Metric, Work } from './work.ts'

/** Between honest clients, ms. */
const EVERY = 10
/** Clients give up after 3 s, and that is how long the last may take. */
const PATIENCE = 3
/** A process's memory is steady again, the kernel has freed what it frees later, ms. */
const SETTLED = 1000

const FLOOD: readonly Metric[] = [
  { name: 'served', title: 'honest clients served', unit: '%', better: 'more' },
  { name: 'p99', title: 'their connect, p99', unit: 'ms', better: 'less' },
  { name: 'rate', title: 'SYNs sent', unit: 'a second', better: 'more' },
]

/** Spoofed SYNs, and clients that want to get in meanwhile. */
export function flood(rate: number, peers: readonly Peer[]): Work {
  return {
    name: `flood-${rate / 1000}k`,
    title: `SYN flood, ${rate.toLocaleString('en')} a second, backlog 128`,
    peers,
    setup: { offload: true, backlog: 128 },
    metrics: FLOOD,
    slow: true,
    longOnly: rate < 100_000,
    begin: async (running, { short }) => {
      const seconds = short ? 1 : 2
      await running.load(['honest', running.host, '80', '--every', String(EVERY), '--seconds', '0.5'], 10)
      return () => floodOnce(running, rate, seconds)
    },
  }
}

async function floodOnce(running: Running, rate: number, seconds: number): Promise<Figures> {
  const until = seconds + 0.5
  const command = ['flood', running.host, '80', '--rate', String(rate), '--seconds', String(until)]
  const flood = await running.startLoad(command)
  try {
    // The queue is full before the first of them comes.
    await sleep(400)
    const args = ['honest', running.host, '80', '--every', String(EVERY), '--seconds', String(seconds - 0.1)]
    const honest = await running.load(args, seconds + PATIENCE + 10)
    const sent = JSON.parse(await flood.result(until + 10)) as Figures
    const served = (100 * honest.served!) / honest.tried!
    return { served, ...(served === 0 ? {} : { p99: honest.p99! }), rate: sent.rate! }
  } finally {
    await flood.end()
  }
}

const OCTETS: Metric = { name: 'octets', title: 'memory', unit: 'octets each', better: 'less' }

/** How many half-open connections are made, and in how many seconds. */
const HALF_OPEN = 50_000
const SECONDS = 2

/** Growth of the peer for each half-open connection. */
export function halfOpenMemory(peers: readonly Peer[]): Work {
  return {
    name: 'memory-half-open',
    title: `memory of ${HALF_OPEN.toLocaleString('en')} half-open connections`,
    peers,
    setup: { offload: true, backlog: 2 * HALF_OPEN },
    metrics: [OCTETS],
    fresh: true,
    slow: true,
    begin: async (running) => {
      const rate = HALF_OPEN / SECONDS
      const syns = (count: number): Promise<Figures> =>
        running.load(
          ['flood', running.host, '81', '--rate', String(rate), '--seconds', String(count / rate)],
          SECONDS + 10,
        )
      await syns(500)
      return () => growth(running, 1, async () => (await syns(HALF_OPEN)).sent!)
    },
  }
}

const HELD = 10_000

/** Growth of the peer for each idle connection. */
export function idleMemory(peers: readonly Peer[]): Work {
  return {
    name: 'memory-idle',
    title: `memory of ${HELD.toLocaleString('en')} idle connections`,
    peers,
    setup: { offload: true, backlog: 1024 },
    metrics: [OCTETS],
    fresh: true,
    slow: true,
    begin: async (running) => {
      await (await hold(running, 100))()
      let release: () => Promise<void> = async () => {}
      return async () => {
        const figures = await growth(running, running.ends, async () => {
          release = await hold(running, HELD)
          return HELD
        })
        await release()
        return figures
      }
    },
  }
}

async function growth(running: Running, ends: number, fill: () => Promise<number>): Promise<Figures> {
  await sleep(SETTLED)
  const before = running.memory()
  const count = await fill()
  await sleep(SETTLED)
  const after = running.memory()
  if (before === undefined || after === undefined) throw new Error('/proc/slabinfo is for root alone')
  return { octets: (after - before) / count / ends }
}

/** Opens so many connections; what closes them. */
async function hold(running: Running, count: number): Promise<() => Promise<void>> {
  const holding = await running.startLoad(['hold', running.host, String(count), ...FROM_MANY_SOURCES])
  const release = async (): Promise<void> => {
    holding.child.stdin!.end()
    await holding.result(10)
  }
  const deadline = Date.now() + 20_000
  while (!holding.stdout.includes('\n')) {
    if (holding.hasEnded) throw holding.failure()
    if (Date.now() > deadline) {
      await holding.end()
      throw new Error(`${count} connections were not open within 20 s`)
    }
    await sleep(10)
  }
  return release
}

const IDLE: readonly Metric[] = [{ name: 'cpu', title: 'own CPU', unit: '% of a core', better: 'less' }]

/** CPU of a peer with connections that nothing comes over. */
export function idle(peers: readonly Peer[]): Work {
  const count = 1000
  const window = 2
  return {
    name: 'idle',
    title: `CPU while ${count.toLocaleString('en')} connections are idle, ${window} s`,
    peers,
    setup: { offload: true, backlog: 1024 },
    metrics: IDLE,
    fresh: true,
    slow: true,
    begin: async (running) => {
      const release = await hold(running, count)
      await sleep(SETTLED)
      return async () => {
        const before = exactCpuSecondsOf(running.pid)
        await sleep(1000 * window)
        const cpu = exactCpuSecondsOf(running.pid) - before
        await release()
        return { cpu: (100 * cpu) / window }
      }
    },
  }
}
