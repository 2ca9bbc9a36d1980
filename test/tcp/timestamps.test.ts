/** Timestamps on an established connection: RFC 7323 §3 to §5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listen, type Traced } from '../support/trace.ts'

const DAY = 24 * 3600

/** A connection with timestamps; TS.Recent is 100. */
function stamped(val = 100): Traced {
  const tcp = listen({ stack: { tcp: { delayedAck: 0 } } })
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460,TS val ${val} ecr 0>
    +0 > S. 0:0(0) ack 1
    +0 < .  1:1(0) ack 1 win 65535 <TS val ${val} ecr last>
  `
  tcp.accept()
  tcp.takeEvents()
  return tcp
}

describe('PAWS (RFC 7323 §5)', () => {
  test('drops a segment older than the last, and answers it with an ACK', () => {
    const tcp = stamped()
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 65535 <TS val 99 ecr last>
      +0 > .  1:1(0) ack 1 <TS val * ecr 100>
    `
    assert.equal(tcp.connection.readable, 0)
    assert.equal(tcp.stack.counters.PAWSEstab, 1)
    assert.equal(tcp.stack.counters.drops['tcp-paws'], 1)
  })

  test('takes one that is as old as the last', () => {
    const tcp = stamped()
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 65535 <TS val 100 ecr last>
      +0 > .  1:1(0) ack 11
    `
  })

  test('compares across the wrap', () => {
    const tcp = stamped(0xffff_ffff)
    tcp.trace`
      +0 < P. 1:11(10)  ack 1 win 65535 <TS val 5 ecr last>
      +0 > .  1:1(0) ack 11 <TS val * ecr 5>
      +0 < P. 11:21(10) ack 1 win 65535 <TS val 4294967295 ecr last>
      +0 > .  1:1(0) ack 11 <TS val * ecr 5>
    `
    assert.equal(tcp.stack.counters.PAWSEstab, 1)
  })

  test('does not hold for a RST (RFC 7323 §5.2)', () => {
    const tcp = stamped()
    tcp.trace`+0 < R 1:1(0) win 0 <TS val 1 ecr last>`
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
    const without = stamped()
    without.trace`+0 < R 1:1(0) win 0`
    assert.equal(without.connection.error?.code, 'ECONNRESET')
  })

  test('forgets a timestamp that is 24 days old: the clock of the peer may have wrapped (RFC 7323 §5.5)', () => {
    const tcp = stamped()
    tcp.trace`
      +${24 * DAY - 1} < P. 1:11(10) ack 1 win 65535 <TS val 99 ecr last>
      +0 > .  1:1(0) ack 1 <TS val * ecr 100>
      +1 < P. 1:11(10) ack 1 win 65535 <TS val 99 ecr last>
      +0 > .  1:1(0) ack 11 <TS val * ecr 99>
    `
  })

  test('counts these days from the last segment in order, not from the first', () => {
    const tcp = stamped()
    tcp.trace`
      +${10 * DAY} < P. 1:11(10) ack 1 win 65535 <TS val 200 ecr last>
      +0 > .  1:1(0) ack 11
      +${20 * DAY} < P. 11:21(10) ack 1 win 65535 <TS val 199 ecr last>
      +0 > .  1:1(0) ack 11 <TS val * ecr 200>
    `
    assert.equal(tcp.stack.counters.PAWSEstab, 1)
  })
})

describe('a segment without the timestamps that were agreed on (RFC 7323 §3.2)', () => {
  test('is dropped without a word', () => {
    const tcp = stamped()
    tcp.trace`+0 < P. 1:11(10) ack 1 win 65535`
    assert.equal(tcp.connection.readable, 0)
    assert.equal(tcp.stack.counters.drops['tcp-timestamp-missing'], 1)
  })

  test('and one with timestamps that were not agreed on is taken, and answered without', () => {
    const tcp = listen({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +0 < S  0:0(0)        win 65535 <mss 1460>
      +0 > S. 0:0(0)  ack 1
      +0 < P. 1:11(10) ack 1 win 65535 <TS val 7 ecr 0>
      +0 > .  1:1(0)  ack 11 <>
    `
  })
})

describe('the timestamp that is echoed (RFC 7323 §4.3)', () => {
  test('is the latest that came in order', () => {
    const tcp = stamped()
    tcp.trace`
      +.1 < P. 1:11(10)  ack 1 win 65535 <TS val 200 ecr last>
      +0  > .  1:1(0)  ack 11 <TS val 100 ecr 200>
      +.1 < P. 11:21(10) ack 1 win 65535 <TS val 300 ecr last>
      +0  > .  1:1(0)  ack 21 <TS val 200 ecr 300>
    `
  })

  test('is that of the first segment which a delayed ACK covers', () => {
    const tcp = listen()
    tcp.trace`
      +0   < S  0:0(0)        win 65535 <mss 1460,TS val 100 ecr 0>
      +0   > S. 0:0(0)  ack 1
      +0   < .  1:1(0)  ack 1 win 65535 <TS val 100 ecr last>
      +0   < .  1:1001(1000)    ack 1 win 65535 <TS val 200 ecr last>
      +.03 < .  1001:1501(500) ack 1 win 65535 <TS val 230 ecr last>
      +.01 > .  1:1(0)  ack 1501 <TS val * ecr 200>
    `
  })

  test('is not that of a segment that came early', () => {
    const tcp = stamped()
    tcp.trace`
      +0 < P. 11:21(10) ack 1 win 65535 <TS val 200 ecr last>
      +0 > .  1:1(0) ack 1  <TS val * ecr 100>
      +0 < P. 1:11(10)  ack 1 win 65535 <TS val 150 ecr last>
      +0 > .  1:1(0) ack 21 <TS val * ecr 150>
    `
  })

  test('is that of a bare ACK too', () => {
    const tcp = stamped()
    tcp.trace`+0 < . 1:1(0) ack 1 win 65535 <TS val 150 ecr last>`
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1 <TS val 0 ecr 150>`
  })

  test('is not that of a segment out of the window', () => {
    const tcp = stamped()
    tcp.trace`
      +0 < P. -10:-5(5) ack 1 win 65535 <TS val 200 ecr last>
      +0 > .  1:1(0) ack 1 <TS val * ecr 100>
    `
  })
})

describe('our timestamps', () => {
  test('tick once a millisecond on every segment, RST of an ABORT included', () => {
    const tcp = stamped()
    tcp.trace`+1.5`
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1 <TS val 1500 ecr 100>`
    tcp.connection.abort()
    tcp.trace`+0 > R. 11:11(0) ack 1 <TS val 1500 ecr 100>`
  })

  test('measure each round trip, delayed or not (RFC 7323 §4.1)', () => {
    const tcp = stamped()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1 <TS val 0 ecr 100>
      +.16 < .  1:1(0) ack 11 win 65535 <TS val 101 ecr 0>
    `
    // The handshake took no time: SRTT 0, RTTVAR 0; then 160 ms.
    assert.deepEqual([tcp.connection.rto.srtt, tcp.connection.rto.rttvar], [20, 40])
  })

  test('are not believed when the echo is of the future', () => {
    const tcp = stamped()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1 <TS val 0 ecr 100>
      +.2 > P. 1:11(10) ack 1
      +.1 < .  1:1(0) ack 11 win 65535 <TS val 101 ecr 100000>
    `
    assert.equal(tcp.connection.rto.srtt, 0)
  })
})
