import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FourTupleMap, type TupleEntry, tupleHash } from '../../src/tcp/four-tuple.ts'
import { sipKey } from '../../src/tcp/siphash.ts'
import { IpAddress } from '../../src/wire/address.ts'

const KEY = sipKey(
  Uint8Array.from({ length: 16 }, (_, i) => i),
  0,
)
const [A, B, A6, B6] = ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2'].map((text) => IpAddress.parse(text)!) as [
  IpAddress,
  IpAddress,
  IpAddress,
  IpAddress,
]

class Entry implements TupleEntry {
  readonly tupleHash: number
  readonly port: number

  constructor(port: number, hash: number) {
    this.port = port
    this.tupleHash = hash
  }

  isTuple(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): boolean {
    return local.equals(A) && localPort === 80 && remote.equals(B) && remotePort === this.port
  }
}

describe('the hash of a four-tuple', () => {
  test('depends on each of its four parts, and on the key', () => {
    const other = sipKey(new Uint8Array(16).fill(7), 0)
    const hashes = [
      tupleHash(KEY, A, 80, B, 1000),
      tupleHash(KEY, A, 81, B, 1000),
      tupleHash(KEY, A, 80, B, 1001),
      tupleHash(KEY, B, 80, A, 1000),
      tupleHash(KEY, A, 1000, B, 80),
      tupleHash(other, A, 80, B, 1000),
      tupleHash(KEY, A6, 80, B6, 1000),
      tupleHash(KEY, B6, 80, A6, 1000),
      tupleHash(KEY, A6, 80, B6, 1001),
    ]
    assert.equal(new Set(hashes).size, hashes.length)
    assert.equal(tupleHash(KEY, A, 80, B, 1000), hashes[0])
  })

  test('spreads neighbouring ports evenly over a table', () => {
    const buckets = new Array<number>(64).fill(0)
    for (let port = 0; port < 6400; port++) buckets[tupleHash(KEY, A, 80, B, port) & 63]!++
    assert.ok(Math.max(...buckets) < 150 && Math.min(...buckets) > 50, `${buckets}`)
  })
})

describe('a map of four-tuples', () => {
  test('behaves as a Map, with deletions among entries that collide', () => {
    // Few hashes, so that nearly every probe passes over others.
    const port = fc.integer({ min: 0, max: 60 })
    const step = fc.oneof(fc.record({ add: port }), fc.record({ delete: port }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 200 }), (spread, steps) => {
        const map = new FourTupleMap<Entry>()
        const model = new Map<number, Entry>()
        // Near the end of the table, so that probes wrap.
        const hashOf = (of: number): number => (of % spread) - 3
        for (const one of steps) {
          if ('add' in one) {
            if (model.has(one.add)) continue
            const entry = new Entry(one.add, hashOf(one.add))
            map.add(entry)
            model.set(one.add, entry)
          } else {
            const entry = model.get(one.delete) ?? new Entry(one.delete, hashOf(one.delete))
            assert.equal(map.delete(entry), model.delete(one.delete))
          }
          assert.equal(map.size, model.size)
          for (let p = 0; p <= 60; p++) {
            const known = map.again(A, 80, B, p)
            assert.ok(known === undefined || known === model.get(p))
            assert.equal(map.get(hashOf(p), A, 80, B, p), model.get(p))
            assert.equal(map.again(A, 80, B, p), model.get(p))
          }
          assert.deepEqual(new Set(map), new Set(model.values()))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('finds all of many entries after it has grown', () => {
    const map = new FourTupleMap<Entry>()
    const entries = Array.from({ length: 5000 }, (_, port) => new Entry(port, tupleHash(KEY, A, 80, B, port)))
    for (const entry of entries) map.add(entry)
    for (const entry of entries) assert.equal(map.get(entry.tupleHash, A, 80, B, entry.port), entry)
    for (const entry of entries) assert.ok(map.delete(entry))
    assert.equal(map.size, 0)
  })
})
