/** Rows by four-tuple, against a plain list. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NONE, SynRows } from '../../src/tcp/syn-rows.ts'
import { TupleIndex } from '../../src/tcp/tuple-index.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { Segment, SYN } from '../../src/wire/segment.ts'

const LOCAL = IpAddress.parse('192.0.2.1')!
const REMOTE = IpAddress.parse('198.51.100.1')!

/** The SYN of the client with that port. */
function syn(port: number): Segment {
  const segment = new Segment()
  segment.destination = LOCAL
  segment.source = REMOTE
  segment.sourcePort = port
  segment.destinationPort = 80
  segment.flags = SYN
  return segment
}

function filled(capacity: number): { rows: SynRows; index: TupleIndex } {
  const rows = new SynRows(4, capacity, 80)
  for (let row = 0; row < capacity; row++) rows.fill(row, syn(row), 0, false, 0)
  return { rows, index: new TupleIndex(rows, capacity) }
}

describe('a tuple index', () => {
  test('behaves as a list of rows, with hashes that collide and probes that wrap', () => {
    // Hashes from all over the table, and many of them equal or neighbours at its end.
    const hash = fc.oneof(fc.constantFrom(0, -1, -2, -100_000_000, 0x7fff_ffff), fc.integer())
    const step = fc.record({ row: fc.nat({ max: 39 }), hash, remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const { index } = filled(40)
        const model = new Map<number, number>()
        for (const { row, hash, remove } of steps) {
          const known = model.get(row)
          if (known === undefined) {
            assert.equal(index.add(hash, row), NONE)
            model.set(row, hash)
          } else if (remove) {
            index.remove(known, row)
            model.delete(row)
          }
          for (let port = 0; port < 40; port++) {
            const under = model.get(port)
            if (under === undefined) for (const h of [0, -1, hash]) assert.equal(index.find(h, syn(port)), NONE)
            else assert.equal(index.find(under, syn(port)), port)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  test('that is full finds every row, and says so of those that are not there', () => {
    const { index } = filled(1000)
    const hash = (row: number): number => Math.imul(row + 1, 0x9e37_79b1)
    for (let row = 0; row < 1000; row++) assert.equal(index.add(hash(row), row), NONE)
    for (let row = 0; row < 1000; row++) assert.equal(index.find(hash(row), syn(row)), row)
    for (let row = 1000; row < 3000; row++) assert.equal(index.find(hash(row), syn(row)), NONE)
    for (let row = 0; row < 1000; row += 2) index.remove(hash(row), row)
    for (let row = 0; row < 1000; row++) assert.equal(index.find(hash(row), syn(row)), row % 2 === 0 ? NONE : row)
  })

  test('gives back a row that is too far from its home, and keeps the others', () => {
    const { index } = filled(300)
    const homeless = new Set<number>()
    for (let row = 0; row < 300; row++) {
      const other = index.add(0, row)
      if (other !== NONE) homeless.add(other)
    }
    assert.equal(homeless.size, 300 - 255)
    for (let row = 0; row < 300; row++) assert.equal(index.find(0, syn(row)), homeless.has(row) ? NONE : row)
    for (let row = 0; row < 300; row++) index.remove(0, row)
    for (let row = 0; row < 300; row++) assert.equal(index.find(0, syn(row)), NONE)
  })

  test('forgets nothing when one is removed that is not there', () => {
    const { index } = filled(10)
    for (let row = 0; row < 5; row++) index.add(7, row)
    index.remove(7, 9)
    index.remove(-1, 0)
    for (let row = 0; row < 5; row++) assert.equal(index.find(7, syn(row)), row)
  })
})
