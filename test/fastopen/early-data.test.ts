import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cookieFor, listenFast, opened, sums } from './support.ts'

describe('data before the handshake is over', () => {
  test('that is not acknowledged with the SYN-ACK is sent again by its own timer', () => {
    const tcp = opened()
    tcp.read()
    tcp.send(100)
    tcp.trace`
      +0  > P. 1:101(100) ack 11
      +.1 < .  11:11(0)   ack 1 win 65535
      +.3 > P. 1:101(100) ack 11
      +.1 < .  11:11(0)   ack 101 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('is held back once the SYN-ACK had to be sent again, and what went before goes again with the ACK', () => {
    const tcp = opened()
    tcp.read()
    tcp.send(100)
    tcp.trace`
      +0 > P. 1:101(100) ack 11
      +1 > S. 0:0(0)     ack 11
    `
    tcp.send(100)
    tcp.trace`
      +.1 < .  11:11(0)     ack 1   win 65535
      +0  > P. 1:201(200)   ack 11
      +.1 < .  11:11(0)     ack 201 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('is acknowledged in part', () => {
    const tcp = opened()
    tcp.read()
    tcp.send(2000)
    tcp.trace`
      +0  > .  1:1001(1000)    ack 11
      +0  > P. 1001:2001(1000) ack 11
      +.1 < .  11:11(0)        ack 1001 win 65535
      +.3 > P. 1001:2001(1000) ack 11
      +.1 < .  11:11(0)        ack 2001 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('a small piece waits for the ACK of the one before (Nagle)', () => {
    const tcp = opened()
    tcp.read()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 11`
    tcp.send(10)
    tcp.trace`
      +.1 < .  11:11(0)  ack 11 win 65535
      +0  > P. 11:21(10) ack 11
    `
  })

  test('a full send buffer has room again with the ACK', () => {
    const tcp = opened({ stack: { tcp: { sendBuffer: 100 } } })
    tcp.read()
    assert.equal(tcp.send(150), 100)
    tcp.trace`
      +0  > P. 1:101(100) ack 11
      +.1 < .  11:11(0)   ack 101 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), ['writable'])
  })

  test('does not go into a closed window: the SYN offered none', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:10(10)        win 0 <mss 1000,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0)   ack 11
    `
    tcp.accept()
    tcp.send(5)
    tcp.trace`
      +.1 < .  11:11(0) ack 1 win 100
      +0  > P. 1:6(5)   ack 11
    `
  })
})

describe('the application, before the handshake is over', () => {
  test('closes: the FIN waits for ESTABLISHED (RFC 9293 §3.10.4)', () => {
    const tcp = opened()
    tcp.read()
    tcp.send(5)
    tcp.connection.close()
    tcp.trace`
      +0  > P. 1:6(5)   ack 11
      +.1 < .  11:11(0) ack 6 win 65535
      +0  > F. 6:6(0)   ack 11
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-1')
  })

  test('aborts: a RST', () => {
    const tcp = opened()
    tcp.connection.abort()
    tcp.trace`+0 > R. 1:1(0) ack 11`
    assert.equal(tcp.listener.fastOpens.pending, 0)
    sums(tcp.listener)
  })

  test('reads: the window is told again with the next ACK', () => {
    const tcp = opened({ stack: { tcp: { receiveBuffer: 10 } } })
    assert.equal(tcp.read(), 10)
    tcp.trace`+0 > . 1:1(0) ack 11 win 10`
  })
})

test('numbers that wrap within the handshake are as good as others', () => {
  const tcp = listenFast({ isn: 0xffff_fffb, stack: { initialSequence: () => 0xffff_ffff } })
  tcp.trace`
    +0 < S  0:10(10)        win 65535 <mss 1000,FO ${cookieFor(tcp)}>
    +0 > S. 0:0(0)   ack 11
  `
  tcp.accept()
  assert.equal(tcp.read(), 10)
  tcp.send(10)
  tcp.trace`
    +0  > P. 1:11(10) ack 11
    +.1 < .  11:11(0) ack 11 win 65535
  `
  assert.equal(tcp.connection.sendBuffer.length, 0)
})
