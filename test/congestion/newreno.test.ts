// RFC 9293 MUST-19
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NewReno } from '../../src/tcp/congestion/newreno.ts'
import { ack, MSS, Rounds } from './driving.ts'

/** In congestion avoidance, with that window. */
function avoiding(cwnd: number): NewReno {
  const control = new NewReno(MSS)
  control.ssthresh = cwnd
  control.cwnd = cwnd
  return control
}

describe('NewReno in congestion avoidance (RFC 5681 §3.1)', () => {
  test('grows by one segment for each window that is acknowledged (RFC 3465 §2.1)', () => {
    const control = avoiding(20 * MSS)
    for (let i = 0; i < 19; i++) control.acknowledged(ack(MSS), 0)
    assert.equal(control.cwnd, 20 * MSS)
    control.acknowledged(ack(MSS), 0)
    assert.equal(control.cwnd, 21 * MSS)
    for (let i = 0; i < 7; i++) control.acknowledged(ack(3 * MSS), 0)
    assert.equal(control.cwnd, 22 * MSS)
  })

  test('grows by one segment a round trip, whatever the round trip is', () => {
    for (const rtt of [1, 100, 1000]) {
      const control = avoiding(20 * MSS)
      const rounds = new Rounds(control)
      for (let i = 0; i < 50; i++) rounds.round(rtt, { perAck: 2 })
      assert.equal(control.cwnd, 70 * MSS)
    }
  })

  test('is what slow start becomes at the threshold', () => {
    const control = avoiding(16 * MSS)
    control.timedOut(16 * MSS, false, 0)
    const rounds = new Rounds(control)
    const windows = Array.from({ length: 6 }, () => {
      rounds.round(100)
      return control.cwnd / MSS
    })
    assert.deepEqual(windows, [2, 4, 8, 9, 10, 11])
  })
})
