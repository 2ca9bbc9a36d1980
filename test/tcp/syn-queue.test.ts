import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DeferredSyns } from '../../src/tcp/deferred-syns.ts'
import { tupleHash } from '../../src/tcp/four-tuple.ts'
import { ACKNOWLEDGED, ANSWERED, DEFERRED, ECN, HalfOpen, NO_SCALE } from '../../src/tcp/half-open.ts'
import { sipKey } from '../../src/tcp/siphash.ts'
import { SynAckSchedule } from '../../src/tcp/syn-ack-schedule.ts'
import { SynQueue } from '../../src/tcp/syn-queue.ts'
import { NONE } from '../../src/tcp/syn-rows.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { ACK, CWR, ECE, Segment, SYN } from '../../src/wire/segment.ts'

const ADDRESSES = {
  4: ['192.0.2.1', '192.0.2.2'].map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress],
  6: ['2001:db8::1', '2001:db8::2'].map((text) => IpAddress.parse(text)!) as [IpAddress, IpAddress],
}
const KEY = sipKey(
  Uint8Array.from({ length: 16 }, (_, i) => i * 5),
  0,
)
const PORT = 80

function syn(port: number, family: 4 | 6 = 4, source?: IpAddress): Segment {
  const segment = new Segment()
  ;[segment.destination, segment.source] = ADDRESSES[family]
  if (source !== undefined) segment.source = source
  segment.sourcePort = port
  segment.destinationPort = PORT
  segment.flags = SYN
  segment.seq = 1000 + port
  return segment
}

function hash({ destination, destinationPort, source, sourcePort }: Segment): number {
  return tupleHash(KEY, destination, destinationPort, source, sourcePort)
}

function queueOf(capacity: number, waits?: readonly number[], deferTimeout?: number, family: 4 | 6 = 4): SynQueue {
  return new SynQueue(family, capacity, PORT, new SynAckSchedule(undefined, waits, deferTimeout), KEY)
}

function insert(queue: SynQueue, segment: Segment, now = 0): number {
  return queue.insert(hash(segment), segment, 0xdead_beef, 2, now)
}

/** Octets of the arrays that an object holds, those of its parts included, each counted once. */
function octets(object: object, seen: Set<object> = new Set()): number {
  if (seen.has(object)) return 0
  seen.add(object)
  if (ArrayBuffer.isView(object)) return object.byteLength
  const parts = Object.values(object).filter((value) => value instanceof Object)
  return parts.reduce<number>((sum, part) => sum + octets(part, seen), 0)
}

describe('a SYN queue', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: remembers of a SYN what a connection needs`, () => {
      const queue = queueOf(4, undefined, undefined, family)
      const segment = syn(40_000, family)
      Object.assign(segment, { seq: 0xffff_ffff, mss: 1400, windowScale: 0, timestamps: true, tsVal: 7 })
      segment.flags |= ECE | CWR
      const row = insert(queue, segment, 100)
      const halfOpen = new HalfOpen()
      queue.read(row, halfOpen)
      const { remote, local, remotePort, localPort, irs, iss, mss, scale, sack, ecn, timestamps, tsRecent } = halfOpen
      assert.deepEqual([`${remote}`, `${local}`], [`${segment.source}`, `${segment.destination}`])
      assert.deepEqual([remotePort, localPort], [40_000, PORT])
      assert.deepEqual([irs, iss], [0xffff_ffff, 0xdead_beef])
      assert.deepEqual([mss, scale, sack, ecn, timestamps, tsRecent], [1400, 0, false, true, true, 7])
      assert.equal(queue.rows.generation(row), 2)
      assert.equal(queue.deadline(row), 1100)
      assert.equal(queue.expiry(row), 63_100)
      assert.equal(queue.bornAt(row), 100)
    })

    test(`IPv${family}: a million rows take no more than ${family === 4 ? 48 : 80} MB, the index and all that goes with them`, () => {
      const queue = queueOf(1_000_000, undefined, undefined, family)
      const size = octets(queue)
      assert.ok(size > 42_000_000 && size <= (family === 4 ? 48_000_000 : 80_000_000), `${size} octets`)
    })
  }

  test('what is kept of a deferred SYN beside its row takes no more than 64 octets', () => {
    assert.ok(octets(new DeferredSyns(100_000)) <= 6_400_000)
  })

  test('tells apart an option that is absent from one that is 0', () => {
    const queue = queueOf(2)
    const withZero = syn(2)
    withZero.windowScale = 0
    withZero.mss = 0
    const [without, zero] = [new HalfOpen(), new HalfOpen()]
    queue.read(insert(queue, syn(1)), without)
    queue.read(insert(queue, withZero), zero)
    assert.deepEqual([without.scale, without.mss], [NO_SCALE, 0])
    assert.equal(zero.scale, 0)
    assert.ok(zero.mss > 0, 'an MSS of 0 is one, and counts as the least')
  })

  test('finds nothing of another address, port, or hash', () => {
    const queue = queueOf(4)
    const row = insert(queue, syn(1))
    assert.equal(queue.find(hash(syn(1)), syn(1)), row)
    assert.equal(queue.find(hash(syn(1)) ^ 0x4000_0000, syn(1)), NONE)
    assert.equal(queue.find(hash(syn(1)), syn(2)), NONE)
    const elsewhere = syn(1)
    elsewhere.source = elsewhere.destination
    assert.equal(queue.find(hash(syn(1)), elsewhere), NONE)
  })

  test('uses the row of a deleted entry again, and nothing of it is left', () => {
    const queue = queueOf(8)
    const rows = new Set<number>()
    for (let port = 0; port < 10_000; port++) {
      const segment = syn(port)
      if (port % 2 === 0) segment.flags |= ECE | CWR
      const row = insert(queue, segment, port)
      assert.deepEqual([queue.rows.has(row, ECN), queue.rows.has(row, ~ECN & 0xff)], [port % 2 === 0, false])
      queue.rows.set(row, 0xf0)
      queue.remove(row)
      rows.add(row)
    }
    assert.equal(queue.size, 0)
    assert.equal(rows.size, 1)
    assert.equal(queue.any, NONE)
  })

  test('that is full takes no more', () => {
    const queue = queueOf(2)
    insert(queue, syn(1))
    const row = insert(queue, syn(2))
    assert.equal(insert(queue, syn(3)), NONE)
    queue.remove(row)
    assert.notEqual(insert(queue, syn(3)), NONE)
    assert.equal(queue.size, 2)
  })

  test('has room for 256 local addresses, and none for more', () => {
    const queue = queueOf(300)
    const address = (i: number): IpAddress => IpAddress.parse(`10.0.${i >> 8}.${i & 255}`)!
    for (let i = 0; i < 256; i++) {
      const segment = syn(1)
      segment.destination = address(i)
      assert.notEqual(insert(queue, segment), NONE)
      assert.ok(queue.rows.local(queue.find(hash(segment), segment)).equals(address(i)))
    }
    const segment = syn(1)
    segment.destination = address(256)
    assert.equal(insert(queue, segment), NONE)
    assert.equal(queue.size, 256)
  })

  test('knows the time for 16 hours, whenever it began and however long nobody asked', () => {
    for (const start of [0, 67_108_800, 2 ** 41]) {
      const queue = queueOf(2, [16 * 3600 * 1000])
      const row = insert(queue, syn(1), start)
      assert.equal(queue.nextDeadline(), start + 16 * 3600 * 1000)
      assert.equal(queue.due(start + 16 * 3600 * 1000 - 1), NONE)
      assert.equal(queue.due(start + 16 * 3600 * 1000), row)
    }
  })

  test('counts the time since an answer across the wrap of its 16 bits', () => {
    const queue = queueOf(1)
    const row = insert(queue, syn(1), 65_000)
    queue.noteAnswer(row, 65_500.75)
    assert.ok(queue.rows.has(row, ANSWERED))
    assert.deepEqual([queue.sinceAnswer(row, 65_500.75), queue.sinceAnswer(row, 66_000)], [0, 500])
  })

  test('keeps what an ACK said while it waits, whatever is sent meanwhile', () => {
    const queue = queueOf(1)
    const row = insert(queue, syn(1))
    const ack = syn(1)
    Object.assign(ack, { flags: ACK, wnd: 12_345, timestamps: true, tsVal: 99, tsEcr: 0xabcd_1234 })
    queue.rows.keepAck(row, ack)
    queue.rows.set(row, ACKNOWLEDGED)
    queue.noteAnswer(row, 777)
    assert.deepEqual(
      [queue.rows.ackWindow(row), queue.rows.tsRecent[row], queue.rows.ackTimestamp(row)],
      [12_345, 99, 0xabcd],
    )
  })
})

interface Entry {
  row: number
  since: number
  level: number
  deferred: boolean
  joined: number
}

const WAITS = [100, 250, 70]
const DEFER = 333
const NETWORKS = ['10.0.0.', '10.0.1.', '10.0.2.']

/** The SYN of the n-th client; they come from three prefixes. */
function nth(n: number): Segment {
  return syn(1000 + n, 4, IpAddress.parse(`${NETWORKS[n % 3]}${n}`)!)
}

class Model {
  readonly queue = queueOf(30, WAITS, DEFER)
  readonly entries = new Map<number, Entry>()
  now = 0
  private joined = 0

  syn(n: number, deferred: boolean): void {
    if (this.entries.has(n)) return
    const row = insert(this.queue, nth(n), this.now)
    assert.equal(row === NONE, this.entries.size === 30)
    if (row === NONE) return
    if (deferred) this.queue.defer(row)
    this.entries.set(n, { row, since: this.now, level: 0, deferred, joined: this.joined++ })
  }

  remove(n: number): void {
    const entry = this.entries.get(n)
    if (entry === undefined) return
    this.queue.remove(entry.row)
    this.entries.delete(n)
  }

  accept(n: number): void {
    const entry = this.entries.get(n)
    if (!entry?.deferred) return
    this.queue.rows.unset(entry.row, DEFERRED)
    assert.ok(this.queue.wasAccepted(entry.row))
    this.queue.undefer(entry.row, this.now)
    Object.assign(entry, { deferred: false, since: this.now, level: 0 })
  }

  pass(ms: number): void {
    const { queue } = this
    this.now += ms
    for (let row = queue.due(this.now); row !== NONE; row = queue.due(this.now)) {
      const [n, entry] = [...this.entries].find(([, { row: r }]) => r === row)!
      assert.ok(ends(entry) <= this.now, 'not before its moment')
      const last = entry.deferred || ++entry.level === WAITS.length
      assert.equal(queue.backOff(row), !last)
      if (last) this.remove(n)
    }
  }

  check(): void {
    const { queue } = this
    const entries = [...this.entries.values()]
    assert.equal(queue.size, entries.length)
    assert.equal(queue.nextDeadline(), Math.min(Number.POSITIVE_INFINITY, ...entries.map(ends)))
    assert.equal(queue.any === NONE, entries.length === 0)
    assert.deepEqual([...queue.each()].sort(), entries.map(({ row }) => row).sort())
    for (let n = 0; n < 60; n++) {
      assert.equal(queue.find(hash(nth(n)), nth(n)), this.entries.get(n)?.row ?? NONE)
    }
    for (const entry of entries) {
      assert.equal(queue.retransmissions(entry.row), entry.deferred ? 0 : entry.level)
      assert.equal(queue.expiry(entry.row), entry.since + (entry.deferred ? DEFER : 420))
    }
    this.checkPrefixes()
  }

  private checkPrefixes(): void {
    const { queue, entries } = this
    const groups = NETWORKS.map((_, i) => [...entries].filter(([n]) => n % 3 === i).map(([, entry]) => entry))
    const most = Math.max(...groups.map(({ length }) => length))
    for (const [i, group] of groups.entries()) assert.equal(queue.prefixCount(nth(i).source), group.length)
    assert.equal(queue.prefixes.active, groups.filter(({ length }) => length > 0).length)
    assert.equal(queue.prefixes.heaviestCount, most)
    // The oldest of one of those that hold most.
    const oldest = groups.filter(({ length }) => length === most).map((group) => group.sort(byAge)[0]?.row ?? NONE)
    assert.ok(oldest.includes(queue.heaviestOldest))
  }
}

function byAge(a: Entry, b: Entry): number {
  return a.joined - b.joined
}

function ends({ since, level, deferred }: Entry): number {
  return deferred ? since + DEFER : WAITS.slice(0, level + 1).reduce((sum, wait) => sum + wait, since)
}

test('a SYN queue behaves as a list of entries, with deletions, levels of back-off, deferral and prefixes', () => {
  const n = fc.nat({ max: 59 })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ syn: n, deferred: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ remove: n }) },
    { weight: 2, arbitrary: fc.record({ accept: n }) },
    { weight: 1, arbitrary: fc.constant('evict' as const) },
    { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 60 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const model = new Model()
      for (const one of steps) {
        if (one === 'evict') {
          const row = model.queue.heaviestOldest
          for (const [n, entry] of model.entries) if (entry.row === row) model.remove(n)
        } else if ('syn' in one) model.syn(one.syn, one.deferred)
        else if ('remove' in one) model.remove(one.remove)
        else if ('accept' in one) model.accept(one.accept)
        else model.pass(one.pass)
        model.check()
      }
    }),
    { numRuns: 60 },
  )
})
