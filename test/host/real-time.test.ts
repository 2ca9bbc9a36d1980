import { deepEqual, equal, throws } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RealTime } from '../../src/host/real-time.ts'

const clock = new RealTime()

test('a timer never comes early, by its own clock', async () => {
  const early: number[] = []
  const waits = Array.from({ length: 40 }, (_, i) => i * 0.37)
  await Promise.all(
    waits.map(
      (wait) =>
        new Promise<void>((resolve) => {
          const instant = clock.now() + wait
          clock.at(instant, () => {
            if (clock.now() < instant) early.push(instant - clock.now())
            resolve()
          })
        }),
    ),
  )
  deepEqual(early, [])
})

test('soon comes after what is running now and before any timer, and a timer never in the same turn', async () => {
  const seen: string[] = []
  await new Promise<void>((resolve) => {
    clock.at(clock.now(), () => {
      seen.push('timer')
      resolve()
    })
    clock.soon(() => seen.push('soon'))
    seen.push('now')
  })
  deepEqual(seen, ['now', 'soon', 'timer'])
})

test('what is cancelled does not come; cancelling again does nothing', async () => {
  let ran = false
  const timers = [-1, 0, 1].map((wait) =>
    clock.at(clock.now() + wait, () => {
      ran = true
    }),
  )
  for (const timer of [...timers, ...timers]) timer.cancel()
  await new Promise<void>((resolve) => {
    clock.at(clock.now() + 3, resolve)
  })
  equal(ran, false)
  for (const timer of timers) timer.cancel()
})

test('a timer at Infinity keeps no process alive; one at NaN is a mistake', () => {
  clock.at(Number.POSITIVE_INFINITY, () => {})
  throws(() => clock.at(Number.NaN, () => {}), RangeError)
})

/** Takes the place of the machine's clock and setTimeout. */
class FakeMachine {
  now = 0.5
  ran = 0
  /** What was asked of setTimeout, oldest first. */
  readonly waits: number[] = []
  readonly #callbacks: (() => void)[] = []

  constructor(t: TestContext) {
    t.mock.method(performance, 'now', () => this.now)
    t.mock.method(globalThis, 'setTimeout', (callback: () => void, wait: number) => {
      this.waits.push(wait)
      this.#callbacks.push(callback)
    })
  }

  fireAt(now: number): void {
    this.now = now
    this.#callbacks.shift()!()
  }
}

test('a wait beyond what setTimeout takes is waited for in parts', (t) => {
  const machine = new FakeMachine(t)
  const longest = 2 ** 31 - 1
  clock.at(2.5 * longest + 0.5, () => machine.ran++)
  machine.fireAt(longest + 0.5)
  machine.fireAt(2 * longest + 0.5)
  equal(machine.ran, 0)
  machine.fireAt(2.5 * longest + 0.5)
  equal(machine.ran, 1)
  deepEqual(machine.waits, [longest, longest, longest / 2 + 0.5])
})

test('when Node fires early, the rest is waited for, and at least 1 ms: no spinning', (t) => {
  const machine = new FakeMachine(t)
  clock.at(10.2, () => machine.ran++)
  machine.fireAt(10.1)
  machine.fireAt(11.1)
  equal(machine.ran, 1)
  deepEqual(machine.waits, [10, 1])
})
