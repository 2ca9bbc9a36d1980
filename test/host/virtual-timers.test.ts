import assert from 'node:assert/strict'
import test from 'node:test'
import { VirtualTimers } from '../../src/host/virtual-timers.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'

function timers(epoch = 1000): { timers: VirtualTimers; clock: VirtualClock } {
  const clock = new VirtualClock()
  return { timers: new VirtualTimers(clock, epoch), clock }
}

test('setTimeout: in order, with arguments, once, not before its time', () => {
  const { timers: t, clock } = timers()
  const log: unknown[] = []
  t.setTimeout((...args: unknown[]) => log.push(args), 20, 'a', 1)
  t.setTimeout(() => log.push('soon'), 0)
  t.setTimeout(() => log.push('never'), 5).close()
  clock.run(19)
  assert.deepEqual(log, ['soon'])
  clock.run()
  assert.deepEqual(log, ['soon', ['a', 1]])
  assert.equal(t.pending, 0)
})

test('delays are whole milliseconds, 1 at least, as in Node', () => {
  const { timers: t, clock } = timers()
  const fired: number[] = []
  for (const ms of [0, -5, Number.NaN, undefined, 1.9, 2 ** 31]) t.setTimeout(() => fired.push(clock.now()), ms)
  clock.run()
  assert.deepEqual(fired, [1, 1, 1, 1, 1, 1])
})

test('setInterval repeats until it is cleared, by its object or its number', () => {
  const { timers: t, clock } = timers()
  const log: number[] = []
  const interval = t.setInterval(() => log.push(clock.now()), 10)
  clock.run(35)
  t.clearInterval(Number(interval))
  clock.run(100)
  assert.deepEqual(log, [10, 20, 30])
  const once = t.setInterval(() => t.clearTimeout(once), 10)
  clock.run()
  assert.equal(t.pending, 0)
})

test('setImmediate is at this instant, after what runs', () => {
  const { timers: t, clock } = timers()
  const log: string[] = []
  t.setTimeout(() => {
    t.setImmediate(() => log.push(`immediate at ${clock.now()}`))
    log.push('timer')
  }, 7)
  t.clearImmediate(t.setImmediate(() => log.push('never')))
  clock.run()
  assert.deepEqual(log, ['timer', 'immediate at 7'])
})

test('refresh begins the delay anew; ref and unref are noted', () => {
  const { timers: t, clock } = timers()
  let at = 0
  const timeout = t.setTimeout(() => {
    at = clock.now()
  }, 10)
  clock.run(6)
  timeout.refresh()
  clock.run()
  assert.equal(at, 16)
  assert.equal(timeout.unref().hasRef(), false)
  assert.equal(timeout.ref().hasRef(), true)
})

test('Date and performance tell virtual time', () => {
  const { timers: t, clock } = timers(Date.UTC(2020, 0, 1))
  clock.run(1500.5)
  assert.equal(t.performance.now(), 1500.5)
  assert.equal(new t.Date().toISOString(), '2020-01-01T00:00:01.500Z')
  assert.equal(t.Date.now(), Date.UTC(2020, 0, 1) + 1500)
  assert.equal(new t.Date(0).getTime(), 0)
  assert.equal(t.Date.parse('1970-01-01T00:00:01Z'), 1000)
  assert.ok(new t.Date() instanceof Date)
  assert.equal(typeof t.Date(), 'string')
})

test('install replaces them, and uninstall puts back what was there', () => {
  const { timers: t, clock } = timers()
  const real = (): void => {}
  const target: Record<string, unknown> = { setTimeout: real }
  {
    using _installed = t.install(target)
    let fired = false
    ;(target.setTimeout as typeof setTimeout)(() => {
      fired = true
    }, 5)
    clock.run()
    assert.ok(fired)
    assert.equal((target.Date as DateConstructor).now(), 1005)
  }
  assert.deepEqual(target, { setTimeout: real })
})
