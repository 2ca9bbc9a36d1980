import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LOST, RETRANSMITTED, SACKED, SentSegments } from '../../src/tcp/recovery/sent-segments.ts'

const START = 0xffff_ff00

/** What an octet is, by its distance from START. */
interface Octet {
  sacked: boolean
  lost: boolean
  again: boolean
}

/** The octets of all entries, as a model has them. */
function octetsOf(sent: SentSegments): Octet[] {
  return Array.from({ length: sent.count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: sent.lengthOf(i) }, () => ({
      sacked: sent.has(i, SACKED),
      lost: sent.has(i, LOST),
      again: sent.has(i, RETRANSMITTED),
    })),
  )
}

function assertSums(sent: SentSegments): void {
  const octets = octetsOf(sent)
  assert.equal(sent.sacked, octets.filter(({ sacked }) => sacked).length)
  assert.equal(sent.lost, octets.filter(({ lost }) => lost).length)
  assert.equal(sent.pipe, octets.filter(({ sacked, lost }) => !sacked && !lost).length)
  assert.ok(sent.pipe >= 0)
  assert.equal((sent.end - sent.start) >>> 0, octets.length)
  for (let i = 0; i < sent.count; i++) {
    assert.ok(sent.lengthOf(i) > 0, `entry ${i} is empty`)
    assert.equal(sent.find(sent.startOf(i)), i)
    assert.ok(!(sent.has(i, SACKED) && sent.has(i, LOST)))
  }
  const at = sent.count > 0 ? sent.sentAt(sent.count >> 1) : 0
  const doubtful = Array.from({ length: sent.count }, (_, i) => i).filter(
    (i) => !sent.has(i, SACKED | LOST) && (!sent.has(i, RETRANSMITTED) || sent.sentAt(i) <= at),
  )
  for (const i of [0, sent.count >> 1]) {
    assert.equal(sent.findSentBy(at, i), doubtful.find((one) => one >= i) ?? sent.count)
  }
  const first = octets.findIndex(({ lost }) => lost)
  const found = sent.findLost()
  assert.equal(found < 0 ? -1 : (sent.startOf(found) - sent.start) >>> 0, first)
}

describe('the segments that were sent', () => {
  test('are found by number, across the wrap', () => {
    const sent = new SentSegments()
    sent.clear(START)
    for (let i = 1; i <= 5; i++) sent.append((START + 100 * i) >>> 0, i)
    assert.equal(sent.end, 244)
    assert.deepEqual(
      [0, 99, 100, 255, 256, 499, 500].map((n) => sent.find((START + n) >>> 0)),
      [0, 0, 1, 2, 2, 4, 5],
    )
    sent.removeFirst()
    sent.trimFirst((START + 150) >>> 0)
    assert.deepEqual([sent.startOf(0), sent.lengthOf(0), sent.sentAt(0)], [(START + 150) >>> 0, 50, 2])
  })

  test('keep their sums and marks whatever is split, joined, marked, acknowledged, in whatever order', () => {
    const at = fc.integer({ min: 0, max: 200 })
    const step = fc.record({ what: fc.constantFrom(...STEPS), at, part: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const sent = new SentSegments()
        sent.clear(START)
        let model: Octet[] = []
        for (const [n, { what, at, part }] of steps.entries()) {
          model = take(sent, model, what, at, part, n)
          assert.deepEqual(octetsOf(sent), model)
          assertSums(sent)
        }
      }),
    )
  })
})

const STEPS = [
  'append',
  'append',
  'append',
  'remove',
  'trim',
  'split',
  'join',
  'sack',
  'lose',
  'resend',
  'renege',
] as const

/** Takes the step with the entry that `at` leads to, where it is possible; returns what the octets are then. */
function take(
  sent: SentSegments,
  model: Octet[],
  what: (typeof STEPS)[number],
  at: number,
  part: number,
  now: number,
): Octet[] {
  if (what === 'append') {
    sent.append((sent.end + part) >>> 0, now)
    return [...model, ...Array.from({ length: part }, () => ({ sacked: false, lost: false, again: false }))]
  }
  if (sent.count === 0) return model
  const i = at % sent.count
  const from = (sent.startOf(i) - sent.start) >>> 0
  const length = sent.lengthOf(i)
  const change = (octet: Partial<Octet>): Octet[] =>
    model.map((old, n) => (n >= from && n < from + length ? { ...old, ...octet } : old))
  switch (what) {
    case 'remove': {
      const first = sent.lengthOf(0)
      sent.removeFirst()
      return model.slice(first)
    }
    case 'trim':
      if (part >= sent.lengthOf(0)) return model
      sent.trimFirst((sent.start + part) >>> 0)
      return model.slice(part)
    case 'split':
      if (part < length) sent.split(i, (sent.startOf(i) + part) >>> 0)
      return model
    case 'join': {
      if (i + 1 >= sent.count) return model
      if (sent.has(i, SACKED) !== sent.has(i + 1, SACKED) || sent.has(i, LOST) !== sent.has(i + 1, LOST)) return model
      const again = sent.has(i, RETRANSMITTED) || sent.has(i + 1, RETRANSMITTED)
      const both = length + sent.lengthOf(i + 1)
      sent.join(i)
      return model.map((old, n) => (n >= from && n < from + both ? { ...old, again } : old))
    }
    case 'sack':
      sent.markSacked(i)
      return change({ sacked: true, lost: false })
    case 'lose':
      if (sent.has(i, SACKED)) return model
      sent.markLost(i)
      return change({ lost: true })
    case 'resend':
      if (sent.has(i, SACKED)) return model
      sent.resent(i, now)
      return change({ lost: false, again: true })
    case 'renege':
      sent.unmarkSacked(i)
      return change({ sacked: false })
  }
}
