import assert from 'node:assert/strict'
import test from 'node:test'
import { Frame } from '../../src/link/frame-pool.ts'
import { CoDel } from '../../src/sim/codel.ts'
import { loneLine, udpPacket } from './support.ts'

function frame(at: number, length = 1000): Frame {
  const frame = new Frame(2048)
  frame.length = length
  frame.due = at
  return frame
}

/** A queue in which every packet has waited for 50 ms, looked at each millisecond: when it drops. */
function drops(from: number, to: number, codel: CoDel, dropped: () => number): number[] {
  const instants: number[] = []
  for (let now = from; now <= to; now++) {
    for (let i = 0; i < 4; i++) codel.push(frame(now - 50))
    const before = dropped()
    codel.shift(now)
    if (dropped() > before) instants.push(now)
  }
  return instants
}

function watched(options: { target?: number; interval?: number; ecn?: boolean; packets?: number } = {}) {
  const counts = { dropped: 0, marked: 0 }
  const codel = new CoDel(
    { discipline: 'codel', packets: 100_000, ...options },
    { dropped: () => counts.dropped++, marked: () => counts.marked++ },
  )
  return { codel, counts }
}

test('nothing is dropped below the target', () => {
  const { codel, counts } = watched()
  // Two packets stand, and each waits for 3 ms.
  codel.push(frame(-2))
  codel.push(frame(-1))
  for (let now = 0; now < 2000; now++) {
    codel.push(frame(now - 1))
    codel.shift(now)
  }
  assert.equal(codel.length, 2)
  assert.equal(counts.dropped, 0)
})

test('nor when no more than a packet waits, however long', () => {
  const { codel, counts } = watched()
  for (let now = 0; now < 2000; now++) {
    codel.push(frame(now - 500))
    codel.shift(now)
  }
  assert.equal(counts.dropped, 0)
})

test('the first drop comes an interval after the delay rose, the next at interval / sqrt(count) (RFC 8289 §5)', () => {
  const { codel, counts } = watched()
  const instants = drops(1000, 1500, codel, () => counts.dropped)
  // By the control law: 1100, then + 100/sqrt(1), + 100/sqrt(2), ...; a look each millisecond rounds up.
  const expected: number[] = []
  let next = 1100
  for (let count = 1; next <= 1500; count++) {
    expected.push(Math.ceil(next))
    next += 100 / Math.sqrt(count)
  }
  assert.deepEqual(instants, expected)
  assert.deepEqual(codel.state, { dropping: true, count: expected.length })
})

test('it leaves the dropping state when the delay is below the target, and comes back where it was', () => {
  const { codel, counts } = watched()
  drops(1000, 1500, codel, () => counts.dropped)
  while (codel.shift(1501) !== undefined);
  codel.push(frame(1501))
  codel.shift(1501)
  assert.equal(codel.state.dropping, false)
  const before = codel.state.count
  const instants = drops(1502, 1700, codel, () => counts.dropped)
  // 100 ms later, and then at the rate that it had, since it is not long ago.
  assert.equal(instants[0], 1602)
  assert.ok(instants[1]! - instants[0]! < 100, `${instants}`)
  assert.ok(before > 2)
})

test('with ecn it marks what is ECN-capable, and drops the rest', () => {
  const { codel, counts } = watched({ ecn: true })
  const capable = udpPacket({ source: 'fd00::1', destination: 'fd00::2' })
  capable[1] = 0x20
  for (let now = 0; now < 400; now++) {
    for (let i = 0; i < 4; i++) {
      const each = frame(now - 50, capable.length)
      each.octets.set(capable)
      codel.push(each)
    }
    codel.shift(now)
  }
  assert.equal(counts.dropped, 0)
  assert.ok(counts.marked >= 3)
  const plain = watched({ ecn: true })
  drops(0, 400, plain.codel, () => plain.counts.dropped)
  assert.ok(plain.counts.dropped >= 3)
})

test('on a line: a standing queue is kept short, where drop-tail lets it fill', () => {
  // 12 Mbit/s are offered to 10: drop-tail fills its queue, CoDel drops until the sender would have slowed down.
  const codel = loneLine({ rate: 10_000_000, queue: { discipline: 'codel', packets: 1000 } })
  codel.flood(8000, 1, 1500)
  const tail = loneLine({ rate: 10_000_000, queue: { packets: 1000 } })
  tail.flood(8000, 1, 1500)
  assert.ok(codel.line.counters.late > 100)
  const last = (line: typeof tail): number => line.arrived.at(-1)!.at - 8000
  assert.ok(last(codel) < last(tail) / 2, `${last(codel)} ms, ${last(tail)} ms`)
})
