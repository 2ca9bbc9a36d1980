import assert from 'node:assert/strict'
import test from 'node:test'
import { runFairness } from '../../scripts/sim/fairness.ts'
import { congestionControls, runCell } from '../../scripts/sim/goodput-cell.ts'
import { allCells, differences, markdown, snapshotOf } from '../../scripts/sim/goodput-table.ts'

const [control] = congestionControls()

test('a cell of the table is the same in every run, and is what the link carries where nothing is lost', () => {
  const cell = { congestionControl: control, rate: 100e6, rtt: 1, loss: 0 }
  const { share } = runCell(cell)
  assert.equal(runCell(cell).share, share)
  assert.ok(share > 0.95 && share < 0.966, `${share}`)
})

test('the table has every cell, and its differences are readable', () => {
  const results = allCells().map((cell) => ({ cell, share: cell.loss === 0 ? 0.96 : 0.5, retransmitted: 0 }))
  const before = snapshotOf(results)
  assert.match(markdown(before), /\n\| 1 Gbit\/s \| 300 ms \| 96\.0 % \| 50\.0 % \| 50\.0 % \| 50\.0 % \| 50\.0 % \|\n/)
  const worse = results.map((result) => {
    const { loss, rtt, rate, congestionControl } = result.cell
    const one = loss === 0.01 && rtt === 20 && rate === 100e6 && congestionControl === control
    return one ? { ...result, share: 0.4 } : result
  })
  assert.deepEqual(differences(before, before), [])
  const [line, ...rest] = differences(before, snapshotOf(worse))
  assert.match(line!, /, 100 Mbit\/s, 20 ms, loss 1 %: 50\.0 % in the file, 40\.0 % now$/)
  assert.deepEqual(rest, [])
})

test('two connections share a bottleneck: neither is starved', () => {
  const options = { controls: [control, control], rate: 10e6, rtt: 20, discipline: 'codel', seconds: 10 } as const
  const shares = runFairness(options)
  assert.deepEqual(runFairness(options), shares)
  assert.ok(Math.min(...shares) > 0.2, `${shares}`)
  assert.ok(shares[0] + shares[1] > 0.8, `${shares}`)
})
