import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Timer } from '../../src/link/scheduler.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'

test('timers run in the order of their instants, and the clock shows each exactly', () => {
  const clock = new VirtualClock()
  const seen: [string, number][] = []
  for (const [name, instant] of [
    ['c', 63_000],
    ['a', 0.1],
    ['b', 1000.25],
  ] as const) {
    clock.at(instant, () => seen.push([name, clock.now()]))
  }
  clock.run()
  deepEqual(seen, [
    ['a', 0.1],
    ['b', 1000.25],
    ['c', 63_000],
  ])
  equal(clock.pending, 0)
})

test('at one instant they run in the order in which they were asked for, and soon before them all', () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  clock.at(5, () => {
    seen.push('first')
    clock.at(5, () => seen.push('fourth'))
    clock.soon(() => seen.push('second'))
  })
  clock.at(5, () => seen.push('third'))
  clock.run()
  deepEqual(seen, ['first', 'second', 'third', 'fourth'])
})

test('a timer in the past is due now, and never in the same turn', () => {
  const clock = new VirtualClock({ start: 100 })
  let ran = false
  clock.at(3, () => {
    ran = true
  })
  equal(ran, false)
  clock.run()
  equal(ran, true)
  equal(clock.now(), 100)
})

test('a timer at Infinity never comes, and none waits for it; one at NaN is a mistake', () => {
  const clock = new VirtualClock()
  clock
    .at(Number.POSITIVE_INFINITY, () => {
      throw new Error('never')
    })
    .cancel()
  equal(clock.pending, 0)
  clock.run()
  throws(() => clock.at(Number.NaN, () => {}), RangeError)
})

test('run goes up to and with the instant it was given, and leaves the rest', () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  for (const instant of [10, 20, 30]) clock.at(instant, () => seen.push(instant))
  clock.run(20)
  deepEqual(seen, [10, 20])
  equal(clock.now(), 20)
  equal(clock.next, 30)
  clock.advance(9.5)
  equal(clock.now(), 29.5)
  clock.run(5)
  equal(clock.now(), 29.5)
  equal(clock.pending, 1)
  equal(clock.step(), true)
  deepEqual(seen, [10, 20, 30])
  equal(clock.step(), false)
})

test('what is cancelled does not run; cancelling twice, or too late, does nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ instant: fc.nat(20), cancelledAt: fc.option(fc.nat(20)) }), { maxLength: 60 }),
      (plans) => {
        const clock = new VirtualClock()
        const seen: number[] = []
        const timers: Timer[] = []
        for (const [i, plan] of plans.entries()) {
          if (plan.cancelledAt === null) continue
          clock.at(plan.cancelledAt, () => {
            timers[i]?.cancel()
            timers[i]?.cancel()
          })
        }
        for (const [i, plan] of plans.entries()) timers[i] = clock.at(plan.instant, () => seen.push(i))
        clock.run()
        const expected = plans
          .map((plan, i) => ({ ...plan, i }))
          .filter((plan) => plan.cancelledAt === null || plan.cancelledAt > plan.instant)
          .sort((x, y) => x.instant - y.instant)
        deepEqual(
          seen,
          expected.map((plan) => plan.i),
        )
        equal(clock.pending, 0)
      },
    ),
  )
})

test('an endless loop at one instant ends with an error that says when', () => {
  const clock = new VirtualClock({ stepLimit: 1000 })
  const again = (): void => clock.soon(again)
  clock.at(7, again)
  throws(() => clock.run(), /1000 callbacks ran at 7 ms of virtual time/)
})

test('many callbacks at many instants are no endless loop', () => {
  const clock = new VirtualClock({ stepLimit: 10 })
  let left = 1000
  const again = (): void => {
    if (left-- > 0) clock.at(clock.now() + 0.001, again)
  }
  clock.soon(again)
  clock.run()
  equal(left, -1)
})

test('what a callback throws comes out of run, which may go on', () => {
  const clock = new VirtualClock()
  let after = false
  clock.at(1, () => {
    throw new Error('mine')
  })
  clock.at(1, () => {
    after = true
  })
  throws(() => clock.run(), /mine/)
  clock.run()
  equal(after, true)
})

test('a callback cannot run the clock that runs it', () => {
  const clock = new VirtualClock()
  clock.at(1, () => clock.run())
  throws(() => clock.run(), /by a callback/)
})
