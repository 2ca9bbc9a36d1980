import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Ring } from '../../src/tcp/ring.ts'
import { stream, streamOctet } from '../support/trace-packet.ts'

function contents(ring: Ring, from: number, to: number): Uint8Array {
  const into = new Uint8Array(to - from)
  ring.copy(from, to - from, into, 0)
  return into
}

describe('a ring', () => {
  test('holds no memory before the first octet and when it is empty', () => {
    const ring = new Ring()
    assert.equal(ring.octets.length, 0)
    ring.write(0, Uint8Array.of(1), 0, 1)
    assert.ok(ring.octets.length > 0)
    ring.empty(1)
    assert.equal(ring.octets.length, 0)
  })

  test('writes from the middle of one array and reads into the middle of another', () => {
    const ring = new Ring()
    ring.write(0, Uint8Array.of(9, 1, 2, 3, 9), 1, 3)
    const into = new Uint8Array(5)
    ring.copy(0, 3, into, 1)
    assert.deepEqual([...into], [0, 1, 2, 3, 0])
  })

  test('keeps every octet when it grows while its contents wrap around its end', () => {
    const ring = new Ring()
    ring.write(0, stream(0, 4000), 0, 4000)
    ring.drop(3000)
    ring.write(4000, stream(4000, 7000), 0, 3000)
    assert.equal(ring.octets.length, 4096)
    ring.write(7000, stream(7000, 20_000), 0, 13_000)
    assert.deepEqual(contents(ring, 3000, 20_000), stream(3000, 20_000))
  })

  test('places octets that lie ahead of a gap, which is filled later', () => {
    const ring = new Ring()
    ring.write(10_000, stream(10_000, 10_010), 0, 10)
    ring.write(0, stream(0, 10_000), 0, 10_000)
    assert.deepEqual(contents(ring, 0, 10_010), stream(0, 10_010))
  })

  test('finds positions far beyond 2^32', () => {
    const ring = new Ring()
    const base = 2 ** 40 + 4090
    ring.empty(base)
    ring.write(base, stream(base, base + 100), 0, 100)
    assert.deepEqual(contents(ring, base, base + 100), stream(base, base + 100))
    assert.equal(ring.octets[ring.placeOf(base + 50)], streamOctet(base + 50))
  })

  test('gives its memory to the next ring when it is empty', () => {
    const [one, other] = [new Ring(), new Ring()]
    one.write(0, stream(0, 100), 0, 100)
    const { octets } = one
    one.drop(40)
    one.empty(100)
    assert.equal(one.octets.length, 0)
    other.write(0, stream(0, 5000), 0, 50)
    assert.equal(other.octets, octets)
  })

  test('begins anew with what was needed last, or half of what it had', () => {
    const ring = new Ring()
    let position = 0
    const fill = (length: number): number => {
      for (const end = position + length; position < end; position += 100) {
        ring.write(position, stream(position, position + 100), 0, 100)
      }
      const capacity = ring.octets.length
      ring.empty(position)
      return capacity
    }
    assert.equal(fill(60_000), 65_536)
    ring.write(position, stream(position, position + 1), 0, 1)
    assert.equal(ring.octets.length, 65_536)
    ring.empty(++position)
    assert.deepEqual([fill(100), fill(100), fill(100), fill(100), fill(100)], [32_768, 16_384, 8192, 4096, 4096])
  })

  test('gives back a stream however it is written and taken', () => {
    const step = fc.record({
      write: fc.integer({ min: 0, max: 9000 }),
      take: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const ring = new Ring()
        let end = 0
        for (const { write, take } of steps) {
          ring.write(end, stream(end, end + write), 0, write)
          end += write
          assert.deepEqual(contents(ring, ring.base, end), stream(ring.base, end))
          if (take > 0.9) ring.empty(end)
          else ring.drop(Math.floor((end - ring.base) * take))
        }
      }),
    )
  })
})
