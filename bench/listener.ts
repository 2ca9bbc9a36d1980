import { readFileSync } from 'node:fs'
import { cpuSeconds } from './listener/cpu.ts'
import { honestClients } from './listener/honest.ts'
import { halfOpenMemory, liveTimers, spoofedGrowth } from './listener/in-process.ts'
import type { Flooded, OverTun } from './listener/over-tun.ts'
import { inOwnProcesses } from './listener/own-process.ts'
import { type Anchor, printHeader, printMissing, printRow, type Row } from './listener/report.ts'
import { overTun } from './listener/tun.ts'
import { loopbackHandshakes } from './loopback.ts'
import { byTurns, collectGarbage, type Sample, sample } from './measure.ts'

const MILLION = 1_000_000
/** The least number of runs that a median is of. */
const ROUNDS = 5
const BACKLOGS = [16, 64, 128, 512, 1024]

/** The listener's figures, each with what is to be reached and, where there is one, an anchor: to be read as ratios. */
export async function listenerBench(short: boolean): Promise<Row[]> {
  const rows: Row[] = []
  const row = (row: Row): void => {
    rows.push(row)
    printRow(row)
  }
  printHeader()
  const tun = await overTun(ROUNDS, short ? 300 : 1000)
  await rates(row, short, tun)
  overTunRows(row, tun)
  memory(row, short)
  honest(row, short)
  timers(row, short)
  return rows
}

type Print = (row: Row) => void

async function rates(row: Print, short: boolean, tun: OverTun | string): Promise<void> {
  const count = 200_000
  const unit = 'a CPU second'
  const linux = (figures: 'kernelCookies' | 'kernelStored'): Anchor | undefined => kernel(tun, 'Linux', figures)
  row({
    work: 'SYN, cookie SYN,ACK, in process',
    unit,
    estab: await inOwnProcesses('cookie', count, ROUNDS),
    goal: { least: 3e6 },
    anchor: linux('kernelCookies'),
  })
  row({
    work: 'SYN, entry, SYN,ACK, in process',
    unit,
    estab: await inOwnProcesses('stored', count, ROUNDS),
    goal: { least: 2e6 },
    anchor: linux('kernelStored'),
  })
  const { node } = await byTurns(ROUNDS, {
    node: () => perCpuSecond(short ? 1000 : 5000, (count) => loopbackHandshakes(count, 64)),
  })
  row({
    work: 'open, accept, close, both ends in process',
    unit,
    estab: await inOwnProcesses('handshakes', short ? 30_000 : 100_000, ROUNDS),
    goal: { least: 3e5 },
    anchor: { name: 'node:net, loopback', figures: node },
  })
}

async function perCpuSecond(count: number, work: (count: number) => Promise<unknown>): Promise<number> {
  return count / (await cpuSeconds(() => work(count)))
}

/** What the kernel did in the namespace. */
function kernel(
  tun: OverTun | string,
  name: string,
  figures: 'kernelCookies' | 'kernelStored' | 'kernelHandshakes',
): Anchor | undefined {
  return typeof tun === 'string' ? undefined : { name, figures: sample(tun[figures]) }
}

function overTunRows(row: Print, tun: OverTun | string): void {
  if (typeof tun === 'string') {
    printMissing('over TUN', tun)
    return
  }
  const unit = 'a second'
  const cookies = { estab: sample(tun.cookies), anchor: kernel(tun, 'Linux', 'kernelCookies') }
  const stored = { estab: sample(tun.stored), anchor: kernel(tun, 'Linux', 'kernelStored') }
  const handshakes = { estab: sample(tun.handshakes), anchor: kernel(tun, 'Linux, loopback', 'kernelHandshakes') }
  row({ work: 'SYN, cookie SYN,ACK, over TUN', unit: 'a CPU second', ...cookies, goal: { least: 250_000 } })
  row({ work: 'SYN, entry, SYN,ACK, over TUN', unit: 'a CPU second', ...stored, goal: { least: 250_000 } })
  row({ work: 'kernel client connects, accepted, over TUN', unit, ...handshakes, goal: { least: 50_000 } })
  floodRows(row, tun, 'under 200,000 SYNs a second', tun.flooded)
  floodRows(row, tun, 'past the rate', tun.overrun)
}

function floodRows(row: Print, tun: OverTun, when: string, { served, p99, grown, lost }: Flooded): void {
  const calm = { name: 'no flood', figures: sample(tun.calmP99) }
  row({ work: `SYNs lost in front of the stack, ${when}`, unit: '%', estab: sample(lost) })
  row({ work: `clients served ${when}, over TUN`, unit: '%', estab: sample(served), goal: { least: 100 } })
  row({
    work: 'their connect, p99',
    unit: 'ms',
    estab: sample(p99),
    goal: { most: 2 * calm.figures.median },
    anchor: calm,
  })
  row({ work: 'growth of the process meanwhile', unit: 'MB', estab: sample(grown.map(mega)), goal: { most: 10 } })
}

function mega(octets: number): number {
  return octets / MILLION
}

function memory(row: Print, short: boolean): void {
  const { total, heap, resident } = halfOpenMemory(MILLION, ROUNDS)
  const unit = 'MB'
  const slab = requestSize()
  const anchor = slab === undefined ? undefined : { name: 'Linux, slab objects alone', figures: sample([slab]) }
  const scaled = ({ median, least, most }: Sample): Sample => ({
    median: mega(median),
    least: mega(least),
    most: mega(most),
  })
  row({ work: '1,000,000 half-opens: heap and buffers', unit, estab: scaled(total), goal: { most: 48 }, anchor })
  row({ work: '1,000,000 half-opens: growth of V8’s heap', unit, estab: scaled(heap), goal: { most: 0.2 } })
  row({ work: '1,000,000 half-opens: growth of the process', unit, estab: scaled(resident) })
  const syns = (short ? 1 : 10) * MILLION
  const grown = sample(Array.from({ length: ROUNDS }, () => mega(spoofedGrowth(syns))))
  row({ work: `${syns / MILLION} M spoofed SYNs: growth of heap and buffers`, unit, estab: grown, goal: { most: 0.1 } })
}

/** Megaoctets of a million of the kernel's `request_sock_TCP`; undefined where only root may know. */
function requestSize(): number | undefined {
  try {
    const size = /^request_sock_TCP +\d+ +\d+ +(\d+)/m.exec(readFileSync('/proc/slabinfo', 'utf8'))?.[1]
    return size === undefined ? undefined : Number(size)
  } catch {
    return undefined
  }
}

/** In virtual time, which is exact: the backlogs differ, not the runs. */
function honest(row: Print, short: boolean): void {
  const results = BACKLOGS.map((backlog) => honestClients(backlog, 100 * backlog, short ? 2 : 10))
  const served = sample(results.map((result) => result.served))
  const rtts = sample(results.map((result) => result.rtts))
  const name = `flood of 100 × backlog a second, ${BACKLOGS.join(', ')}`
  row({ work: `${name}: served`, unit: '%', estab: served, goal: { least: 100 } })
  row({ work: 'their connect, p99', unit: 'round trips', estab: rtts, goal: { most: 2 } })
}

function timers(row: Print, short: boolean): void {
  collectGarbage()
  const { each, share, idle } = liveTimers(MILLION, short ? ROUNDS : 2 * ROUNDS)
  row({ work: '1,000,000 timers: one runs out, SYN,ACK sent', unit: 'ns', estab: each, goal: { most: 1000 } })
  row({ work: '1,000,000 timers, in a steady state', unit: '% of a core', estab: share, goal: { most: 5 } })
  row({ work: '1,000,000 timers, a look each ms', unit: '% of a core', estab: idle, goal: { most: 5 } })
}
