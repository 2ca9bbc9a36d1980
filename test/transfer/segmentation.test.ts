import assert from 'node:assert/strict'
import test from 'node:test'
import { Chance } from '../../src/sim/chance.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { type Plan, transfer } from './both-ways.ts'
import { eager } from './flow.ts'

for (const family of [4, 6] as const) {
  test(`10 MB each way over a wire that carries packets of 64 KiB, IPv${family}`, () => {
    const { a, b } = transfer({ offload: true }, 10_000_000, family)
    for (const { stack } of [a, b]) {
      assert.equal(stack.counters.RetransSegs, 0)
      assert.deepEqual(stack.counters.drops, {})
      assert.ok(stack.counters.OutSegs > 6900, 'segments are counted as they would be on the wire')
      assert.ok(stack.counters.transmitted < 1500, `${stack.counters.transmitted} packets`)
    }
  })

  test(`10 MB each way over a wire that cuts them, IPv${family}`, () => {
    const { a, b } = transfer({ offload: 'cut' }, 10_000_000, family)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      assert.equal(one.stack.counters.RetransSegs, 0)
      assert.deepEqual(one.stack.counters.drops, {})
      assert.equal(one.stack.counters.OutSegs, other.stack.counters.received)
      assert.ok(one.stack.counters.transmitted < one.stack.counters.OutSegs / 3)
    }
  })
}

test('packets of 64 KiB are lost whole', () => {
  const rig = transfer({ offload: true, passes: (_, n) => n % 9 !== 8 }, 5_000_000)
  assert.ok(rig.a.stack.counters.RetransSegs > 50)
})

test('of what the wire cuts it drops every ninth segment', () => {
  for (const tcp of [{}, { sack: false }, { timestamps: false, windowScale: false, sack: false }]) {
    const rig = transfer(
      { offload: 'cut', passes: (_, n) => n % 9 !== 8, impairment: { delay: 10 }, a: { tcp } },
      1_000_000,
    )
    assert.ok(rig.a.stack.counters.RetransSegs > 50)
  }
})

const VARIANTS: readonly Partial<TcpConfig>[] = [
  {},
  { timestamps: false },
  { sack: false },
  { sack: false, timestamps: false },
  { pacing: true },
  { congestionControl: 'newreno' },
  { ecn: true },
]

test('what is cut is lost, late, doubled and damaged, at 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const chance = new Chance(seed)
    const tcp = VARIANTS[seed % VARIANTS.length]!
    const impairment = {
      delay: chance.below(40),
      jitter: chance.below(3),
      loss: 0.04 * chance.next(),
      duplicate: 0.02 * chance.next(),
      reorder: 0.05 * chance.next(),
      corrupt: 0.01 * chance.next(),
    }
    const size = 200_000 + chance.below(400_000)
    const plan: Plan = (send, expect, close) => ({
      ...eager(send, expect, close),
      writeSize: () => 1 + chance.below(50_000),
      readSize: () => 1 + chance.below(50_000),
      writePause: () => (chance.next() < 0.05 ? chance.below(300) : 0),
      noDelay: chance.next() < 0.5,
    })
    const mtu = [1500, 1280, 9000][chance.below(3)]!
    transfer({ offload: 'cut', seed, mtu, impairment, a: { tcp }, b: { tcp } }, size, seed % 2 === 0 ? 4 : 6, plan)
  }
})
