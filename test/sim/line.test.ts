import assert from 'node:assert/strict'
import test from 'node:test'
import { loneLine } from './support.ts'

test('without impairment all comes at once, whole and in order', () => {
  const { flood, ids, arrived, line } = loneLine({})
  flood(5, 1)
  assert.deepEqual(ids(), [0, 1, 2, 3, 4])
  assert.deepEqual(
    arrived.map(({ at }) => at),
    [0, 1, 2, 3, 4],
  )
  assert.equal(line.counters.delivered, 5)
})

test('a packet is on its way for the delay, and up to the jitter longer, in order', () => {
  const { flood, ids, arrived } = loneLine({ delay: 20, jitter: 10 })
  flood(200, 1)
  assert.deepEqual(
    ids(),
    Array.from({ length: 200 }, (_, i) => i),
  )
  const delays = arrived.map(({ at }, i) => at - i)
  assert.ok(delays.every((delay) => delay > 19.999 && delay < 30.001))
  assert.ok(Math.max(...delays) - Math.min(...delays) > 5)
})

test('the rate: 1250 octets take 1 ms at 10 Mbit/s, one after the other', () => {
  const { send, clock, arrived } = loneLine({ rate: 10_000_000, delay: 5 })
  for (let i = 0; i < 3; i++) send(i, 1250)
  clock.run()
  assert.deepEqual(
    arrived.map(({ at }) => at),
    [6, 7, 8],
  )
})

test('a queue that is full in packets, or in octets, drops the tail', () => {
  for (const queue of [{ packets: 3 }, { octets: 3000 }]) {
    const { send, clock, ids, line } = loneLine({ rate: 1_000_000, queue })
    for (let i = 0; i < 10; i++) send(i, 1000)
    assert.deepEqual(line.queued, { packets: 3, octets: 3000 })
    clock.run()
    assert.deepEqual(ids(), [0, 1, 2, 3])
    assert.equal(line.counters.overflowed, 6)
  }
})

test('a rate that is changed holds from the next packet on', () => {
  const { send, clock, line, arrived } = loneLine({ rate: 8_000_000 })
  for (let i = 0; i < 3; i++) send(i, 1000)
  clock.run(0.5)
  line.set({ rate: 4_000_000 })
  clock.run()
  assert.deepEqual(
    arrived.map(({ at }) => at),
    [1, 3, 5],
  )
})

test('loss: about as many as its probability says', () => {
  const { flood, line } = loneLine({ loss: 0.1 })
  flood(10_000, 1)
  const { lost, delivered } = line.counters
  assert.ok(lost > 900 && lost < 1100, `${lost}`)
  assert.equal(lost + delivered, 10_000)
})

test('losses in bursts: as many and as long as the model says', () => {
  const { flood, ids, line } = loneLine({ loss: { enter: 0.01, leave: 0.2 } })
  flood(50_000, 1)
  // The chain is in the bad state for enter / (enter + leave) of the packets, 1 / leave of them in a row.
  const share = line.counters.lost / 50_000
  assert.ok(share > 0.04 && share < 0.056, `${share}`)
  const gaps = ids().filter((id, i, all) => i > 0 && ((id - all[i - 1]!) & 255) !== 1).length
  const mean = line.counters.lost / gaps
  assert.ok(mean > 4.5 && mean < 5.6, `${mean}`)
})

test('the n-th packet, every n-th, or those of a predicate are dropped', () => {
  const some = loneLine({ drop: [1, 4] })
  some.flood(6, 1)
  assert.deepEqual(some.ids(), [1, 2, 4, 5])
  const every = loneLine({ drop: { every: 3 } })
  every.flood(7, 1)
  assert.deepEqual(every.ids(), [0, 1, 3, 4, 6])
  const chosen = loneLine({ drop: ({ octets, ordinal, at }) => octets[0] === 2 || ordinal === 5 || at === 6 })
  chosen.flood(8, 1)
  assert.deepEqual(chosen.ids(), [0, 1, 3, 5, 7])
  assert.equal(chosen.line.counters.dropped, 3)
})

test('duplicates come whole, and are counted', () => {
  const { flood, ids, line } = loneLine({ duplicate: 1, delay: 5 })
  flood(3, 1)
  assert.deepEqual(ids(), [0, 0, 1, 1, 2, 2])
  assert.equal(line.counters.duplicated, 3)
})

test('a packet that is held back is overtaken', () => {
  const { flood, ids, line } = loneLine({ reorder: 0.2, holdBack: 5, delay: 10 })
  flood(250, 1)
  assert.notDeepEqual(
    ids(),
    Array.from({ length: 250 }, (_, i) => i),
  )
  assert.equal(ids().length, 250)
  assert.ok(line.counters.reordered > 25 && line.counters.reordered < 80)
})

test('corruption flips one bit, and leaves the sender its octets', () => {
  const { line, clock, arrived } = loneLine({ corrupt: 1 })
  const octets = new Uint8Array(1000)
  for (let i = 0; i < 50; i++) line.send(octets, 0, octets.length)
  clock.run()
  for (const { octets } of arrived) {
    const bits = octets.reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0)
    assert.equal(bits, 1)
  }
  assert.ok(octets.every((octet) => octet === 0))
})

test('a packet longer than the MTU is lost', () => {
  const { send, clock, ids, line } = loneLine({ mtu: 1280 })
  send(1, 1280)
  send(2, 1281)
  clock.run()
  line.set({ mtu: 1500 })
  send(3, 1281)
  clock.run()
  assert.deepEqual(ids(), [1, 3])
  assert.equal(line.counters.oversized, 1)
})

test('what is in a line that goes down is lost, and what comes until it is up', () => {
  const { send, clock, ids, line } = loneLine({ rate: 1_000_000, delay: 20 })
  for (let i = 0; i < 5; i++) send(i, 1000)
  clock.run(17)
  line.down()
  send(5)
  clock.run(100)
  line.up()
  send(6)
  clock.run()
  assert.deepEqual(ids(), [6])
  assert.equal(line.counters.down, 6)
})

test('mistakes are refused, by name', () => {
  for (const [options, name] of [
    [{ loss: 1.5 }, 'loss'],
    [{ loss: { enter: -1, leave: 0 } }, 'loss.enter'],
    [{ delay: -1 }, 'delay'],
    [{ jitter: Number.NaN }, 'jitter'],
    [{ rate: 0 }, 'rate'],
    [{ mtu: 10 }, 'mtu'],
    [{ queue: { packets: 0 } }, 'queue.packets'],
    [{ queue: { discipline: 'codel', interval: 0 } }, 'queue.interval'],
  ] as const) {
    assert.throws(() => loneLine(options), { code: 'ERR_OUT_OF_RANGE', message: new RegExp(`"${name}"`) })
  }
})
