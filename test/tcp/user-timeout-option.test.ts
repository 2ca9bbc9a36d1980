/** R2 of one connection (RFC 9293 §3.8.3 (d)) and the user timeout option (RFC 5482). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { connect, established, type Traced } from '../support/trace.ts'

const EVEN = { rtoMin: 60_000, rtoMax: 60_000, rtoInitial: 60_000, blackHoleTimeouts: 0 }

/** The option that says 100 seconds, 2 minutes, and nothing. */
const SECONDS_100 = 'raw 1c040064'
const MINUTES_2 = 'raw 1c048002'
const NOTHING = 'raw 1c040000'

function advertising(tcp: Partial<TcpConfig> = {}): Traced {
  return established({ stack: { tcp: { userTimeoutOption: true, ...tcp } } })
}

describe('R2 of one connection', () => {
  test('is set by its application (RFC 9293 MUST-21)', () => {
    const tcp = established()
    tcp.connection.userTimeout.value = 1000
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.2 > P. 1:11(10) ack 1
      +.4 > P. 1:11(10) ack 1
      +.399
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`+.001`
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
  })

  test('may be infinity (RFC 9293 MUST-21)', () => {
    const tcp = established({ stack: { tcp: { ...EVEN, userTimeout: 100_000 } } })
    tcp.connection.userTimeout.value = Infinity
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    for (let n = 0; n < 1000; n++) tcp.trace`+60 > P. 1:11(10) ack 1`
  })

  for (const wrong of [0, -1, NaN]) {
    test(`is not ${wrong}`, () => {
      assert.throws(() => Object.assign(established().connection.userTimeout, { value: wrong }), {
        code: 'ERR_OUT_OF_RANGE',
      })
    })
  }
})

describe('the user timeout option (RFC 5482)', () => {
  test('is neither sent nor heeded unless asked for', () => {
    const tcp = established()
    tcp.trace`+0 < . 1:1(0) ack 1 win 65535 <${MINUTES_2}>`
    assert.equal(tcp.connection.userTimeout.value, 300_000)
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1 <>`
  })

  test('goes out on the SYN, and again with the first data', () => {
    const tcp = connect({ stack: { tcp: { userTimeoutOption: true, timestamps: false, sack: false } } })
    tcp.trace`
      +0 > S  0:0(0) <mss 1460,wscale 7,raw 1c04012c>
      +0 < S. 0:0(0) ack 1 win 65535 <mss 1460>
      +0 > .  1:1(0) ack 1 <>
    `
    tcp.send(3000)
    tcp.trace`
      +0 > .  1:1457(1456)    ack 1 <raw 1c04012c>
      +0 > .  1457:2917(1460) ack 1 <>
      +.1 < . 1:1(0) ack 2917 win 65535
      +0 > P. 2917:3001(84)   ack 1 <>
    `
  })

  test('goes out again once the application sets another time, in minutes where seconds do not fit', () => {
    const tcp = advertising()
    tcp.connection.noDelay = true
    tcp.send(1)
    tcp.trace`+0 > P. 1:2(1) ack 1 <raw 1c04012c>`
    tcp.connection.userTimeout.value = 200_000
    tcp.send(1)
    tcp.trace`+0 > P. 2:3(1) ack 1 <raw 1c0400c8>`
    tcp.connection.userTimeout.value = Infinity
    tcp.send(1)
    tcp.trace`+0 > P. 3:4(1) ack 1 <raw 1c04ffff>`
  })

  for (const [what, option, own, value] of [
    ['waits for the longer of the two: theirs', MINUTES_2, 110_000, 120_000],
    ['waits for the longer of the two: ours', MINUTES_2, 300_000, 300_000],
    ['never waits for less than 100 s', SECONDS_100, 50_000, 100_000],
    ['nor for more than an hour', 'raw 1c04ffff', 50_000, 3_600_000],
    ['does not heed 0, which is reserved', NOTHING, 50_000, 50_000],
  ] as const) {
    test(`${what}: ${option}`, () => {
      const tcp = advertising({ userTimeout: own })
      tcp.trace`+0 < . 1:1(0) ack 1 win 65535 <${option}>`
      assert.equal(tcp.connection.userTimeout.value, value)
    })
  }

  test('does not move a time that the application has set', () => {
    const tcp = advertising()
    tcp.connection.userTimeout.value = 5000
    tcp.trace`+0 < . 1:1(0) ack 1 win 65535 <${MINUTES_2}>`
    assert.equal(tcp.connection.userTimeout.value, 5000)
  })

  test('on the peer’s SYN,ACK counts', () => {
    const tcp = connect({ stack: { tcp: { userTimeoutOption: true, userTimeout: 101_000 } } })
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S. 0:0(0) ack 1 win 65535 <mss 1460,${MINUTES_2}>
      +0 > .  1:1(0) ack 1
    `
    assert.equal(tcp.connection.userTimeout.value, 120_000)
  })
})
