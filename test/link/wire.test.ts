import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createWire } from '../../src/link/wire.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Recorder, range, sendNumbered } from './recorder.ts'

test('frames arrive after the delay, in one batch, at the other end only', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { delay: 20 })
  const [atA, atB] = [new Recorder(a, clock), new Recorder(b, clock)]
  for (const number of range(3)) sendNumbered(a, number)
  equal(atB.arrivals.length, 0)
  clock.run()
  deepEqual(atB.numbers, [0, 1, 2])
  deepEqual(
    atB.arrivals.map((arrival) => arrival.at),
    [20, 20, 20],
  )
  equal(atB.drains, 1)
  equal(atA.arrivals.length, 0)
  equal(clock.pending, 0)
})

test('without delay a frame arrives in the next turn, never within send', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock)
  const atB = new Recorder(b, clock)
  sendNumbered(a, 1)
  equal(atB.arrivals.length, 0)
  clock.run(0)
  equal(atB.arrivals.length, 1)
})

test('whatever is sent, whenever, arrives whole, once and in order', () => {
  const frame = fc.record({ octets: fc.uint8Array({ minLength: 1, maxLength: 1500 }), wait: fc.nat(5) })
  fc.assert(
    fc.property(fc.array(frame), fc.nat(30), (frames, delay) => {
      const clock = new VirtualClock()
      const [a, b] = createWire(clock, { delay, queue: 4 })
      const atB = new Recorder(b, clock)
      const offload = new Offload()
      let next = 0
      const send = (): void => {
        for (; next < frames.length; next++) {
          const octets = frames[next]!.octets
          if (!a.send(octets, 0, octets.length, offload)) return
          clock.advance(frames[next]!.wait)
        }
      }
      while (next < frames.length) {
        send()
        clock.run()
      }
      clock.run()
      deepEqual(
        atB.arrivals.map((arrival) => [...arrival.octets]),
        frames.map((sent) => [...sent.octets]),
      )
      equal(a.counters.sent, frames.length)
      equal(a.counters.delivered, frames.length)
    }),
  )
})

test('a wire that is never empty keeps the order for ever', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { delay: 100 })
  const atB = new Recorder(b, clock)
  for (const number of range(5000)) {
    sendNumbered(a, number % 256, 1)
    clock.advance(1)
  }
  clock.run()
  deepEqual(
    atB.numbers,
    range(5000).map((number) => number % 256),
  )
  deepEqual(
    atB.arrivals.map((arrival) => arrival.at),
    range(5000).map((number) => number + 100),
  )
})

test('a full wire takes no more until it says so', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { delay: 5, queue: 2 })
  const [atA, atB] = [new Recorder(a, clock), new Recorder(b, clock)]
  deepEqual(
    range(4).map((number) => sendNumbered(a, number)),
    [true, true, false, false],
  )
  equal(atA.writables, 0)
  clock.run()
  equal(atA.writables, 1)
  equal(sendNumbered(a, 9), true)
  clock.run()
  deepEqual(atB.numbers, [0, 1, 9])
  equal(atA.writables, 1)
  equal(a.counters.dropped, 0)
})

test('a full wire that drops counts what it drops', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { queue: 2, whenFull: 'drop' })
  const atB = new Recorder(b, clock)
  for (const number of range(5)) equal(sendNumbered(a, number), true)
  clock.run()
  deepEqual(atB.numbers, [0, 1])
  deepEqual(a.counters, { sent: 2, delivered: 2, dropped: 3, oversized: 0 })
})

test('a frame longer than the MTU is lost and counted; an Ethernet header does not count', () => {
  const clock = new VirtualClock()
  const [ip] = createWire(clock, { mtu: 100 })
  equal(sendNumbered(ip, 1, 101), true)
  deepEqual(ip.counters, { sent: 0, delivered: 0, dropped: 0, oversized: 1 })
  const [ethernet] = createWire(clock, { mtu: 100, medium: 'ethernet' })
  sendNumbered(ethernet, 1, 114)
  sendNumbered(ethernet, 1, 115)
  equal(ethernet.counters.sent, 1)
  equal(ethernet.counters.oversized, 1)
})

test('with offloads it takes 64 KiB, and vouches for the checksums', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { offload: true })
  const atB = new Recorder(b, clock)
  const offload = new Offload()
  offload.checksumPartial = true
  offload.segmentSize = 1460
  a.send(new Uint8Array(65_535), 0, 65_535, offload)
  offload.clear()
  clock.run()
  const [arrival] = atB.arrivals
  equal(arrival!.octets.length, 65_535)
  equal(arrival!.checksumValid, true)
  equal(arrival!.segmentSize, 1460)
})

test('without them it vouches for nothing', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock)
  const atB = new Recorder(b, clock)
  const offload = new Offload()
  offload.checksumValid = true
  offload.segmentSize = 1460
  a.send(new Uint8Array(40), 0, 40, offload)
  clock.run()
  equal(atB.arrivals[0]!.checksumValid, false)
  equal(atB.arrivals[0]!.segmentSize, 0)
})

test('closing one end closes the other, when what is on its way has arrived', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { delay: 10 })
  const [atA, atB] = [new Recorder(a, clock), new Recorder(b, clock)]
  sendNumbered(b, 1)
  clock.run(5)
  sendNumbered(a, 2)
  a.close()
  a.close()
  equal(atA.closings, 1)
  equal(sendNumbered(a, 3), true)
  clock.run(14)
  equal(atB.closings, 0)
  clock.run()
  equal(clock.now(), 15)
  deepEqual(atB.numbers, [2])
  deepEqual(atA.numbers, [])
  equal(atB.closings, 1)
  equal(atB.error, undefined)
  equal(clock.pending, 0)
})

test('what the receiver throws loses no other frame, and none comes twice', () => {
  const clock = new VirtualClock()
  const [a, b] = createWire(clock, { queue: 2 })
  const [atA, atB] = [new Recorder(a, clock), new Recorder(b, clock)]
  const keep = atB.frame.bind(atB)
  atB.frame = (octets, start, end, offload) => {
    keep(octets, start, end, offload)
    if (octets[start] === 0) throw new Error('mine')
  }
  deepEqual(
    range(3).map((number) => sendNumbered(a, number)),
    [true, true, false],
  )
  throws(() => clock.run(), /mine/)
  clock.run()
  deepEqual(atB.numbers, [0, 1])
  equal(atA.writables, 1)
})
