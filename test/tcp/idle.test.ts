// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ADDRESSES, Pump } from '../../bench/pump.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { LEAST_WARM, MOST_WARM } from '../../src/tcp/warm-list.ts'
import { stream } from '../support/trace-packet.ts'

class Pairs {
  readonly pump: Pump = new Pump({ tcp: { pacing: false } })
  readonly near: Connection[] = []
  readonly far: Connection[] = []

  constructor(count: number) {
    const { pump } = this
    const listener = pump.b.listen({ port: 80, backlog: count })
    for (let i = 0; i < count; i++) this.near.push(pump.a.connect({ address: ADDRESSES.b, port: 80 }))
    pump.run()
    for (let far = listener.accept(); far !== undefined; far = listener.accept()) this.far.push(far)
    this.far.sort((x, y) => x.remotePort - y.remotePort)
    this.near.sort((x, y) => x.localPort - y.localPort)
  }

  /** `octets` there, and as much back. */
  exchange(i: number, octets: number): void {
    const { pump, near, far } = this
    for (const [from, to] of [
      [near[i]!, far[i]!],
      [far[i]!, near[i]!],
    ] as const) {
      const sent = stream(0, octets)
      const got = new Uint8Array(octets)
      let [taken, read] = [0, 0]
      while (read < octets) {
        taken += from.send(sent, taken)
        pump.run()
        read += to.receive(got, read)
        pump.run()
      }
      assert.deepEqual(got, sent)
    }
    while (pump.a.nextEvent() !== undefined);
    while (pump.b.nextEvent() !== undefined);
  }

  wait(ms: number): void {
    for (const end = this.pump.now + ms; this.pump.now < end; this.pump.run()) {
      const { a, b } = this.pump
      this.pump.now = Math.min(end, Math.max(this.pump.now, Math.min(a.nextDeadline(), b.nextDeadline())))
      a.advance(this.pump.now)
      b.advance(this.pump.now)
    }
  }
}

function hasMade(connection: Connection): boolean[] {
  const { recovery, congestionIfMade, flightIfMade, pathIfMade, receiveRateIfMade } = connection
  return [recovery.sack, congestionIfMade, flightIfMade, pathIfMade, receiveRateIfMade].map(
    (part) => part !== undefined,
  )
}

describe('an idle connection', () => {
  test('has made nothing for sending and holds no buffers, before it has sent and received', () => {
    const { near, far } = new Pairs(1)
    for (const connection of [near[0]!, far[0]!]) {
      assert.ok(!hasMade(connection).includes(true))
      assert.equal(connection.sendBuffer.octets.length + connection.receiveBuffer.octets.length, 0)
    }
  })

  test('gives its buffers back when they are empty', () => {
    const pairs = new Pairs(1)
    pairs.exchange(0, 300_000)
    pairs.wait(1000)
    for (const { sendBuffer, receiveBuffer } of [pairs.near[0]!, pairs.far[0]!]) {
      assert.equal(sendBuffer.octets.length + receiveBuffer.octets.length, 0)
    }
  })

  test('keeps what it has learnt, and sets no timer, as long as they are few', () => {
    const pairs = new Pairs(1)
    pairs.exchange(0, 20_000)
    pairs.wait(3_600_000)
    assert.ok(hasMade(pairs.near[0]!).every((made) => made))
    assert.equal(pairs.pump.a.nextDeadline(), Infinity)
  })

  test('goes cold if there are many, the one that has been idle for longest first, and sends as ever after that', () => {
    const pairs = new Pairs(MOST_WARM + 2)
    for (let i = 0; i < MOST_WARM + 2; i++) pairs.exchange(i, 2000)
    pairs.wait(LEAST_WARM - 1)
    assert.ok(hasMade(pairs.near[0]!).every((made) => made))
    pairs.exchange(1, 2000)
    pairs.wait(LEAST_WARM)
    const cold = pairs.near.flatMap((connection, i) => (hasMade(connection).includes(true) ? [] : [i]))
    assert.deepEqual(cold, [0, 2])
    assert.equal(pairs.pump.a.nextDeadline(), Infinity)
    for (const i of cold) pairs.exchange(i, 100_000)
  })

  test('that ends has no place among the warm', () => {
    const pairs = new Pairs(2)
    for (const i of [0, 1]) pairs.exchange(i, 2000)
    assert.equal(pairs.pump.a.tcp['warm'].size, 2)
    pairs.near[0]!.abort()
    pairs.near[1]!.close()
    pairs.far[1]!.close()
    pairs.pump.run()
    assert.equal(pairs.pump.a.tcp['warm'].size, 0)
    assert.equal(pairs.pump.b.tcp['warm'].size, 0)
  })
})
