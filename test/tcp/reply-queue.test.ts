import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { acknowledgmentFor, ReplyQueue, resetFor } from '../../src/tcp/reply-queue.ts'
import { ACK, RST, Segment } from '../../src/wire/segment.ts'
import { addressPair, port, uint16, uint32 } from '../wire/arbitraries.ts'

const reply = fc.record({
  addresses: addressPair,
  sourcePort: port,
  destinationPort: port,
  seq: uint32,
  ack: uint32,
  flags: fc.constantFrom(RST, RST | ACK, ACK, 0x1ff),
  wnd: uint16,
  timestamps: fc.boolean(),
  tsVal: uint32,
  tsEcr: uint32,
})

function segmentOf({
  addresses: [source, destination],
  ...fields
}: typeof reply extends fc.Arbitrary<infer T> ? T : never): Segment {
  return Object.assign(new Segment(), { source, destination, ...fields })
}

function fields(segment: Segment): unknown {
  const { source, destination, sourcePort, destinationPort, seq, ack, flags, wnd, timestamps, tsVal, tsEcr, length } =
    segment
  return {
    source: `${source}`,
    destination: `${destination}`,
    sourcePort,
    destinationPort,
    seq,
    ack,
    flags,
    wnd,
    timestamps,
    tsVal,
    tsEcr,
    length,
  }
}

describe('a queue of replies', () => {
  test('gives back what it was given, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.option(reply), { maxLength: 40 }), (limit, steps) => {
        const queue = new ReplyQueue(limit)
        const model: unknown[] = []
        const out = new Segment()
        for (const step of steps) {
          if (step === null) {
            const expected = model.shift()
            assert.equal(queue.shift(out), expected !== undefined)
            if (expected !== undefined) assert.deepEqual(fields(out), expected)
          } else {
            const segment = segmentOf(step)
            assert.equal(queue.push(segment), model.length < limit)
            if (model.length < limit) model.push(fields(segment))
          }
          assert.equal(queue.length, model.length)
        }
      }),
    )
  })
})

describe('the reset for a segment (RFC 9293 §3.10.7.1)', () => {
  const into = new Segment()

  test('takes its number from the ACK, where there is one', () => {
    resetFor(Object.assign(new Segment(), { flags: ACK, seq: 5, ack: 77, sourcePort: 1, destinationPort: 2 }), into)
    const { flags, seq, ack, sourcePort, destinationPort } = into
    assert.deepEqual(
      { flags, seq, ack, sourcePort, destinationPort },
      { flags: RST, seq: 77, ack: 0, sourcePort: 2, destinationPort: 1 },
    )
  })

  test('else is 0, and acknowledges all of the segment, across the wrap', () => {
    resetFor(Object.assign(new Segment(), { flags: 3, seq: 0xffff_fffe, length: 10 }), into)
    const { flags, seq, ack } = into
    assert.deepEqual({ flags, seq, ack }, { flags: RST | ACK, seq: 0, ack: 10 })
  })
})

describe('the acknowledgment for a segment', () => {
  test('goes back where that came from', () => {
    const into = new Segment()
    acknowledgmentFor(Object.assign(new Segment(), { sourcePort: 1, destinationPort: 2 }), 5, 6, 7, into)
    const { flags, seq, ack, wnd, sourcePort, destinationPort } = into
    assert.deepEqual(
      { flags, seq, ack, wnd, sourcePort, destinationPort },
      { flags: ACK, seq: 5, ack: 6, wnd: 7, sourcePort: 2, destinationPort: 1 },
    )
  })
})
