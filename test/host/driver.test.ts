import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, type DriverOptions } from '../../src/host/driver.ts'
import type { Link } from '../../src/link/link.ts'
import type { Timer } from '../../src/link/scheduler.ts'
import { type TappedLink, tap } from '../../src/link/tap.ts'
import { createWire, type WireOptions } from '../../src/link/wire.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Instant } from '../../src/wire/instant.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Recorder, range, sendNumbered } from '../link/recorder.ts'
import { FakeStack } from './fake-stack.ts'

/** A virtual clock that counts the timers that are set. */
class CountingClock extends VirtualClock {
  timers = 0
  /** What handlers have taken, ms. */
  taken = 0

  override now(): Instant {
    return super.now() + this.taken
  }

  override at(instant: Instant, callback: () => void): Timer {
    this.timers++
    return super.at(instant, callback)
  }
}

interface Setup {
  driver: Driver<FakeStack>
  stack: FakeStack
  clock: CountingClock
  link: TappedLink
  peerLink: Link
  peer: Recorder
}

function setup(options: DriverOptions = {}, wire: WireOptions = {}): Setup {
  const clock = new CountingClock()
  const [end, peerLink] = createWire(clock, wire)
  const peer = new Recorder(peerLink, clock)
  const stack = new FakeStack()
  const link = tap(end, {})
  return { driver: new Driver(stack, link, clock, options), stack, clock, link, peerLink, peer }
}

test('a batch of frames is received, answered once it is drained, and its events are delivered', () => {
  const { driver, stack, clock, peerLink, peer } = setup()
  stack.onReceive = (number) => {
    stack.queue(100 + number)
    stack.events.push({ number })
  }
  driver.onEvent = (event) => stack.log.push(`event ${event.number}`)
  for (const number of range(3)) sendNumbered(peerLink, number)
  clock.run()
  deepEqual(stack.log, [
    'receive 0 at 0',
    'receive 1 at 0',
    'receive 2 at 0',
    'event 0',
    'event 1',
    'event 2',
    'transmit 100',
    'transmit 101',
    'transmit 102',
  ])
  deepEqual(peer.numbers, [100, 101, 102])
  equal(clock.pending, 0)
})

test('touch flushes once, at the end of the turn, however often it was called', () => {
  const { driver, stack, clock, peer } = setup()
  stack.queue(1, 2)
  driver.touch()
  driver.touch()
  equal(stack.log.length, 0)
  equal(clock.pending, 1)
  clock.step()
  deepEqual(stack.log, ['transmit 1', 'transmit 2'])
  clock.run()
  deepEqual(peer.numbers, [1, 2])
})

test('what an event handler sends goes out in the same turn, and so does what that leads to', () => {
  const { driver, stack, clock, peer } = setup()
  driver.onEvent = ({ number }) => {
    stack.queue(number)
    driver.touch()
    if (number < 5) stack.events.push({ number: number + 1 })
  }
  stack.events.push({ number: 1 })
  driver.touch()
  clock.run()
  deepEqual(peer.numbers, [1, 2, 3, 4, 5])
  equal(clock.now(), 0)
})

test('the clock advances the stack exactly at its deadline', () => {
  const { driver, stack, clock, peer } = setup()
  stack.deadline = 63_000
  stack.onAdvance = () => {
    stack.deadline = Number.POSITIVE_INFINITY
    stack.queue(9)
  }
  driver.touch()
  clock.run()
  deepEqual(stack.log, ['advance 63000', 'transmit 9'])
  equal(peer.arrivals[0]!.at, 63_000)
  equal(clock.pending, 0)
})

test('a deadline that moves away sets no new timer; one that comes closer does', () => {
  const { driver, stack, clock } = setup()
  const moveTo = (instant: Instant): void => {
    stack.deadline = instant
    driver.touch()
    clock.run(clock.now())
  }
  moveTo(200)
  equal(clock.timers, 1)
  for (const instant of [300, 400, 500, Number.POSITIVE_INFINITY, 600]) moveTo(instant)
  equal(clock.timers, 1)
  moveTo(100)
  equal(clock.timers, 2)
  equal(clock.pending, 1)
  stack.deadline = 600
  clock.run()
  deepEqual(stack.log, ['advance 600'])
  equal(clock.timers, 3)
})

test('a far timer that nobody needs any more is cancelled: a process may end', () => {
  const { driver, stack, clock } = setup()
  stack.deadline = 7_200_000
  driver.touch()
  clock.run(0)
  equal(clock.pending, 1)
  stack.deadline = Number.POSITIVE_INFINITY
  driver.touch()
  clock.run(0)
  equal(clock.pending, 0)
})

test('idle, it asks for nothing', () => {
  const { clock } = setup()
  equal(clock.pending, 0)
  equal(clock.timers, 0)
})

test('a frame for which the link has no room is kept, and sent first when there is room', () => {
  const { driver, stack, clock, peer } = setup({}, { queue: 2, delay: 5 })
  stack.queue(...range(7))
  driver.touch()
  clock.run(0)
  deepEqual(stack.log, ['transmit 0', 'transmit 1', 'transmit 2'])
  clock.run()
  deepEqual(peer.numbers, range(7))
  equal(clock.now(), 20)
  equal(clock.pending, 0)
})

test('a full link does not keep frames from coming in, nor events from being delivered', () => {
  const { driver, stack, clock, peerLink } = setup({}, { queue: 1, delay: 5 })
  stack.queue(1, 2, 3)
  driver.touch()
  const seen: number[] = []
  driver.onEvent = ({ number }) => seen.push(number)
  stack.onReceive = (number) => stack.events.push({ number })
  sendNumbered(peerLink, 50)
  clock.run(5)
  deepEqual(seen, [50])
})

test('what is due while the link is full does not make the driver turn in circles', () => {
  const { driver, stack, clock } = setup({}, { queue: 1, delay: 1000 })
  stack.onAdvance = () => {}
  stack.deadline = 0
  stack.queue(1, 2)
  driver.touch()
  clock.run(999)
  equal(stack.log.filter((line) => line.startsWith('advance')).length, 1)
})

test('one turn sends no more than a batch, and lets others have theirs', () => {
  const { driver, stack, clock, peer } = setup({ batch: 10 })
  stack.queue(...range(35))
  driver.touch()
  const sentAtEachStep: number[] = []
  while (clock.step()) sentAtEachStep.push(stack.log.length)
  equal(sentAtEachStep[0], 10)
  equal(sentAtEachStep.at(-1), 35)
  deepEqual(peer.numbers, range(35))
})

test('one turn delivers no more events than a batch either', () => {
  const { driver, stack, clock } = setup({ batch: 10 })
  let seen = 0
  driver.onEvent = () => {
    seen++
    stack.events.push({ number: 0 })
  }
  stack.events.push({ number: 0 })
  driver.touch()
  clock.step()
  equal(seen, 10)
  clock.step()
  equal(seen, 20)
  driver.close()
  clock.run()
  equal(seen, 20)
})

test('one turn delivers and sends no more once its time is over', () => {
  const { driver, stack, clock, peer } = setup({ turn: 10 })
  const seen: number[] = []
  driver.onEvent = ({ number }) => {
    seen.push(number)
    stack.queue(number)
    clock.taken += 4
  }
  for (const number of range(5)) stack.events.push({ number })
  driver.touch()
  clock.step()
  deepEqual(seen, [0, 1, 2])
  equal(peer.numbers.length, 0)
  clock.run()
  deepEqual(seen, range(5))
  deepEqual(peer.numbers, range(5))
})

test('events are delivered in the middle of a long batch, and what they lead to goes out at its end', () => {
  const { driver, stack, clock, peerLink } = setup({}, { mtu: 40_000 })
  stack.onReceive = (number) => stack.events.push({ number })
  driver.onEvent = ({ number }) => {
    stack.log.push(`event ${number}`)
    stack.queue(100 + number)
    driver.touch()
  }
  for (const number of range(3)) peerLink.send(new Uint8Array(40_000).fill(number), 0, 40_000, new Offload())
  clock.run()
  deepEqual(stack.log, [
    'receive 0 at 0',
    'receive 1 at 0',
    'event 0',
    'event 1',
    'receive 2 at 0',
    'event 2',
    'transmit 100',
    'transmit 101',
    'transmit 102',
  ])
})

test('a batch in which events have used up the turn is answered in the next one', () => {
  const { driver, stack, clock, peerLink, peer } = setup({ turn: 10 }, { mtu: 65_535 })
  const seen: number[] = []
  stack.onReceive = (number) => stack.events.push({ number })
  driver.onEvent = ({ number }) => {
    seen.push(number)
    stack.queue(number)
    clock.taken += 20
  }
  for (const number of range(3)) peerLink.send(new Uint8Array(65_535).fill(number), 0, 65_535, new Offload())
  clock.step()
  deepEqual([seen, peer.numbers], [[0], []])
  clock.run()
  deepEqual(seen, range(3))
  deepEqual(peer.numbers, range(3))
})

test('when an event handler throws, nothing is lost, repeated or re-entered', () => {
  const { driver, stack, clock, peer } = setup()
  const seen: number[] = []
  driver.onEvent = ({ number }) => {
    seen.push(number)
    stack.queue(number)
    if (number === 2) throw new Error('mine')
  }
  for (const number of [1, 2, 3]) stack.events.push({ number })
  stack.deadline = 50
  driver.touch()
  throws(() => clock.run(), /mine/)
  clock.run()
  deepEqual(seen, [1, 2, 3])
  deepEqual(peer.numbers, [1, 2, 3])
  deepEqual(stack.log.at(-1), 'advance 50')
})

test('a frame injected from within a turn is answered in that turn', () => {
  const { driver, stack, clock, link, peer } = setup()
  stack.onReceive = (number) => stack.queue(number + 1)
  driver.onEvent = ({ number }) => {
    link.inject(new Uint8Array([number]))
    stack.log.push('handled')
  }
  stack.events.push({ number: 5 })
  driver.touch()
  clock.run()
  deepEqual(stack.log, ['receive 5 at 0', 'handled', 'transmit 6'])
  deepEqual(peer.numbers, [6])
})

test('closing sends what is due, closes the link, and ends all timers', () => {
  const { driver, stack, clock, peer } = setup({ batch: 2 })
  const closed: unknown[] = []
  driver.onClosed = (error) => closed.push(error)
  stack.deadline = 0
  stack.onAdvance = () => stack.queue(8)
  stack.queue(...range(5))
  driver.close()
  driver.close()
  deepEqual(closed, [undefined])
  clock.run()
  deepEqual(peer.numbers, [0, 1, 2, 3, 4, 8])
  equal(peer.closings, 1)
  driver.touch()
  clock.run()
  equal(clock.pending, 0)
})

test('closing within an event handler ends the turn', () => {
  const { driver, stack, clock, peer } = setup()
  let seen = 0
  driver.onEvent = () => {
    seen++
    stack.queue(1)
    driver.close()
  }
  stack.events.push({ number: 1 }, { number: 2 })
  driver.touch()
  clock.run()
  equal(seen, 1)
  deepEqual(peer.numbers, [1])
})

test('a link that goes by itself is told once', () => {
  const { driver, stack, clock, peerLink } = setup()
  let closings = 0
  driver.onClosed = () => closings++
  stack.deadline = 9_000_000
  driver.touch()
  clock.run(0)
  peerLink.close()
  clock.run()
  driver.close()
  equal(closings, 1)
  equal(clock.now(), 0)
  equal(clock.pending, 0)
})

test('frames lie behind the headroom that the link asks for', () => {
  const clock = new VirtualClock()
  const starts: number[] = []
  const link: Link = {
    name: 'fake',
    medium: 'ip',
    mtu: 100,
    offload: { checksum: false, segmentation: 0 },
    headroom: 10,
    attach: () => {},
    send: (octets, start, end) => {
      starts.push(start, end, octets.length)
      return true
    },
    close: () => {},
  }
  const stack = new FakeStack()
  stack.outgoing.push({ number: 1, length: 100 })
  new Driver(stack, link, clock).touch()
  clock.run()
  deepEqual(starts, [10, 110, 110])
})

test('a stack whose frames are longer than the link takes is a mistake, said at once', () => {
  const { driver, stack, clock } = setup({}, { mtu: 100 })
  stack.outgoing.push({ number: 1, length: 101 })
  driver.touch()
  throws(() => clock.run(), /a frame of 101 octets: more than the link wire:a takes/)
})
