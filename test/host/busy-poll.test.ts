import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { BusyPoll } from '../../src/host/busy-poll.ts'

const SPAN = 0.05
/** How long the loop takes for a turn in which nothing happens, ms. */
const TURN = 0.001

/** An event loop whose turns a test takes. */
class FakeLoop {
  time = 0
  turns = 0
  callbacks: (() => void)[] = []

  now(): number {
    return this.time
  }

  nextTurn(callback: () => void): void {
    this.callbacks.push(callback)
  }

  get isAwake(): boolean {
    return this.callbacks.length > 0
  }

  turn(): void {
    this.time += TURN
    this.turns++
    const { callbacks } = this
    this.callbacks = []
    for (const callback of callbacks) callback()
  }

  /** Until it may sleep; the turns that it took. */
  rest(): number {
    const before = this.turns
    while (this.isAwake) this.turn()
    return this.turns - before
  }
}

function make(span = SPAN) {
  const loop = new FakeLoop()
  return { loop, poll: new BusyPoll(span, loop) }
}

/** Frames that wake the loop, and that nothing follows; the turns taken in vain. */
function lonely({ loop, poll }: ReturnType<typeof make>): number {
  loop.time += 1000
  poll.worked()
  return loop.rest()
}

/** Frames that come while the loop goes round. */
function answered({ loop, poll }: ReturnType<typeof make>): void {
  for (let i = 0; i < 5; i++) loop.turn()
  ok(loop.isAwake)
  poll.worked()
}

test('without frames, and with a span of 0, the loop is let sleep', () => {
  equal(make().loop.isAwake, false)
  const never = make(0)
  equal(lonely(never), 0)
})

test('after frames the loop goes round for the span, one callback at a time, and then sleeps', () => {
  const { loop, poll } = make()
  poll.worked()
  equal(loop.callbacks.length, 1)
  poll.worked()
  equal(loop.callbacks.length, 1)
  loop.rest()
  ok(Math.abs(loop.time - SPAN) <= TURN, `${loop.time} ms`)
})

test('each frame that comes in time begins the span anew', () => {
  const made = make()
  made.poll.worked()
  for (let i = 0; i < 100; i++) {
    answered(made)
    equal(made.loop.callbacks.length, 1)
  }
  const { time } = made.loop
  made.loop.rest()
  ok(made.loop.time - time <= SPAN + TURN)
})

test('twice as many turns are skipped each time that nothing came', () => {
  const made = make()
  const skipped = [0]
  for (let i = 0; i < 5000; i++) {
    if (lonely(made) > 0) skipped.push(0)
    else skipped[skipped.length - 1]!++
  }
  equal(skipped.slice(0, 6).join(), '0,0,1,3,7,15')
  equal(Math.max(...skipped), 1023)
})

test('frames that nothing ever follows cost a few turns of the loop in a thousand', () => {
  const made = make()
  for (let i = 0; i < 20_000; i++) lonely(made)
  const spent = made.loop.turns * TURN
  ok(spent < 20_000 * 0.0002, `${spent} ms in 20,000 turns`)
})

test('where frames come in time again, less is skipped from then on', () => {
  const made = make()
  for (let i = 0; i < 3000; i++) lonely(made)
  let looked = 0
  for (let i = 0; i < 3000; i++) {
    made.loop.time += 1000
    made.poll.worked()
    if (!made.loop.isAwake) continue
    looked++
    for (let k = 0; k < 20; k++) answered(made)
    made.loop.rest()
  }
  ok(looked > 1000, `${looked} of 3000`)
})

test('frames that were there at once do not count as waited for', () => {
  const made = make()
  const wake = (): void => {
    made.loop.time += 1000
    made.poll.worked()
    if (!made.loop.isAwake) return
    made.loop.turn()
    made.poll.worked()
    made.loop.rest()
  }
  for (let i = 0; i < 5000; i++) wake()
  const before = made.loop.turns
  for (let i = 0; i < 1000; i++) wake()
  ok(made.loop.turns - before <= 2 * (SPAN / TURN + 2))
})

test('stopped, the loop goes round no more than once', () => {
  const { loop, poll } = make()
  poll.worked()
  poll.stop()
  equal(loop.rest(), 1)
})
