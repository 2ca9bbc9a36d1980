import { type Figures, FROM_MANY_SOURCES, type Peer, type Running } from './peer.ts'
import { cpuSecondsOf } from './usage.ts'
import type { Extent, Metric, Work } from './work.ts'

/** Octets of the first of the runs before those that count: what it takes says how many the next has, and so on. */
const FIRST = 16e6
const MOST = 20e9
/** No transfer may take longer, s. */
const LIMIT = 20

const METRICS: readonly Metric[] = [
  { name: 'rate', title: 'rate', unit: 'Gbit/s', better: 'more' },
  { name: 'cpu', title: 'own CPU', unit: 's/GB', better: 'less' },
  { name: 'all', title: 'CPU of both ends', unit: 's/GB', better: 'less' },
]

/** One transfer, or several at once, in one direction as the peer sees it. */
export function bulk(
  direction: 'receive' | 'send',
  connections: number,
  offload: boolean,
  peers: readonly Peer[],
): Work {
  const many = connections > 1 ? `-${connections}` : ''
  const of = connections > 1 ? `${connections} connections` : 'one connection'
  return {
    name: `bulk-${direction}${many}${offload ? '' : '-plain'}`,
    title: `bulk ${direction}, ${of}, MTU 1500${offload ? ', offloads where the peer has them' : ', no offloads'}`,
    peers,
    setup: { offload, backlog: 128 },
    metrics: METRICS,
    longOnly: connections > 1,
    begin: (running, extent) => begin(running, extent, direction === 'receive' ? 'send' : 'receive', connections),
  }
}

async function begin(
  running: Running,
  { seconds, short }: Extent,
  command: 'send' | 'receive',
  connections: number,
): Promise<() => Promise<Figures>> {
  const transfer = (octets: number): Promise<Figures> =>
    running.load([command, running.host, String(octets), '-c', String(connections)], LIMIT)
  let octets = FIRST
  // Several times: the first runs in code that is not compiled yet, and the last of it is after a gigaoctet or more of small packets.
  for (let i = 0; i < (short ? 3 : 4); i++) {
    const tried = await transfer(octets)
    octets = perConnection((octets * seconds) / Math.max(tried.seconds!, 0.001), i)
  }
  return async () => {
    const before = cpuSecondsOf(running.pid)
    const done = await transfer(octets)
    const gigaoctets = done.octets! / 1e9
    const cpu = cpuSecondsOf(running.pid) - before
    return { rate: (8 * gigaoctets) / done.seconds!, cpu: cpu / gigaoctets, all: (cpu + done.cpu!) / gigaoctets }
  }
}

/** What is tried next: not more than a few times what is known to work, before the last. */
function perConnection(octets: number, round: number): number {
  return Math.round(Math.min(octets, round === 0 ? 20 * FIRST : MOST))
}

const CONNECTIONS: readonly Metric[] = [
  { name: 'rate', title: 'rate', unit: 'a second', better: 'more' },
  { name: 'cpu', title: 'own CPU', unit: 'µs each', better: 'less' },
]

/** Connections opened, accepted, closed by the peer first. */
export function connections(atOnce: number, peers: readonly Peer[]): Work {
  return {
    name: `connections-${atOnce}`,
    title: `connect, accept, close, ${atOnce === 1 ? 'one after another' : `${atOnce} at once`}`,
    peers,
    setup: { offload: true, backlog: 1024 },
    metrics: CONNECTIONS,
    begin: async (running, { seconds }) => {
      // Otherwise it were chance whether another core has to be woken each time.
      if (atOnce === 1) await running.place('apart')
      const open = (count: number): Promise<Figures> =>
        running.load(['connections', running.host, String(count), '-c', String(atOnce), ...FROM_MANY_SOURCES], LIMIT)
      await open(500)
      const tried = await open(2000)
      const count = Math.round(Math.min(200_000, (2000 * seconds) / tried.seconds!))
      return async () => {
        const before = cpuSecondsOf(running.pid)
        const done = await open(count)
        return {
          rate: done.count! / done.seconds!,
          cpu: (1e6 * (cpuSecondsOf(running.pid) - before)) / done.count!,
        }
      }
    },
  }
}

const PINGPONG: readonly Metric[] = [
  { name: 'p50', title: 'p50', unit: 'µs', better: 'less' },
  { name: 'p99', title: 'p99', unit: 'µs', better: 'less' },
]

/** One octet there and back, again and again. On one core no other has to be woken, which is most of the time otherwise. */
export function pingpong(where: 'together' | 'apart', peers: readonly Peer[]): Work {
  const together = where === 'together'
  return {
    name: together ? 'pingpong-one-core' : 'pingpong',
    title: `1-octet ping-pong, both ends on ${together ? 'one core' : 'a core each'}`,
    peers,
    setup: { offload: true, backlog: 128 },
    metrics: PINGPONG,
    longOnly: together,
    begin: async (running, { seconds }) => {
      const play = (count: number): Promise<Figures> => running.load(['pingpong', running.host, String(count)], LIMIT)
      await running.place(where)
      await play(2000)
      const count = Math.round(12_000 * seconds)
      return () => play(count)
    },
  }
}
