import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PAIRS, pairName, runPair, summary } from '../../scripts/sim/fairness-table.ts'

describe('two connections over one bottleneck of 10 Mbit/s, for 60 s, as a mean of several seeds', () => {
  for (const pair of PAIRS.filter(({ rtt }) => rtt === 20)) {
    test(pairName(pair), (t) => {
      const result = runPair(pair)
      const { first, second, apart } = summary(result)
      const [a, b] = pair.controls
      t.diagnostic(`${a} ${percent(first)}, ${b} ${percent(second)}, ${percent(apart)} apart`)
      assert.ok(first + second > 0.95, 'the link is full')
      if (a === b) assert.ok(apart <= 0.1, 'they share within 10 %')
      else assert.ok(Math.min(first, second) > 0.2, 'neither is starved')
    })
  }
})

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
