// RFC 9293 MUST-19
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Reno } from '../../src/tcp/congestion/reno.ts'
import { established } from '../support/trace.ts'
import { fullSegments, startOf } from './full-segments.ts'

const MSS = 1000

/** In congestion avoidance, with that window. */
function avoiding(cwnd: number): Reno {
  const reno = new Reno(MSS)
  reno.ssthresh = cwnd
  reno.cwnd = cwnd
  return reno
}

/** Octets that are acknowledged of a flight. */
function acknowledge(reno: Reno, octets: number, flight: number): void {
  reno.acknowledged({ octets, flight, rtt: Number.NaN, una: 0, nxt: 0, limited: 2 * flight >= reno.cwnd })
}

describe('the initial window (RFC 6928)', () => {
  for (const [mss, window] of [
    [64, 640],
    [536, 5360],
    [1460, 14_600],
    [2000, 14_600],
    [8960, 17_920],
  ] as const) {
    test(`is ${window} octets for segments of ${mss}`, () => {
      assert.equal(new Reno(mss).cwnd, window)
    })
  }
})

describe('slow start (RFC 5681 §3.1)', () => {
  test('grows by what is acknowledged', () => {
    const reno = new Reno(MSS)
    acknowledge(reno, MSS, 10 * MSS)
    assert.equal(reno.cwnd, 11 * MSS)
    acknowledge(reno, 300, 11 * MSS)
    assert.equal(reno.cwnd, 11 * MSS + 300)
  })

  test('grows by two segments for one ACK at the most (RFC 3465 §2.3)', () => {
    const reno = new Reno(MSS)
    acknowledge(reno, 10 * MSS, 10 * MSS)
    assert.equal(reno.cwnd, 12 * MSS)
  })

  test('does not grow a window that is not used (RFC 7661)', () => {
    const reno = new Reno(MSS)
    acknowledge(reno, 2 * MSS, 10 * MSS)
    acknowledge(reno, 2 * MSS, 2 * MSS)
    assert.equal(reno.cwnd, 12 * MSS)
  })

  test('begins without a threshold', () => {
    assert.equal(new Reno(MSS).ssthresh, Infinity)
  })
})

describe('congestion avoidance (RFC 5681 §3.1)', () => {
  test('grows by about one segment for each window that is acknowledged', () => {
    const reno = avoiding(20 * MSS)
    for (let i = 0; i < 20; i++) acknowledge(reno, MSS, 20 * MSS)
    assert.ok(reno.cwnd > 20.9 * MSS && reno.cwnd <= 21 * MSS, `${reno.cwnd}`)
  })

  test('grows by an octet at least, however large the window is', () => {
    const reno = avoiding(1e9)
    acknowledge(reno, 1, 1e9)
    assert.equal(reno.cwnd, 1e9 + 1)
  })
})

describe('a loss (RFC 5681 §3.2)', () => {
  test('halves what was in flight, not the window that was allowed', () => {
    const reno = avoiding(20 * MSS)
    reno.reduce(12 * MSS)
    assert.equal(reno.ssthresh, 6 * MSS)
    reno.exitRecovery()
    assert.equal(reno.cwnd, 6 * MSS)
  })

  test('leaves two segments at least', () => {
    const reno = avoiding(3 * MSS)
    reno.reduce(3 * MSS)
    assert.equal(reno.ssthresh, 2 * MSS)
    reno.timedOut(MSS, false)
    assert.equal(reno.ssthresh, 2 * MSS)
  })

  test('that was none is undone (RFC 4015 §3)', () => {
    const reno = avoiding(20 * MSS)
    reno.reduce(20 * MSS)
    reno.setWindow(3 * MSS)
    reno.undo()
    assert.deepEqual([reno.cwnd, reno.ssthresh], [20 * MSS, 20 * MSS])
  })
})

describe('a timeout (RFC 5681 §3.1)', () => {
  test('leaves one segment, and half of what was in flight as the threshold', () => {
    const reno = avoiding(20 * MSS)
    reno.timedOut(14 * MSS, false)
    assert.deepEqual([reno.cwnd, reno.ssthresh], [MSS, 7 * MSS])
  })

  test('of the same data again does not lower the threshold once more', () => {
    const reno = avoiding(20 * MSS)
    reno.timedOut(14 * MSS, false)
    reno.timedOut(MSS, true)
    assert.deepEqual([reno.cwnd, reno.ssthresh], [MSS, 7 * MSS])
  })

  test('is followed by slow start up to the threshold, then congestion avoidance', () => {
    const reno = avoiding(8 * MSS)
    reno.timedOut(8 * MSS, false)
    const rounds = Array.from({ length: 5 }, () => {
      const before = reno.cwnd
      for (let left = Math.floor(before / MSS); left > 0; left--) acknowledge(reno, MSS, reno.cwnd)
      return reno.cwnd - before
    })
    assert.deepEqual(rounds.slice(0, 2), [MSS, 2 * MSS])
    for (const growth of rounds.slice(2)) assert.ok(growth > 0.75 * MSS && growth <= MSS, `${growth}`)
  })
})

describe('a connection that was idle', () => {
  test('restarts with no more than the initial window (RFC 5681 §4.1, RFC 6928 §3)', () => {
    const tcp = established()
    tcp.send(1460 * 10)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.1 < . 1:1(0) ack ${startOf(5)} win 65535
      +0  < . 1:1(0) ack ${startOf(10)} win 65535
    `
    assert.ok(tcp.connection.congestion!.cwnd > 14_600)
    tcp.trace`+10`
    tcp.send(1460 * 20)
    tcp.trace`${fullSegments(10, 20)}`
  })
})
