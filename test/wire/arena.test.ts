import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arenaOctets, ELSEWHERE, placeOf } from '../../src/wire/arena.ts'
import { Buddies } from '../../src/wire/buddies.ts'
import { copySummed, foldSum, sumOctets } from '../../src/wire/checksum.ts'

/** Of the same class modulo 65,535: folded sums that stand for the same checksum. */
function sameSum(x: number, y: number): boolean {
  return (foldSum(x) - foldSum(y)) % 0xffff === 0
}

function noise(octets: Uint8Array, seed: number): Uint8Array {
  let x = seed
  for (let i = 0; i < octets.length; i++) {
    x = Math.imul(x, 0x9e3779b1) + 0x7f4a7c15
    octets[i] = x >>> 24
  }
  return octets
}

const frame = noise(arenaOctets(70_000), 1)
const ring = noise(arenaOctets(65_536), 2)
const plainFrame = frame.slice()
const plainRing = ring.slice()

test('octets of the arena lie there, others elsewhere', () => {
  assert.notEqual(placeOf(frame), ELSEWHERE)
  assert.equal(placeOf(plainFrame), ELSEWHERE)
  assert.equal(placeOf(frame.subarray(7)), placeOf(frame) + 7)
  // More than are remembered.
  const others = Array.from({ length: 9 }, () => arenaOctets(100))
  const places = others.map(placeOf)
  assert.equal(new Set(places).size, others.length)
  assert.deepEqual(others.map(placeOf), places)
})

test('sums in WebAssembly are those of JavaScript, of every length and alignment', () => {
  for (let start = 0; start < 32; start++) {
    for (let length = 0; length < 260; length++) {
      const inArena = sumOctets(frame, start, start + length)
      assert.ok(sameSum(inArena, sumOctets(plainFrame, start, start + length)), `${length} from ${start}`)
    }
  }
  for (const length of [1448, 1460, 1500, 9000, 65_535, 65_536, 65_537, 69_990]) {
    assert.ok(sameSum(sumOctets(frame, 3, 3 + length), sumOctets(plainFrame, 3, 3 + length)), `${length}`)
  }
})

test('the heaviest octets do not overflow', () => {
  const heavy = arenaOctets(65_536).fill(0xff)
  assert.equal(foldSum(sumOctets(heavy, 0, 65_536)), 0xffff)
  assert.equal(foldSum(sumOctets(heavy, 0, 65_535)), 0xff00)
})

test('what is copied and summed at once is what was copied, then summed', () => {
  const place = fc.record({ start: fc.nat(2000), length: fc.nat(2000), at: fc.nat(2000) })
  const where = fc.constantFrom('both', 'from', 'into', 'none')
  fc.assert(
    fc.property(place, where, ({ start, length, at }, arena) => {
      const from = arena === 'both' || arena === 'from' ? ring : plainRing
      const into = arena === 'both' || arena === 'into' ? frame.fill(0) : new Uint8Array(frame.length)
      const sum = copySummed(from, start, length, into, at)
      const expected = new Uint8Array(frame.length)
      expected.set(plainRing.subarray(start, start + length), at)
      assert.deepEqual(into.subarray(0, 4500), expected.subarray(0, 4500))
      assert.ok(sameSum(sum, sumOctets(plainRing, start, start + length)))
    }),
    { numRuns: 500 },
  )
  for (let length = 0; length < 200; length++) {
    const sum = copySummed(ring, 5, length, frame.fill(0), 11)
    assert.deepEqual(frame.slice(11, 11 + length), plainRing.slice(5, 5 + length))
    assert.equal(frame[11 + length], 0)
    assert.ok(sameSum(sum, sumOctets(plainRing, 5, 5 + length)))
  }
})

test('without WebAssembly, octets lie elsewhere', async () => {
  const world = globalThis as { WebAssembly?: unknown }
  const api = world.WebAssembly
  try {
    delete world.WebAssembly
    const anew = '../../src/wire/arena.ts?without'
    const arena = (await import(anew)) as typeof import('../../src/wire/arena.ts')
    const octets = arena.arenaOctets(100)
    assert.equal(octets.length, 100)
    assert.equal(arena.placeOf(octets), arena.ELSEWHERE)
  } finally {
    world.WebAssembly = api
  }
})

test('when the arena is full, octets lie elsewhere', () => {
  const all: Uint8Array[] = []
  for (let i = 0; i < 40; i++) all.push(arenaOctets(2 ** 20))
  assert.ok(all.every(({ length }) => length === 2 ** 20))
  assert.equal(placeOf(all.at(-1)!), ELSEWHERE)
})

test('buddies never overlap, and are one again when all are back', () => {
  const order = 6
  const step = fc.oneof(
    fc.nat(order).map((take) => ({ take })),
    fc.nat(100).map((giveBack) => ({ giveBack })),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buddies = new Buddies(order)
      const taken: { from: number; blocks: number }[] = []
      const giveBack = (index: number): void => {
        buddies.giveBack(taken.splice(index, 1)[0]!.from)
      }
      for (const one of steps) {
        if ('giveBack' in one) {
          if (taken.length > 0) giveBack(one.giveBack % taken.length)
          continue
        }
        const from = buddies.take(one.take)
        const blocks = 2 ** one.take
        if (from < 0) {
          // There is none: wherever it could be, something is in the way.
          for (let at = 0; at < 2 ** order; at += blocks) {
            assert.ok(taken.some((other) => other.from < at + blocks && at < other.from + other.blocks))
          }
          continue
        }
        assert.equal(from % blocks, 0)
        assert.ok(from + blocks <= 2 ** order)
        assert.ok(taken.every((other) => from >= other.from + other.blocks || other.from >= from + blocks))
        taken.push({ from, blocks })
      }
      while (taken.length > 0) giveBack(0)
      assert.equal(buddies.take(order), 0)
      assert.equal(buddies.take(0), -1)
    }),
  )
})
