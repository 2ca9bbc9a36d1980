import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Deadlines, type Waiting } from '../../src/tcp/deadlines.ts'

class Item implements Waiting {
  at: number
  heapIndex = -1

  constructor(at: number) {
    this.at = at
  }

  deadline(): number {
    return this.at
  }
}

describe('deadlines', () => {
  test('of nobody are never', () => {
    const deadlines = new Deadlines<Item>()
    assert.equal(deadlines.next(), Infinity)
    assert.equal(deadlines.takeDue(1e9), undefined)
    deadlines.arm(new Item(Infinity))
    assert.equal(deadlines.size, 0)
  })

  test('are taken once, in order, at their moment and not before', () => {
    const deadlines = new Deadlines<Item>()
    const items = [30, 10, 20].map((at) => new Item(at))
    for (const item of items) deadlines.arm(item)
    assert.equal(deadlines.next(), 10)
    assert.equal(deadlines.takeDue(9.999), undefined)
    assert.equal(deadlines.takeDue(25), items[1])
    assert.equal(deadlines.takeDue(25), items[2])
    assert.equal(deadlines.takeDue(25), undefined)
    assert.equal(deadlines.next(), 30)
  })

  test('that move earlier count from then on', () => {
    const deadlines = new Deadlines<Item>()
    const item = new Item(30)
    deadlines.arm(item)
    item.at = 5
    deadlines.arm(item)
    assert.equal(deadlines.next(), 5)
    assert.equal(deadlines.takeDue(5), item)
  })

  test('that move later need not be told, and are not taken at the old moment', () => {
    const deadlines = new Deadlines<Item>()
    const item = new Item(10)
    deadlines.arm(item)
    item.at = 50
    assert.ok(deadlines.next() <= 50)
    assert.equal(deadlines.takeDue(49), undefined)
    assert.equal(deadlines.takeDue(50), item)
  })

  test('that were given up are not taken', () => {
    const deadlines = new Deadlines<Item>()
    const [a, b] = [new Item(10), new Item(20)]
    deadlines.arm(a)
    deadlines.arm(b)
    deadlines.remove(a)
    deadlines.remove(a)
    assert.equal(deadlines.size, 1)
    b.at = Infinity
    assert.equal(deadlines.takeDue(100), undefined)
    assert.equal(deadlines.next(), Infinity)
  })

  test('behave as a list that is searched anew each time', () => {
    const at = fc.integer({ min: 0, max: 1000 })
    const who = fc.integer({ min: 0, max: 19 })
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ who, at }) },
      { weight: 1, arbitrary: fc.record({ remove: who }) },
      { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 100 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const deadlines = new Deadlines<Item>()
        const items = Array.from({ length: 20 }, () => new Item(Infinity))
        let now = 0
        for (const one of steps) {
          if ('at' in one) {
            items[one.who]!.at = now + one.at
            deadlines.arm(items[one.who]!)
          } else if ('remove' in one) {
            items[one.remove]!.at = Infinity
            deadlines.remove(items[one.remove]!)
          } else {
            now += one.pass
            const due = new Set(items.filter((item) => item.at <= now))
            for (let item = deadlines.takeDue(now); item !== undefined; item = deadlines.takeDue(now)) {
              assert.ok(due.delete(item), 'taken once, and only when due')
              item.at = Infinity
            }
            assert.equal(due.size, 0, 'all that were due')
          }
          assert.ok(deadlines.next() <= Math.min(...items.map((item) => item.at)), 'never told too late')
        }
      }),
    )
  })
})
