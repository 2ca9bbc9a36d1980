/** Keys change while handshakes are under way, and replicas share them: nobody fails for it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Verdict } from '../../src/tcp/admission.ts'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { Bench, Client, type Offer } from './clients.ts'

function key(fill: number): Uint8Array {
  return new Uint8Array(16).fill(fill)
}

/** The ring that has been rotated `n` times. */
function ring(n = 0): CookieKeyRing {
  return new CookieKeyRing(key(100 + n), key(101 + n), key(102 + n))
}

const OFFER: fc.Arbitrary<Offer> = fc.record({
  mss: fc.constantFrom(536, 1200, 1460),
  scale: fc.constantFrom(undefined, 7),
  sack: fc.boolean(),
  timestamps: fc.boolean(),
})

function secret(n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

describe('a rotation in mid-handshake', () => {
  test('by the clock fails none whose ACK comes within 30 s', () => {
    const at = fc.integer({ min: 0, max: 120_000 })
    const delay = fc.integer({ min: 0, max: 30_000 })
    fc.assert(
      fc.property(OFFER, at, delay, (offer, at, delay) => {
        const bench = new Bench({ backlog: 0 })
        const client = new Client('10.0.0.1', 5000, 1, offer)
        bench.wait(at)
        client.open(bench)
        bench.wait(delay)
        bench.receive(client.ack())
        assert.equal(bench.accept().state, 'ESTABLISHED')
      }),
      { numRuns: 200 },
    )
  })

  test('by the clock: no cookie is honoured after 60 s, though others go out all the time', () => {
    const at = fc.integer({ min: 0, max: 120_000 })
    const delay = fc.integer({ min: 60_000, max: 300_000 })
    fc.assert(
      fc.property(OFFER, at, delay, (offer, at, delay) => {
        const bench = new Bench({ backlog: 0 })
        const client = new Client('10.0.0.1', 5000, 1, offer)
        bench.wait(at)
        client.open(bench)
        bench.wait(delay)
        new Client('10.0.0.2', 5000, 1).open(bench)
        bench.receive(client.ack())
        assert.equal(bench.listener.acceptQueueLength, 0)
        assert.equal(bench.listener.counters.cookieFailed, 1)
      }),
      { numRuns: 100 },
    )
  })

  test('of a ring fails none, whatever the queue did with them; a second one fails those by cookie', () => {
    const verdict = fc.constantFrom<Verdict>('hold', 'cookie')
    fc.assert(
      fc.property(OFFER, verdict, fc.integer({ min: 0, max: 2 }), (offer, verdict, rotations) => {
        const keys = ring()
        const bench = new Bench({ backlog: 1, admission: () => verdict }, { cookieKeys: keys })
        const client = new Client('10.0.0.1', 5000, 1, offer)
        client.open(bench)
        // Held, it is evicted; and the listener has overflowed either way.
        new Client('10.0.0.2', 5000, 1).open(bench)
        for (let i = 0; i < rotations; i++) keys.rotate(key(200 + i))
        assert.equal(bench.receive(client.ack()).length, 0)
        assert.equal(bench.listener.acceptQueueLength, rotations < 2 ? 1 : 0)
        assert.equal(bench.listener.counters.cookieFailed, rotations < 2 ? 0 : 1)
      }),
      { numRuns: 60 },
    )
  })

  test('does not touch an entry, however many there are', () => {
    const keys = ring()
    const bench = new Bench({}, { cookieKeys: keys })
    const client = new Client('10.0.0.1', 5000, 1, { mss: 1460, timestamps: true })
    client.open(bench)
    for (let i = 0; i < 9; i++) keys.rotate(key(i))
    bench.receive(client.ack())
    assert.equal(bench.accept().state, 'ESTABLISHED')
  })

  for (const timestamps of [false, true]) {
    const which = timestamps ? 'with' : 'without'
    test(`between a cookie and an entry for the SYN again: the ACK of either completes (${which} timestamps)`, () => {
      for (const late of [false, true]) {
        let verdict: Verdict = 'cookie'
        const bench = new Bench({ admission: () => verdict })
        const client = new Client('10.0.0.1', 5000, 1, { mss: 1460, timestamps })
        bench.wait(29_500)
        client.open(bench)
        const first = { iss: client.iss, peerTimestamp: client.peerTimestamp }
        verdict = 'hold'
        bench.wait(1000)
        client.timestamp += 1000
        client.open(bench)
        assert.notEqual(client.iss, first.iss, 'another key has signed')
        if (late) Object.assign(client, first)
        assert.deepEqual(bench.receive(client.ack()), [])
        assert.equal(bench.accept().tcb.iss, client.iss)
        assert.equal(bench.listener.halfOpen, 0)
      }
    })
  }
})

describe('replicas that share a ring', () => {
  test('complete each other’s handshakes, at most one rotation apart, whoever is ahead', () => {
    const replica = fc.integer({ min: 0, max: 2 })
    fc.assert(
      fc.property(
        OFFER,
        replica,
        replica,
        fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 3, maxLength: 3 }),
        (...of) => {
          const [offer, first, second, ahead] = of
          const replicas = ahead.map(
            (n, i) => new Bench({ backlog: 0, cookies: 'always' }, { secret: secret(i), cookieKeys: ring(n) }),
          )
          const client = new Client('10.0.0.1', 5000, 1, offer)
          client.open(replicas[first]!)
          assert.deepEqual(replicas[second]!.receive(client.ack(5)).length, 1)
          const connection = replicas[second]!.accept()
          assert.deepEqual([connection.state, connection.readable], ['ESTABLISHED', 5])
        },
      ),
      { numRuns: 100 },
    )
  })

  test('do not know each other two rotations apart', () => {
    for (const [a, b] of [
      [0, 2],
      [2, 0],
    ] as const) {
      const [one, other] = [a, b].map((n) => new Bench({ backlog: 0, cookies: 'always' }, { cookieKeys: ring(n) }))
      const client = new Client('10.0.0.1', 5000, 1)
      client.open(one!)
      other!.receive(client.ack())
      assert.deepEqual([other!.listener.acceptQueueLength, other!.listener.counters.cookieFailed], [0, 1])
    }
  })

  test('without a shared ring refuse each other’s', () => {
    const [one, other] = [1, 2].map((n) => new Bench({ backlog: 0, cookies: 'always' }, { secret: secret(n) }))
    const client = new Client('10.0.0.1', 5000, 1)
    client.open(one!)
    other!.receive(client.ack())
    assert.deepEqual([other!.listener.acceptQueueLength, other!.listener.counters.cookieFailed], [0, 1])
  })

  test('complete what was evicted elsewhere, and one that dies is replaced by the others', () => {
    const keys = ring()
    const [one, other] = [1, 2].map(
      (n) => new Bench({ backlog: 1, cookies: 'always' }, { secret: secret(n), cookieKeys: keys }),
    )
    const client = new Client('10.0.0.1', 5000, 1, { mss: 1234, timestamps: true, scale: 5, sack: true })
    client.open(one!)
    assert.equal(one!.listener.halfOpen, 1)
    other!.receive(client.ack())
    const { tcb } = other!.accept()
    assert.deepEqual([tcb.snd.mss, tcb.snd.scale, tcb.sack], [1234, 5, true])
  })

  test('that have not overflowed lately look at no cookie, unless told to always', () => {
    const keys = ring()
    const bench = (cookies: true | 'always', n: number): Bench =>
      new Bench({ backlog: 1, cookies }, { secret: secret(n), cookieKeys: keys })
    for (const [cookies, taken] of [
      [true, 0],
      ['always', 1],
    ] as const) {
      const [one, other] = [bench(cookies, 1), bench(cookies, 2)]
      const client = new Client('10.0.0.1', 5000, 1)
      client.open(one)
      other.receive(client.ack())
      assert.equal(other.listener.acceptQueueLength, taken)
    }
  })

  test('told to always take a cookie at any time, as long as a key honours it', () => {
    const bench = new Bench({ backlog: 0, cookies: 'always' }, { cookieKeys: ring() })
    const client = new Client('10.0.0.1', 5000, 1)
    client.open(bench)
    bench.wait(3_600_000)
    bench.receive(client.ack())
    assert.equal(bench.accept().state, 'ESTABLISHED')
  })
})
