/** How long a cookie is honoured: 30 to 60 s by its keys, 60 s after the listener's last overflow, and once. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { packetOf } from '../fuzz/packets.ts'
import type { Traced } from '../support/trace.ts'
import { Bench, Client } from './clients.ts'
import { ack, cookieOnly, full, listening, syn } from './listening.ts'

/** An overflow without an end: another client's SYN, answered with a cookie. */
function overflow(tcp: Traced, at: number): void {
  tcp.peer('x', { port: 50_000 + at })
  tcp.trace`
    @${at} <x S  0:0(0)       win 65535 <mss 1460>
    +0     >x S. 0:0(0) ack 1
  `
}

describe('under the keys of the clock, a cookie', () => {
  // Keys change at 30, 60, 90 s, ...; each is honoured for one period more.
  for (const [made, last] of [
    [0, 59.999],
    [10, 59.999],
    [29.999, 59.999],
    [30, 89.999],
    [45, 89.999],
    [59.999, 89.999],
    [300, 359.999],
  ] as const) {
    test(`made at ${made} s is honoured up to ${last} s`, () => {
      const tcp = cookieOnly()
      tcp.trace`+${made}`
      syn(tcp, 'a')
      syn(tcp, 'b')
      overflow(tcp, Math.floor(last))
      tcp.trace`@${last}`
      ack(tcp, 'a')
      assert.equal(tcp.accept().state, 'ESTABLISHED')
      tcp.trace`
        +.001
        +0 <b . 1:1(0) ack 1 win 65535
      `
      assert.equal(tcp.listener.counters.cookieFailed, 1)
    })
  }

  test('is honoured by the clock of its ACK, though nothing has moved the keys since', () => {
    const bench = new Bench({ backlog: 0, acceptBacklog: 16 })
    const [client, other] = [new Client('192.0.2.2', 5000, 1), new Client('192.0.2.3', 5000, 1)]
    bench.now = 1000
    client.open(bench)
    bench.now = 29_900
    other.open(bench)
    // A driver calls advance() only when a deadline is due, and none is.
    bench.now = 88_000
    bench.receive(client.ack())
    assert.equal(bench.listener.counters.cookieFailed, 1, 'it is 87 s old')
  })
})

describe('only after an overflow lately, an ACK', () => {
  test('is taken for a cookie up to 60 s after the last, and not later', () => {
    const keys = new CookieKeyRing(new Uint8Array(16), new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
    const tcp = cookieOnly({ stack: { cookieKeys: keys } })
    syn(tcp, 'a')
    syn(tcp, 'b')
    tcp.trace`@60`
    ack(tcp, 'a')
    tcp.trace`
      @60.001
      +0 <b . 1:1(0) ack 1 win 65535
      +0 >b R 1:1(0)
    `
    assert.equal(tcp.stack.counters.drops['tcp-ack-to-listener'], 1)
    assert.equal(tcp.stack.counters.SyncookiesFailed, 0)
  })

  test('is not looked at where there never was one, though every ISS is a cookie', () => {
    const tcp = listening({ synAckRetries: 0 })
    syn(tcp)
    tcp.trace`
      +1
      +0 < . 1:1(0) ack 1 win 65535
      +0 > R 1:1(0)
    `
    assert.equal(tcp.listener.counters.expired, 1)
  })

  test('of the client of an entry that expired completes, once there was one', () => {
    const tcp = full(1, { synAckRetries: 0 })
    syn(tcp, 'late')
    tcp.trace`+1.2`
    ack(tcp, 'p0')
    assert.equal(tcp.listener.counters.cookieCompleted, 1)
  })

  test('is taken after an eviction as after a cookie', () => {
    const tcp = full(2, { synAckRetries: 0 })
    tcp.peer('far', { address: '198.51.100.1' })
    syn(tcp, 'far')
    assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.cookied], [1, 0])
    ack(tcp, 'p0')
    assert.equal(tcp.accept().remotePort, tcp.peer('p0').port)
  })

  test('counts for its own listener only', () => {
    const tcp = cookieOnly()
    const other = tcp.stack.listen({ port: 81, synAckRetries: 0 })
    syn(tcp, 'a')
    tcp.peer('b', { localPort: 81 })
    syn(tcp, 'b')
    tcp.trace`
      +1
      +0 <b . 1:1(0) ack 1 win 65535
      +0 >b R 1:1(0)
    `
    assert.equal(other.counters.cookieFailed, 0)
  })
})

describe('a used cookie replayed', () => {
  test('while its connection lives is a segment of that', () => {
    const tcp = cookieOnly()
    syn(tcp)
    ack(tcp)
    ack(tcp)
    assert.equal(tcp.listener.acceptQueueLength, 1)
    assert.equal(tcp.listener.counters.cookieReplayed, 0)
  })

  test('after the client has reset its connection is refused with RST', () => {
    const tcp = cookieOnly()
    syn(tcp)
    ack(tcp)
    tcp.trace`
      +.1 < R 1:1(0) win 0
      +.1 < . 1:1(0) ack 1 win 65535
      +0  > R 1:1(0) win 0
    `
    assert.equal(tcp.listener.counters.cookieReplayed, 1)
    assert.equal(tcp.stack.counters.drops['cookie-replayed'], 1)
    assert.equal(tcp.stack.counters.PassiveOpens, 1)
  })

  test('after we have aborted its connection is refused with RST', () => {
    const tcp = cookieOnly()
    syn(tcp)
    ack(tcp)
    tcp.accept().abort()
    tcp.trace`
      +0  > R. 1:1(0) ack 1
      +.2 < P. 1:11(10) ack 1 win 65535
      +0  > R  1:1(0) win 0
    `
    assert.equal(tcp.listener.acceptQueueLength, 0)
  })

  test('after its connection was closed and TIME-WAIT is over is refused', () => {
    const tcp = cookieOnly({ stack: { tcp: { msl: 100 } } })
    syn(tcp)
    ack(tcp)
    tcp.accept().close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +0 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
      +1 < .  1:1(0) ack 1 win 65535
      +0 > R  1:1(0) win 0
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.listener.counters.cookieReplayed, 1)
  })

  for (const ahead of [0, 1] as const) {
    test(`is refused for as long as its key is honoured, though a ring is not rotated for minutes; signed ${ahead} rotations ahead`, () => {
      const keys = [1, 2, 3, 4, 5, 6].map((fill) => new Uint8Array(16).fill(fill))
      const ring = (at: number): CookieKeyRing => new CookieKeyRing(keys[at]!, keys[at + 1]!, keys[at + 2]!)
      const own = ring(0)
      const stack = { secret: new Uint8Array(32), cookieKeys: own }
      const bench = new Bench({ backlog: 0, cookies: 'always' }, stack)
      const client = new Client('10.0.0.1', 5000, 1)
      client.open(new Bench({ backlog: 0, cookies: 'always' }, { ...stack, cookieKeys: ring(ahead) }))
      bench.receive(client.ack())
      bench.accept().abort()
      for (let rotations = 0; rotations <= 1 + ahead; rotations++) {
        if (rotations > 0) own.rotate(keys[rotations + 2]!)
        bench.wait(300_000)
        bench.receive(client.ack())
        assert.equal(bench.listener.counters.cookieReplayed, rotations + 1)
      }
      assert.equal(bench.listener.acceptQueueLength, 0)
    })
  }

  test('is the ACK of an entry, too: the queue completed that handshake', () => {
    const tcp = full(2)
    ack(tcp, 'p0')
    syn(tcp, 'more')
    syn(tcp, 'over')
    tcp.trace`
      +.1 <p0 R 1:1(0) win 0
      +.1 <p0 . 1:1(0) ack 1 win 65535
      +0  >p0 R 1:1(0) win 0
    `
    assert.equal(tcp.listener.counters.cookieReplayed, 1)
  })

  for (const at of [29.9, 30.1, 59.9]) {
    test(`at ${at} s, while it would still be honoured, is refused`, () => {
      const tcp = cookieOnly()
      syn(tcp)
      tcp.trace`+.1`
      ack(tcp)
      tcp.trace`
        +.1 < R 1:1(0) win 0
        @${at}
      `
      tcp.trace`
        +0 < . 1:1(0) ack 1 win 65535
        +0 > R 1:1(0) win 0
      `
      assert.equal(tcp.listener.counters.cookieReplayed, 1)
    })
  }

  test('is refused as long as the keys honour it, though nothing has moved them since', () => {
    const bench = new Bench({ backlog: 0, acceptBacklog: 16 })
    const [client, other] = [new Client('192.0.2.2', 5000, 1), new Client('192.0.2.3', 5000, 1)]
    bench.now = 1000
    client.open(bench)
    bench.receive(client.ack())
    bench.receive(client.reset())
    bench.now = 29_900
    other.open(bench)
    bench.now = 60_500
    bench.receive(client.ack())
    assert.equal(bench.stack.counters.PassiveOpens, 1)
  })

  test('does not count against the client: its next SYN is a handshake of its own', () => {
    const tcp = cookieOnly()
    for (const isn of [0, 1, 2]) {
      tcp.peer('', { port: 5000, isn })
      syn(tcp)
      ack(tcp)
      tcp.trace`+.1 < R 1:1(0) win 0`
    }
    assert.equal(tcp.listener.counters.cookieCompleted, 3)
  })

  test('is told from the next handshake with the same ISN only by our number: the same again within one key', () => {
    const bench = new Bench({ backlog: 0, acceptBacklog: 16 })
    const client = new Client('192.0.2.2', 5000, 7)
    client.open(bench)
    bench.receive(client.ack())
    bench.receive(client.reset())
    const packet = packetOf(client.syn())
    bench.stack.receive(packet, 0, packet.length, bench.now)
    client.hear(bench.drain())
    // RFC 9293 §3.4.1 has a client take another ISN; one that doesn't waits for the next key, 30 s at the most.
    bench.receive(client.ack())
    assert.equal(bench.listener.counters.cookieReplayed, 1)
    bench.wait(30_000)
    client.open(bench)
    bench.receive(client.ack())
    assert.equal(bench.listener.counters.cookieCompleted, 2)
  })
})
