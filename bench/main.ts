import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { RealTime } from '../src/host/real-time.ts'
import { halfOpenSize, inwardAllocation, outwardAllocation, synAllocation } from './allocation.ts'
import { pumpBulk, wireBulk } from './bulk.ts'
import { PumpHandshakes } from './handshakes.ts'
import { idle } from './idle.ts'
import type { Row as ListenerRow } from './listener/report.ts'
import { listenerBench } from './listener.ts'
import { loopbackBulk, loopbackHandshakes } from './loopback.ts'
import { byTurns } from './measure.ts'
import { printHeader, printRow, type Row } from './report.ts'
import { makeSyns, synRate } from './syn.ts'

/** What can be measured: all but the listener, unless something is named. */
const WORKS = {
  bulk: { what: 'one connection, one way', run: bulk },
  connections: { what: 'opened, accepted and closed by both ends', run: handshakes },
  syn: { what: 'received, kept, answered', run: syns },
  allocation: { what: 'octets of heap for each segment', run: allocations },
  idle: { what: 'octets for each idle connection, with keep-alives', run: idleConnections },
  listener: { what: 'the listener under load, in process and over TUN, with what is to be reached', run: listener },
}
type Work = keyof typeof WORKS

const HELP = `npm run bench -- [WORK...] [--short] [--json FILE]

${Object.entries(WORKS)
  .map(([name, { what }]) => `  ${name.padEnd(14)}${what}`)
  .join('\n')}

Without a work: all but the listener.

  npm run bench -- peers [OPTIONS]      estab, the kernel, gVisor, smoltcp and lwIP over TUN; --help has more
  npm run bench -- browser [--short]    two stacks in a page of Chromium

  --short       fewer runs, and shorter ones
  --json FILE   writes the figures to a file, too`

const OPTIONS = {
  short: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runOther()
const { values, works } = readArguments()
const rounds = values.short ? 3 : 7
const scale = values.short ? 0.2 : 1
const rows: (Row | ListenerRow)[] = []

/** Benches with options of their own. */
async function runOther(): Promise<void> {
  const [name, ...args] = process.argv.slice(2)
  if (name !== 'peers' && name !== 'browser') return
  try {
    if (name === 'peers') await (await import('./peers.ts')).peersBench(args)
    else await (await import('./browser.ts')).browserBench(args)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
  process.exit()
}

function readArguments(): { values: { short: boolean; json?: string | undefined; help: boolean }; works: Work[] } {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
    for (const name of positionals) {
      if (!Object.hasOwn(WORKS, name)) throw new Error(`There is no work "${name}".`)
    }
    const chosen = positionals.length > 0 ? positionals : Object.keys(WORKS).filter((name) => name !== 'listener')
    return { values, works: chosen as Work[] }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

function row(row: Row): void {
  rows.push(row)
  printRow(row)
}

async function bulk(): Promise<void> {
  const octets = 1e9 * scale
  const unit = 'Gbit/s'
  const { node, ...estab } = await byTurns(rounds, {
    node: () => loopbackBulk(octets),
    pump: () => pumpBulk(octets, 1500),
    'long pump': () => pumpBulk(octets, 65_535),
    wire: () => wireBulk(octets, new RealTime(), { mtu: 1500 }),
    'cutting wire': () => wireBulk(octets, new RealTime(), { mtu: 1500, offload: true }),
    'long wire': () => wireBulk(octets, new RealTime(), { mtu: 65_535 }),
    'vouching wire': () => wireBulk(octets, new RealTime(), { mtu: 65_535, offload: true }),
  })
  row({ work: 'bulk, in process without a link, MTU 1500', unit, estab: estab.pump, node })
  row({ work: 'bulk, in process without a link, MTU 65,535', unit, estab: estab['long pump'], node })
  row({ work: 'bulk, drivers and wire, MTU 1500', unit, estab: estab.wire, node })
  row({ work: 'the same, packets of 64 KiB, no checksums', unit, estab: estab['cutting wire'], node })
  row({ work: 'bulk, drivers and wire, MTU 65,535', unit, estab: estab['long wire'], node })
  row({ work: 'the same, no checksums', unit, estab: estab['vouching wire'], node })
}

async function handshakes(): Promise<void> {
  for (const atOnce of [1, 64]) {
    const pump = new PumpHandshakes(atOnce)
    const { estab, node } = await byTurns(rounds, {
      estab: () => pump.rate(Math.round(200_000 * scale)),
      node: () => loopbackHandshakes(Math.round(5000 * scale), atOnce),
    })
    row({ work: `open, accept, close both ends, ${atOnce} at once`, unit: 'a second', estab, node })
  }
}

async function syns(): Promise<void> {
  const frames = makeSyns(values.short ? 100_000 : 200_000)
  const { estab } = await byTurns(rounds, { estab: () => synRate(frames) })
  row({ work: 'SYN received, kept, answered', unit: 'a second', estab })
}

async function listener(): Promise<void> {
  rows.push(...(await listenerBench(values.short)))
}

function allocations(): void {
  const segments = 200_000
  const unit = 'octets of heap'
  row({ work: 'segment received, read, acknowledged', unit, estab: inwardAllocation(segments) })
  row({ work: 'segment sent, acknowledged', unit, estab: outwardAllocation(segments) })
  row({ work: 'SYN received, kept, answered', unit, estab: synAllocation(segments) })
  row({ work: 'half-open connection, IPv4', unit: 'octets held', estab: halfOpenSize() })
}

async function idleConnections(): Promise<void> {
  const count = values.short ? 20_000 : 100_000
  const core = await idle('core', count, 1)
  const sockets = await idle('sockets', count / 5, 1)
  // As many as the usual limit of descriptors lets be.
  const node = await idle('node', 8000, 1)
  row({ work: 'idle connection, core, heap', unit: 'octets', estab: core.heap })
  row({ work: 'idle connection, core, resident', unit: 'octets', estab: core.resident })
  row({ work: `a process with ${count} of them`, unit: 'octets', estab: core.process })
  row({ work: 'the same after 20 s of rest', unit: 'octets', estab: core.rested })
  row({ work: 'idle socket, heap', unit: 'octets', estab: sockets.heap, node: node.heap })
  row({ work: 'idle socket, resident', unit: 'octets', estab: sockets.resident, node: node.resident })
}

if (values.help) {
  console.log(HELP)
} else {
  console.log(`node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores\n`)
  if (works.some((name) => name !== 'listener')) printHeader()
  for (const name of works) await WORKS[name].run()
  if (values.json !== undefined) {
    const report = { node: process.version, cpu: cpus()[0]?.model, date: new Date().toISOString(), rows }
    writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
  }
}
