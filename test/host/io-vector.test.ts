import assert from 'node:assert/strict'
import { endianness } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { IoVector } from '../../src/host/io-vector.ts'
import { Payload } from '../../src/wire/payload.ts'

const HEADERS = new Uint8Array(100)

/** Addresses and lengths as the kernel reads them. */
function pieces(vector: IoVector, count: number, pointerSize: number): number[] {
  const view = new DataView(vector.words.buffer)
  const little = endianness() === 'LE'
  return Array.from({ length: 2 * count }, (_, i) =>
    pointerSize === 8 ? Number(view.getBigUint64(8 * i, little)) : view.getUint32(4 * i, little),
  )
}

for (const pointerSize of [4, 8]) {
  test(`pieces name each octet of a frame once, in order, with addresses of ${8 * pointerSize} bits`, () => {
    const most = pointerSize === 8 ? 2 ** 47 : 2 ** 32
    const where = fc.integer({ min: 4096, max: most - 4096 })
    const range = fc
      .integer({ min: 1, max: 2000 })
      .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.integer({ min: 1, max: size })))
    fc.assert(
      fc.property(where, where, range, (headersAt, ringAt, [size, start, length]) => {
        const ring = new Uint8Array(size)
        const vector = new IoVector((octets) => (octets === ring ? ringAt : headersAt), pointerSize)
        const payload = new Payload()
        payload.set(ring, start, length)
        const count = vector.fill(HEADERS, 10, 64, payload)
        const first = Math.min(length, size - start)
        const expected = [headersAt + 10, 54, ringAt + start, first]
        if (first < length) expected.push(ringAt, length - first)
        assert.deepEqual(pieces(vector, count, pointerSize), expected)
      }),
    )
  })
}

test('an address is asked for once, as long as the array lives', () => {
  const asked: Uint8Array[] = []
  const vector = new IoVector((octets) => asked.push(octets) * 4096, 8)
  const payload = new Payload()
  const rings = [new Uint8Array(64), new Uint8Array(64)] as const
  for (const ring of [...rings, ...rings]) {
    payload.set(ring, 0, 64)
    vector.fill(HEADERS, 0, 64, payload)
  }
  assert.deepEqual(asked, [HEADERS, ...rings])
})
