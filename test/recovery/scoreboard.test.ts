import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Counters } from '../../src/tcp/counters.ts'
import { Delivery } from '../../src/tcp/recovery/delivery.ts'
import { Rack } from '../../src/tcp/recovery/rack.ts'
import { Scoreboard } from '../../src/tcp/recovery/scoreboard.ts'
import { LOST, RETRANSMITTED, SACKED, SentSegments } from '../../src/tcp/recovery/sent-segments.ts'
import { Spurious } from '../../src/tcp/recovery/spurious.ts'
import { Segment } from '../../src/wire/segment.ts'

/** Ten segments of 100 octets from number 0, sent at 0 ms; what an ACK at `now` says goes to `delivery`. */
function tenOut(now: number, echoedAt = Number.NaN) {
  const sent = new SentSegments()
  const delivery = new Delivery()
  const rack = new Rack()
  const scoreboard = new Scoreboard(sent, rack, delivery)
  sent.clear(0)
  for (let i = 1; i <= 10; i++) sent.append(100 * i, 0)
  delivery.clear(now, echoedAt)
  return { sent, rack, delivery, scoreboard, counters: new Counters() }
}

function blocks(ack: number, ...edges: number[]): Segment {
  const segment = new Segment()
  segment.ack = ack
  segment.sackBlocks = edges.length / 2
  segment.sackEdges.set(edges)
  return segment
}

describe('the answer to what was sent again', () => {
  for (const [what, echoed, late] of [
    ['echoes the original: that was late', 0, true],
    ['echoes what was sent again: that was lost', 100, false],
  ] as const) {
    test(what, () => {
      const { sent, delivery, scoreboard, counters } = tenOut(160, echoed)
      const spurious = new Spurious()
      sent.resent(0, 100)
      spurious.begin()
      spurious.retransmitted(300, 150)
      scoreboard.acknowledge(100, 1000, counters)
      assert.equal(delivery.late, late)
      assert.equal(spurious.saysEcho(delivery), late)
    })
  }

  test('says nothing when it went three times: it may be to the second', () => {
    const { sent, delivery, scoreboard, counters } = tenOut(260, 100)
    sent.resent(0, 100)
    sent.resent(0, 200)
    scoreboard.acknowledge(100, 1000, counters)
    assert.equal(delivery.late, false)
  })
})

describe('SACK blocks', () => {
  test('count what was not known before, and join neighbours', () => {
    const { sent, delivery, scoreboard, counters } = tenOut(50)
    scoreboard.takeBlocks(blocks(0, 300, 400, 600, 800), 1000, counters)
    assert.deepEqual([delivery.octets, delivery.sacked, sent.sacked, sent.sackedSegments], [300, 300, 300, 3])
    delivery.clear(60, Number.NaN)
    scoreboard.takeBlocks(blocks(0, 300, 600, 600, 800), 1000, counters)
    assert.deepEqual([delivery.octets, sent.sacked, sent.sackedSegments], [200, 500, 5])
    assert.deepEqual([sent.count, sent.lengthOf(3)], [6, 500])
    assert.equal(delivery.rtt, 60)
  })

  test('of one ACK come in order of sequence, so that none looks overtaken', () => {
    const { scoreboard, counters } = tenOut(50)
    scoreboard.takeBlocks(blocks(0, 800, 900, 500, 600, 200, 300), 1000, counters)
    assert.equal(counters.TCPSACKReorder, 0)
    scoreboard.takeBlocks(blocks(0, 600, 700), 1000, counters)
    assert.equal(counters.TCPSACKReorder, 1)
  })

  test('that report a duplicate below the ACK or within the second mark nothing (RFC 2883 §4)', () => {
    const { sent, delivery, scoreboard, counters } = tenOut(50)
    scoreboard.takeBlocks(blocks(0, 500, 600, 400, 700), 1000, counters)
    assert.deepEqual([delivery.duplicate, delivery.duplicateEnd, sent.sacked], [100, 600, 300])
    scoreboard.acknowledge(300, 1000, counters)
    scoreboard.takeBlocks(blocks(300, 100, 200), 1000, counters)
    assert.deepEqual([delivery.duplicate, delivery.duplicateEnd, sent.sacked], [100, 200, 300])
    assert.equal(counters.TCPDSACKRecv, 2)
  })
})

describe('an ACK of several segments', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 8 }) }) },
    fc.record({ do: fc.constant('lose' as const), at: fc.nat(30) }),
    fc.record({ do: fc.constant('sack' as const), at: fc.nat(30) }),
    fc.record({ do: fc.constant('renege' as const) }),
    { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const), at: fc.nat(30), more: fc.nat(1) }) },
  )

  test('says what one of each of them would, had they all come at once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, longAgo) => {
        const [together, apart] = [tenOut(0), tenOut(0)]
        let now = longAgo ? 400_000 : 1
        let recover = 1000
        for (const one of steps) {
          now += 10
          for (const { sent, delivery, scoreboard, counters } of [together, apart]) {
            const edge = sent.count === 0 ? sent.start : sent.endOf(Math.min('at' in one ? one.at : 0, sent.count - 1))
            delivery.clear(now, now - 15)
            if (one.do === 'send') for (let i = 0; i < one.count; i++) sent.append(sent.end + 100, now + i)
            else if (one.do === 'sack') scoreboard.takeBlocks(blocks(sent.start, edge, edge + 200), recover, counters)
            else if (one.do === 'renege') sent.unmarkAllSacked()
            else if (one.do === 'lose') loseAndResend(sent, one.at, now)
            else {
              const steps = sent === apart.sent ? endsBefore(sent, edge) : []
              for (const ack of [...steps, edge - 30 * one.more]) scoreboard.acknowledge(ack, recover, counters)
            }
          }
          if (one.do === 'lose') recover = together.sent.end
          assert.deepEqual(known(together), known(apart))
        }
      }),
    )
  })
})

/** All that the ACKs have told. */
function known({ sent, rack, delivery, counters }: ReturnType<typeof tenOut>): unknown {
  const entries = Array.from({ length: sent.count }, (_, i) => [
    sent.endOf(i),
    sent.sentAt(i),
    sent.isSeveral(i),
    sent.has(i, SACKED),
    sent.has(i, LOST),
    sent.has(i, RETRANSMITTED),
  ])
  const { start, pipe, sacked, lost, sackedSegments } = sent
  return { entries, start, pipe, sacked, lost, sackedSegments, rack, delivery, counters }
}

/** Where the entries end that are before `edge`. */
function endsBefore(sent: SentSegments, edge: number): number[] {
  const ends = Array.from({ length: sent.count }, (_, i) => sent.endOf(i))
  return ends.filter((end) => end < edge)
}

function loseAndResend(sent: SentSegments, at: number, now: number): void {
  if (at >= sent.count || sent.has(at, SACKED)) return
  sent.markLost(at)
  if (at % 2 === 0) sent.resent(at, now)
}
