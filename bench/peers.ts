import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { enterNamespace, isInsideNamespace } from '../src/host/namespace.ts'
import { bars } from './harness/bars.ts'
import { compare } from './harness/compare.ts'
import { describe, machine } from './harness/machine.ts'
import type { Peer } from './harness/peer.ts'
import { endTogether } from './harness/processes.ts'
import { barTable, markdown, printTable, workTable } from './harness/report.ts'
import { type LeftOut, type Results, readResults, type WorkResult, writeResults } from './harness/results.ts'
import type { Extent, Work } from './harness/work.ts'
import { FEWER, PEERS, WORKS } from './harness/works.ts'

const HELP = `npm run bench -- peers [OPTIONS]

estab and other stacks on the same work, by turns. Needs Linux, /dev/net/tun and the right to make network namespaces.

  --short            within two minutes: fewer and shorter rounds, and not all works and peers
  --only WORK,...    of: ${WORKS.map(({ name }) => name).join(', ')}
  --peers PEER,...   of: ${PEERS.map(({ name }) => name).join(', ')}
  --rounds N         default 5, and 3 with --short
  --seconds S        about so long is a round of a peer: default 1, and 0.25 with --short
  --build            builds the peers, and no more
  --json FILE        writes the figures, and keeps what FILE holds of other works
  --svg FILE         draws them
  --markdown FILE    writes the tables
  --from FILE        measures nothing: takes the figures of an earlier --json`

const OPTIONS = {
  short: { type: 'boolean', default: false },
  only: { type: 'string' },
  peers: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  build: { type: 'boolean', default: false },
  json: { type: 'string' },
  svg: { type: 'string' },
  markdown: { type: 'string' },
  from: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const TCPIP: LeftOut = { peer: 'tcpip.js', reason: 'its package, tcpip, is not in the npm registry' }

interface Plan {
  readonly works: readonly Work[]
  readonly peers: readonly Peer[]
  readonly extent: Extent
  readonly buildOnly: boolean
  readonly json: string | undefined
  readonly svg: string | undefined
  readonly markdown: string | undefined
  readonly from: string | undefined
}

export async function peersBench(args: readonly string[]): Promise<void> {
  const plan = readPlan(args)
  if (plan.from !== undefined) return write(plan, readResults(plan.from))
  if (!isInsideNamespace()) {
    // Modules and crates are fetched: there is no way to them from within.
    const { leftOut } = await prepare(plan.peers)
    if (plan.buildOnly) {
      printLeftOut(leftOut)
      return
    }
    const result = await enterNamespace()
    if (!result.ok) throw new Error(`the peers can't be measured here: ${result.reason}`)
    process.exitCode = result.exitCode
    return
  }
  endTogether()
  await measure(plan)
}

function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const { short, build: buildOnly, json, svg, markdown, from } = values
  const rounds = positive('--rounds', values.rounds ?? (short ? '3' : '5'))
  const seconds = positive('--seconds', values.seconds ?? (short ? '0.25' : '1'))
  return {
    works: chosen('work', WORKS, values.only) ?? WORKS.filter(({ longOnly }) => !(short && longOnly)),
    peers: chosen('peer', PEERS, values.peers) ?? (short ? FEWER : PEERS),
    extent: { rounds: Math.ceil(rounds), seconds, short },
    buildOnly,
    json,
    svg,
    markdown,
    from,
  }
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new RangeError(`${option} takes a number above 0, not "${text}"`)
  return value
}

function chosen<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  list: string | undefined,
): readonly T[] | undefined {
  if (list === undefined) return undefined
  const names = list.split(',')
  for (const name of names) {
    if (!all.some((one) => one.name === name)) throw new Error(`There is no ${kind} "${name}".\n\n${HELP}`)
  }
  return all.filter(({ name }) => names.includes(name))
}

async function measure(plan: Plan): Promise<void> {
  const here = await machine()
  console.log(`${describe(here)}\n`)
  const { able, leftOut } = await prepare(plan.peers)
  printLeftOut(leftOut)
  const works: WorkResult[] = []
  for (const work of plan.works) {
    const peers = work.peers.filter((peer) => able.has(peer.name))
    const extent = work.slow === true && plan.extent.short ? { ...plan.extent, rounds: 1 } : plan.extent
    const result = await compare(work, peers, extent)
    works.push(result)
    printTable(workTable(result))
    // What is measured is not lost if a later work is broken off.
    if (plan.json !== undefined) writeResults(plan.json, { machine: here, leftOut, works })
  }
  const results = { machine: here, leftOut, works }
  printTable(
    barTable(bars(results).filter(({ reached }) => plan.works.length === WORKS.length || reached !== undefined)),
  )
  await write(plan, plan.json === undefined ? results : readResults(plan.json))
  process.exit(0)
}

/** Builds the peers; those that can be had, by name. */
async function prepare(peers: readonly Peer[]): Promise<{ able: Set<string>; leftOut: LeftOut[] }> {
  const able = new Set<string>()
  const leftOut = [TCPIP]
  for (const peer of peers) {
    try {
      await peer.prepare()
      able.add(peer.name)
    } catch (error) {
      leftOut.push({ peer: peer.title, reason: (error as Error).message })
    }
  }
  return { able, leftOut }
}

function printLeftOut(leftOut: readonly LeftOut[]): void {
  for (const { peer, reason } of leftOut) console.log(`left out: ${peer}: ${reason}`)
  console.log()
}

async function write(plan: Plan, { works, ...rest }: Results): Promise<void> {
  const order = WORKS.map(({ name }) => name)
  const results = { ...rest, works: works.toSorted((x, y) => order.indexOf(x.name) - order.indexOf(y.name)) }
  if (plan.markdown !== undefined) writeFileSync(plan.markdown, markdown(results))
  if (plan.svg !== undefined) {
    const { plot } = await import('./harness/plot.ts')
    writeFileSync(plan.svg, await plot(results))
  }
}
