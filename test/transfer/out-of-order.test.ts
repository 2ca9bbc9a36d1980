import assert from 'node:assert/strict'
import test from 'node:test'
import { Chance } from '../../src/sim/chance.ts'
import { MAX_RANGES } from '../../src/tcp/receive-buffer.ts'
import { established, listen, stream, type Traced } from '../support/trace.ts'
import { decode, encodeSegment } from '../support/trace-packet.ts'

const COUNT = 2000

/** Sends octet `n`, 1 to COUNT, in a segment of its own; returns the highest acknowledgment number that came back. */
function octet(tcp: Traced, n: number, frame: Uint8Array): number {
  const peer = tcp.peer()
  const segment = encodeSegment(peer, { ...BARE, seq: n, length: 1 })
  tcp.stack.receive(segment, 0, segment.length, tcp.now)
  let acknowledged = 0
  for (;;) {
    const length = tcp.stack.transmit(frame, 0, tcp.now)
    if (length === 0) return acknowledged
    const sent = decode(frame.slice(0, length), tcp.now, [peer])
    assert.equal(sent.defect, undefined)
    acknowledged = Math.max(acknowledged, sent.segment!.ack!)
  }
}

const BARE = { flags: '.', ack: 1, win: 65_535, urg: undefined, options: undefined }

/** Sends octets in this order, and those that are not acknowledged again, until all are; returns the number of rounds. */
function deliver(tcp: Traced, order: readonly number[]): number {
  const frame = new Uint8Array(1500)
  let acknowledged = 1
  for (let round = 1; round <= COUNT; round++) {
    for (const n of order) {
      if (n < acknowledged) continue
      acknowledged = Math.max(acknowledged, octet(tcp, n, frame))
      // biome-ignore lint/complexity/useLiteralKeys: it is private
      assert.ok((tcp.connection.receiveBuffer['early']?.ranges.count ?? 0) <= MAX_RANGES)
    }
    if (acknowledged === COUNT + 1) return round
  }
  return assert.fail('octets are missing')
}

const inOrder = Array.from({ length: COUNT }, (_, i) => i + 1)

const orders: Record<string, number[]> = {
  'from the last to the first': inOrder.toReversed(),
  'the odd ones, then the even ones': [...inOrder.filter((n) => n % 2 === 1), ...inOrder.filter((n) => n % 2 === 0)],
  'at random': shuffled(inOrder),
}

for (const [name, order] of Object.entries(orders)) {
  test(`2,000 octets out of order, each in a segment: ${name}`, () => {
    const tcp = established()
    const rounds = deliver(tcp, order)
    // What would be a range too many is dropped, counted, and sent again: at the worst so many a round are kept.
    assert.ok(rounds <= COUNT / MAX_RANGES + 1, `${rounds} rounds`)
    const into = new Uint8Array(COUNT + 1)
    assert.equal(tcp.connection.receive(into), COUNT)
    assert.deepEqual(into.subarray(0, COUNT), stream(0, COUNT))
    assert.equal(tcp.connection.receiveBuffer.hasGaps, false)
  })
}

test('a peer that names no MSS gets 536 octets at a time (RFC 9293 MUST-15)', () => {
  const tcp = listen()
  tcp.trace`
    +0 < S  0:0(0)       win 65535
    +0 > S. 0:0(0) ack 1
    +0 < .  1:1(0) ack 1 win 65535
  `
  tcp.accept()
  tcp.send(1100)
  tcp.trace`
    +0   > .  1:537(536)     ack 1
    +0   > .  537:1073(536)  ack 1
    +.01 < .  1:1(0)         ack 1073 win 65535
    +0   > P. 1073:1101(28)  ack 1
  `
})

function shuffled(numbers: readonly number[]): number[] {
  const chance = new Chance(5)
  return numbers
    .map((n) => ({ n, key: chance.next() }))
    .sort((x, y) => x.key - y.key)
    .map(({ n }) => n)
}
