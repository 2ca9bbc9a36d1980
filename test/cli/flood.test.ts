import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN } from '../../src/cli/colors.ts'
import { FLOOD_NETWORKS, FLOOD_SYNS, floodSource, isOfFlood } from '../../src/cli/demo/flood.ts'
import { type Metered, meterHeading, meterRow } from '../../src/cli/demo/meter.ts'

test('every SYN of a flood has a source of its own, in networks that take turns', () => {
  const sources = Array.from({ length: FLOOD_SYNS }, (_, n) => floodSource(n))
  assert.equal(new Set(sources).size, FLOOD_SYNS)
  assert.ok(sources.every(isOfFlood))
  const networks = sources.slice(0, FLOOD_NETWORKS).map((source) => source.slice(0, source.lastIndexOf('.')))
  assert.equal(new Set(networks).size, FLOOD_NETWORKS)
  assert.equal(isOfFlood('10.77.0.1'), false)
})

function load(halfOpen: number, acceptQueueLength: number, numbers: number[]): Metered {
  const [syns, held, cookied, queueFull] = numbers as [number, number, number, number]
  const counters = { syns, held, cookied, queueFull }
  return { halfOpen, backlog: 64, acceptQueueLength, acceptBacklog: 64, counters }
}

test('the meter: both queues as bars, in which one entry and one free place are seen', () => {
  const rows = [
    meterHeading(),
    meterRow(0, load(0, 0, [0, 0, 0, 0]), PLAIN),
    meterRow(50, load(1, 0, [1, 1, 0, 0]), PLAIN),
    meterRow(500, load(63, 32, [100, 100, 0, 0]), PLAIN),
    meterRow(63_000, load(64, 64, [234_567, 64, 234_500, 3]), PLAIN),
  ]
  assert.equal(
    `\n${rows.join('\n')}\n`,
    `
           SYN queue               accept queue                 SYNs   queued  cookies  dropped
  0.000 s  ░░░░░░░░░░░░░░░░ 0/64   ░░░░░░░░░░░░░░░░ 0/64           0        0        0        0
  0.050 s  █░░░░░░░░░░░░░░░ 1/64   ░░░░░░░░░░░░░░░░ 0/64           1        1        0        0
  0.500 s  ███████████████░ 63/64  ████████░░░░░░░░ 32/64        100      100        0        0
 63.000 s  ████████████████ 64/64  ████████████████ 64/64    234,567       64  234,500        3
`,
  )
  for (const row of rows) assert.ok(row.length <= 100, row)
})
