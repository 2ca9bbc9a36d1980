/** The urgent mechanism: RFC 9293 §3.8.5, RFC 6093. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, listen, stream, type Traced } from '../support/trace.ts'

const NOW = { stack: { tcp: { delayedAck: 0 } } }

describe('urgent data that are sent', () => {
  test('have the pointer to the octet behind them, on every segment before it (RFC 9293 MUST-30, MUST-62)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    tcp.connection.sendUrgent(stream(0, 2000))
    tcp.connection.send(stream(2000, 2010))
    tcp.trace`
      +0 > .U 1:1461(1460)   ack 1 urg 2000
      +0 > P.U 1461:2011(550) ack 1 urg 540
    `
    tcp.connection.send(stream(2010, 2020))
    tcp.trace`
      +0  > P. 2011:2021(10) ack 1
      +.1 < .  1:1(0) ack 2021 win 65535
    `
  })

  test('go out again with it', () => {
    const tcp = established()
    tcp.connection.sendUrgent(stream(0, 10))
    tcp.trace`
      +0   > P.U 1:11(10) ack 1 urg 10
      +.2  > P.U 1:11(10) ack 1 urg 10
      +.1  < .  1:1(0) ack 11 win 65535
    `
  })

  test('may be of any length: the pointer says as much as it can, and the rest later (RFC 9293 MUST-31)', () => {
    const tcp = listen({ stack: { mtu: 40_040 } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 40000,wscale 7>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().sendUrgent(stream(0, 100_000)), 100_000)
    tcp.trace`
      +0  > .U  1:40001(40000)       ack 1 urg 65535
      +0  > .U  40001:80001(40000)   ack 1 urg 60000
      +.1 < .   1:1(0) ack 80001 win 65535
      +0  > P.U 80001:100001(20000)  ack 1 urg 20000
      +.1 < .   1:1(0) ack 100001 win 65535
    `
  })

  test('do not wait for the data before (as Linux)', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.connection.sendUrgent(stream(10, 11))
    tcp.trace`+0 > P.U 11:12(1) ack 1 urg 1`
  })

  test('are told of even while the window is closed (RFC 9293 MUST-66)', () => {
    const tcp = established()
    tcp.trace`+0 < . 1:1(0) ack 1 win 0`
    tcp.connection.sendUrgent(stream(0, 10))
    tcp.trace`
      +0   > .U 1:1(0)   ack 1 urg 10
      +.2  > .U 1:2(1)   ack 1 urg 10
      +0   < .  1:1(0)   ack 2 win 65535
      +0   > P.U 2:11(9) ack 1 urg 9
    `
  })
})

describe('urgent data that come', () => {
  function told(tcp: Traced): number {
    const { events } = tcp
    tcp.takeEvents.call(tcp)
    return events.length
  }

  test('are told of before they are readable, and counted down as they are read (RFC 9293 MUST-32, MUST-33)', () => {
    const tcp = established(NOW)
    tcp.trace`
      +0 < P.U 1:11(10) ack 1 win 65535 urg 4
      +0 > .  1:1(0) ack 11
    `
    assert.deepEqual(tcp.takeEvents(), ['urgent', 'readable'])
    assert.equal(tcp.connection.urgentLeft, 4)
    assert.equal(tcp.read(3), 3)
    assert.equal(tcp.connection.urgentLeft, 1)
    assert.equal(tcp.read(), 7)
    assert.equal(tcp.connection.urgentLeft, 0)
  })

  test('may be still to come (RFC 9293 MUST-31)', () => {
    const tcp = established(NOW)
    tcp.trace`
      +0 < .U 1:11(10) ack 1 win 65535 urg 50000
      +0 > .  1:1(0) ack 11
    `
    assert.equal(tcp.connection.urgentLeft, 50_000)
  })

  test('are told of again when the pointer advances, and only then (RFC 9293 MUST-32)', () => {
    const tcp = established(NOW)
    tcp.trace`
      +0 < .U 1:11(10)  ack 1 win 65535 urg 20
      +0 > .  1:1(0) ack 11
      +0 < .U 11:21(10) ack 1 win 65535 urg 10
      +0 > .  1:1(0) ack 21
    `
    assert.deepEqual(tcp.takeEvents(), ['urgent', 'readable', 'readable'])
    tcp.trace`
      +0 < .U 21:31(10) ack 1 win 65535 urg 10
      +0 > .  1:1(0) ack 31
    `
    assert.deepEqual(tcp.takeEvents(), ['urgent', 'readable'])
    assert.equal(told(tcp), 0)
  })

  test('are told of while our window is closed (RFC 9293 MUST-66)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000, delayedAck: 0 } } })
    tcp.trace`
      +0 < P.  1:1001(1000) ack 1 win 65535
      +0 > .   1:1(0) ack 1001 win 0
    `
    tcp.takeEvents()
    tcp.trace`+0 < .U 1001:1001(0) ack 1 win 65535 urg 5`
    assert.deepEqual(tcp.takeEvents(), ['urgent'])
    assert.equal(tcp.connection.urgentLeft, 1005)
    tcp.trace`
      +1 < P.U 1001:1002(1) ack 1 win 65535 urg 8
      +0 > .  1:1(0) ack 1001 win 0
    `
    assert.equal(tcp.connection.urgentLeft, 1008)
  })

  for (const [what, urg] of [
    ['nothing', 0],
    ['what was read', 5],
  ] as const) {
    test(`are none where the pointer is to ${what}`, () => {
      const tcp = established(NOW)
      tcp.trace`
        +0 < P. 1:11(10) ack 1 win 65535
        +0 > .  1:1(0) ack 11
      `
      assert.equal(tcp.read(), 10)
      tcp.takeEvents()
      tcp.trace`
        +0 < .U ${urg === 0 ? 11 : 1}:${urg === 0 ? 11 : 11}(${urg === 0 ? 0 : 10}) ack 1 win 65535 urg ${urg}
        ${urg === 0 ? '' : '+0 > . 1:1(0) ack 11'}
      `
      assert.deepEqual(tcp.takeEvents(), [])
      assert.equal(tcp.connection.urgentLeft, 0)
    })
  }

  test('are in their place though the numbers wrap', () => {
    const tcp = established({ ...NOW, isn: 0xffff_fff8 })
    tcp.trace`
      +0 < P.U 1:21(20) ack 1 win 65535 urg 20
      +0 > .   1:1(0) ack 21
    `
    assert.equal(tcp.connection.urgentLeft, 20)
  })
})
