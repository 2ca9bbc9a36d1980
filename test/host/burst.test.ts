/** Links that want several frames made before they are sent. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Driver } from '../../src/host/driver.ts'
import type { Frames, Link, LinkReceiver } from '../../src/link/link.ts'
import { tap } from '../../src/link/tap.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Instant } from '../../src/wire/instant.ts'
import { NO_OFFLOAD, type Offload } from '../../src/wire/offload.ts'
import type { Payload } from '../../src/wire/payload.ts'
import { range } from '../link/recorder.ts'
import { FakeStack } from './fake-stack.ts'

const MTU = 100

interface Taken {
  number: number
  length: number
  partial: boolean
}

/** Writes its frames into the log of the stack that sends them, and has no room as often as a test says. */
class BurstLink implements Link {
  readonly name = 'burst'
  readonly medium = 'ip'
  readonly mtu = MTU
  readonly offload = NO_OFFLOAD
  readonly headroom = 3
  readonly taken: Taken[] = []
  /** How many frames there is room for, from refusal to refusal. */
  rooms: number[] = []
  receiver: LinkReceiver | undefined
  readonly burst: number
  readonly log: string[]

  constructor(burst: number, log: string[]) {
    this.burst = burst
    this.log = log
  }

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    return this.take(octets.slice(start, end), offload)
  }

  close(): void {}

  protected take(octets: Uint8Array, offload: Offload): boolean {
    if (this.rooms[0] === 0) {
      this.rooms.shift()
      return false
    }
    if (this.rooms.length > 0) this.rooms[0]!--
    this.log.push(`send ${octets[0]}`)
    equal(new Set(octets).size, 1, 'the frame is one frame')
    this.taken.push({ number: octets[0]!, length: octets.length, partial: offload.checksumPartial })
    return true
  }
}

/** Takes the payload from elsewhere. */
class GatheringBurstLink extends BurstLink {
  sendGathered(octets: Uint8Array, start: number, end: number, payload: Payload, offload: Offload): boolean {
    const whole = new Uint8Array(end - start + payload.length)
    whole.set(octets.subarray(start, end))
    whole.set(payload.octets.subarray(payload.start, payload.start + payload.length), end - start)
    return this.take(whole, offload)
  }
}

/** Takes several at once, as many as a test says, or none; one by one otherwise. */
class TogetherBurstLink extends GatheringBurstLink {
  readonly together: number[]

  constructor(burst: number, log: string[], together: number[]) {
    super(burst, log)
    this.together = together
  }

  sendTogether({ octets, starts, ends, offloads }: Frames, first: number, end: number): number {
    const count = Math.min(this.together.shift() ?? 0, end - first)
    const rooms = this.rooms
    this.rooms = []
    for (let i = first; i < first + count; i++) this.send(octets, starts[i]!, ends[i]!, offloads[i]!)
    this.rooms = rooms
    return count
  }
}

/** Frames of odd numbers want their checksums completed; of those longer than 50 octets the second half is left elsewhere. */
class OffloadingStack extends FakeStack {
  readonly memory = new Uint8Array(MTU)

  override transmit(into: Uint8Array, start: number, now: Instant, offload: Offload, payload?: Payload): number {
    this.memory.fill(0xee)
    payload?.clear()
    const length = super.transmit(into, start, now, offload)
    offload.checksumPartial = length > 0 && into[start]! % 2 === 1
    if (payload === undefined || length <= 50) return length
    payload.set(this.memory.fill(into[start]!), 10, length - 50)
    into.fill(0xee, start + 50, start + length)
    return 50
  }
}

/** Makes frames of the same length several at once, as many as a test says. */
class RowStack extends FakeStack {
  readonly rows: number[] = []
  private length = 0

  override transmit(into: Uint8Array, start: number, now: Instant, offload: Offload): number {
    this.length = super.transmit(into, start, now, offload)
    offload.checksumPartial = true
    return this.length
  }

  transmitRow(into: Uint8Array, start: number, stride: number, most: number): number {
    const { length, outgoing } = this
    const wanted = Math.min(most, this.rows.shift() ?? 0)
    let count = 0
    for (let at = start; count < wanted && outgoing[0]?.length === length; at += stride, count++) {
      into.fill(outgoing.shift()!.number, at, at + length)
    }
    return count
  }
}

function setup(burst: number, gathers = false, together: number[] = []) {
  const clock = new VirtualClock()
  const stack = new OffloadingStack()
  const { log } = stack
  const gathering =
    together.length > 0 ? new TogetherBurstLink(burst, log, together) : new GatheringBurstLink(burst, log)
  const link = gathers ? gathering : new BurstLink(burst, log)
  return { clock, stack, link }
}

test('as many frames as the link wants are made, and then sent', () => {
  const { clock, stack, link } = setup(3)
  const driver = new Driver(stack, link, clock)
  stack.queue(1, 2, 3, 4)
  driver.touch()
  clock.run()
  const made = (...numbers: number[]): string[] => numbers.map((number) => `transmit ${number}`)
  const sent = (...numbers: number[]): string[] => numbers.map((number) => `send ${number}`)
  deepEqual(stack.log, [...made(1, 2, 3), ...sent(1, 2, 3), ...made(4), ...sent(4)])
})

test('through middleware each frame is made when the one before is sent', () => {
  const { clock, stack, link } = setup(3)
  const driver = new Driver(stack, tap(link, {}), clock)
  stack.queue(1, 2)
  driver.touch()
  clock.run()
  deepEqual(stack.log, ['transmit 1', 'send 1', 'transmit 2', 'send 2'])
})

test('a turn makes no more frames than it may send', () => {
  const { clock, stack, link } = setup(8)
  const driver = new Driver(stack, link, clock, { batch: 5 })
  stack.queue(...range(12))
  driver.touch()
  clock.step()
  equal(stack.log.length, 10)
  clock.run()
  deepEqual(
    link.taken.map(({ number }) => number),
    range(12),
  )
})

test('frames arrive whole and in order, whatever their lengths, and whenever the link is full', () => {
  const frames = fc.array(fc.integer({ min: 1, max: MTU }), { maxLength: 40 })
  const rooms = fc.array(fc.nat(5), { maxLength: 20 })
  const link = fc.record({ burst: fc.integer({ min: 1, max: 9 }), gathers: fc.boolean(), together: rooms })
  fc.assert(
    fc.property(link, frames, rooms, ({ burst, gathers, together }, lengths, given) => {
      const { clock, stack, link } = setup(burst, gathers, [...together])
      const driver = new Driver(stack, link, clock)
      const expected = lengths.map((length, number) => ({ number, length, partial: number % 2 === 1 }))
      for (const { number, length } of expected) stack.outgoing.push({ number, length })
      link.rooms = [...given]
      driver.touch()
      clock.run()
      for (let i = 0; i < given.length; i++) {
        stack.memory.fill(0xdd)
        link.receiver!.writable()
        clock.run()
      }
      deepEqual(link.taken, expected)
    }),
  )
})

test('frames that are made at once are sent like others, and nothing is said of them', () => {
  const runs = fc.record({ length: fc.integer({ min: 1, max: MTU }), count: fc.integer({ min: 1, max: 12 }) })
  const rows = fc.array(fc.nat(9), { maxLength: 20 })
  const batch = fc.integer({ min: 1, max: 20 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      batch,
      fc.array(runs, { maxLength: 10 }),
      rows,
      (burst, batch, runs, rows) => {
        const clock = new VirtualClock()
        const stack = new RowStack()
        const link = new BurstLink(burst, stack.log)
        const driver = new Driver(stack, link, clock, { batch })
        const lengths = runs.flatMap(({ length, count }) => Array<number>(count).fill(length))
        for (const [number, length] of lengths.entries()) stack.outgoing.push({ number, length })
        stack.rows.push(...rows)
        driver.touch()
        clock.run()
        const one = new Set(stack.log.filter((line) => line.startsWith('transmit')))
        const expected = lengths.map((length, number) => ({ number, length, partial: one.has(`transmit ${number}`) }))
        deepEqual(link.taken, expected)
      },
    ),
  )
})
