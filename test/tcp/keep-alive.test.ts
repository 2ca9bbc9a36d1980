import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_CONFIG } from '../../src/tcp/config.ts'
import type { KeepAliveOptions } from '../../src/tcp/keep-alive.ts'
import { connect, established, type HostOptions, type Traced } from '../support/trace.ts'

const TIMES: KeepAliveOptions = { idle: 60_000, interval: 10_000, count: 3 }

function kept(options: HostOptions = {}, times: KeepAliveOptions = TIMES): Traced {
  const tcp = established(options)
  tcp.connection.setKeepAlive(times)
  return tcp
}

describe('keep-alives (RFC 9293 §3.8.4)', () => {
  test('are off unless asked for (RFC 9293 MUST-25)', () => {
    const tcp = established()
    tcp.trace`+1000000`
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('wait for two hours of silence by default (RFC 9293 MUST-28)', () => {
    assert.equal(DEFAULT_CONFIG.keepAliveIdle, 7_200_000)
    const tcp = kept({}, {})
    tcp.trace`
      +7199.999
      +.001 > . 0:0(0) ack 1
      +0    < . 1:1(0) ack 1 win 65535
    `
  })

  test('carry no text, a number that the peer has seen, and are answered for ever (RFC 9293 MUST-27, SHLD-12)', () => {
    const tcp = kept()
    tcp.trace`
      +60 > . 0:0(0) ack 1
      +.1 < . 1:1(0) ack 1 win 65535
      +60 > . 0:0(0) ack 1
      +.1 < . 1:1(0) ack 1 win 65535
      +60 > . 0:0(0) ack 1
    `
    assert.equal(tcp.stack.counters.TCPKeepAlive, 3)
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('can be set for the whole stack, and turned off for a connection (RFC 9293 MUST-24, MUST-27)', () => {
    const tcp = kept({ stack: { tcp: { keepAliveIdle: 5000, keepAliveInterval: 1000 } } }, {})
    tcp.trace`
      +5 > . 0:0(0) ack 1
      +1 > . 0:0(0) ack 1
    `
    tcp.connection.setKeepAlive(false)
    tcp.trace`+100000`
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('count the silence from the last segment that came, data or ACK (RFC 9293 MUST-26)', () => {
    const tcp = kept({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +40 < P. 1:11(10) ack 1 win 65535
      +0  > .  1:1(0) ack 11
      +40 < .  11:11(0) ack 1 win 65535
      +60 > .  0:0(0) ack 11
    `
  })

  test('are not sent while data is in flight (RFC 9293 MUST-26)', () => {
    const tcp = kept({ stack: { tcp: { rtoMin: 50_000, rtoInitial: 50_000 } } })
    tcp.trace`+59`
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +50 > P. 1:11(10) ack 1
      +1  < .  1:1(0) ack 11 win 65535
      +60 > .  10:10(0) ack 1
    `
  })

  test('give the connection up only when several in a row are not answered (RFC 9293 MUST-29)', () => {
    const tcp = kept()
    tcp.trace`
      +60 > . 0:0(0) ack 1
      +10 > . 0:0(0) ack 1
      +5  < . 1:1(0) ack 1 win 65535
      +60 > . 0:0(0) ack 1
      +10 > . 0:0(0) ack 1
      +10 > . 0:0(0) ack 1
      +9.999
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`+.001 > R. 1:1(0) ack 1`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('find a peer that has restarted', () => {
    const tcp = kept()
    tcp.trace`
      +60 > . 0:0(0) ack 1
      +0  < R 1:1(0) win 0
    `
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
  })

  test('that were asked for before the handshake begin after it', () => {
    const tcp = connect()
    tcp.connection.setKeepAlive(TIMES)
    tcp.trace`
      +0  > S  0:0(0)
      +.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>
      +0  > .  1:1(0) ack 1
      +60 > .  0:0(0) ack 1
    `
  })

  test('go on in a half-closed connection', () => {
    const tcp = kept()
    tcp.connection.close()
    tcp.trace`
      +0  > F. 1:1(0) ack 1
      +0  < .  1:1(0) ack 2 win 65535
      +60 > .  1:1(0) ack 1
      +0  < .  1:1(0) ack 2 win 65535
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
  })

  for (const wrong of [{ idle: 0 }, { interval: -1 }, { count: 1 }, { count: 2.5 }, { count: 128 }, { idle: NaN }]) {
    test(`refuse ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => established().connection.setKeepAlive(wrong), { code: 'ERR_OUT_OF_RANGE' })
    })
  }
})
