import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type Traced } from '../support/trace.ts'

function quick(quickAcks: number, delayedAck = 40): Traced {
  return established({ stack: { tcp: { quickAcks, delayedAck } } })
}

/** Segments from number `from` on, ten octets each, 10 ms apart, each acknowledged at once. */
function quickly(tcp: Traced, from: number, segments: number): void {
  for (let n = 0; n < segments; n++) {
    const seq = from + 10 * n
    tcp.trace`
      +.01 < . ${seq}:${seq + 10}(10) ack 1 win 65535
      +0   > . 1:1(0) ack ${seq + 10}
    `
  }
}

describe('the first ACKs', () => {
  test('do not wait, sixteen of them by default', () => {
    const tcp = quick(16)
    quickly(tcp, 1, 16)
    tcp.trace`
      +.01 < . 161:171(10) ack 1 win 65535
      +.04 > . 1:1(0) ack 171
    `
  })

  test('wait as others do where there are to be none', () => {
    quick(0).trace`
      +0   < . 1:11(10) ack 1 win 65535
      +.04 > . 1:1(0) ack 11
    `
  })

  test('do not wait again after a pause', () => {
    const tcp = quick(2)
    quickly(tcp, 1, 2)
    tcp.trace`
      +.01 < . 21:31(10) ack 1 win 65535
      +.04 > . 1:1(0) ack 31
      +2
    `
    quickly(tcp, 31, 2)
    tcp.trace`
      +.01 < . 51:61(10) ack 1 win 65535
      +.04 > . 1:1(0) ack 61
    `
  })

  test('do not wait again after a gap', () => {
    const tcp = quick(2)
    quickly(tcp, 1, 2)
    tcp.trace`
      +.01 < . 31:41(10) ack 1 win 65535
      +0   > . 1:1(0) ack 21
      +.01 < . 21:31(10) ack 1 win 65535
      +0   > . 1:1(0) ack 41
    `
    quickly(tcp, 41, 1)
    tcp.trace`
      +.01 < . 51:61(10) ack 1 win 65535
      +.04 > . 1:1(0) ack 61
    `
  })

  test('wait where the application answers, so that one segment does for both', () => {
    const tcp = quick(16)
    quickly(tcp, 1, 1)
    tcp.send(5)
    tcp.trace`
      +0   > P. 1:6(5) ack 11
      +.01 < P. 11:21(10) ack 6 win 65535
    `
    tcp.send(5)
    tcp.trace`
      +0   > P. 6:11(5) ack 21
      +.01 < P. 21:31(10) ack 11 win 65535
      +.04 > .  11:11(0) ack 31
    `
  })

  test('that wait do so for a time that can be set, down to 1 ms', () => {
    quick(0, 1).trace`
      +0    < . 1:11(10) ack 1 win 65535
      +.001 > . 1:1(0) ack 11
    `
    assert.throws(() => quick(0, 500), { code: 'ERR_OUT_OF_RANGE' })
  })
})
