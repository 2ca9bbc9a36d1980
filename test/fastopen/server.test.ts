import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listen } from '../support/trace.ts'
import { cookieFor, serverCounters as counters, deferred, listenFast, sums } from './support.ts'

describe('a listener without Fast Open', () => {
  test('ignores requests, cookies, and text on a SYN (RFC 7413 §4.2: MUST ignore)', () => {
    const tcp = listen()
    tcp.trace`
      +0 <  S  0:0(0)       win 65535 <mss 1460,FO>
      +0 >  S. 0:0(0) ack 1           <mss 1460>
      +0 <b S  0:9(9)       win 65535 <mss 1460,FO 0123456789abcdef>
      +0 >b S. 0:0(0) ack 1           <mss 1460>
    `
    assert.equal(tcp.listener.halfOpen, 2)
    assert.deepEqual(counters(tcp), { opened: 0, failed: 0, overflow: 0, requests: 0 })
  })
})

describe('a request for a cookie', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: is answered with one of 8 octets on the SYN-ACK (RFC 7413 §4.2.1)`, () => {
      const tcp = listenFast({ family })
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460,FO>
        +0 > S. 0:0(0) ack 1           <mss ${family === 4 ? 1460 : 1440},FO *>
        +0 < .  1:1(0) ack 1 win 65535
      `
      assert.equal(tcp.peer().lastCookie.length, 8)
      assert.equal(tcp.accept().state, 'ESTABLISHED')
      assert.deepEqual(counters(tcp), { opened: 0, failed: 0, overflow: 0, requests: 1 })
      sums(tcp.listener)
    })
  }

  test('is answered beside every other option', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,sackOK,TS val 7 ecr 0,wscale 7,FO>
      +0 > S. 0:0(0) ack 1           <mss 1460,sackOK,TS val 0 ecr 7,wscale 7,FO *>
    `
  })

  test('gets no cookie on a SYN-ACK that is sent again, nor for a SYN that is (RFC 7413 §4.2.1)', () => {
    const tcp = listenFast()
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460,FO>
      +0  > S. 0:0(0) ack 1           <mss 1460,FO *>
      +.6 < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1           <mss 1460>
      +.4 > S. 0:0(0) ack 1           <mss 1460>
    `
  })

  test('gets a cookie for its address and ours alone', () => {
    const tcp = listenFast({ stack: { addresses: ['192.0.2.1/24', '192.0.2.3/24'] } })
    tcp.peer('other', { address: '192.0.2.9' })
    tcp.peer('there', { localAddress: '192.0.2.3', port: 41_000 })
    tcp.trace`
      +0 <      S  0:0(0)       win 65535 <mss 1460,FO>
      +0 >      S. 0:0(0) ack 1           <mss 1460,FO *>
      +0 <other S  0:0(0)       win 65535 <mss 1460,FO>
      +0 >other S. 0:0(0) ack 1           <mss 1460,FO *>
      +0 <there S  0:0(0)       win 65535 <mss 1460,FO>
      +0 >there S. 0:0(0) ack 1           <mss 1460,FO *>
    `
    const cookies = ['', 'other', 'there'].map((name) => tcp.peer(name).lastCookie.join())
    assert.equal(new Set(cookies).size, 3)
  })

  test('gets one from a deferred SYN, too, once the application has accepted it', () => {
    const tcp = listenFast({ admission: () => 'defer' })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460,FO>`
    assert.equal(deferred(tcp)[0]!.accept(), true)
    tcp.trace`+0 > S. 0:0(0) ack 1 <mss 1460,FO *>`
  })

  test('gets none where a SYN cookie is sent: nothing is kept that says so', () => {
    const tcp = listenFast({ admission: () => 'cookie' })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,FO>
      +0 > S. 0:0(0) ack 1           <mss 1460>
    `
  })
})

describe('a SYN with a valid cookie', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: is a connection at once, its text read before the handshake is over (RFC 7413 §4.2.2)`, () => {
      const tcp = listenFast({ family })
      const cookie = cookieFor(tcp)
      tcp.trace`
        +0 < S  0:100(100)         win 65535 <mss 1460,FO ${cookie}>
        +0 > S. 0:0(0)     ack 101 win 65535 <mss ${family === 4 ? 1460 : 1440},FO ${cookie}>
      `
      assert.deepEqual(tcp.takeEvents(), ['acceptable', 'readable'])
      const connection = tcp.accept()
      assert.equal(connection.state, 'SYN-RECEIVED')
      assert.equal(tcp.listener.fastOpens.pending, 1)
      assert.equal(tcp.read(), 100)
      tcp.trace`+.1 < . 101:101(0) ack 1 win 65535`
      assert.equal(connection.state, 'ESTABLISHED')
      assert.equal(tcp.listener.fastOpens.pending, 0)
      assert.deepEqual(counters(tcp), { opened: 1, failed: 0, overflow: 0, requests: 0 })
      sums(tcp.listener)
    })
  }

  test('may carry no text: the server speaks first', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0) ack 1
    `
    tcp.accept()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.1 < .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })

  test('is answered with data behind the SYN-ACK before the client has acknowledged that', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:100(100)         win 65535 <mss 1000,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0)     ack 101
    `
    tcp.accept()
    assert.equal(tcp.read(), 100)
    tcp.send(2500)
    tcp.trace`
      +0  > .  1:1001(1000)    ack 101
      +0  > .  1001:2001(1000) ack 101
      +.1 < .  101:101(0)      ack 2001 win 65535
      +0  > P. 2001:2501(500)  ack 101
      +.1 < .  101:101(0)      ack 2501 win 65535
      +60
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('lets no more data go than the window of the SYN, unscaled, and the initial window of congestion control', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:1(1)         win 1500 <mss 1000,wscale 7,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0) ack 2
    `
    tcp.accept()
    tcp.send(20_000)
    tcp.trace`+0 > . 1:1001(1000) ack 2`

    const cookie = cookieFor(tcp)
    tcp.trace`
      +.5 <b S  0:1(1)         win 65535 <mss 1000,FO ${cookie}>
      +0  >b S. 0:0(0) ack 2
    `
    const b = tcp.accept()
    tcp.send(20_000, b)
    // RFC 6928: ten segments.
    tcp.trace`
      +0 >b . 1:1001(1000)     ack 2
      +0 >b . 1001:2001(1000)  ack 2
      +0 >b . 2001:3001(1000)  ack 2
      +0 >b . 3001:4001(1000)  ack 2
      +0 >b . 4001:5001(1000)  ack 2
      +0 >b . 5001:6001(1000)  ack 2
      +0 >b . 6001:7001(1000)  ack 2
      +0 >b . 7001:8001(1000)  ack 2
      +0 >b . 8001:9001(1000)  ack 2
      +0 >b . 9001:10001(1000) ack 2
    `
  })

  test('whose text is longer than our window is acknowledged as far as that', () => {
    const tcp = listenFast({ stack: { tcp: { receiveBuffer: 600 } } })
    tcp.trace`
      +0 < S  0:1000(1000)         win 65535 <mss 1460,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0)       ack 601 win 0
    `
    tcp.accept()
    assert.equal(tcp.read(), 600)
    tcp.trace`
      +0  > .  1:1(0)      ack 601  win 600
      +.1 < .  601:1001(400) ack 1 win 65535
      +.04 > . 1:1(0)      ack 1001 win 200
    `
    assert.equal(tcp.read(), 400)
  })

  test('comes through the same admission as any SYN', () => {
    const verdicts = ['refuse', 'ignore', 'cookie'] as const
    let n = 0
    const tcp = listenFast({ admission: () => verdicts[n++]! })
    const cookie = cookieFor(tcp)
    tcp.trace`
      +0 <a S  0:9(9)        win 65535 <mss 1460,FO ${cookie}>
      +0 >a R. 0:0(0) ack 10
      +0 <b S  0:9(9)        win 65535 <mss 1460,FO ${cookie}>
      +0 <c S  0:9(9)        win 65535 <mss 1460,FO ${cookie}>
      +0 >c S. 0:0(0) ack 1            <mss 1460>
    `
    assert.equal(tcp.stack.counters.TCPFastOpenPassive, 0)
    sums(tcp.listener)
  })

  test('is an ordinary one where the application defers it', () => {
    let verdict: 'hold' | 'defer' = 'hold'
    const tcp = listenFast({ admission: () => verdict })
    const cookie = cookieFor(tcp)
    verdict = 'defer'
    tcp.trace`+0 <b S 0:9(9) win 65535 <mss 1460,FO ${cookie}>`
    deferred(tcp)[0]!.accept()
    tcp.trace`
      +0 >b S. 0:0(0)  ack 1 <mss 1460,FO *>
      +0 <b P. 1:10(9) ack 1 win 65535
      +.04 >b . 1:1(0) ack 10
    `
    assert.equal(tcp.stack.counters.TCPFastOpenPassiveFail, 1)
  })

  test('begins after its old incarnation in TIME-WAIT', () => {
    const tcp = listenFast()
    const cookie = cookieFor(tcp)
    tcp.trace`
      +0 <b S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >b S. 0:0(0) ack 10
      +0 <b .  10:10(0) ack 1 win 65535
    `
    const old = tcp.accept()
    const used = tcp.peer('b').iss!
    tcp.read(9, old)
    old.close()
    tcp.trace`
      +0 >b F. 1:1(0)   ack 10
      +0 <b F. 10:10(0) ack 2 win 65535
      +0 >b .  2:2(0)   ack 11
      +1 <b S  20:29(9)     win 65535 <mss 1460,FO ${cookie}>
      +0 >b S. 0:0(0) ack 30
    `
    assert.equal(old.state, 'CLOSED')
    assert.equal(tcp.accept().state, 'SYN-RECEIVED')
    assert.ok(((tcp.peer('b').iss! - used) | 0) > 1, 'beyond what the old one has used')
  })
})
