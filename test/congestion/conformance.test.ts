/** What holds for every controller behind the interface, whatever its growth: RFC 5681, 3465, 6928, 7661. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { congestionControlOf } from '../../src/tcp/congestion/choice.ts'
import type { CongestionControl, CongestionControlFactory } from '../../src/tcp/congestion/controller.ts'
import { ack, MSS, Rounds } from './driving.ts'

interface Subject {
  name: string
  make: CongestionControlFactory
  beta: number
  /** L of RFC 3465. */
  mostForAck: number
}

const SUBJECTS: Subject[] = [
  { name: 'newreno', make: congestionControlOf('newreno', false), beta: 0.5, mostForAck: 2 },
  { name: 'cubic', make: congestionControlOf('cubic', false), beta: 0.7, mostForAck: 8 },
  { name: 'cubic', make: congestionControlOf('cubic', true), beta: 0.7, mostForAck: Number.POSITIVE_INFINITY },
]

for (const subject of SUBJECTS) {
  describe(`${subject.name} with L = ${subject.mostForAck}`, () => {
    test('has that name', () => assert.equal(subject.make(MSS).name, subject.name))
    initialWindows(subject)
    slowStart(subject)
    congestionAvoidance(subject)
    events(subject)
    timeouts(subject)
    undoing(subject)
    pauses(subject)
    segmentSizes(subject)
    anyHistory(subject)
  })
}

function initialWindows({ make }: Subject): void {
  for (const [mss, window] of [
    [64, 640],
    [536, 5360],
    [1460, 14_600],
    [2000, 14_600],
    [8960, 17_920],
  ] as const) {
    test(`begins with ${window} octets for segments of ${mss} (RFC 6928 §2), and without a threshold`, () => {
      const control = make(mss)
      assert.deepEqual([control.cwnd, control.ssthresh], [window, Number.POSITIVE_INFINITY])
    })
  }
}

function slowStart({ make, mostForAck }: Subject): void {
  test('grows in slow start by what is acknowledged (RFC 5681 §3.1 (2))', () => {
    const control = make(MSS)
    control.acknowledged(ack(MSS), 0)
    control.acknowledged(ack(300), 0)
    assert.equal(control.cwnd, 11_300)
  })

  test('doubles in a round trip of slow start, and does no more', () => {
    const control = make(MSS)
    const rounds = new Rounds(control)
    rounds.round(100)
    assert.equal(control.cwnd, 20 * MSS)
    rounds.round(100, { perAck: 2 })
    assert.equal(control.cwnd, 40 * MSS)
  })

  test(`grows by ${mostForAck} segments for one ACK at the most (RFC 3465 §2.3, RFC 9406 §4.3)`, () => {
    const control = make(MSS)
    control.acknowledged(ack(1000 * MSS), 0)
    assert.equal(control.cwnd, (10 + Math.min(mostForAck, 1000)) * MSS)
  })

  test('does not overshoot the threshold in slow start', () => {
    const control = make(MSS)
    control.timedOut(10 * MSS, false, 0)
    for (let i = 0; i < 30 && control.cwnd < control.ssthresh; i++) control.acknowledged(ack(MSS), i)
    assert.equal(control.cwnd, control.ssthresh)
  })
}

function congestionAvoidance({ make }: Subject): void {
  test('grows beyond the threshold, at most by half in a round trip', () => {
    const control = make(MSS)
    afterLoss(control, 20 * MSS)
    const rounds = new Rounds(control)
    for (let i = 0; i < 100; i++) {
      const before = control.cwnd
      rounds.round(100)
      assert.ok(control.cwnd >= before && control.cwnd <= 1.5 * before + MSS, `${before} to ${control.cwnd}`)
    }
    assert.ok(control.cwnd > 40 * MSS)
  })

  test('does not grow while the application is the limit, in slow start nor beyond (RFC 7661)', () => {
    const control = make(MSS)
    const rounds = new Rounds(control)
    for (let i = 0; i < 10; i++) rounds.round(100, { limited: false })
    assert.equal(control.cwnd, 10 * MSS)
    afterLoss(control, 20 * MSS)
    const { cwnd } = control
    for (let i = 0; i < 100; i++) rounds.round(100, { limited: false })
    assert.equal(control.cwnd, cwnd)
  })
}

function events({ make, beta }: Subject): void {
  for (const cause of ['loss', 'ecn'] as const) {
    test(`after ${cause} has ${beta} of what was in flight for a threshold, not of the window (RFC 5681 §3.1 (4))`, () => {
      const control = make(MSS)
      control.setWindow(40 * MSS)
      control.reduce(20 * MSS, cause, 0)
      assert.equal(control.ssthresh, beta * 20 * MSS)
      control.setWindow(3 * MSS)
      assert.equal(control.cwnd, 3 * MSS)
      control.exitRecovery(0)
      assert.equal(control.cwnd, control.ssthresh)
    })
  }

  test('leaves a threshold of two segments and a window of one', () => {
    const control = make(MSS)
    control.reduce(MSS, 'loss', 0)
    assert.equal(control.ssthresh, 2 * MSS)
    control.setWindow(0)
    assert.equal(control.cwnd, MSS)
  })
}

function timeouts({ make, beta }: Subject): void {
  test('begins anew with one segment after a timeout, up to a threshold by what was in flight (RFC 5681 §3.1)', () => {
    const control = make(MSS)
    control.timedOut(10 * MSS, false, 0)
    assert.deepEqual([control.cwnd, control.ssthresh], [MSS, beta * 10 * MSS])
  })

  test('lowers the threshold once, however often the same data times out', () => {
    const control = make(MSS)
    control.timedOut(10 * MSS, false, 0)
    control.timedOut(MSS, true, 1000)
    assert.deepEqual([control.cwnd, control.ssthresh], [MSS, beta * 10 * MSS])
  })

  test('grows by one segment for an ACK after a timeout, whatever the ACK covers (RFC 3465 §2.3)', () => {
    const control = make(MSS)
    control.timedOut(10 * MSS, false, 0)
    control.acknowledged(ack(8 * MSS), 100)
    assert.equal(control.cwnd, 2 * MSS)
  })
}

function undoing({ make }: Subject): void {
  for (const [what, reduce] of [
    ['a reduction', (control: CongestionControl) => control.reduce(30 * MSS, 'loss', 5000)],
    ['a timeout', (control: CongestionControl) => control.timedOut(30 * MSS, false, 5000)],
  ] as const) {
    test(`goes on as if ${what} had never been, once that turns out to be for nothing`, () => {
      const [control, other] = [make(MSS), make(MSS)]
      const [rounds, others] = [new Rounds(control), new Rounds(other)]
      for (const c of [control, other]) afterLoss(c, 30 * MSS)
      for (const r of [rounds, others]) for (let i = 0; i < 20; i++) r.round(100)
      reduce(control)
      if (what === 'a timeout') control.timedOut(MSS, true, 6000)
      control.undo(6000)
      control.undo(6000)
      assert.deepEqual([control.cwnd, control.ssthresh], [other.cwnd, other.ssthresh])
      for (const r of [rounds, others]) for (let i = 0; i < 20; i++) r.round(100)
      assert.equal(control.cwnd, other.cwnd)
    })
  }

  test('does not take a window back that has grown since', () => {
    const control = make(MSS)
    control.reduce(10 * MSS, 'loss', 0)
    control.setWindow(50 * MSS)
    control.undo(0)
    assert.equal(control.cwnd, 50 * MSS)
  })
}

function pauses({ make }: Subject): void {
  test('restarts after a pause with the initial window at the most (RFC 5681 §4.1), and finds back in slow start', () => {
    const control = make(MSS)
    control.setWindow(100 * MSS)
    control.reduce(100 * MSS, 'loss', 0)
    control.exitRecovery(0)
    const { cwnd } = control
    control.restartAfterIdle(10_000)
    assert.equal(control.cwnd, 10 * MSS)
    assert.ok(control.ssthresh >= (3 * cwnd) / 4 && control.ssthresh <= cwnd)
  })

  test('does not open a small window by a pause', () => {
    const control = make(MSS)
    control.timedOut(10 * MSS, false, 0)
    control.restartAfterIdle(10_000)
    assert.equal(control.cwnd, MSS)
  })
}

function segmentSizes({ make }: Subject): void {
  test('has room for as many segments when they become smaller (RFC 5681 §3.1), and no more when larger', () => {
    const control = make(1000)
    control.setMss(500)
    assert.equal(control.cwnd, 5000)
    control.setMss(1000)
    assert.equal(control.cwnd, 5000)
    control.setWindow(0)
    control.setMss(9000)
    assert.equal(control.cwnd, 9000)
  })
}

/** In congestion avoidance after a loss in a window of that size. */
function afterLoss(control: CongestionControl, window: number): void {
  control.setWindow(window)
  control.reduce(window, 'loss', 0)
  control.exitRecovery(0)
}

type Step = (control: CongestionControl, now: number) => void

const steps = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 2000 }),
    fc.oneof(
      fc
        .record({
          octets: fc.integer({ min: 1, max: 100 * MSS }),
          flight: fc.integer({ min: 0, max: 200 * MSS }),
          rtt: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 0, max: 500 })),
          una: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          nxt: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          limited: fc.boolean(),
        })
        .map(
          (sample): Step =>
            (control, now) =>
              control.acknowledged(sample, now),
        ),
      fc.tuple(fc.integer({ min: 0, max: 100 * MSS }), fc.constantFrom('loss' as const, 'ecn' as const)).map(
        ([flight, cause]): Step =>
          (control, now) =>
            control.reduce(flight, cause, now),
      ),
      fc.integer({ min: -MSS, max: 100 * MSS }).map(
        (octets): Step =>
          (control) =>
            control.setWindow(octets),
      ),
      fc.tuple(fc.integer({ min: 0, max: 100 * MSS }), fc.boolean()).map(
        ([flight, again]): Step =>
          (control, now) =>
            control.timedOut(flight, again, now),
      ),
      fc.integer({ min: 64, max: 9000 }).map(
        (mss): Step =>
          (control) =>
            control.setMss(mss),
      ),
      fc.constant<Step>((control, now) => control.undo(now)),
      fc.constant<Step>((control, now) => control.restartAfterIdle(now)),
      fc.constant<Step>((control, now) => {
        if (control.ssthresh < Number.POSITIVE_INFINITY) control.exitRecovery(now)
      }),
    ),
  ),
  { maxLength: 60 },
)

function anyHistory({ make }: Subject): void {
  test('keeps its bounds whatever happens', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const control = make(MSS)
        let [now, mss] = [0, MSS]
        const setMss = control.setMss.bind(control)
        control.setMss = (next) => {
          mss = next
          setMss(next)
        }
        for (const [wait, step] of history) {
          now += wait
          step(control, now)
          assert.ok(control.cwnd >= mss, `cwnd ${control.cwnd}, segments of ${mss}`)
          assert.ok(control.ssthresh >= 2 * mss, `ssthresh ${control.ssthresh}, segments of ${mss}`)
        }
      }),
    )
  })

  test('never grows by an ACK more than half the window, or what the ACK covers (RFC 5681 §3.1)', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 * MSS }), fc.boolean(), (history, octets, limited) => {
        const control = make(MSS)
        let now = 0
        for (const [wait, step] of history) {
          now += wait
          step(control, now)
        }
        const before = control.cwnd
        control.acknowledged(ack(octets, { limited }), now + 100)
        const growth = control.cwnd - before
        assert.ok(growth >= 0)
        if (!limited) assert.equal(growth, 0)
        assert.ok(growth <= Math.max(octets, before / 2, 9000) + 1e-6, `${before} by ${growth} for ${octets}`)
      }),
    )
  })
}
