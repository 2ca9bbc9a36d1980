import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'

/** A SYN of the named peer, answered. */
function syn(tcp: Traced, name: string): void {
  tcp.trace`
    +0 <${name} S  0:0(0)       win 65535 <mss 1460>
    +0 >${name} S. 0:0(0) ack 1
  `
}

function ack(tcp: Traced, name: string): void {
  tcp.trace`+0 <${name} . 1:1(0) ack 1 win 65535`
}

function full(backlog: number, options: HostOptions & { acceptBacklog?: number } = {}): Traced {
  const tcp = listen({ backlog, ...options })
  for (let i = 0; i < backlog; i++) syn(tcp, `p${i}`)
  assert.equal(tcp.listener.halfOpen, backlog)
  return tcp
}

describe('the backlog', () => {
  test('is 128 unless told otherwise, for the SYN queue and the accept queue each', () => {
    const { listener } = listen()
    assert.deepEqual([listener.backlog, listener.acceptBacklog], [128, 128])
    assert.deepEqual(listen({ backlog: 7 }).listener.acceptBacklog, 7)
    assert.deepEqual(listen({ backlog: 7, acceptBacklog: 2 }).listener.acceptBacklog, 2)
  })

  for (const backlog of [1, 3, 128]) {
    test(`of ${backlog} holds exactly so many entries: the next SYN is dropped and counted`, () => {
      const tcp = full(backlog)
      tcp.trace`+0 <late S 0:0(0) win 65535 <mss 1460>`
      assert.equal(tcp.listener.halfOpen, backlog)
      assert.equal(tcp.stack.counters.drops['syn-queue-full'], 1)
      assert.equal(tcp.stack.counters.TCPReqQFullDrop, 1)
      assert.equal(tcp.stack.counters.ListenDrops, 1)
      assert.equal(tcp.listener.counters.queueFull, 1)
    })
  }

  test('of 0 holds none', () => {
    const tcp = listen({ backlog: 0 })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.halfOpen, 0)
    assert.equal(tcp.listener.acceptBacklog, 1)
  })

  test('has room again for each entry that ends: completed, reset, or expired', () => {
    const tcp = full(3)
    ack(tcp, 'p0')
    syn(tcp, 'a')
    tcp.trace`+0 <p1 R 1:1(0) win 0`
    syn(tcp, 'b')
    tcp.trace`+0 <late S 0:0(0) win 65535`
    assert.equal(tcp.listener.halfOpen, 3)
  })

  test('has room again the moment an entry expires', () => {
    const tcp = listen({ backlog: 1, synAckRetries: 0 })
    syn(tcp, 'a')
    tcp.trace`+.999 <b S 0:0(0) win 65535`
    assert.equal(tcp.stack.counters.TCPReqQFullDrop, 1)
    tcp.trace`
      +.001 <b S  0:0(0)       win 65535
      +0    >b S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.counters.expired, 1)
  })

  test('does not keep the client of an entry from sending its SYN again', () => {
    const tcp = full(2)
    tcp.trace`
      +.5 <p1 S  0:0(0)       win 65535 <mss 1460>
      +0  >p1 S. 0:0(0) ack 1
    `
    assert.equal(tcp.stack.counters.TCPReqQFullDrop, 0)
  })

  test('counts IPv4 and IPv6 together', () => {
    const tcp = listen({ backlog: 2, stack: { addresses: ['192.0.2.1/24', '2001:db8::1/64'] } })
    tcp.peer('six', { address: '2001:db8::2', localAddress: '2001:db8::1' })
    syn(tcp, 'four')
    syn(tcp, 'six')
    tcp.trace`+0 <late S 0:0(0) win 65535`
    assert.equal(tcp.listener.halfOpen, 2)
    assert.equal(tcp.stack.counters.TCPReqQFullDrop, 1)
    assert.deepEqual(
      tcp.listener.halfOpens(tcp.now).map(({ remoteAddress }) => remoteAddress),
      ['192.0.2.2', '2001:db8::2'],
    )
  })

  test('is checked when the listener is opened', () => {
    for (const options of [{ backlog: -1 }, { backlog: 1.5 }, { backlog: 2 ** 25 }, { acceptBacklog: 0 }]) {
      assert.throws(() => listen(options), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message: /acklog"/ })
    }
  })
})

describe('the accept queue', () => {
  test('is served in the order in which the connections were established', () => {
    const tcp = full(3)
    for (const name of ['p1', 'p2', 'p0']) ack(tcp, name)
    assert.deepEqual(
      [tcp.accept(), tcp.accept(), tcp.accept()].map(({ remotePort }) => remotePort),
      ['p1', 'p2', 'p0'].map((name) => tcp.peer(name).port),
    )
    assert.equal(tcp.listener.accept(), undefined)
  })

  test('takes what the client sends before it is accepted', () => {
    const tcp = full(1)
    ack(tcp, 'p0')
    tcp.trace`
      +0   <p0 P. 1:11(10) ack 1 win 65535
      +.04 >p0 .  1:1(0)  ack 11
    `
    tcp.accept()
    assert.equal(tcp.read(), 10)
  })

  test('gives a connection that was reset meanwhile as one that is closed', () => {
    const tcp = full(1)
    ack(tcp, 'p0')
    tcp.trace`+0 <p0 R 1:1(0) win 0`
    const connection = tcp.accept()
    assert.equal(connection.state, 'CLOSED')
    assert.equal(connection.error?.code, 'ECONNRESET')
  })

  test('that is full keeps the ACK waiting: the entry stays, and SYNs are taken', () => {
    const tcp = full(3, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [2, 1])
    assert.equal(tcp.stack.counters.drops['accept-queue-full'], 1)
    assert.equal(tcp.stack.counters.ListenOverflows, 1)
    assert.equal(tcp.listener.counters.acceptQueueFull, 1)
    assert.deepEqual(
      tcp.listener.halfOpens(tcp.now).map(({ remotePort, acknowledged }) => [remotePort, acknowledged]),
      [
        [tcp.peer('p1').port, true],
        [tcp.peer('p2').port, false],
      ],
    )
    syn(tcp, 'more')
  })

  test('that is full goes on sending the SYN-ACK to those who wait, who answer it (the schedule knows no exception)', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`
      +1 >p1 S. 0:0(0) ack 1
      +0 <p1 .  1:1(0) ack 1 win 65535
      +2 >p1 S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.counters.acceptQueueFull, 2)
    assert.equal(tcp.listener.halfOpen, 1)
  })

  test('completes those who wait by itself the moment accept() makes room, in the order of their ACKs', () => {
    const tcp = full(4, { acceptBacklog: 1 })
    for (const name of ['p0', 'p3', 'p1']) ack(tcp, name)
    tcp.takeEvents()
    const accepted = [tcp.accept(), tcp.accept(), tcp.accept()]
    assert.deepEqual(
      accepted.map(({ remotePort }) => remotePort),
      ['p0', 'p3', 'p1'].map((name) => tcp.peer(name).port),
    )
    assert.ok(accepted.every(({ state }) => state === 'ESTABLISHED'))
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [1, 0])
    assert.equal(tcp.listener.accept(), undefined)
  })

  test('tells of a connection that was completed by room', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    assert.deepEqual(tcp.takeEvents(), ['acceptable'])
    tcp.accept()
    assert.deepEqual(tcp.takeEvents(), ['acceptable'])
    assert.equal(tcp.accept().remotePort, tcp.peer('p1').port)
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('completes with the window and the options of the ACK and the SYN', () => {
    const tcp = listen({ backlog: 2, acceptBacklog: 1 })
    syn(tcp, 'a')
    ack(tcp, 'a')
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1000,sackOK,wscale 3>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 50
    `
    tcp.accept()
    tcp.accept()
    tcp.send(1000)
    tcp.trace`+0 > . 1:401(400) ack 1`
  })

  test('does not take the time that an ACK waited for room for the round trip', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`+.9`
    tcp.accept()
    tcp.accept()
    assert.ok(tcp.connection.rto.value <= 1000, `the RTO is ${tcp.connection.rto.value}`)
  })

  test('completes nobody whose entry was reset, or expired, while it waited', () => {
    const tcp = full(3, { acceptBacklog: 1 })
    for (const name of ['p0', 'p1', 'p2']) ack(tcp, name)
    tcp.trace`+0 <p1 R 1:1(0) win 0`
    tcp.accept()
    assert.equal(tcp.accept().remotePort, tcp.peer('p2').port)
    assert.equal(tcp.listener.accept(), undefined)
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('lets those who wait expire at the end of their life', () => {
    const tcp = listen({ backlog: 2, acceptBacklog: 1, synAckRetries: 0 })
    syn(tcp, 'a')
    ack(tcp, 'a')
    syn(tcp, 'b')
    ack(tcp, 'b')
    tcp.trace`+1`
    assert.equal(tcp.listener.halfOpen, 0)
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
    tcp.trace`
      +0 <b P. 1:11(10) ack 1 win 65535
      +0 >b R  1:1(0)
    `
  })

  test('does not lose the data of an ACK that had to wait: the client sends them again', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    tcp.trace`+0 <p1 P. 1:11(10) ack 1 win 65535`
    tcp.accept()
    tcp.accept()
    assert.equal(tcp.connection.readable, 0)
    tcp.trace`
      +.2  <p1 P. 1:11(10) ack 1 win 65535
      +.04 >p1 .  1:1(0)  ack 11
    `
    assert.equal(tcp.read(), 10)
  })
})

describe('the table of connections', () => {
  test('that is full keeps the ACK waiting too, until one of them ends', () => {
    const tcp = full(2, { stack: { tcp: { maxConnections: 1 } } })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    assert.equal(tcp.listener.halfOpen, 1)
    assert.equal(tcp.stack.counters.drops['connection-table-full'], 1)
    tcp.trace`+0 <p0 R 1:1(0) win 0`
    ack(tcp, 'p1')
    assert.equal(tcp.listener.halfOpen, 0)
  })
})
