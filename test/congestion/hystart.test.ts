/** RFC 9406 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cubic } from '../../src/tcp/congestion/cubic.ts'
import { HyStart } from '../../src/tcp/congestion/hystart.ts'
import { ack, MSS, Rounds, slowStartRound } from './driving.ts'

/** Runs a round of `count` ACKs with these round-trip times; true when slow start is over. */
function round(hystart: HyStart, from: number, rtts: number[]): boolean {
  const end = from + 1000
  let over = false
  for (const [i, rtt] of rtts.entries()) {
    const una = i === rtts.length - 1 ? end : from + i
    over = hystart.acknowledged(ack(1, { rtt, una, nxt: end }), 0)
  }
  return over
}

function started(lastRtt: number): HyStart {
  const hystart = new HyStart()
  hystart.acknowledged(ack(1, { rtt: lastRtt, una: 0, nxt: 0 }), 0)
  return hystart
}

const eight = (rtt: number): number[] => Array<number>(8).fill(rtt)

describe('HyStart++ (RFC 9406)', () => {
  // RttThresh = max(4, min(lastRoundMinRTT / 8, 16))
  for (const [last, threshold] of [
    [10, 4],
    [32, 4],
    [80, 10],
    [128, 16],
    [1000, 16],
  ] as const) {
    test(`takes ${threshold} ms more than ${last} ms for a queue`, () => {
      const below = started(last)
      round(below, 0, eight(last + threshold - 0.5))
      assert.equal(below.inCss, false)
      const hystart = started(last)
      round(hystart, 0, eight(last + threshold))
      assert.equal(hystart.inCss, true)
      assert.equal(hystart.divisor, 4)
    })
  }

  test('asks for eight samples a round, and ACKs without a measurement are none', () => {
    const hystart = started(100)
    round(hystart, 0, [...eight(200).slice(1), Number.NaN, Number.NaN])
    assert.equal(hystart.inCss, false)
    round(hystart, 1000, eight(200).slice(1))
    assert.equal(hystart.inCss, false, 'the samples of the round before count no more')
  })

  test('goes by the least round trip of a round', () => {
    const hystart = started(100)
    round(hystart, 0, [300, 300, 300, 300, 300, 300, 300, 105, 300])
    assert.equal(hystart.inCss, false)
  })

  test('compares with the round before, not with the first', () => {
    const hystart = started(100)
    round(hystart, 0, eight(110))
    round(hystart, 1000, eight(120))
    assert.equal(hystart.inCss, false)
  })

  test('ends slow start after five rounds of CSS, the one in which it began included', () => {
    const hystart = started(100)
    assert.equal(round(hystart, 0, eight(120)), false)
    for (let i = 1; i <= 3; i++) assert.equal(round(hystart, 1000 * i, eight(125)), false, `round ${i}`)
    assert.equal(round(hystart, 4000, eight(125)), true)
  })

  test('goes back to slow start when the round trip falls below what CSS began with', () => {
    const hystart = started(100)
    round(hystart, 0, eight(120))
    round(hystart, 1000, eight(120))
    assert.equal(hystart.inCss, true)
    round(hystart, 2000, eight(119))
    assert.deepEqual([hystart.inCss, hystart.divisor], [false, 1])
    // Five new rounds are asked for then.
    assert.equal(round(hystart, 3000, eight(140)), false)
    for (let i = 4; i <= 6; i++) assert.equal(round(hystart, 1000 * i, eight(140)), false)
    assert.equal(round(hystart, 7000, eight(140)), true)
  })

  test('needs eight samples for the way back, too', () => {
    const hystart = started(100)
    round(hystart, 0, eight(120))
    round(hystart, 1000, [...eight(110).slice(1)])
    assert.equal(hystart.inCss, true)
  })

  test('follows rounds around the circle of sequence numbers', () => {
    const hystart = new HyStart()
    hystart.acknowledged(ack(1, { rtt: 100, una: 2 ** 32 - 1000, nxt: 2 ** 32 - 1000 }), 0)
    for (let i = 0; i < 8; i++)
      hystart.acknowledged(ack(1, { rtt: 120, una: (2 ** 32 - 500 + i * 100) >>> 0, nxt: 300 }), 0)
    assert.equal(hystart.inCss, true)
  })
})

/** A round of `count` ACKs that come `apart` ms after one another; true when slow start is over. */
function train(hystart: HyStart, count: number, apart: number, rtts: (i: number) => number): boolean {
  hystart.acknowledged(ack(1, { rtt: 100, una: 0, nxt: 0 }), 0)
  for (let i = 0; i < count; i++) {
    if (hystart.acknowledged(ack(1, { rtt: rtts(i), una: i, nxt: 1000 }), 100 + i * apart)) return true
  }
  return false
}

describe('a train of ACKs', () => {
  const longer = (i: number): number => 100 + Math.min(i / 2, 20)

  test('ends slow start when it lasts for half of a round trip, and the round trips become longer', () => {
    assert.equal(train(new HyStart(), 51, 1, longer), false)
    assert.equal(train(new HyStart(), 52, 1, longer), true)
  })

  test('must be as long as the round trip where the window is spread over it', () => {
    assert.equal(train(new HyStart(1), 101, 1, longer), false)
    assert.equal(train(new HyStart(1), 102, 1, longer), true)
  })

  test('says nothing where no queue is, nor of a queue for a moment', () => {
    assert.equal(
      train(new HyStart(), 100, 1, () => 112),
      false,
    )
    assert.equal(
      train(new HyStart(), 100, 1, (i) => (i % 8 === 0 ? 101 : 200)),
      false,
    )
  })

  test('is none when the ACKs come more than 2 ms apart', () => {
    assert.equal(train(new HyStart(), 100, 2, longer), true)
    assert.equal(train(new HyStart(), 100, 2.01, longer), false)
  })

  test('is forgotten with the rest', () => {
    const hystart = new HyStart()
    train(hystart, 51, 1, longer)
    hystart.reset()
    assert.equal(train(hystart, 51, 1, longer), false)
  })
})

describe('HyStart++ in CUBIC', () => {
  test('grows by a quarter in CSS, and enters congestion avoidance with the window of that moment', () => {
    const cubic = new Cubic(MSS)
    let at = slowStartRound(cubic, 0, 10, 100)
    at = slowStartRound(cubic, at, 20, 100)
    assert.equal(cubic.cwnd, 40 * MSS)
    // Eight ACKs show the queue, in whose course slow start goes on; the other 32 are divided by four.
    at = slowStartRound(cubic, at, 40, 120)
    assert.equal(cubic.cwnd, 56 * MSS)
    for (const [i, window] of [70, 84, 98].entries()) {
      at = slowStartRound(cubic, at, 56, 120)
      assert.deepEqual([cubic.cwnd, cubic.ssthresh], [window * MSS, Number.POSITIVE_INFINITY], `round ${i}`)
    }
    slowStartRound(cubic, at, 56, 120)
    assert.deepEqual([cubic.cwnd, cubic.ssthresh], [112 * MSS, 112 * MSS])
  })

  test('is for the first slow start alone: after a timeout it is not asked', () => {
    const cubic = new Cubic(MSS)
    cubic.timedOut(200 * MSS, false, 0)
    const rounds = new Rounds(cubic)
    for (const rtt of [100, 100, 100, 100, 150, 250]) rounds.round(rtt)
    assert.equal(cubic.cwnd, 64 * MSS)
  })
})
