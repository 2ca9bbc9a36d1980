import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bars } from '../../bench/harness/bars.ts'
import { compare } from '../../bench/harness/compare.ts'
import type { Peer, Running } from '../../bench/harness/peer.ts'
import { plot } from '../../bench/harness/plot.ts'
import { markdown, workTable } from '../../bench/harness/report.ts'
import { type Results, readResults, type WorkResult, writeResults } from '../../bench/harness/results.ts'
import type { Work } from '../../bench/harness/work.ts'

const MACHINE = {
  cpu: 'a CPU',
  cores: 2,
  kernel: '6.18',
  node: 'v20',
  congestionControl: 'cubic',
  date: '2026-11-22T00:00:00.000Z',
}
const METRICS = [{ name: 'rate', title: 'rate', unit: 'Gbit/s', better: 'more' }] as const

function result(name: string, rates: Readonly<Record<string, readonly number[]>>): WorkResult {
  const peers = Object.entries(rates).map(([name, all]) => ({
    name,
    title: name,
    rounds: all.map((rate) => ({ rate })),
  }))
  return { name, title: name, metrics: METRICS, peers }
}

function results(...works: WorkResult[]): Results {
  return { machine: MACHINE, leftOut: [{ peer: 'gVisor', reason: 'Go is missing' }], works }
}

/** A peer of which each round is a call of `round`; what happens is written down. */
function peer(name: string, log: string[], round: () => Record<string, number>): Peer {
  const running = { close: async () => void log.push(`${name} closed`), load: async () => round() }
  return {
    name,
    title: name,
    offloads: false,
    prepare: async () => {},
    start: async () => running as unknown as Running,
  }
}

const WORK: Work = {
  name: 'work',
  title: 'work',
  peers: [],
  setup: { offload: false, backlog: 1 },
  metrics: METRICS,
  begin: async (running) => () => running.load([], 1),
}

test('peers take turns, who fails is left out from there on, and all are closed', async () => {
  const log: string[] = []
  let failing = 0
  const a = peer('a', log, () => {
    log.push('a')
    return { rate: 1 }
  })
  const b = peer('b', log, () => {
    log.push('b')
    if (++failing === 2) throw new Error('gone')
    return { rate: 2 }
  })
  const { peers } = await compare(WORK, [a, b], { rounds: 3, seconds: 1, short: false })
  assert.deepEqual(log, ['a', 'b', 'a', 'b', 'b closed', 'a', 'a closed'])
  assert.deepEqual(peers, [
    { name: 'a', title: 'a', rounds: [{ rate: 1 }, { rate: 1 }, { rate: 1 }] },
    { name: 'b', title: 'b', rounds: [{ rate: 2 }], failed: 'gone' },
  ])
})

test('a table has median, range and by what factor estab has more', () => {
  const table = workTable(result('work', { estab: [30, 10, 20], other: [5] }))
  assert.deepEqual(table.slice(1), [
    ['estab', '20 (10–30)', '1'],
    ['other', '5', '4'],
  ])
})

test('a bar compares medians, and is silent about what was not measured', () => {
  const all = bars(results(result('bulk-receive', { estab: [29, 30, 31], 'kernel-veth': [60], gvisor: [3.1] })))
  const receive = all.filter(({ text }) => text === 'bulk receive')
  assert.deepEqual(
    receive.map(({ goal, reached }) => [goal, reached]),
    [
      ['≥ 20', true],
      ['≥ 0.5 × Linux, veth', true],
      ['≥ 10 × gVisor', false],
      ['≥ 3 × smoltcp', undefined],
      ['≥ 3 × lwIP', undefined],
    ],
  )
})

test('a file of figures keeps the works that were not measured again', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'estab-bench-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'figures.json')
  writeResults(file, results(result('a', { estab: [1] }), result('b', { estab: [2] })))
  writeResults(file, results(result('b', { estab: [3] })))
  const works = readResults(file).works.map(({ name, peers }) => [name, peers[0]!.rounds])
  assert.deepEqual(works, [
    ['a', [{ rate: 1 }]],
    ['b', [{ rate: 3 }]],
  ])
})

test('figures become a page and a drawing', async () => {
  const all = results(result('bulk-receive', { estab: [10, 20, 30], other: [5] }))
  const page = markdown(all)
  assert.match(page, /^- gVisor: Go is missing$/m)
  assert.match(page, /^\| estab \| 20 \(10–30\) \| 1 \|$/m)
  const drawing = await plot(all)
  assert.match(drawing, /^<svg /)
  assert.match(drawing, />other</)
})
