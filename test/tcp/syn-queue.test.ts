import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SynAckSchedule } from '../../src/tcp/syn-ack-schedule.ts'
import { NONE, SynQueue } from '../../src/tcp/syn-queue.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { ABSENT, Segment, SYN } from '../../src/wire/segment.ts'

const ADDRESSES = {
  4: ['192.0.2.1', '192.0.2.2'].map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress],
  6: ['2001:db8::1', '2001:db8::2'].map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress],
}

function syn(port: number, family: 4 | 6 = 4): Segment {
  const segment = new Segment()
  ;[segment.destination, segment.source] = ADDRESSES[family]
  segment.sourcePort = port
  segment.destinationPort = 80
  segment.flags = SYN
  segment.seq = 1000 + port
  return segment
}

describe('a SYN queue', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: remembers of a SYN what a connection needs`, () => {
      const queue = new SynQueue(family, new SynAckSchedule(undefined, undefined))
      const segment = syn(40_000, family)
      Object.assign(segment, { seq: 0xffff_ffff, wnd: 65_535, mss: 1400, windowScale: 0, timestamps: true, tsVal: 7 })
      const row = queue.insert(0, segment, 0xdead_beef, 100)
      // Whatever the addresses held before.
      const [remote, local] = [new IpAddress(1, 2, 3, 4), new IpAddress(1, 2, 3, 4)]
      queue.readRemote(row, remote)
      queue.readLocal(row, local)
      assert.deepEqual([`${remote}`, `${local}`], [`${segment.source}`, `${segment.destination}`])
      assert.deepEqual([queue.remotePort(row), queue.localPort(row)], [40_000, 80])
      assert.deepEqual([queue.irs[row], queue.iss[row]], [0xffff_ffff, 0xdead_beef])
      assert.deepEqual([queue.wnd[row], queue.mss[row], queue.windowScale[row]], [65_535, 1400, 0])
      assert.equal(queue.tsRecent[row], 7)
      assert.equal(queue.deadline[row], 1100)
      assert.equal(queue.expiry(row), 63_100)
    })
  }

  test('tells apart an option that is absent from one that is 0', () => {
    const queue = new SynQueue(4, new SynAckSchedule(undefined, undefined))
    const [without, withZero] = [syn(1), syn(2)]
    withZero.windowScale = 0
    assert.equal(without.windowScale, ABSENT)
    const rows = [queue.insert(0, without, 0, 0), queue.insert(0, withZero, 0, 0)]
    assert.notEqual(queue.flags[rows[0]!], queue.flags[rows[1]!])
  })

  test('finds nothing of another address, port, or hash', () => {
    const queue = new SynQueue(4, new SynAckSchedule(undefined, undefined))
    const row = queue.insert(5, syn(1), 0, 0)
    assert.equal(queue.find(5, syn(1)), row)
    assert.equal(queue.find(6, syn(1)), NONE)
    assert.equal(queue.find(5, syn(2)), NONE)
    const elsewhere = syn(1)
    elsewhere.source = elsewhere.destination
    assert.equal(queue.find(5, elsewhere), NONE)
  })

  test('uses the row of a deleted entry again, and does not grow', () => {
    const queue = new SynQueue(4, new SynAckSchedule(undefined, undefined))
    for (let port = 0; port < 10_000; port++) queue.remove(queue.insert(port, syn(port & 0xffff), 0, 0))
    assert.equal(queue.size, 0)
    assert.equal(queue.irs.length, 64)
  })

  test('behaves as a list of entries, with hashes that collide, deletions, and levels of back-off', () => {
    const waits = [100, 250, 70]
    const port = fc.integer({ min: 0, max: 80 })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ syn: port }) },
      { weight: 2, arbitrary: fc.record({ remove: port }) },
      { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 60 }) }) },
    )
    type Entry = { row: number; since: number; level: number }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 150 }), (spread, steps) => {
        const queue = new SynQueue(4, new SynAckSchedule(undefined, waits))
        const model = new Map<number, Entry>()
        const hashOf = (of: number): number => (of % spread) - 2
        const ends = ({ since, level }: Entry): number =>
          waits.slice(0, level + 1).reduce((sum, wait) => sum + wait, since)
        let now = 0
        for (const one of steps) {
          if ('syn' in one && !model.has(one.syn)) {
            model.set(one.syn, { row: queue.insert(hashOf(one.syn), syn(one.syn), 0, now), since: now, level: 0 })
          } else if ('remove' in one && model.has(one.remove)) {
            queue.remove(model.get(one.remove)!.row)
            model.delete(one.remove)
          } else if ('pass' in one) {
            now += one.pass
            for (let row = queue.due(now); row !== NONE; row = queue.due(now)) {
              const [of, entry] = [...model].find(([, { row: r }]) => r === row)!
              assert.ok(ends(entry) <= now, 'not before its moment')
              entry.level++
              if (entry.level < waits.length) {
                assert.ok(queue.backOff(row))
              } else {
                assert.ok(!queue.backOff(row))
                queue.remove(row)
                model.delete(of)
              }
            }
          }
          assert.equal(queue.size, model.size)
          assert.equal(queue.nextDeadline(), Math.min(Infinity, ...[...model.values()].map(ends)))
          assert.equal(queue.first() === NONE, model.size === 0)
          assert.deepEqual(new Set(queue.rows()), new Set([...model.values()].map(({ row }) => row)))
          for (let p = 0; p <= 80; p++) assert.equal(queue.find(hashOf(p), syn(p)), model.get(p)?.row ?? NONE)
          for (const entry of model.values()) {
            assert.equal(queue.retransmissions[entry.row], entry.level)
            assert.equal(queue.expiry(entry.row), entry.since + 420)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})
