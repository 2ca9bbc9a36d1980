/** Which cookies were used, against a plain list of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { UsedCookies } from '../../src/tcp/used-cookies.ts'

const KEY = new Uint8Array(16)

function made(): { used: UsedCookies; rotate: (times?: number) => void } {
  const keys = new CookieKeyRing(KEY, KEY, KEY)
  return {
    used: new UsedCookies(keys),
    rotate(times = 1) {
      for (let left = times; left > 0; left--) keys.rotate(KEY)
    },
  }
}

describe('used cookies', () => {
  test('are remembered for two rotations: as long as the key of a replica that is one ahead is honoured', () => {
    const { used, rotate } = made()
    used.add(1, 2)
    rotate()
    used.add(3, 4)
    rotate()
    assert.ok(used.has(1, 2) && used.has(3, 4))
    rotate()
    assert.deepEqual([used.has(1, 2), used.has(3, 4)], [false, true])
    rotate()
    assert.equal(used.has(3, 4), false)
    assert.equal(used.forgotten, 0)
  })

  test('are forgotten at once after many rotations', () => {
    const { used, rotate } = made()
    used.add(1, 2)
    rotate(10)
    assert.equal(used.has(1, 2), false)
  })

  test('behave as a list, with hashes that collide and words that are 0', () => {
    const word = fc.constantFrom(0, 1, -1, 2, 512, 1024, 0x7fff_ffff, -0x8000_0000)
    // Both words 0 mark an empty slot: that cookie, one in 2^64, can be used again.
    const cookie = fc.tuple(word, word).filter(([hash, iss]) => hash !== 0 || iss !== 0)
    const step = fc.record({ cookie, add: fc.boolean(), turns: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 4) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { used, rotate } = made()
        const list: { hash: number; iss: number; generation: number }[] = []
        let generation = 0
        for (const { cookie, add, turns } of steps) {
          rotate(turns)
          generation += turns
          const [hash, iss] = cookie
          const known = list.some((one) => one.hash === hash && one.iss === iss && one.generation >= generation - 2)
          assert.equal(used.has(hash, iss >>> 0), known)
          if (!add || known) continue
          used.add(hash, iss >>> 0)
          list.push({ hash, iss, generation })
        }
      }),
      { numRuns: 300 },
    )
  })

  test('of a whole generation are all there while the table grows', () => {
    const { used, rotate } = made()
    const hash = (i: number): number => Math.imul(i, 0x9e37_79b1) | 0
    for (let i = 0; i < 100_000; i++) used.add(hash(i), i + 1)
    rotate()
    for (let i = 0; i < 100_000; i++) if (!used.has(hash(i), i + 1)) assert.fail(`${i} is forgotten`)
    for (let i = 0; i < 100_000; i++) if (used.has(hash(i), i + 2)) assert.fail(`${i} was never there`)
  })

  test('are bounded: beyond 131,072 in a generation the oldest is forgotten early, and that is counted', () => {
    const { used, rotate } = made()
    used.add(-5, 1)
    rotate()
    used.add(-6, 1)
    rotate()
    for (let i = 0; i < 131_071; i++) used.add(i, 1)
    assert.ok(used.has(-5, 1))
    used.add(200_000, 1)
    used.add(200_001, 1)
    assert.equal(used.forgotten, 1)
    assert.deepEqual([used.has(-5, 1), used.has(-6, 1)], [false, true])
    assert.ok(used.has(0, 1) && used.has(200_001, 1))
  })
})
