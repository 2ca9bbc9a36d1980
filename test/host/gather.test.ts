/** A driver whose link takes a frame's payload from the stack's memory. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { Driver } from '../../src/host/driver.ts'
import type { Link, LinkReceiver } from '../../src/link/link.ts'
import { tap } from '../../src/link/tap.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Instant } from '../../src/wire/instant.ts'
import { NO_OFFLOAD, type Offload } from '../../src/wire/offload.ts'
import type { Payload } from '../../src/wire/payload.ts'
import { FakeStack } from './fake-stack.ts'

const RING = 8

/** Frames of two octets of headers, and three of a ring that is overwritten as soon as the stack is asked for the next. */
class RingStack extends FakeStack {
  readonly ring = new Uint8Array(RING)

  override transmit(into: Uint8Array, start: number, now: Instant, offload?: Offload, payload?: Payload): number {
    this.ring.fill(0xee)
    payload?.clear()
    const at = this.outgoing[0]?.length ?? 0
    const number = this.outgoing[0]?.number ?? 0
    if (this.outgoing.length > 0) this.outgoing[0]!.length = 2
    const length = super.transmit(into, start, now, offload)
    if (length === 0) return 0
    for (let i = 0; i < 3; i++) this.ring[(at + i) % RING] = 10 * number + i
    if (payload !== undefined) payload.set(this.ring, at, 3)
    else for (let i = 0; i < 3; i++) into[start + length + i] = this.ring[(at + i) % RING]!
    return payload === undefined ? length + 3 : length
  }
}

/** Notes what it takes, and has no room as often as a test says. */
class GatheringLink implements Link {
  readonly name = 'gathering'
  readonly medium = 'ip'
  readonly mtu: number
  readonly offload = NO_OFFLOAD
  readonly headroom = 4
  readonly frames: number[][] = []
  gathered = 0
  refusals = 0
  receiver: LinkReceiver | undefined

  constructor(mtu = 100) {
    this.mtu = mtu
  }

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number): boolean {
    if (this.refusals > 0) return this.refusals-- === 0
    this.frames.push([...octets.subarray(start, end)])
    return true
  }

  sendGathered(octets: Uint8Array, start: number, end: number, payload: Payload): boolean {
    this.gathered++
    const head = [...octets.subarray(start, end)]
    const tail = Array.from({ length: payload.length }, (_, i) => payload.octets[(payload.start + i) % RING]!)
    if (this.refusals > 0) return this.refusals-- === 0
    this.frames.push([...head, ...tail])
    return true
  }

  close(): void {}
}

const FRAMES = [1, 2, 3].map((n) => [n, n, 10 * n, 10 * n + 1, 10 * n + 2])

function setup(wrap: (link: Link) => Link = (link) => link, mtu?: number) {
  const link = new GatheringLink(mtu)
  const clock = new VirtualClock()
  const stack = new RingStack()
  const driver = new Driver(stack, wrap(link), clock)
  // The payloads begin at 0, at 5 and, wrapping, at 7.
  stack.outgoing.push({ number: 1, length: 0 }, { number: 2, length: 5 }, { number: 3, length: 7 })
  return { link, clock, stack, driver }
}

test('frames go out gathered', () => {
  const { link, clock, driver } = setup()
  driver.touch()
  clock.run()
  deepEqual(link.frames, FRAMES)
  equal(link.gathered, 3)
})

test('a frame for which the link has no room is kept whole, whatever becomes of the ring', () => {
  const { link, clock, stack, driver } = setup()
  link.refusals = 3
  driver.touch()
  clock.run()
  deepEqual(link.frames, [])
  for (let i = 0; i < 3; i++) {
    stack.ring.fill(0xdd)
    link.receiver!.writable()
    clock.run()
  }
  deepEqual(link.frames, FRAMES)
  // The first was tried once that way, and went as an ordinary frame.
  equal(link.gathered, 3)
})

test('each frame refused once goes out all the same, in order', () => {
  const { link, clock, driver } = setup()
  driver.touch()
  for (let i = 0; i < 3; i++) {
    link.refusals = 1
    clock.run()
    link.receiver!.writable()
    clock.run()
  }
  deepEqual(link.frames, FRAMES)
})

test('who watches a link sees whole frames', () => {
  const seen: number[][] = []
  const watch = { frame: (octets: Uint8Array, start: number, end: number) => seen.push([...octets.slice(start, end)]) }
  const { link, clock, driver } = setup((inner) => tap(inner, watch))
  driver.touch()
  clock.run()
  deepEqual(seen, FRAMES)
  deepEqual(link.frames, FRAMES)
  equal(link.gathered, 0)
})

test('a frame is not longer than the link takes, its payload counted', () => {
  const { clock, driver } = setup(undefined, 4)
  driver.touch()
  throws(() => clock.run(), /a frame of 5 octets: more than the link gathering takes/)
})
