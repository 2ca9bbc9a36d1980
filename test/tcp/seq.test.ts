import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seqAdd, seqDistance, seqLess, seqLessOrEqual, seqWithin } from '../../src/tcp/seq.ts'

const HALF = 2 ** 31
const CIRCLE = 2 ** 32
const anySeq = fc.integer({ min: 0, max: CIRCLE - 1 })
/** Less than half the circle. */
const anyStep = fc.integer({ min: 1, max: HALF - 1 })

describe('sequence numbers (RFC 9293 §3.4)', () => {
  test('are unsigned and wrap at 2^32', () => {
    assert.equal(seqAdd(0xffff_ffff, 1), 0)
    assert.equal(seqAdd(0, -1), 0xffff_ffff)
    assert.equal(seqAdd(0xffff_fff0, 0x20), 0x10)
    assert.equal(seqAdd(0x8000_0000, 0x8000_0000), 0)
  })

  test('compare across the wrap as across any other number', () => {
    assert.ok(seqLess(0xffff_ffff, 0))
    assert.ok(!seqLess(0, 0xffff_ffff))
    assert.ok(seqLessOrEqual(0xffff_fffe, 1))
    assert.ok(seqLessOrEqual(7, 7))
    assert.ok(!seqLess(7, 7))
    assert.equal(seqDistance(0xffff_ffff, 2), 3)
    assert.equal(seqDistance(2, 0xffff_ffff), -3)
  })

  test('what is a step of less than half the circle ahead is greater, and that far away', () => {
    fc.assert(
      fc.property(anySeq, anyStep, (seq, step) => {
        const ahead = seqAdd(seq, step)
        assert.ok(ahead >= 0 && ahead < CIRCLE)
        assert.ok(seqLess(seq, ahead) && seqLessOrEqual(seq, ahead))
        assert.ok(!seqLess(ahead, seq) && !seqLessOrEqual(ahead, seq))
        assert.equal(seqDistance(seq, ahead), step)
        assert.equal(seqDistance(ahead, seq), -step)
        assert.equal(seqAdd(ahead, -step), seq)
      }),
    )
  })

  test('a range of n numbers holds its first and its n-th, and neither the one before nor the one behind', () => {
    fc.assert(
      fc.property(anySeq, anyStep, (first, size) => {
        assert.ok(seqWithin(first, first, size))
        assert.ok(seqWithin(seqAdd(first, size - 1), first, size))
        assert.ok(!seqWithin(seqAdd(first, size), first, size))
        assert.ok(!seqWithin(seqAdd(first, -1), first, size))
      }),
    )
  })

  test('an empty range holds nothing', () => {
    assert.ok(!seqWithin(5, 5, 0))
  })
})
