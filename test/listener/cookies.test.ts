/** SYN cookies (RFC 4987 §3.6): a handshake of which nothing is kept, and a connection that is like any other. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ack, cookieOnly, full, listening, syn } from './listening.ts'

describe('a cookie', () => {
  test('completes the handshake, and nothing was kept before', () => {
    const tcp = cookieOnly()
    syn(tcp)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.halfOpens(tcp.now).length], [0, 0])
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.deepEqual(tcp.takeEvents(), ['acceptable'])
    const { SyncookiesSent, SyncookiesRecv, SyncookiesFailed, PassiveOpens } = tcp.stack.counters
    assert.deepEqual([SyncookiesSent, SyncookiesRecv, SyncookiesFailed, PassiveOpens], [1, 1, 0, 1])
    assert.equal(tcp.listener.counters.cookieCompleted, 1)
  })

  test('is not sent again by a timer: the client sends its SYN again', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +1  < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
      +20
    `
    assert.deepEqual([tcp.listener.counters.syns, tcp.listener.counters.cookied], [2, 2])
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('is the same for the same SYN as long as its key signs: a SYN-ACK sent twice is one', () => {
    const tcp = cookieOnly()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 7 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 7>
    `
    const { iss } = tcp.peer()
    tcp.trace`
      +5 < S  0:0(0)       win 65535 <mss 1460,TS val 9 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 9>
    `
    assert.equal(tcp.peer().iss, iss)
  })

  test('of each four-tuple and ISN is another', () => {
    const tcp = cookieOnly()
    const numbers = new Set<number>()
    for (let i = 0; i < 50; i++) {
      tcp.peer('', { port: 1000 + (i >> 1), isn: i & 1 })
      syn(tcp)
      numbers.add(tcp.peer().iss!)
    }
    assert.equal(numbers.size, 50)
  })

  test('data on its ACK are taken in the same step', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +.1  < P. 1:1001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 1001
    `
    tcp.accept()
    assert.equal(tcp.read(), 1000)
  })

  test('a FIN on its ACK is processed in the same step', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +.1 < F. 1:1(0) ack 1 win 65535
      +0  > .  1:1(0) ack 2
    `
    assert.equal(tcp.accept().state, 'CLOSE-WAIT')
  })

  test('data and a FIN on its ACK are processed in the same step', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +.1 < FP. 1:301(300) ack 1 win 65535
      +0  > .   1:1(0) ack 302
    `
    assert.equal(tcp.accept().state, 'CLOSE-WAIT')
    assert.equal(tcp.read(), 300)
    assert.ok(tcp.connection.ended)
  })

  test('whose ACK was lost is completed by the first data, which begin where the ACK would have', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +3   < P. 1:101(100) ack 1 win 65535
      &    < P. 101:201(100) ack 1 win 65535
      +0   > .  1:1(0) ack 201
    `
    tcp.accept()
    assert.equal(tcp.read(), 200)
  })

  // Linux resets the client: the number that the cookie was signed for is not there.
  test('is not completed by data that overtake the first, and these do no harm: it is by the first', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +.1  < P. 101:201(100) ack 1 win 65535
      +0   < F. 201:201(0)   ack 1 win 65535
    `
    assert.deepEqual([tcp.stack.counters.SyncookiesFailed, tcp.listener.acceptQueueLength], [2, 0])
    tcp.trace`
      +.2  < P. 1:101(100)   ack 1 win 65535
      +.04 > .  1:1(0) ack 101
      +0   < P. 101:201(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 201
    `
    tcp.accept()
    assert.equal(tcp.read(), 200)
  })

  test('data on the SYN are not acknowledged and not kept', () => {
    const tcp = cookieOnly()
    tcp.trace`
      +0 < S  0:10(10)      win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
    `
    ack(tcp)
    assert.equal(tcp.accept().readable, 0)
  })

  test('a client that resets instead leaves nothing', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +.1 < R 1:1(0) win 0
      +60
    `
    assert.deepEqual(tcp.takeEvents(), [])
    assert.equal(tcp.listener.counters.reset, 0)
  })

  test('takes the window of the ACK, scaled as the SYN said', () => {
    const tcp = cookieOnly()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1000,wscale 3>
      +0 > S. 0:0(0) ack 1 <mss 1460,wscale 7>
      +0 < .  1:1(0) ack 1 win 50
    `
    tcp.accept()
    tcp.send(1000)
    tcp.trace`+0 > . 1:401(400) ack 1`
  })

  test('the connection closes like any other', () => {
    const tcp = cookieOnly()
    syn(tcp)
    ack(tcp)
    tcp.accept().close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +0 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
  })
})

describe('cookies and entries', () => {
  test('each client completes by what it was given', () => {
    const tcp = full(2)
    syn(tcp, 'c')
    for (const name of ['c', 'p1', 'p0']) ack(tcp, name)
    assert.deepEqual(
      [tcp.accept(), tcp.accept()].map(({ remotePort }) => remotePort),
      ['c', 'p1'].map((name) => tcp.peer(name).port),
    )
    assert.deepEqual([tcp.listener.counters.cookieCompleted, tcp.listener.counters.completed], [1, 2])
  })

  test('a client with a cookie whose SYN comes again finds room, and completes by the entry', () => {
    const tcp = full(1)
    syn(tcp, 'c')
    ack(tcp, 'p0')
    tcp.accept()
    tcp.trace`
      +.5 <c S  0:0(0)       win 65535 <mss 1460>
      +0  >c S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.halfOpen, 1)
    ack(tcp, 'c')
    assert.equal(tcp.listener.counters.completed, 2)
    assert.equal(tcp.listener.counters.cookieCompleted, 0)
  })

  test('every ISS is one: that of an entry, too', () => {
    const tcp = full(1, { synAckRetries: 0 })
    tcp.peer('far', { address: '198.51.100.1' })
    syn(tcp, 'over')
    // The entry has expired; the client's ACK was slow.
    tcp.trace`+1.5`
    assert.equal(tcp.listener.halfOpen, 0)
    ack(tcp, 'p0')
    assert.equal(tcp.accept().remotePort, tcp.peer('p0').port)
    assert.equal(tcp.listener.counters.cookieCompleted, 1)
  })

  test('are for those of one listener what they are for another: a port is part of what is signed', () => {
    const tcp = cookieOnly()
    const other = tcp.stack.listen({ port: 81, backlog: 0 })
    tcp.peer('a', { port: 5000 })
    syn(tcp, 'a')
    tcp.peer('b', { port: 5000, localPort: 81 })
    syn(tcp, 'b')
    tcp.peer('b').iss = tcp.peer('a').iss
    tcp.trace`+0 <b . 1:1(0) ack 1 win 65535`
    assert.equal(other.acceptQueueLength, 0)
    assert.equal(other.counters.cookieFailed, 1)
  })
})

describe('without cookies', () => {
  test('an ACK after an overflow is not looked at: RST, no SyncookiesFailed', () => {
    const tcp = full(1, { cookies: false })
    tcp.trace`
      +0 <late S 0:0(0) win 65535 <mss 1460>
      +0 <late . 1:1(0) ack 1 win 65535
      +0 >late R 1:1(0)
    `
    assert.equal(tcp.stack.counters.SyncookiesFailed, 0)
  })

  test('a policy that says cookie means no room', () => {
    const tcp = listening({ cookies: false, admission: () => 'cookie' })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.counters.queueFull, 1)
  })
})
