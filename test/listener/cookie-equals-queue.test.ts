/** A handshake through the queue and one through a cookie yield the same connection, up to the rounding of the classes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { MSS_CLASSES } from '../../src/tcp/cookie-code.ts'
import { FIN, PSH, type Segment } from '../../src/wire/segment.ts'
import { Bench, Client, type Offer } from './clients.ts'

interface Case {
  family: 4 | 6
  offer: Offer
  isn: number
  tcp: Partial<TcpConfig>
  mtu: number
  /** When the SYN comes, and how long the SYN,ACK and its ACK take, ms. */
  at: number
  rtt: number
  /** Octets on the ACK, and whether it has a FIN. */
  length: number
  fin: boolean
}

const CASE: fc.Arbitrary<Case> = fc.record({
  family: fc.constantFrom(4 as const, 6 as const),
  offer: fc.record({
    mss: fc.option(fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 65_535 })), {
      nil: undefined,
    }),
    scale: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    sack: fc.boolean(),
    timestamps: fc.boolean(),
    ecn: fc.boolean(),
  }),
  isn: fc.integer(),
  tcp: fc.record({ timestamps: fc.boolean(), sack: fc.boolean(), windowScale: fc.boolean() }),
  mtu: fc.constantFrom(1280, 1400, 1500, 9000),
  at: fc.integer({ min: 0, max: 200_000 }),
  rtt: fc.integer({ min: 0, max: 900 }),
  length: fc.constantFrom(0, 0, 1, 500),
  fin: fc.boolean(),
})

interface Opened {
  bench: Bench
  client: Client
  connection: Connection
  /** What was answered to the SYN and to the ACK. */
  answers: Segment[]
}

function open(backlog: number, one: Case): Opened {
  const bench = new Bench({ backlog, acceptBacklog: 8 }, { tcp: one.tcp, mtu: one.mtu })
  const offer = { ...one.offer, timestamps: one.offer.timestamps === true && one.tcp.timestamps !== false }
  const client = new Client(one.family === 4 ? '10.1.2.3' : '2001:db8:1::7', 5000, one.isn, offer)
  bench.wait(one.at)
  const answers = bench.receive(client.syn())
  assert.ok(client.hear(answers))
  answers.push(...bench.wait(one.rtt))
  client.timestamp += one.rtt
  answers.push(...bench.receive(client.ack(one.length, one.fin ? FIN : 0)))
  return { bench, client, connection: bench.accept(), answers }
}

/** All that a segment says, but its text. */
function said(segment: Segment): unknown[] {
  const { flags, seq, ack, wnd, length, mss, windowScale, sackPermitted, timestamps, tsVal, tsEcr, sackBlocks } =
    segment
  const stamps = timestamps ? [tsVal, tsEcr] : []
  return [flags, seq, ack, wnd, length, mss, windowScale, sackPermitted, stamps, sackBlocks]
}

function assertAlike(byCookie: Connection, byQueue: Connection): void {
  const { snd, rcv, timestamps } = byQueue.tcb
  const mss = expectedMss(snd.mss, timestamps)
  assert.equal(byCookie.tcb.snd.mss, mss)
  // How far the window moves at once depends on the MSS (RFC 9293 §3.8.6.2.2).
  if (mss !== snd.mss) byCookie.tcb.rcv.edge = rcv.edge
  assert.deepEqual(agreed(byCookie), agreed(byQueue))
}

/** The TCB, but the MSS. */
function agreed({ tcb, state, ended, readable, writable, finReceived }: Connection): unknown {
  const { mss: _, ...snd } = tcb.snd
  return { ...tcb, snd, rcv: { ...tcb.rcv }, state, ended, readable, writable, finReceived }
}

function expectedMss(exact: number, timestamps: boolean): number {
  return timestamps ? Math.min(exact, 1460) : MSS_CLASSES.findLast((size) => size <= exact)!
}

describe('through the queue and through a cookie', () => {
  test('the SYN-ACK is the same, and so is the connection', () => {
    fc.assert(
      fc.property(CASE, (one) => {
        const [byQueue, byCookie] = [open(1, one), open(0, one)]
        assert.equal(byQueue.bench.listener.counters.completed, 1)
        assert.equal(byCookie.bench.listener.counters.cookieCompleted, 1)
        assert.deepEqual(said(byCookie.answers[0]!), said(byQueue.answers[0]!))
        assertAlike(byCookie.connection, byQueue.connection)
        if (byCookie.connection.tcb.snd.mss !== byQueue.connection.tcb.snd.mss) return
        assert.deepEqual(byCookie.answers.map(said), byQueue.answers.map(said))
      }),
      { numRuns: 600 },
    )
  })

  test('what the connection does is the same: data both ways, and the end', () => {
    // An MSS that both keep; the RTO is the queue's alone, since a cookie does not remember when it went out.
    const mss = fc.constantFrom(...MSS_CLASSES)
    fc.assert(
      fc.property(CASE, mss, (one, mss) => {
        const same = { ...one, offer: { ...one.offer, mss }, mtu: 1500, rtt: Math.min(one.rtt, 100), fin: false }
        if (same.family === 6 && mss > 1440) return
        const transcripts = [1, 0].map((backlog) => transcript(open(backlog, same)))
        assert.deepEqual(transcripts[1], transcripts[0])
      }),
      { numRuns: 200 },
    )
  })

  test('an entry that is evicted becomes the same connection as one that stays', () => {
    fc.assert(
      fc.property(CASE, (one) => {
        const stays = open(1, one)
        const bench = new Bench(
          { backlog: 1, acceptBacklog: 8, admission: () => 'hold' },
          { tcp: one.tcp, mtu: one.mtu },
        )
        const { address, port, isn, offer } = stays.client
        const client = new Client(address.toString(), port, isn, offer)
        bench.wait(one.at)
        assert.ok(client.open(bench))
        new Client('203.0.113.9', 9, 9).open(bench)
        assert.equal(bench.listener.counters.evicted, 1)
        bench.wait(one.rtt)
        client.timestamp += one.rtt
        bench.receive(client.ack(one.length, one.fin ? FIN : 0))
        assert.equal(client.iss, stays.client.iss)
        assertAlike(bench.accept(), stays.connection)
      }),
      { numRuns: 200 },
    )
  })
})

/** Both ends send, the client acknowledges everything at once, and both close. */
function transcript({ bench, client, connection, answers }: Opened): unknown[] {
  const sent = [...answers]
  let [at, next] = [connection.readable, 0]
  const acknowledge = (segments: Segment[]): void => {
    sent.push(...segments)
    for (let rest = segments; rest.length > 0; ) {
      for (const segment of rest) {
        if (segment.length === 0 && !(segment.flags & FIN)) continue
        next = segment.seq + segment.len - client.iss - 1
        client.peerTimestamp = segment.timestamps ? segment.tsVal : 0
      }
      client.timestamp += 3
      const ack = client.ack(0, 0, at)
      ack.ack = (client.iss + 1 + next) >>> 0
      rest = bench.receive(ack)
      sent.push(...rest)
      if (rest.every(({ len }) => len === 0)) break
    }
  }
  connection.noDelay = true
  for (const length of [1, 3000, 10_000]) {
    connection.send(new Uint8Array(length))
    acknowledge(bench.drain())
    bench.wait(5)
    const data = client.ack(700, PSH, at)
    data.ack = (client.iss + 1 + next) >>> 0
    at += 700
    sent.push(...bench.receive(data), ...bench.wait(60))
  }
  connection.close()
  acknowledge(bench.drain())
  const { tcb, state } = connection
  return [sent.map(said), { ...tcb.snd }, { ...tcb.rcv }, state, connection.readable]
}
