import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, listen } from '../support/trace.ts'

describe('events', () => {
  test('that nobody has heard yet are told once, however often they happen', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:101(100)   ack 1 win 65535
      &    < P. 101:111(10)  ack 1 win 65535
      &    < P. 111:121(10)  ack 1 win 65535
      +.04 > .  1:1(0) ack 121
    `
    assert.deepEqual(tcp.takeEvents(), ['readable'])
  })

  test('of one connection are told in their order: readable, writable, closed', () => {
    const tcp = established({ stack: { tcp: { sendBuffer: 10 } } })
    tcp.send(20)
    tcp.trace`
      +0 > P. 1:11(10)   ack 1
      +0 < P. 1:11(10)   ack 11 win 65535
      &  < R  11:11(0)   win 0
    `
    assert.deepEqual(tcp.takeEvents(), ['readable', 'writable', 'closed'])
  })

  test('tell of a listener before its connections', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S   0:0(0)         win 65535
      +0 > S.  0:0(0)   ack 1
      +0 < FP. 1:11(10) ack 1 win 65535
      +0 > .   1:1(0)   ack 12
    `
    assert.deepEqual(tcp.takeEvents(), ['acceptable', 'readable'])
  })

  test('end with closed: nothing is told of a connection after it', () => {
    const tcp = established()
    tcp.trace`
      +0 < P. 1:11(10)  ack 1 win 65535
      &  < R  11:11(0)  win 0
      &  < P. 11:21(10) ack 1 win 65535
      +0 > R  1:1(0)
    `
    assert.deepEqual(tcp.takeEvents(), ['readable', 'closed'])
  })

  test('of a connection that ended before it was accepted are told all the same', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
      &  < R  1:1(0)       win 0
    `
    assert.deepEqual(tcp.takeEvents(), ['acceptable', 'closed'])
  })

  test('are lent: the next call overwrites them', () => {
    const tcp = established()
    const other = tcp.stack.connect({ address: '192.0.2.2', port: 99 })
    other.close()
    tcp.connection.abort()
    const first = tcp.stack.nextEvent()
    assert.ok(first?.type === 'closed' && first.connection === other)
    assert.equal(tcp.stack.nextEvent(), first)
    assert.equal(first.connection, tcp.connection)
  })
})
