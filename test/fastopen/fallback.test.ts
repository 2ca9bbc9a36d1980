import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cookieFor, serverCounters as counters, listenFast, sums } from './support.ts'

describe('a SYN with a cookie that is not valid', () => {
  for (const [what, cookie] of [
    ['forged', '0123456789abcdef'],
    ['of another length', '01234567'],
    ['of the longest length', '0123456789abcdef0123456789abcdef'],
  ] as const) {
    test(`${what}: the ordinary handshake, the text ignored, a fresh cookie on the SYN-ACK`, () => {
      const tcp = listenFast()
      tcp.trace`
        +0 < S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
        +0 > S. 0:0(0) ack 1           <mss 1460,FO *>
      `
      assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [1, 0])
      assert.deepEqual(counters(tcp), { opened: 0, failed: 1, overflow: 0, requests: 0 })
      tcp.trace`
        +0   < P. 1:10(9) ack 1 win 65535
        +.04 > .  1:1(0) ack 10
      `
      tcp.accept()
      assert.equal(tcp.read(), 9)
      sums(tcp.listener)
    })
  }

  test('leaves no option behind on answers to others', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 <  S  0:9(9)       win 65535 <mss 1460,FO 0123456789abcdef>
      +0 >  S. 0:0(0) ack 1           <mss 1460,FO *>
      +0 <b .  7:7(0) ack 9 win 65535
      +0 >b R  9:9(0)                 <>
      +0 <c S  0:9(9)       win 65535 <mss 1460>
      +0 >c S. 0:0(0) ack 1           <mss 1460>
    `
  })

  test("another client's", () => {
    const tcp = listenFast()
    const cookie = cookieFor(tcp)
    tcp.peer('other', { address: '192.0.2.9' })
    tcp.trace`
      +0 <other S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >other S. 0:0(0) ack 1           <mss 1460,FO *>
    `
    assert.notDeepEqual(tcp.peer('other').lastCookie, [...Buffer.from(cookie, 'hex')])
  })
})

describe('where there is no room', () => {
  test('in the accept queue: the ordinary handshake, with the cookie', () => {
    const tcp = listenFast({ acceptBacklog: 1 })
    const cookie = cookieFor(tcp)
    tcp.trace`
      +0 <a S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >a S. 0:0(0) ack 10
      +0 <b S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >b S. 0:0(0) ack 1           <mss 1460,FO ${cookie}>
    `
    assert.deepEqual(counters(tcp), { opened: 1, failed: 1, overflow: 0, requests: 0 })
    sums(tcp.listener)
  })

  test('in the table of connections: the same', () => {
    const tcp = listenFast({ stack: { tcp: { maxConnections: 1 } } })
    const cookie = cookieFor(tcp)
    tcp.trace`
      +0 <a S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >a S. 0:0(0) ack 10
      +0 <b S  0:9(9)       win 65535 <mss 1460,FO ${cookie}>
      +0 >b S. 0:0(0) ack 1           <mss 1460,FO ${cookie}>
    `
    assert.equal(tcp.stack.counters.TCPFastOpenPassiveFail, 1)
  })
})
