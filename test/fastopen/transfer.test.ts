import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ImpairOptions } from '../../src/link/impair.ts'
import { Chance } from '../../src/sim/chance.ts'
import { eager, type Progress } from '../transfer/flow.ts'
import { ADDRESSES, PORT, Rig, withTrace } from '../transfer/harness.ts'

const FIRST_PORT = 50_000
const CONNECTIONS = 6
/** Longer than a client leaves a server alone after its first failure. */
const APART = 5 * 60_000
const PATIENCE = 130_000

const SEEDS = process.env.ESTAB_SEED === undefined ? Array.from({ length: 40 }, (_, i) => i) : [+process.env.ESTAB_SEED]

/** Connections by Fast Open, one after another, between two stacks on a bad line; each stream comes whole, and once. */
function run(seed: number): Rig {
  const chance = new Chance(seed)
  const impairment: ImpairOptions = {
    delay: 10 + chance.below(40),
    jitter: chance.below(20),
    loss: chance.next() / 6,
    duplicate: chance.next() / 5,
    reorder: chance.next() / 5,
  }
  const rig = new Rig({ seed, impairment: seed % 4 === 0 ? {} : impairment })
  const family = seed % 2 === 0 ? 4 : 6
  const closes = chance.chance(0.5) ? 'a' : 'b'
  const octets = (): Uint8Array => chance.bytes(chance.below(chance.chance(0.5) ? 500 : 20_000))
  const streams = Array.from({ length: CONNECTIONS }, () => ({ a: octets(), b: octets() }))
  const progress: Progress[] = streams.map(() => ({ at: 0 }))
  rig.b.listen({ port: PORT, fastOpen: 1 + chance.below(3) })
  rig.b.onAcceptable = (listener) => {
    for (let connection = listener.accept(); connection !== undefined; connection = listener.accept()) {
      const i = connection.remotePort - FIRST_PORT
      const { a, b } = streams[i]!
      rig.b.start(connection, eager(b, a, closes === 'b' ? 'sent' : 'ended'), progress[i]!)
    }
    rig.b.driver.touch()
  }
  for (const [i, { a, b }] of streams.entries()) {
    rig.clock.at(1000 + i * APART, () => {
      const connection = rig.a.stack.connect({
        address: ADDRESSES.b[family],
        port: PORT,
        localPort: FIRST_PORT + i,
        fastOpen: true,
      })
      rig.a.start(connection, eager(a, b, closes === 'a' ? 'sent' : 'ended'), progress[i]!)
    })
  }
  return withTrace(rig, `seed ${seed} (ESTAB_SEED=${seed} runs it alone)`, () => {
    const all = 2 * CONNECTIONS
    rig.runUntil(() => rig.flows.length === all && rig.flows.every((flow) => flow.done), PATIENCE, CONNECTIONS * APART)
    rig.finish()
    return rig
  })
}

describe('streams that begin on a SYN', () => {
  const counters = { active: 0, fail: 0, passive: 0 }
  for (const seed of SEEDS) {
    test(`come whole, and once, over a bad line: seed ${seed}`, () => {
      const { a, b } = run(seed)
      counters.active += a.stack.counters.TCPFastOpenActive
      counters.fail += a.stack.counters.TCPFastOpenActiveFail
      counters.passive += b.stack.counters.TCPFastOpenPassive
      if (seed % 4 === 0) assert.ok(a.stack.counters.TCPFastOpenActive >= 1)
    })
  }

  test('were taken, and were lost', { skip: SEEDS.length === 1 }, () => {
    assert.ok(counters.active > 80, `${counters.active} taken`)
    assert.ok(counters.fail > 5, `${counters.fail} failed`)
    assert.ok(counters.passive >= counters.active)
  })
})
