/** The count of each source prefix, and the heaviest of them, against a plain list. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MOST_PREFIXES, OTHERS, PrefixTable } from '../../src/tcp/prefix-table.ts'
import { sipKey } from '../../src/tcp/siphash.ts'
import { AccessCounter } from './count-accesses.ts'

const KEY = sipKey(
  Uint8Array.from({ length: 16 }, (_, i) => 3 * i),
  0,
)

type Words = readonly [first: number, second: number]

/** Rows of prefixes, counted anew for every question. */
class Model {
  readonly rows: { words: Words; prefix: number }[] = []

  /** Counts by the prefix that the table gave. */
  get counts(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const { prefix } of this.rows) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
    return counts
  }
}

function check(table: PrefixTable, model: Model): void {
  const { counts } = model
  const most = Math.max(0, ...counts.values())
  assert.equal(table.active, counts.size)
  assert.equal(table.heaviestCount, most)
  assert.equal(table.count(table.heaviest), most)
  assert.equal(table.heaviest === 0, model.rows.length === 0)
  for (const [prefix, count] of counts) assert.equal(table.count(prefix), count)
  for (const { words, prefix } of model.rows) if (prefix !== OTHERS) assert.equal(table.find(...words), prefix)
}

describe('a prefix table', () => {
  for (const family of [4, 6] as const) {
    test(`of IPv${family} behaves as a list of rows`, () => {
      const word = fc.constantFrom(0, 1, 2, 3, 0xc0_00_02, -1, 0x7fff_ffff)
      const words = fc.tuple(word, family === 4 ? fc.constant(0) : fc.constantFrom(0, 1, 0xffff))
      const step = fc.oneof(
        { weight: 3, arbitrary: fc.record({ add: words }) },
        { weight: 2, arbitrary: fc.record({ remove: fc.nat() }) },
      )
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 120 }), (rows, steps) => {
          const table = new PrefixTable(rows, family, KEY)
          const model = new Model()
          for (const one of steps) {
            if ('add' in one && model.rows.length < rows) {
              const prefix = table.increment(...one.add)
              assert.notEqual(prefix, OTHERS, 'each prefix has a place of its own')
              model.rows.push({ words: one.add, prefix })
            } else if ('remove' in one && model.rows.length > 0) {
              const [row] = model.rows.splice(one.remove % model.rows.length, 1)
              table.decrement(row!.prefix)
              const left = model.rows.some(({ prefix }) => prefix === row!.prefix)
              if (!left) assert.equal(table.find(...row!.words), 0)
            }
            check(table, model)
          }
          for (const { prefix } of model.rows.splice(0)) table.decrement(prefix)
          check(table, model)
        }),
        { numRuns: 300 },
      )
    })
  }

  for (const rows of [1, 2, 3, 100]) {
    test(`of ${rows} rows has room for as many prefixes, again and again`, () => {
      const table = new PrefixTable(rows, 4, KEY)
      for (let round = 0; round < 3; round++) {
        const prefixes = Array.from({ length: rows }, (_, i) => table.increment(1000 * round + i, 0))
        assert.equal(new Set(prefixes).size, rows)
        assert.ok(!prefixes.includes(OTHERS))
        assert.deepEqual([table.active, table.heaviestCount], [rows, 1])
        for (const prefix of prefixes) table.decrement(prefix)
        assert.equal(table.active, 0)
      }
    })
  }

  test('more prefixes than there is room for count as one together', () => {
    const table = new PrefixTable(MOST_PREFIXES + 10, 4, KEY)
    const prefixes = new Set<number>()
    for (let i = 0; i < MOST_PREFIXES; i++) prefixes.add(table.increment(i, 0))
    assert.equal(prefixes.size, MOST_PREFIXES)
    assert.ok(!prefixes.has(OTHERS))
    for (let i = 0; i < 5; i++) assert.equal(table.increment(1_000_000 + i, 0), OTHERS)
    assert.deepEqual([table.count(OTHERS), table.heaviest, table.active], [5, OTHERS, MOST_PREFIXES + 1])
    assert.equal(table.find(1_000_000, 0), 0)
    for (let i = 0; i < 5; i++) table.decrement(OTHERS)
    assert.deepEqual([table.count(OTHERS), table.active], [0, MOST_PREFIXES])
    table.decrement(table.find(77, 0))
    assert.notEqual(table.increment(1_000_000, 0), OTHERS)
    for (let i = 0; i < MOST_PREFIXES; i++) if (i !== 77 && table.count(table.find(i, 0)) !== 1) assert.fail(`${i}`)
  })

  test('takes as many steps for many prefixes as for few', () => {
    const steps = [100, 3000, 30_000].map((size) => {
      const table = new PrefixTable(2 * size, 4, KEY)
      for (let i = 0; i < size; i++) table.increment(i, 0)
      // Two of one count, so that each change goes to another group and back.
      for (let i = 0; i < size; i += 2) table.increment(i, 0)
      const counter = new AccessCounter()
      counter.watch(table)
      let most = 0
      for (let i = 0; i < 400; i++) {
        const before = counter.count
        table.decrement(table.increment((i * 37) % size, 0))
        assert.ok(table.heaviest !== 0)
        most = Math.max(most, counter.count - before)
      }
      return { mean: counter.count / 400, most }
    })
    for (const { mean, most } of steps) {
      assert.ok(mean < 80, `${mean} accesses a call`)
      assert.ok(most < 250, `${most} accesses in one call`)
    }
  })
})
