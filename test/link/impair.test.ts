import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ImpairOptions, impair } from '../../src/link/impair.ts'
import { createWire, type WireOptions } from '../../src/link/wire.ts'
import { Chance } from '../../src/sim/chance.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Recorder, range, sendNumbered } from './recorder.ts'

/** A wire whose end `a` is impaired. */
function impaired(options: ImpairOptions, seed = 1, wire: WireOptions = {}) {
  const clock = new VirtualClock()
  const [bare, b] = createWire(clock, wire)
  const chance = new Chance(seed)
  const a = impair(bare, clock, options, () => chance.next())
  return { clock, a, b, bare, atA: new Recorder(a, clock), atB: new Recorder(b, clock) }
}

test('without impairment nothing happens to a frame, both ways, at no delay', () => {
  const { clock, a, b, atA, atB } = impaired({})
  for (const number of range(50)) {
    sendNumbered(a, number)
    sendNumbered(b, number)
  }
  clock.run()
  deepEqual(atA.numbers, range(50))
  deepEqual(atB.numbers, range(50))
  equal(clock.now(), 0)
  deepEqual(a.counters.outward, { frames: 50, lost: 0, duplicated: 0, reordered: 0, corrupted: 0, overflowed: 0 })
})

test('loss 1 loses all, in the direction that it is given for', () => {
  const { clock, a, b, atA, atB } = impaired({ outward: { loss: 1 } })
  for (const number of range(9)) {
    sendNumbered(a, number)
    sendNumbered(b, number)
  }
  clock.run()
  equal(atB.arrivals.length, 0)
  equal(atA.arrivals.length, 9)
  equal(a.counters.outward.lost, 9)
  equal(a.counters.inward.lost, 0)
})

test('what holds for both directions holds where a direction says nothing else', () => {
  const { clock, a, b, atA, atB } = impaired({ delay: 30, inward: { delay: 5 } })
  sendNumbered(a, 1)
  sendNumbered(b, 1)
  clock.run()
  equal(atB.arrivals[0]!.at, 30)
  equal(atA.arrivals[0]!.at, 5)
})

test('duplication 1 brings each frame twice', () => {
  const { clock, a, atB } = impaired({ duplicate: 1 })
  for (const number of range(3)) sendNumbered(a, number)
  clock.run()
  deepEqual(atB.numbers, [0, 0, 1, 1, 2, 2])
})

test('a frame held back is overtaken, and comes when it is time', () => {
  const { clock, a, atB } = impaired({ delay: 20, holdBack: 7 })
  sendNumbered(a, 0)
  a.set({ delay: 20, holdBack: 7, reorder: 1 })
  sendNumbered(a, 1)
  a.set({ delay: 20 })
  sendNumbered(a, 2)
  clock.run()
  deepEqual(atB.numbers, [0, 2, 1])
  deepEqual(
    atB.arrivals.map((arrival) => arrival.at),
    [20, 20, 27],
  )
})

test('jitter keeps the order and stays within its bound', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(50), (seed, jitter) => {
      const { clock, a, atB } = impaired({ delay: 10, jitter }, seed)
      for (const number of range(100)) {
        sendNumbered(a, number)
        clock.advance(1)
      }
      clock.run()
      deepEqual(atB.numbers, range(100))
      for (const [i, { at }] of atB.arrivals.entries()) equal(at >= i + 10 && at <= i + 10 + jitter, true)
    }),
  )
})

test('corruption flips one bit, of the copy that arrives only', () => {
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 100 }), (seed, octets) => {
      const { clock, a, atB } = impaired({ corrupt: 1 }, seed)
      const sent = octets.slice()
      a.send(sent, 0, sent.length, new Offload())
      deepEqual(sent, octets)
      clock.run()
      const arrived = atB.arrivals[0]!.octets
      const flipped = arrived.reduce((sum, octet, i) => sum + bits(octet ^ octets[i]!), 0)
      equal(flipped, 1)
    }),
  )
})

function bits(octet: number): number {
  return octet.toString(2).replaceAll('0', '').length
}

test('nobody vouches for a corrupted frame', () => {
  const { clock, b, atA } = impaired({ inward: { corrupt: 1 } }, 1, { offload: true })
  sendNumbered(b, 1)
  clock.run()
  equal(atA.arrivals[0]!.checksumValid, false)
})

test('an impaired link has no offloads, for a checksum must be there to be found wrong', () => {
  const { a, bare } = impaired({}, 1, { offload: true })
  equal(bare.offload.segmentation, 65_535)
  deepEqual(a.offload, { checksum: false, segmentation: 0 })
})

const probability = fc.double({ min: 0, max: 1, noNaN: true })
const anyOptions = fc.record({
  delay: fc.nat(50),
  jitter: fc.nat(20),
  loss: probability,
  duplicate: probability,
  reorder: probability,
  holdBack: fc.nat(30),
  corrupt: probability,
})

test('every frame is accounted for, and the same seed gives the same fates', () => {
  fc.assert(
    fc.property(fc.nat(), anyOptions, fc.array(fc.nat(3), { maxLength: 80 }), (seed, options, waits) => {
      const runs = range(2).map(() => {
        const { clock, a, atB } = impaired(options, seed, { queue: 1000 })
        for (const [i, wait] of waits.entries()) {
          sendNumbered(a, i)
          clock.advance(wait)
        }
        clock.run()
        equal(clock.pending, 0)
        const { frames, lost, duplicated, overflowed } = a.counters.outward
        equal(frames, waits.length)
        equal(atB.arrivals.length, frames - lost + duplicated - overflowed)
        const longest = options.delay + options.jitter + options.holdBack
        const lastSent = waits.reduce((sum, wait) => sum + wait, 0)
        equal(
          atB.arrivals.every((arrival) => arrival.at <= lastSent + longest),
          true,
        )
        return { arrivals: atB.arrivals, counters: a.counters }
      })
      deepEqual(runs[0], runs[1])
    }),
  )
})

test('the frames kept back are bounded', () => {
  const { clock, a, atB } = impaired({ delay: 1000, queue: 8 })
  for (const number of range(20)) equal(sendNumbered(a, number), true)
  clock.run()
  deepEqual(atB.numbers, range(8))
  equal(a.counters.outward.overflowed, 12)
})

test('a full link behind it loses nothing and changes no order', () => {
  for (const options of [{}, { delay: 3 }, { duplicate: 1 }]) {
    const { clock, a, atA, atB } = impaired(options, 1, { queue: 2, delay: 10 })
    let next = 0
    const send = (): void => {
      while (next < 40 && sendNumbered(a, next)) next++
    }
    atA.onWritable = send
    send()
    clock.run()
    const copies = 'duplicate' in options ? 2 : 1
    deepEqual(
      atB.numbers,
      range(40).flatMap((number) => new Array<number>(copies).fill(number)),
    )
    equal(a.counters.outward.frames, 40)
  }
})

test('closing drops what is kept back', () => {
  const { clock, a, atA, atB } = impaired({ delay: 1000 })
  sendNumbered(a, 1)
  a.close()
  clock.run()
  equal(atA.closings, 1)
  equal(atB.closings, 1)
  equal(atB.arrivals.length, 0)
  equal(clock.now(), 0)
})

test('a probability above 1 and a negative time are mistakes', () => {
  throws(() => impaired({ loss: 1.01 }), /loss is a probability, 0 to 1: 1.01/)
  throws(() => impaired({ inward: { corrupt: Number.NaN } }), RangeError)
  throws(() => impaired({ delay: -1 }), /delay is a time/)
})
