/** The SYN queue is bounded by the backlog, exactly; what comes beyond it is answered with a cookie, or dropped. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { packetOf } from '../fuzz/packets.ts'
import { Bench, Client } from './clients.ts'
import { ack, full, listening, syn } from './listening.ts'

describe('a backlog', () => {
  for (const backlog of [1, 2, 5, 128]) {
    test(`of ${backlog} holds exactly as many, and answers the next with a cookie`, () => {
      const tcp = full(backlog)
      syn(tcp, 'late')
      assert.equal(tcp.listener.halfOpen, backlog)
      assert.deepEqual([tcp.listener.counters.held, tcp.listener.counters.cookied], [backlog, 1])
      assert.equal(tcp.stack.counters.TCPReqQFullDoCookies, 1)
      assert.equal(tcp.stack.counters.SyncookiesSent, 1)
      assert.equal(tcp.stack.counters.TCPReqQFullDrop, 0)
    })

    test(`of ${backlog} without cookies drops the next`, () => {
      const tcp = full(backlog, { cookies: false })
      tcp.trace`+0 <late S 0:0(0) win 65535 <mss 1460>`
      assert.equal(tcp.listener.halfOpen, backlog)
      assert.deepEqual([tcp.listener.counters.queueFull, tcp.listener.counters.cookied], [1, 0])
      assert.equal(tcp.stack.counters.TCPReqQFullDrop, 1)
      assert.equal(tcp.stack.counters.ListenDrops, 1)
      assert.equal(tcp.stack.counters.drops['syn-queue-full'], 1)
    })
  }

  test('of 0 holds none: all are answered with cookies', () => {
    const tcp = listening({ backlog: 0 })
    syn(tcp)
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.equal(tcp.listener.counters.held, 0)
  })

  test('of 0 without cookies takes nobody', () => {
    const tcp = listening({ backlog: 0, cookies: false })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.counters.queueFull, 1)
  })

  test('bounds both families together', () => {
    const tcp = listening({ backlog: 2, stack: { addresses: ['192.0.2.1/24', '2001:db8::1/64'] } })
    tcp.peer('six', { address: '2001:db8:1::2', localAddress: '2001:db8::1' })
    tcp.peer('seven', { address: '2001:db8:1::3', localAddress: '2001:db8::1' })
    syn(tcp, 'four')
    syn(tcp, 'six')
    syn(tcp, 'seven')
    assert.equal(tcp.listener.halfOpen, 2)
    assert.equal(tcp.listener.counters.cookied, 1)
    ack(tcp, 'seven')
    assert.equal(tcp.accept().remoteAddress, '2001:db8:1::3')
  })

  test('is not passed by one who sends the SYN of an entry again', () => {
    const tcp = full(2)
    tcp.trace`
      +.5 <p0 S  0:0(0)       win 65535 <mss 1460>
      +0  >p0 S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.counters.cookied, 0)
  })
})

describe('a full SYN queue has room again', () => {
  for (const [end, segment] of [
    ['is completed', '. 1:1(0) ack 1'],
    ['is reset', 'R 1:1(0)'],
  ] as const) {
    test(`the moment an entry ${end}`, () => {
      const tcp = full(3)
      tcp.trace`+.1 <p1 ${segment} win 0`
      syn(tcp, 'next')
      assert.deepEqual([tcp.listener.counters.held, tcp.listener.counters.cookied], [4, 0])
    })
  }

  test('the moment an entry expires, and no millisecond earlier', () => {
    const tcp = full(1, { synAckRetries: 0, cookies: false })
    tcp.trace`+.999 <b S 0:0(0) win 65535`
    assert.equal(tcp.listener.counters.queueFull, 1)
    tcp.trace`
      +.001 <b S  0:0(0)       win 65535
      +0    >b S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.counters.expired, 1)
  })

  test('for as many as have ended, not one more', () => {
    const tcp = full(4)
    for (const name of ['p0', 'p2', 'p3']) ack(tcp, name)
    for (const name of ['a', 'b', 'c', 'd']) syn(tcp, name)
    assert.equal(tcp.listener.halfOpen, 4)
    assert.deepEqual([tcp.listener.counters.held, tcp.listener.counters.cookied], [7, 1])
  })

  test('again and again: rows are used anew, and remember nothing of those before', () => {
    const tcp = listening({ backlog: 2, synAckRetries: 0 })
    for (let round = 0; round < 50; round++) {
      const [a, b] = [`a${round}`, `b${round}`]
      tcp.trace`
        +0 <${a} S  0:0(0)       win 65535 <mss 1000,sackOK,wscale 9,TS val 7 ecr 0>
        +0 >${a} S. 0:0(0) ack 1 <mss 1460,sackOK,wscale 7,TS val * ecr 7>
        +0 <${b} S  0:0(0)       win 65535
        +0 >${b} S. 0:0(0) ack 1 <mss 1460>
      `
      if (round % 3 === 0) tcp.trace`+0 <${a} R 1:1(0) win 0`
      else if (round % 3 === 1) tcp.trace`+0 <${b} . 1:1(0) ack 1 win 65535`
      if (round % 3 === 1) assert.equal(tcp.accept().tcb.snd.mss, 536)
      tcp.trace`+1`
      assert.equal(tcp.listener.halfOpen, 0)
    }
  })
})

describe('an entry', () => {
  test('is listed with its addresses, numbers, retransmissions and what is left of its life', () => {
    const tcp = listening({ isn: 77 })
    syn(tcp)
    tcp.trace`
      +1  > S. 0:0(0) ack 1
      +.5
    `
    assert.deepEqual(tcp.listener.halfOpens(tcp.now), [
      {
        remoteAddress: '192.0.2.2',
        remotePort: 40_000,
        localAddress: '192.0.2.1',
        localPort: 80,
        irs: 77,
        iss: tcp.peer().iss,
        retransmissions: 1,
        expiresIn: 61_500,
        acknowledged: false,
        deferred: false,
      },
    ])
  })

  test('of each of several local addresses is its own', () => {
    const tcp = listening({ stack: { addresses: ['192.0.2.1/24', '198.51.100.1/24'] } })
    tcp.peer('a', { port: 5000 })
    tcp.peer('b', { port: 5000, localAddress: '198.51.100.1' })
    syn(tcp, 'a')
    syn(tcp, 'b')
    ack(tcp, 'b')
    assert.equal(tcp.accept().localAddress, '198.51.100.1')
    assert.equal(tcp.listener.halfOpen, 1)
  })

  // Linux deletes the entry when its SYN-ACK cannot be sent, and does not count it.
  test('whose SYN-ACK the link has no room for is kept, and answered as soon as there is', () => {
    const bench = new Bench({ backlog: 3, admission: () => 'hold' })
    const clients = Array.from({ length: 1000 }, (_, i) => new Client('198.51.100.9', 1000 + i, i))
    for (const client of clients) {
      const packet = packetOf(client.syn())
      bench.stack.receive(packet, 0, packet.length, 0)
    }
    const sent = bench.drain()
    assert.equal(sent.length, 3, 'one for each entry that there still is, none for those evicted meanwhile')
    const last = clients.slice(-3)
    for (const client of last) assert.ok(client.hear(sent))
    for (const client of last) bench.receive(client.ack())
    assert.deepEqual([bench.listener.counters.evicted, bench.listener.counters.completed], [997, 3])
  })

  test('whose wait ends while the link has no room is answered once, and keeps to its schedule', () => {
    const bench = new Bench({ backlog: 1, synAckWaits: [1000, 2000, 4000] })
    const client = new Client('198.51.100.1', 1000, 1)
    client.open(bench)
    for (const now of [1000, 1500, 2999]) bench.stack.advance(now)
    bench.now = 2999
    assert.equal(bench.drain().length, 1)
    assert.equal(bench.wait(1).length, 1, 'the second, at 3 s')
    assert.equal(bench.wait(4000).length, 0)
    assert.equal(bench.listener.counters.expired, 1)
  })
})
