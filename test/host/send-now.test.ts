/** Sending amid a long write of the user's, before its turn. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, type DriverOptions } from '../../src/host/driver.ts'
import type { Link, LinkReceiver } from '../../src/link/link.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { NO_OFFLOAD, Offload, type OffloadCapability } from '../../src/wire/offload.ts'
import { FakeStack } from './fake-stack.ts'

/** Its frames wait until somebody polls. */
class WaitingLink implements Link {
  readonly name = 'waiting'
  readonly medium = 'ip'
  readonly mtu = 100
  readonly offload: OffloadCapability
  readonly headroom = 0
  readonly waiting: number[] = []
  isGone = false
  receiver!: LinkReceiver
  readonly log: string[]

  constructor(log: string[], segmentation: number) {
    this.log = log
    this.offload = { ...NO_OFFLOAD, segmentation }
  }

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
  }

  send(octets: Uint8Array, start: number): boolean {
    this.log.push(`send ${octets[start]}`)
    return true
  }

  poll(): void {
    for (const number of this.waiting.splice(0)) {
      this.receiver.frame(new Uint8Array(40).fill(number), 0, 40, new Offload())
    }
    if (this.isGone) this.receiver.closed(new Error('gone'))
  }

  close(): void {}
}

function setup(options: DriverOptions = {}, segmentation = 1000) {
  const clock = new VirtualClock()
  const stack = new FakeStack()
  const { log } = stack
  const link = new WaitingLink(log, segmentation)
  const driver = new Driver(stack, link, clock, options)
  driver.onEvent = ({ number }) => log.push(`event ${number}`)
  /** A turn has been, of whose share something is left. */
  const began = (): void => {
    driver.touch()
    clock.run()
    log.length = 0
  }
  return { clock, stack, log, link, driver, began }
}

test('what is due is sent, and what has come is received; events wait for the turn', () => {
  const { clock, stack, log, link, driver, began } = setup()
  began()
  stack.queue(1, 2)
  link.waiting.push(7)
  stack.onReceive = (number) => stack.events.push({ number })
  driver.sendNow()
  deepEqual(log.splice(0), ['transmit 1', 'send 1', 'transmit 2', 'send 2', 'receive 7 at 0'])
  driver.touch()
  clock.run()
  deepEqual(log, ['event 7'])
})

test('within an event, too', () => {
  const { clock, stack, log, link, driver } = setup()
  stack.events.push({ number: 0 }, { number: 1 })
  link.waiting.push(7)
  driver.onEvent = ({ number }) => {
    log.push(`event ${number}`)
    stack.queue(10 + number)
    driver.sendNow()
    log.push('told')
  }
  driver.touch()
  clock.run()
  deepEqual(log, [
    ...['event 0', 'transmit 10', 'send 10', 'receive 7 at 0', 'told'],
    ...['event 1', 'transmit 11', 'send 11', 'told'],
  ])
})

test('not while frames come in', () => {
  const { clock, stack, log, link, driver } = setup()
  stack.onReceive = (number) => stack.events.push({ number })
  driver.onEvent = ({ number }) => {
    log.push(`event ${number}`)
    stack.queue(number)
    link.waiting.push(9)
    driver.sendNow()
  }
  // Enough for its events to be delivered at once.
  link.receiver.frame(new Uint8Array(65_536).fill(7), 0, 65_536, new Offload())
  deepEqual(log.splice(0), ['receive 7 at 0', 'event 7'])
  link.receiver.drained()
  clock.run()
  deepEqual(log, ['transmit 7', 'send 7'])
})

test("not beyond a turn's share of frames", () => {
  const { stack, log, driver, began } = setup({ batch: 3 })
  began()
  stack.queue(1, 2, 3, 4)
  driver.sendNow()
  deepEqual(log.splice(0), ['transmit 1', 'send 1', 'transmit 2', 'send 2', 'transmit 3', 'send 3'])
  driver.sendNow()
  deepEqual(log, [])
  began()
  driver.sendNow()
  equal(stack.outgoing.length, 0)
})

test('nor beyond its time', () => {
  const { clock, stack, log, driver, began } = setup({ turn: 5 })
  stack.queue(1)
  driver.sendNow()
  deepEqual(log, [], 'no turn has been')
  began()
  clock.at(5, () => {
    stack.queue(2)
    driver.sendNow()
  })
  clock.run()
  deepEqual(log, [])
})

test('a link that goes meanwhile is told of afterwards', () => {
  const { clock, log, link, driver, began } = setup()
  driver.onClosed = (error) => log.push(error!.message)
  began()
  link.isGone = true
  driver.sendNow()
  log.push('sent')
  driver.sendNow()
  clock.run()
  deepEqual(log, ['sent', 'gone'])
})

test('not over a link that does not cut: small frames go in bursts', () => {
  const { stack, log, driver, began } = setup({}, 0)
  began()
  stack.queue(1)
  driver.sendNow()
  deepEqual(log, [])
})
