import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_RANGES, ReceiveBuffer } from '../../src/tcp/receive-buffer.ts'
import { stream } from '../support/trace-packet.ts'

function store(buffer: ReceiveBuffer, from: number, to: number): boolean {
  return buffer.store(from, stream(from, to), 0, to - from)
}

function readAll(buffer: ReceiveBuffer, limit = Infinity): Uint8Array {
  const into = new Uint8Array(Math.min(limit, buffer.length))
  assert.equal(buffer.read(into, 0, into.length), into.length)
  return into
}

/** The SACK blocks, as positions. */
function blocks(buffer: ReceiveBuffer, most = 4): number[][] {
  const edges = new Uint32Array(2 * most)
  const count = buffer.blocks(edges, most, 0)
  return Array.from({ length: count }, (_, i) => [edges[2 * i]!, edges[2 * i + 1]!])
}

describe('a receive buffer', () => {
  test('gives octets in order as they come', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    assert.ok(store(buffer, 0, 10))
    assert.ok(store(buffer, 10, 25))
    assert.equal(buffer.next, 25)
    assert.equal(buffer.length, 25)
    assert.deepEqual(readAll(buffer, 5), stream(0, 5))
    assert.deepEqual(readAll(buffer), stream(5, 25))
    assert.equal(buffer.length, 0)
  })

  test('reads into the middle of an array, no more than there is', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 0, 3)
    const into = new Uint8Array(6).fill(0xee)
    assert.equal(buffer.read(into, 1, 6), 3)
    assert.deepEqual([...into], [0xee, ...stream(0, 3), 0xee, 0xee])
  })

  // RFC 9293 SHLD-31
  test('holds what comes early, and gives it once the gap is filled', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    assert.ok(store(buffer, 10, 20))
    assert.ok(buffer.hasGaps)
    assert.equal(buffer.length, 0)
    assert.equal(buffer.highest, 20)
    assert.ok(store(buffer, 0, 10))
    assert.ok(!buffer.hasGaps)
    assert.equal(buffer.next, 20)
    assert.deepEqual(readAll(buffer), stream(0, 20))
  })

  test('joins early ranges that overlap, touch, or lie within each other', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 10, 20)
    store(buffer, 30, 40)
    assert.deepEqual(blocks(buffer), [
      [30, 40],
      [10, 20],
    ])
    store(buffer, 20, 25)
    assert.deepEqual(blocks(buffer), [
      [10, 25],
      [30, 40],
    ])
    store(buffer, 25, 30)
    assert.deepEqual(blocks(buffer), [[10, 40]])
  })

  test('names first what came twice, once, and the range that it lies in (RFC 2883 §4)', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 10, 20)
    store(buffer, 30, 40)
    store(buffer, 12, 15)
    assert.deepEqual(blocks(buffer), [
      [12, 15],
      [10, 20],
      [30, 40],
    ])
    assert.deepEqual(blocks(buffer, 1), [[10, 20]])
    store(buffer, 35, 45)
    assert.deepEqual(blocks(buffer), [
      [35, 40],
      [30, 45],
      [10, 20],
    ])
    store(buffer, 0, 32)
    assert.equal(buffer.next, 45)
    assert.ok(!buffer.hasGaps && buffer.hasBlocks)
    assert.deepEqual(blocks(buffer), [[10, 20]])
    assert.ok(!buffer.hasBlocks)
  })

  test('names what came twice after it was read as one stretch, if that is what it is', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 0, 50)
    readAll(buffer)
    buffer.noteDuplicate(10, 20)
    buffer.noteDuplicate(20, 30)
    assert.deepEqual(blocks(buffer), [[10, 30]])
    buffer.noteDuplicate(10, 20)
    buffer.noteDuplicate(30, 40)
    assert.deepEqual(blocks(buffer), [[30, 40]])
  })

  test('fills the gap with a segment that overlaps what came early', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 10, 20)
    store(buffer, 30, 40)
    store(buffer, 0, 15)
    assert.equal(buffer.next, 20)
    store(buffer, 20, 50)
    assert.equal(buffer.next, 50)
    assert.deepEqual(readAll(buffer), stream(0, 50))
    assert.ok(!buffer.hasGaps)
  })

  test('names the range that came last first, then the others from the highest down (RFC 2018 §4)', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    for (const from of [50, 10, 90, 70, 30]) store(buffer, from, from + 10)
    assert.deepEqual(blocks(buffer), [
      [30, 40],
      [90, 100],
      [70, 80],
      [50, 60],
    ])
    assert.deepEqual(blocks(buffer, 1), [[30, 40]])
  })

  test('makes blocks of sequence numbers, which wrap', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 10, 20)
    const edges = new Uint32Array(2)
    assert.equal(buffer.blocks(edges, 1, 0xffff_fff0), 1)
    assert.deepEqual([...edges], [0xffff_fffa, 4])
  })

  test(`holds at most ${MAX_RANGES} ranges out of order, and refuses what would make another`, () => {
    const buffer = new ReceiveBuffer(1 << 20)
    for (let i = 1; i <= MAX_RANGES; i++) assert.ok(store(buffer, 10 * i, 10 * i + 5))
    assert.ok(!store(buffer, 100_000, 100_001))
    assert.equal(buffer.highest, 10 * MAX_RANGES + 5)
    assert.ok(store(buffer, 15, 16), 'what joins a range is none too many')
    assert.ok(store(buffer, 0, 10), 'nor is what comes in order')
    assert.equal(buffer.next, 16)
    assert.ok(store(buffer, 100_000, 100_001), 'and there is room again')
  })

  test('forgets everything on release', () => {
    const buffer = new ReceiveBuffer(1 << 20)
    store(buffer, 0, 10)
    store(buffer, 20, 30)
    buffer.release()
    assert.equal(buffer.length, 0)
    assert.ok(!buffer.hasGaps)
    assert.equal(buffer.octets.length, 0)
  })

  test('behaves as a set of octets, whatever order they come in', () => {
    const piece = fc.record({ from: fc.integer({ min: 0, max: 300 }), length: fc.integer({ min: 1, max: 40 }) })
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ piece }) },
      { weight: 1, arbitrary: fc.record({ read: fc.integer({ min: 0, max: 60 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const buffer = new ReceiveBuffer(1 << 20)
        const held = new Set<number>()
        let read = 0
        for (const one of steps) {
          if ('read' in one) {
            const octets = readAll(buffer, one.read)
            assert.deepEqual(octets, stream(read, read + octets.length))
            read += octets.length
          } else {
            const from = Math.max(one.piece.from, buffer.next)
            const to = one.piece.from + one.piece.length
            if (to <= from) continue
            assert.ok(store(buffer, from, to))
            for (let at = from; at < to; at++) held.add(at)
          }
          let next = read
          while (held.has(next)) next++
          assert.equal(buffer.next, next)
          assert.equal(buffer.length, next - read)
          assert.equal(buffer.highest, Math.max(next, ...[...held].map((at) => at + 1)))
          const early = [...held].filter((at) => at > next).sort((a, b) => a - b)
          blocks(buffer, 1) // what came twice, which is said once
          const sacked = blocks(buffer, 400).sort(([a], [b]) => a! - b!)
          assert.deepEqual(
            sacked.flatMap(([a, b]) => Array.from({ length: b! - a! }, (_, i) => a! + i)),
            early,
          )
        }
      }),
    )
  })
})
