import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SendBuffer } from '../../src/tcp/send-buffer.ts'
import { stream } from '../support/trace-packet.ts'

/** The octets from `offset` behind the first unacknowledged one, as a segment would be filled from the ring. */
function octetsAt(buffer: SendBuffer, offset: number, length: number): Uint8Array {
  const { octets } = buffer
  return Uint8Array.from({ length }, (_, i) => octets[(buffer.indexOf(offset) + i) % octets.length]!)
}

describe('a send buffer', () => {
  test('takes as much as there is room for, and says how much', () => {
    const buffer = new SendBuffer(10)
    assert.equal(buffer.room, 10)
    assert.equal(buffer.push(stream(0, 7), 0, 7), 7)
    assert.equal(buffer.push(stream(7, 14), 0, 7), 3)
    assert.equal(buffer.push(stream(10, 11), 0, 1), 0)
    assert.equal(buffer.length, 10)
    assert.equal(buffer.room, 0)
  })

  test('has room again for what is acknowledged', () => {
    const buffer = new SendBuffer(10)
    buffer.push(stream(0, 10), 0, 10)
    buffer.acknowledge(4)
    assert.equal(buffer.length, 6)
    assert.equal(buffer.room, 4)
    assert.deepEqual(octetsAt(buffer, 0, 6), stream(4, 10))
  })

  test('takes a part of the array that it is given', () => {
    const buffer = new SendBuffer(10)
    assert.equal(buffer.push(stream(0, 10), 3, 5), 2)
    assert.deepEqual(octetsAt(buffer, 0, 2), stream(3, 5))
  })

  test('copies: the array may be used again', () => {
    const buffer = new SendBuffer(10)
    const octets = stream(0, 5)
    buffer.push(octets, 0, 5)
    octets.fill(0xee)
    assert.deepEqual(octetsAt(buffer, 0, 5), stream(0, 5))
  })

  test('is empty, and holds no memory, once all is acknowledged', () => {
    const buffer = new SendBuffer(10)
    buffer.push(stream(0, 10), 0, 10)
    buffer.acknowledge(buffer.length)
    assert.equal(buffer.length, 0)
    assert.equal(buffer.octets.length, 0)
  })

  test('behaves as a queue of octets with a limit', () => {
    const step = fc.record({ push: fc.integer({ min: 0, max: 4000 }), ack: fc.double({ min: 0, max: 1, noNaN: true }) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.array(step, { maxLength: 30 }), (limit, steps) => {
        const buffer = new SendBuffer(limit)
        let una = 0
        let end = 0
        for (const { push, ack } of steps) {
          const taken = buffer.push(stream(end, end + push), 0, push)
          assert.equal(taken, Math.min(push, limit - (end - una)))
          end += taken
          const acked = Math.floor((end - una) * ack)
          buffer.acknowledge(acked)
          una += acked
          assert.equal(buffer.length, end - una)
          assert.equal(buffer.room, limit - buffer.length)
          assert.deepEqual(octetsAt(buffer, 0, buffer.length), stream(una, end))
        }
      }),
    )
  })
})
