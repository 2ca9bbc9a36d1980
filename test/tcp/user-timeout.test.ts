import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'

/** A connection whose handshake took 100 ms: SRTT 100, RTTVAR 50, RTO 300 ms. */
function measured(options: HostOptions = {}): Traced {
  const tcp = listen(options)
  tcp.trace`
    +0  < S  0:0(0)       win 65535 <mss 1460>
    +0  > S. 0:0(0) ack 1
    +.1 < .  1:1(0) ack 1 win 65535
  `
  tcp.accept().noDelay = true
  return tcp
}

describe('the user timeout, R2 (RFC 9293 §3.8.3)', () => {
  test('ends a connection whose data nobody acknowledges, without a RST: ETIMEDOUT', () => {
    const tcp = measured({ stack: { tcp: { userTimeout: 2000 } } })
    tcp.send(10)
    tcp.trace`
      @.1  > P. 1:11(10) ack 1
      @.4  > P. 1:11(10) ack 1
      @1   > P. 1:11(10) ack 1
      @2.099
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`@2.1`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual([tcp.connection.error?.code, tcp.connection.error?.syscall], ['ETIMEDOUT', 'read'])
    assert.deepEqual(tcp.takeEvents().at(-1), 'closed')
    assert.equal(tcp.stack.counters.TCPAbortOnTimeout, 1)
    assert.equal(tcp.stack.counters.CurrEstab, 0)
  })

  test('counts from the last progress', () => {
    const tcp = measured({ stack: { tcp: { userTimeout: 2000, blackHoleTimeouts: 0 } } })
    tcp.send(2920)
    tcp.trace`
      @.1 > .  1:1461(1460)    ack 1
      @.1 > P. 1461:2921(1460) ack 1
      @.2 < .  1:1(0) ack 1461 win 65535
    `
    const { value } = tcp.connection.rto
    tcp.trace`
      +${value / 1000} > P. 1461:2921(1460) ack 1
      +${(2 * value) / 1000} > P. 1461:2921(1460) ack 1
      +${(4 * value) / 1000} > P. 1461:2921(1460) ack 1
      @2.199
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`@2.2`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('does not count while nothing is out', () => {
    const tcp = measured({ stack: { tcp: { userTimeout: 2000 } } })
    tcp.trace`+100`
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
      +0 < . 1:1(0) ack 11 win 65535
      +100
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })
})
