/** Which cookies were used, against a plain list of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { KEY_PERIOD } from '../../src/tcp/cookie-keys.ts'
import { UsedCookies } from '../../src/tcp/used-cookies.ts'

describe('used cookies', () => {
  test('are remembered to the end of the period after theirs: as long as a key of the clock is honoured', () => {
    const used = new UsedCookies()
    used.add(1, 2, 29_999)
    used.add(3, 4, 30_000)
    for (const now of [30_000, 59_999]) assert.ok(used.has(1, 2, now) && used.has(3, 4, now))
    assert.deepEqual([used.has(1, 2, 60_000), used.has(3, 4, 60_000)], [false, true])
    assert.equal(used.has(3, 4, 90_000), false)
    assert.equal(used.forgotten, 0)
  })

  test('are forgotten at once after a long silence', () => {
    const used = new UsedCookies()
    used.add(1, 2, 0)
    assert.equal(used.has(1, 2, 600_000), false)
  })

  test('behave as a list, with hashes that collide and words that are 0', () => {
    const word = fc.constantFrom(0, 1, -1, 2, 512, 1024, 0x7fff_ffff, -0x8000_0000)
    // Both words 0 mark an empty slot: that cookie, one in 2^64, can be used again.
    const cookie = fc.tuple(word, word).filter(([hash, iss]) => hash !== 0 || iss !== 0)
    const step = fc.record({ cookie, add: fc.boolean(), pass: fc.constantFrom(0, 0, 0, 1000, 29_000, 30_000, 70_000) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const used = new UsedCookies()
        const list: { hash: number; iss: number; period: number }[] = []
        let now = 0
        for (const { cookie, add, pass } of steps) {
          now += pass
          const [hash, iss] = cookie
          const period = Math.floor(now / KEY_PERIOD)
          const known = list.some((one) => one.hash === hash && one.iss === iss && one.period >= period - 1)
          assert.equal(used.has(hash, iss >>> 0, now), known)
          if (!add || known) continue
          used.add(hash, iss >>> 0, now)
          list.push({ hash, iss, period })
        }
      }),
      { numRuns: 300 },
    )
  })

  test('of a whole period are all there while the table grows', () => {
    const used = new UsedCookies()
    const hash = (i: number): number => Math.imul(i, 0x9e37_79b1) | 0
    for (let i = 0; i < 100_000; i++) used.add(hash(i), i + 1, 0)
    for (let i = 0; i < 100_000; i++) if (!used.has(hash(i), i + 1, 30_000)) assert.fail(`${i} is forgotten`)
    for (let i = 0; i < 100_000; i++) if (used.has(hash(i), i + 2, 30_000)) assert.fail(`${i} was never there`)
  })

  test('are bounded: beyond 131,072 in a period the period before is forgotten early, and that is counted', () => {
    const used = new UsedCookies()
    used.add(-5, 1, 0)
    for (let i = 0; i < 131_071; i++) used.add(i, 1, 30_000)
    assert.ok(used.has(-5, 1, 30_000))
    used.add(200_000, 1, 30_000)
    used.add(200_001, 1, 30_000)
    assert.equal(used.forgotten, 1)
    assert.equal(used.has(-5, 1, 30_000), false)
    assert.ok(used.has(0, 1, 30_000) && used.has(200_001, 1, 30_000))
  })
})
