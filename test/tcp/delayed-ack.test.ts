import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established } from '../support/trace.ts'

describe('an ACK', () => {
  test('of one segment waits for 40 ms by default (RFC 9293 SHLD-18)', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:101(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 101
    `
    assert.equal(tcp.stack.counters.OutSegs, 2)
  })

  for (const delayedAck of [1, 200, 499]) {
    test(`waits for ${delayedAck} ms when told so (RFC 9293 MUST-40)`, () => {
      const tcp = established({ stack: { tcp: { delayedAck } } })
      tcp.trace`
        +0 < P. 1:101(100) ack 1 win 65535
        +${delayedAck / 1000} > . 1:1(0) ack 101
      `
    })
  }

  test('goes at once when the delay is 0', () => {
    const tcp = established({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +0 < P. 1:101(100) ack 1 win 65535
      +0 > .  1:1(0) ack 101
    `
  })

  test('goes at once for every second full segment (RFC 9293 SHLD-19)', () => {
    const tcp = established()
    tcp.trace`
      +0   < .  1:1461(1460)    ack 1 win 65535
      +.01 < .  1461:2921(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 2921
      +.01 < .  2921:4381(1460) ack 1 win 65535
      +.01 < .  4381:5841(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 5841
      +.01 < P. 5841:5941(100)  ack 1 win 65535
      +.04 > .  1:1(0) ack 5941
    `
  })

  test('waits for 40 ms from the first segment that it acknowledges, not from the last', () => {
    const tcp = established()
    tcp.trace`
      +0   < .  1:1001(1000)  ack 1 win 65535
      +.01 < .  1001:1201(200) ack 1 win 65535
      +.02 < .  1201:1401(200) ack 1 win 65535
      +.01 > .  1:1(0) ack 1401
    `
  })

  test('goes with data that are sent meanwhile, and then no more on its own', () => {
    const tcp = established()
    tcp.trace`+0 < P. 1:101(100) ack 1 win 65535`
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 101
      +.1 < .  101:101(0) ack 11 win 65535
      +1
    `
  })

  test('is one for all that came before anything was sent (RFC 9293 MUST-58, MUST-59)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1:1461(1460)    ack 1 win 65535
      &  < . 1461:2921(1460) ack 1 win 65535
      &  < . 2921:4381(1460) ack 1 win 65535
      &  < . 4381:5841(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 5841
    `
  })

  test('is one for each segment that came early, even then: their number tells the sender (RFC 5681 §3.2)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1461:2921(1460) ack 1 win 65535
      &  < . 2921:4381(1460) ack 1 win 65535
      &  < . 4381:5841(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1
      +0 > . 1:1(0) ack 1
      +0 > . 1:1(0) ack 1
    `
  })

  test('is not owed for an ACK', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 < . 1:1(0) ack 1 win 1000
      +1
    `
  })
})
