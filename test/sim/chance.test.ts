import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Chance } from '../../src/sim/chance.ts'

const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

test('a seed gives the same numbers on every machine', () => {
  const chance = new Chance(42)
  deepEqual(
    Array.from({ length: 6 }, () => chance.below(2 ** 32)),
    [1959603763, 2423114712, 2466933512, 4144396390, 3569536208, 2879541286],
  )
  deepEqual([...new Chance(2 ** 40 + 7).bytes(8)], [171, 9, 206, 142, 226, 235, 63, 217])
  deepEqual([...new Chance(0).fork().bytes(8)], [83, 119, 57, 182, 151, 219, 104, 213])
})

test('every number is in its range', () => {
  fc.assert(
    fc.property(seed, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const chance = new Chance(seed)
      for (let i = 0; i < 100; i++) {
        const fraction = chance.next()
        equal(fraction >= 0 && fraction < 1, true)
        const whole = chance.below(n)
        equal(Number.isInteger(whole) && whole >= 0 && whole < n, true)
      }
    }),
  )
})

test('0 never happens, 1 always, and a quarter about a quarter of the time', () => {
  const chance = new Chance(1)
  let quarter = 0
  for (let i = 0; i < 10_000; i++) {
    equal(chance.chance(0), false)
    equal(chance.chance(1), true)
    if (chance.chance(0.25)) quarter++
  }
  equal(quarter > 2300 && quarter < 2700, true)
})

test('the octets are spread evenly', () => {
  const counts = new Array<number>(256).fill(0)
  for (const octet of new Chance(7).bytes(256_000)) counts[octet]!++
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  // 255 degrees of freedom: one seed in a million is above 380.
  equal(chiSquare < 380, true)
})

test('neighbouring seeds have nothing in common, nor have seeds that differ above bit 31', () => {
  for (const [x, y] of [
    [1, 2],
    [5, 5 + 2 ** 32],
    [0, 2 ** 52],
  ] as const) {
    const [a, b] = [new Chance(x).bytes(64), new Chance(y).bytes(64)]
    equal(a.filter((octet, i) => octet === b[i]).length < 8, true)
  }
})

test('a fork goes its own way', () => {
  fc.assert(
    fc.property(seed, fc.nat(50), (seed, drawn) => {
      const [a, b] = [new Chance(seed), new Chance(seed)]
      const [forkA, forkB] = [a.fork(), b.fork()]
      forkB.bytes(drawn)
      const next = a.bytes(8)
      deepEqual(next, b.bytes(8))
      notEqual(forkA.bytes(8).toString(), next.toString())
    }),
  )
})
