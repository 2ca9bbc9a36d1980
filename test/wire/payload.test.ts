import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Payload } from '../../src/wire/payload.ts'

test('joined to its frame it is whole, wherever in its ring it began, and empty afterwards', () => {
  const range = fc
    .uint8Array({ minLength: 1, maxLength: 200 })
    .chain((ring) => fc.tuple(fc.constant(ring), fc.nat(ring.length - 1), fc.nat(ring.length)))
  fc.assert(
    fc.property(range, fc.nat(20), ([ring, start, length], at) => {
      const payload = new Payload()
      payload.set(ring, start, length)
      const frame = new Uint8Array(at + length)
      assert.equal(payload.join(frame, at), length)
      const expected = Uint8Array.from({ length }, (_, i) => ring[(start + i) % ring.length]!)
      assert.deepEqual(frame.subarray(at), expected)
      assert.equal(payload.length, 0)
    }),
  )
})
