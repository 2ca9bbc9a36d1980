import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Fifo } from '../../src/tcp/fifo.ts'

describe('a FIFO', () => {
  test('that is empty has nothing to give', () => {
    const fifo = new Fifo<string>()
    assert.equal(fifo.length, 0)
    assert.equal(fifo.peek(), undefined)
    assert.equal(fifo.shift(), undefined)
    assert.equal(fifo.length, 0)
  })

  test('keeps its order while it grows around the end of its ring', () => {
    const fifo = new Fifo<number>()
    for (let i = 0; i < 10; i++) fifo.push(i)
    for (let i = 0; i < 10; i++) assert.equal(fifo.shift(), i)
    for (let i = 0; i < 100; i++) fifo.push(i)
    assert.equal(fifo.length, 100)
    for (let i = 0; i < 100; i++) assert.equal(fifo.shift(), i)
  })

  test('retains what it is told to, in its order', () => {
    const fifo = new Fifo<number>()
    for (let i = 0; i < 40; i++) fifo.push(i)
    for (let i = 0; i < 10; i++) fifo.shift()
    fifo.retain((item) => item % 3 === 0)
    const left = Array.from({ length: fifo.length }, () => fifo.shift())
    assert.deepEqual(left, [12, 15, 18, 21, 24, 27, 30, 33, 36, 39])
  })

  test('behaves as an array with push and shift', () => {
    const step = fc.oneof({ weight: 3, arbitrary: fc.constant('push') }, { weight: 2, arbitrary: fc.constant('shift') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const fifo = new Fifo<number>()
        const model: number[] = []
        for (const [i, what] of steps.entries()) {
          if (what === 'push') {
            fifo.push(i)
            model.push(i)
          } else {
            assert.equal(fifo.shift(), model.shift())
          }
          assert.equal(fifo.length, model.length)
          assert.equal(fifo.peek(), model[0])
        }
      }),
    )
  })
})
