/** RFC 9438, against its formulas. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Cubic } from '../../src/tcp/congestion/cubic.ts'
import { ack, MSS, Rounds, slowStartRound } from './driving.ts'

const C = 0.4
const BETA = 0.7
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)

/** Figure 1, in segments and seconds. */
const wCubic = (t: number, k: number, wMax: number): number => C * (t - k) ** 3 + wMax
/** Figure 2. */
const kOf = (wMax: number, epoch: number): number => Math.cbrt((wMax - epoch) / C)

/** After a loss in a window of `segments`, at 0 ms, that was all in flight. */
function afterLoss(segments: number, cubic: Cubic = new Cubic(MSS)): Cubic {
  cubic.setWindow(segments * MSS)
  cubic.reduce(segments * MSS, 'loss', 0)
  cubic.exitRecovery(0)
  return cubic
}

function near(actual: number, expected: number, within = 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= within * expected, `${actual}, not ${expected}`)
}

describe('CUBIC (RFC 9438)', () => {
  test('goes in one ACK from where it is to where W_cubic is a round trip later, by the share acknowledged (§4.4)', () => {
    const cubic = afterLoss(1000)
    const k = kOf(1000, 700)
    // W_cubic(0) is the window itself: Reno is ahead by what the ACK gives it.
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 0)
    const first = 700 + ALPHA / 700
    near(cubic.cwnd / MSS, first)
    // Two segments, 50 ms later.
    cubic.acknowledged(ack(2 * MSS, { rtt: 80 }), 50)
    near(cubic.cwnd / MSS, first + (2 * (wCubic(0.13, k, 1000) - first)) / first)
  })

  test('is back at W_max after K, and beyond it after that (figure 2)', () => {
    const cubic = afterLoss(1000)
    const rounds = new Rounds(cubic)
    const k = kOf(1000, 700)
    const windows = new Map<number, number>()
    for (let i = 0; i < 200; i++) {
      rounds.round(100)
      windows.set(rounds.now, cubic.cwnd / MSS)
    }
    // A round trip's target is reached at its end, but for what is left of a fraction: a hundredth.
    for (const [at, window] of windows) {
      if (at < 3000) continue
      near(window, Math.max(wCubic(at / 1000, k, 1000), 1), 0.01)
    }
    assert.ok(windows.get(Math.round(k * 10) * 100)! <= 1001)
    assert.ok(cubic.cwnd / MSS > 1500)
  })

  test('is concave before K, convex after', () => {
    const cubic = afterLoss(1000)
    const rounds = new Rounds(cubic)
    const growth: number[] = []
    for (let i = 0; i < 180; i++) {
      const before = cubic.cwnd
      rounds.round(100)
      growth.push(cubic.cwnd - before)
    }
    const least = growth.indexOf(Math.min(...growth.slice(2)))
    near(least / 10, kOf(1000, 700), 0.1)
    assert.ok(growth[10]! > growth[40]! && growth[170]! > growth[120]!)
  })

  test('never aims at more than half a window beyond (§4.2)', () => {
    const cubic = afterLoss(100)
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 0)
    const { cwnd } = cubic
    cubic.acknowledged(ack(cwnd, { rtt: 100 }), 60_000)
    assert.equal(cubic.cwnd, 1.5 * cwnd)
  })

  test('leaves 0.7 of what was in flight after a loss (§4.6), a timeout (§4.8) and a mark', () => {
    assert.equal(afterLoss(100).cwnd, 70 * MSS)
    const cubic = new Cubic(MSS)
    cubic.timedOut(100 * MSS, false, 0)
    assert.equal(cubic.ssthresh, 70 * MSS)
  })

  for (const [what, before, window, plateau] of [
    ['lowers the plateau when the window was below the last one: fast convergence', 1000, 800, 0.85 * 800],
    ['has its plateau where the window was, when that was not below the last one', 700, 800, 800],
  ] as const) {
    test(`${what} (§4.7)`, () => {
      const cubic = afterLoss(window, afterLoss(before))
      cubic.acknowledged(ack(MSS, { rtt: 100 }), 0)
      const first = 0.7 * window + ALPHA / (0.7 * window)
      cubic.acknowledged(ack(MSS, { rtt: 100 }), 2000)
      near(cubic.cwnd / MSS, first + (wCubic(2.1, kOf(plateau, 0.7 * window), plateau) - first) / first)
    })
  }

  test('grows as Reno would where that is more: by ALPHA segments a round trip, then by one (§4.3)', () => {
    const cubic = afterLoss(20)
    const rounds = new Rounds(cubic)
    let [wEst, cwnd] = [14, 14]
    for (let i = 0; i < 20; i++) {
      const segments = Math.floor(cwnd)
      for (let j = 0; j < segments; j++) {
        wEst += (wEst < 20 ? ALPHA : 1) / cwnd
        cwnd = Math.max(cwnd, wEst)
      }
      rounds.round(5)
      near(cubic.cwnd / MSS, cwnd)
    }
    assert.ok(cwnd > 22, `${cwnd}`)
  })

  test('has its plateau where congestion avoidance begins after a timeout (§4.8)', () => {
    const cubic = afterLoss(1000)
    cubic.timedOut(200 * MSS, false, 0)
    cubic.setWindow(140 * MSS)
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 7000)
    const first = 140 + ALPHA / 140
    near(cubic.cwnd / MSS, first)
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 9000)
    near(cubic.cwnd / MSS, first + (wCubic(2.1, 0, 140) - first) / first)
  })

  test('has its plateau where a first slow start ended without a loss, and Reno its full pace (§4.10)', () => {
    const cubic = new Cubic(MSS)
    let at = 0
    for (const rtt of [100, 100, 120, 120, 120, 120, 120]) at = slowStartRound(cubic, at, 40, rtt)
    const window = cubic.ssthresh / MSS
    assert.equal(cubic.cwnd, cubic.ssthresh)
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 10_000)
    const first = window + 1 / window
    near(cubic.cwnd / MSS, first)
    cubic.acknowledged(ack(MSS, { rtt: 100 }), 12_000)
    near(cubic.cwnd / MSS, first + (wCubic(2.1, 0, window) - first) / first)
  })

  test('leaves out of t the time in which the application was the limit (§4.2, §5.8)', () => {
    const [busy, pausing] = [afterLoss(1000), afterLoss(1000)]
    for (let t = 0; t < 3000; t += 100) {
      busy.acknowledged(ack(10 * MSS, { rtt: 100 }), t)
      pausing.acknowledged(ack(10 * MSS, { rtt: 100 }), t)
    }
    for (let t = 3000; t < 20_000; t += 100) pausing.acknowledged(ack(MSS, { rtt: 100, limited: false }), t)
    busy.acknowledged(ack(10 * MSS, { rtt: 100 }), 3000)
    pausing.acknowledged(ack(10 * MSS, { rtt: 100 }), 20_000)
    near(pausing.cwnd, busy.cwnd, 1e-9)
  })

  test('is the same in octets whatever the segments are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 9000 }), fc.integer({ min: 10, max: 500 }), (mss, segments) => {
        const [one, other] = [new Cubic(MSS), new Cubic(mss)]
        for (const [cubic, size] of [
          [one, MSS],
          [other, mss],
        ] as const) {
          cubic.setWindow(segments * size)
          cubic.reduce(segments * size, 'loss', 0)
          cubic.exitRecovery(0)
          for (let t = 0; t < 5000; t += 50) cubic.acknowledged(ack(3 * size, { rtt: 100 }), t)
        }
        near(other.cwnd / mss, one.cwnd / MSS, 1e-6)
      }),
    )
  })
})
