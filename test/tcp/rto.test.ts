import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RetransmissionTimeout } from '../../src/tcp/rto.ts'

/** With bounds that stay out of the way. */
function unbounded(): RetransmissionTimeout {
  return new RetransmissionTimeout({ rtoInitial: 1000, rtoMin: 1, rtoMax: 1e9 })
}

// RFC 9293 MUST-18: all of this.
describe('the retransmission timeout (RFC 6298)', () => {
  test('is 1 s before the first measurement (2.1)', () => {
    assert.equal(unbounded().value, 1000)
  })

  test('is R + 4 × R/2 after the first measurement R (2.2)', () => {
    const rto = unbounded()
    rto.sample(100)
    assert.equal(rto.srtt, 100)
    assert.equal(rto.rttvar, 50)
    assert.equal(rto.value, 300)
  })

  test('follows further measurements with 1/8 and 1/4, the variation by the old average (2.3)', () => {
    const rto = unbounded()
    rto.sample(100)
    const golden = [
      [200, 112.5, 62.5, 362.5],
      [50, 104.6875, 62.5, 354.6875],
      [104.6875, 104.6875, 46.875, 292.1875],
    ] as const
    for (const [sample, srtt, rttvar, value] of golden) {
      rto.sample(sample)
      assert.deepEqual([rto.srtt, rto.rttvar, rto.value], [srtt, rttvar, value])
    }
  })

  test('keeps the clock granularity above a round trip that does not vary (2.3)', () => {
    const rto = unbounded()
    for (let i = 0; i < 100; i++) rto.sample(100)
    assert.equal(rto.value, 101)
  })

  test('measures a round trip of nothing', () => {
    const rto = unbounded()
    rto.sample(0)
    assert.equal(rto.srtt, 0)
    assert.equal(rto.value, 1)
  })

  test('is never below the least nor above the most (2.4, 2.5)', () => {
    const rto = new RetransmissionTimeout({ rtoInitial: 1000, rtoMin: 200, rtoMax: 60_000 })
    rto.sample(1)
    assert.equal(rto.value, 200)
    for (let i = 0; i < 50; i++) rto.sample(100_000)
    assert.equal(rto.value, 60_000)
  })

  test('doubles each time the timer runs out, up to the most (5.5)', () => {
    const rto = new RetransmissionTimeout({ rtoInitial: 1000, rtoMin: 200, rtoMax: 60_000 })
    const values = Array.from({ length: 9 }, () => {
      rto.backOff()
      return rto.value
    })
    assert.deepEqual(values, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000])
    assert.equal(rto.backOffs, 6)
  })

  test('stays backed off until the next measurement', () => {
    const rto = unbounded()
    rto.sample(100)
    rto.backOff()
    rto.backOff()
    assert.equal(rto.value, 1200)
    rto.sample(100)
    assert.equal(rto.backOffs, 0)
    assert.equal(rto.value, 100 + 4 * 37.5)
  })

  test('starts at 3 s for data after a SYN that was lost (5.7)', () => {
    const rto = new RetransmissionTimeout({ rtoInitial: 1000, rtoMin: 200, rtoMax: 60_000 })
    rto.backOff()
    rto.backOff()
    rto.afterLostSyn()
    assert.equal(rto.value, 3000)
    assert.equal(rto.backOffs, 0)
  })

  test('keeps a measurement rather than these 3 s', () => {
    const rto = unbounded()
    rto.sample(100)
    rto.afterLostSyn()
    assert.equal(rto.value, 300)
  })
})
