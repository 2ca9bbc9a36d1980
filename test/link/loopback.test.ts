import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createLoopback } from '../../src/link/loopback.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Recorder, range, sendNumbered } from './recorder.ts'

test('frames come back, in order, in a later turn', () => {
  const clock = new VirtualClock()
  const link = createLoopback(clock, { delay: 2 })
  const back = new Recorder(link, clock)
  for (const number of range(5)) sendNumbered(link, number)
  equal(back.arrivals.length, 0)
  clock.run()
  deepEqual(back.numbers, range(5))
  equal(back.drains, 1)
  equal(clock.now(), 2)
})

test('when it is full the sender waits', () => {
  const clock = new VirtualClock()
  const link = createLoopback(clock, { queue: 1 })
  const back = new Recorder(link, clock)
  sendNumbered(link, 1)
  equal(sendNumbered(link, 2), false)
  back.onWritable = () => sendNumbered(link, 2)
  clock.run()
  deepEqual(back.numbers, [1, 2])
})

test('closed, it returns nothing more', () => {
  const clock = new VirtualClock()
  const link = createLoopback(clock)
  const back = new Recorder(link, clock)
  sendNumbered(link, 1)
  link.close()
  link.close()
  clock.run()
  equal(back.arrivals.length, 0)
  equal(back.closings, 1)
  equal(clock.pending, 0)
})
