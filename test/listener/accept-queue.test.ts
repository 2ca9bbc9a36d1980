/** The accept queue is bounded apart; what finds it full waits for room, or is reset. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verdict } from '../../src/tcp/admission.ts'
import { ack, cookieOnly, full, listening, syn } from './listening.ts'

describe('a full accept queue, policy wait', () => {
  // Linux drops SYNs then, and takes the ACK for lost; FreeBSD resets.
  test('takes SYNs all the same', () => {
    const tcp = full(3, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    syn(tcp, 'more')
    assert.deepEqual([tcp.listener.counters.held, tcp.listener.counters.cookied], [4, 0])
  })

  test('keeps the entry and counts the overflow', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    for (const name of ['p0', 'p1', 'p1']) ack(tcp, name)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [1, 1])
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.acknowledged, true)
    const { ListenOverflows, ListenDrops } = tcp.stack.counters
    assert.deepEqual([ListenOverflows, ListenDrops, tcp.listener.counters.acceptQueueFull], [2, 2, 2])
  })

  test('completes the entry by itself the moment there is room', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`+.5`
    tcp.takeEvents()
    tcp.accept()
    assert.deepEqual(tcp.takeEvents(), ['acceptable'])
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [0, 1])
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    tcp.send(5)
    tcp.trace`+0 >p1 P. 1:6(5) ack 1`
  })

  test('completes as many as there is room for, in the order of their ACKs', () => {
    const tcp = full(6, { acceptBacklog: 2 })
    for (const name of ['p0', 'p1', 'p5', 'p3', 'p4', 'p2']) ack(tcp, name)
    const ports = Array.from({ length: 6 }, () => tcp.accept().remotePort)
    assert.deepEqual(
      ports,
      ['p0', 'p1', 'p5', 'p3', 'p4', 'p2'].map((name) => tcp.peer(name).port),
    )
    assert.equal(tcp.listener.accept(), undefined)
  })

  test('the row that waits has the window of its last ACK', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    tcp.trace`
      +0 <p1 . 1:1(0) ack 1 win 100
      +0 <p1 . 1:1(0) ack 1 win 7
    `
    tcp.accept()
    tcp.accept()
    assert.equal(tcp.connection.tcb.snd.wnd, 7)
  })

  test('goes on with the timestamps where the SYN-ACK stood, after its SYN-ACK was sent again', () => {
    const tcp = listening({ acceptBacklog: 1 })
    syn(tcp, 'a')
    ack(tcp, 'a')
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0  > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
      +.1 < .  1:1(0) ack 1 win 65535 <TS val 200 ecr last>
      +.9 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 200>
    `
    tcp.accept()
    tcp.accept()
    const { tsOffset, tsRecent } = tcp.connection.tcb
    // Beyond what the client has seen, and not by much: the row remembers half of it.
    const ahead = (tsOffset + tcp.now - tcp.peer().lastTsVal) >>> 0
    assert.ok(ahead > 0 && ahead <= 65_536, `TSval ${ahead} beyond that of the SYN,ACK`)
    assert.equal(tsRecent, 200)
  })

  test('sends the SYN-ACK again by the schedule, whose ACK changes nothing', () => {
    const tcp = full(2, { acceptBacklog: 1, synAckWaits: [1000, 2000] })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`
      @1  >p1 S. 0:0(0) ack 1
      +.1 <p1 .  1:1(0) ack 1 win 65535
    `
    tcp.accept()
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
  })

  test('answers the SYNs of an entry that waits as those of any other: a client that has restarted is not stuck', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`
      +.6   <p1 S  0:0(0)       win 65535 <mss 1460>
      +0    >p1 S. 0:0(0) ack 1
      +.399 <p1 S  9000:9000(0) win 65535 <mss 1460>
      +.001 >p1 S. 0:0(0) ack 1
      +.5   <p1 S  9000:9000(0) win 65535 <mss 1460>
      +0    >p1 S. 0:0(0) ack 1
      +0    <p1 R  1:1(0)       win 0
    `
    assert.deepEqual([tcp.listener.counters.duplicates, tcp.listener.counters.otherIsn], [1, 2])
    assert.deepEqual([tcp.listener.counters.reset, tcp.listener.halfOpen], [1, 0])
  })

  test('lets an entry that waits end by the exact RST, or by its time', () => {
    const tcp = full(3, { acceptBacklog: 1, synAckRetries: 0 })
    for (const name of ['p0', 'p1', 'p2']) ack(tcp, name)
    tcp.trace`+.5 <p1 R 1:1(0) win 0`
    assert.equal(tcp.listener.counters.reset, 1)
    tcp.trace`@1`
    assert.equal(tcp.listener.counters.expired, 1)
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
  })

  test('an entry that another took the place of is not completed by the ACK of the first', () => {
    const tcp = full(2, { acceptBacklog: 1, synAckRetries: 0 })
    ack(tcp, 'p0')
    ack(tcp, 'p1')
    tcp.trace`+0 <p1 R 1:1(0) win 0`
    syn(tcp, 'next')
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
    assert.equal(tcp.listener.halfOpen, 1)
    ack(tcp, 'next')
    assert.equal(tcp.accept().remotePort, tcp.peer('next').port)
  })

  test('an ACK with data waits without them: they come again', () => {
    const tcp = full(2, { acceptBacklog: 1 })
    ack(tcp, 'p0')
    tcp.trace`+0 <p1 P. 1:101(100) ack 1 win 65535`
    tcp.accept()
    tcp.accept()
    tcp.trace`
      +.3  <p1 P. 1:101(100) ack 1 win 65535
      +.04 >p1 .  1:1(0) ack 101
    `
    assert.equal(tcp.read(), 100)
  })

  test('an ACK of a cookie is given an entry to wait in, and completes by itself like any other', () => {
    let verdict: Verdict = 'cookie'
    const tcp = listening({ backlog: 2, acceptBacklog: 1, admission: () => verdict })
    tcp.trace`
      +0  <a S  0:0(0)       win 65535 <mss 1460>
      +0  >a S. 0:0(0) ack 1
      +0  <b S  0:0(0)       win 65535 <mss 1234,sackOK,TS val 100 ecr 0,nop,wscale 7>
      +0  >b S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 100,nop,wscale 7>
    `
    verdict = 'hold'
    ack(tcp, 'a')
    tcp.trace`+.1 <b . 1:1(0) ack 1 win 50 <TS val 200 ecr last>`
    assert.equal(tcp.stack.counters.ListenOverflows, 1)
    const [view] = tcp.listener.halfOpens(tcp.now)
    assert.deepEqual([view?.acknowledged, view?.remotePort, view?.iss], [true, tcp.peer('b').port, tcp.peer('b').iss])
    tcp.accept()
    const { snd, sack, tsRecent } = tcp.accept().tcb
    assert.deepEqual([snd.mss, snd.wnd, sack, tsRecent], [1234, 50 << 7, true, 200])
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('an ACK of a cookie that finds no room there either is dropped and counted: the next segment is the next try', () => {
    const tcp = cookieOnly({ acceptBacklog: 1 })
    for (const name of ['a', 'b']) syn(tcp, name)
    for (const name of ['a', 'b']) ack(tcp, name)
    assert.equal(tcp.stack.counters.ListenOverflows, 1)
    assert.equal(tcp.stack.counters.drops['accept-queue-full'], 1)
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
    tcp.trace`
      +.2  <b P. 1:11(10) ack 1 win 65535
      +.04 >b .  1:1(0) ack 11
    `
    assert.equal(tcp.accept().remotePort, tcp.peer('b').port)
  })
})

describe('a full accept queue, policy reset', () => {
  test('answers the ACK with RST, deletes the entry, and counts both', () => {
    const tcp = full(2, { acceptBacklog: 1, acceptOverflow: 'reset' })
    ack(tcp, 'p0')
    tcp.trace`
      +0 <p1 . 1:1(0) ack 1 win 65535
      +0 >p1 R 1:1(0) win 0 <>
    `
    assert.equal(tcp.listener.halfOpen, 0)
    assert.deepEqual([tcp.listener.counters.acceptReset, tcp.listener.counters.acceptQueueFull], [1, 1])
    assert.equal(tcp.stack.counters.drops['accept-queue-reset'], 1)
    assert.equal(tcp.stack.counters.AttemptFails, 1)
  })

  test('answers the ACK of a cookie with RST', () => {
    const tcp = cookieOnly({ acceptBacklog: 1, acceptOverflow: 'reset' })
    for (const name of ['a', 'b']) syn(tcp, name)
    ack(tcp, 'a')
    tcp.trace`
      +0 <b . 1:1(0) ack 1 win 65535
      +0 >b R 1:1(0) win 0
    `
    assert.equal(tcp.stack.counters.ListenOverflows, 1)
    tcp.accept()
    // It was not used: the client may try again.
    ack(tcp, 'b')
    assert.equal(tcp.accept().remotePort, tcp.peer('b').port)
  })

  test('takes connections again once there is room', () => {
    const tcp = full(3, { acceptBacklog: 1, acceptOverflow: 'reset' })
    ack(tcp, 'p0')
    tcp.accept()
    ack(tcp, 'p1')
    assert.equal(tcp.accept().remotePort, tcp.peer('p1').port)
    assert.equal(tcp.listener.counters.acceptReset, 0)
  })

  test('is one of two', () => {
    assert.throws(() => listening({ acceptOverflow: 'drop' as 'wait' }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})

describe('closing the listener', () => {
  test('hands out nothing any more, and resets those that wait for room', () => {
    const tcp = full(3, { acceptBacklog: 1 })
    for (const name of ['p0', 'p1']) ack(tcp, name)
    tcp.listener.close()
    assert.equal(tcp.listener.accept(), undefined)
    tcp.trace`
      +0 >p1 R. 1:1(0) ack 1
      +0 >p2 R. 1:1(0) ack 1
      +0 >p0 R. 1:1(0) ack 1
    `
    assert.equal(tcp.listener.counters.closed, 2)
  })

  test('leaves those that were accepted alone', () => {
    const tcp = full(2)
    ack(tcp, 'p0')
    tcp.accept()
    tcp.listener.close()
    tcp.trace`
      +0   >p1 R. 1:1(0) ack 1
      +.1  <p0 P. 1:11(10) ack 1 win 65535
      +.04 >p0 .  1:1(0) ack 11
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })

  test('does not honour its cookies any more', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.listener.close()
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > R 1:1(0)
    `
    assert.equal(tcp.stack.counters.drops['tcp-no-listener'], 1)
  })
})
