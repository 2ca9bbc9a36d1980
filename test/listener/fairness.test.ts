/** The default admission shares a full queue fairly between source prefixes, in steps that do not grow with it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { admitFairly } from '../../src/tcp/admission.ts'
import type { HalfOpenView } from '../../src/tcp/half-open.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { HandshakeKind } from '../../src/tcp/observer.ts'
import { packetOf } from '../fuzz/packets.ts'
import { countByPrefix, prefixOf } from './accounts.ts'
import { Bench, Client } from './clients.ts'
import { AccessCounter } from './count-accesses.ts'

/** An address in the n-th prefix: those of IPv6 are the odd ones. */
function address(prefix: number, host: number, mixed: boolean): string {
  return mixed && prefix % 2 === 1
    ? `2001:db8:${(prefix + 1).toString(16)}:${host.toString(16)}::1`
    : `10.${prefix >> 8}.${prefix & 255}.${1 + (host % 250)}`
}

/** A bench to which prefixes send SYNs, each from another host and port. */
class Asking extends Bench {
  /** Who was evicted by the last SYN. */
  evicted: string | undefined
  private readonly mixed: boolean
  private asked = 0

  constructor(backlog: number, mixed: boolean) {
    const note = (kind: HandshakeKind, _: Listener, entry: HalfOpenView): void => {
      if (kind === 'evicted') this.evicted = entry.remoteAddress
    }
    super({ backlog }, { observer: { handshake: (kind, listener, entry) => note(kind, listener, entry) } })
    this.mixed = mixed
  }

  ask(prefix: number): string {
    this.evicted = undefined
    const from = address(prefix, ++this.asked, this.mixed)
    new Client(from, 1024 + this.asked, this.asked).open(this)
    return prefixOf(from)
  }

  /** Entries by prefix. */
  get held(): Map<string, number> {
    return countByPrefix(this.listener.halfOpens().map(({ remoteAddress }) => remoteAddress))
  }
}

describe('in a full queue', () => {
  test('no prefix that holds no more than its share ever loses an entry', () => {
    const prefixes = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.boolean(),
        prefixes.chain((most) => fc.array(fc.nat({ max: most - 1 }), { maxLength: 80 })),
        (backlog, mixed, asks) => {
          const bench = new Asking(backlog, mixed)
          for (const prefix of asks) {
            const before = bench.held
            const asker = bench.ask(prefix)
            if (bench.evicted === undefined) continue
            const active = new Set([...before.keys(), asker]).size
            const loser = before.get(prefixOf(bench.evicted))!
            assert.ok(loser > backlog / active, `${loser} of ${backlog} entries, ${active} prefixes`)
            assert.equal(bench.listener.halfOpen, backlog)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('each of A prefixes that keep asking holds at most ⌈backlog ÷ A⌉ + 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.array(fc.nat({ max: 11 }), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (backlog, active, mixed, first, order) => {
          const bench = new Asking(backlog, mixed)
          // Any beginning, an unfair one among them.
          for (const prefix of first) bench.ask(prefix % active)
          const share = Math.ceil(backlog / active)
          // Then each asks as often as its share, in an order of chance.
          for (let round = 0; round <= share + first.length; round++) {
            const rest = Array.from({ length: active }, (_, i) => i)
            while (rest.length > 0) bench.ask(rest.splice(order.next().value! % rest.length, 1)[0]!)
          }
          for (const [prefix, count] of bench.held) {
            assert.ok(count <= share + 1, `${prefix} holds ${count} of ${backlog}, ${active} prefixes`)
          }
          if (backlog >= active) assert.equal(bench.held.size, active, 'everybody has something')
          assert.equal(bench.listener.halfOpen, backlog)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('one prefix that asks a hundred times as often gets no more than the others', () => {
    const bench = new Asking(64, false)
    for (let i = 0; i < 4000; i++) bench.ask(i % 100 === 0 ? 1 + ((i / 100) % 7) : 0)
    const { held } = bench
    assert.equal(held.size, 8)
    // Those others asked six times each at most.
    assert.ok(held.get('10.0.0')! <= 64 - 7 * 5, `${held.get('10.0.0')} of 64`)
    for (const [prefix, count] of held) if (prefix !== '10.0.0') assert.ok(count >= 5, `${prefix} holds ${count}`)
  })

  test('a flood from one prefix does not keep out a single client of another, nor evict it', () => {
    const bench = new Asking(128, false)
    for (let i = 0; i < 1000; i++) bench.ask(0)
    bench.ask(1)
    for (let i = 0; i < 1000; i++) bench.ask(0)
    assert.equal(bench.held.get('10.0.1'), 1)
    assert.equal(bench.listener.counters.evicted, 1)
  })
})

describe('a SYN to a full queue', () => {
  /** The typed-array accesses of each of `count` SYNs, of which every other one evicts. */
  function accesses(backlog: number, prefixes: number, count: number): number[] {
    const bench = new Bench({ backlog, admission: (syn, load) => (syn.irs & 1 ? admitFairly(syn, load) : 'hold') })
    const send = (i: number): void => {
      const host = `10.${(i % prefixes) >> 8}.${(i % prefixes) & 255}.${1 + (i % 250)}`
      const packet = packetOf(new Client(host, 1 + (i % 65_535), i).syn())
      bench.stack.receive(packet, 0, packet.length, 0)
      while (bench.stack.transmit(new Uint8Array(2000), 0, 0) > 0);
    }
    for (let i = 0; i < backlog; i++) send(i)
    assert.equal(bench.listener.halfOpen, backlog)
    const counter = new AccessCounter()
    counter.watch(bench.listener.queues.of(4))
    return Array.from({ length: count }, (_, i) => {
      const before = counter.count
      send(backlog + i)
      return counter.count - before
    })
  }

  // A single one may meet a long run of the hash table, as anywhere: the mean does not grow.
  for (const { few, many } of [
    { few: { backlog: 100, prefixes: 2 }, many: { backlog: 60_000, prefixes: 2 } },
    { few: { backlog: 100, prefixes: 100 }, many: { backlog: 60_000, prefixes: 30_000 } },
  ]) {
    test(`of ${many.backlog} entries of ${many.prefixes} prefixes takes as many steps as to one of ${few.backlog}`, () => {
      const [small, large] = [few, many].map(({ backlog, prefixes }) => accesses(backlog, prefixes, 300))
      assert.ok(small !== undefined && large !== undefined)
      assert.ok(mean(small) > 5, 'they are counted')
      assert.ok(mean(large) < 1.5 * mean(small), `${mean(large)} accesses for a SYN, not ${mean(small)}`)
      assert.ok(Math.max(...large) < 2000, `${Math.max(...large)} accesses for one SYN`)
    })
  }
})

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}
