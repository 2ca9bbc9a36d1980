/** What the receiver reports of segments that come twice: RFC 2883. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established } from '../support/trace.ts'
import { sacked } from './support.ts'

describe('a segment that comes twice', () => {
  test('in order is reported below the ACK, each time, and once', () => {
    const tcp = sacked({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +0 < P. 1:11(10)  ack 1 win 65535
      +0 > .  1:1(0)    ack 11 <>
      +0 < P. 1:11(10)  ack 1 win 65535
      +0 > .  1:1(0)    ack 11 <nop,nop,sack 1:11>
      +0 < P. 1:11(10)  ack 1 win 65535
      +0 > .  1:1(0)    ack 11 <nop,nop,sack 1:11>
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0)    ack 21 <>
    `
    assert.equal(tcp.stack.counters.TCPDSACKOldSent, 2)
    assert.equal(tcp.stack.counters.TCPACKSkippedSeq, 0)
  })

  test('in part is reported for that part', () => {
    const tcp = sacked()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11 <>
      +0   < P. 5:21(16) ack 1 win 65535
      +0   > .  1:1(0)   ack 21 <nop,nop,sack 5:11>
    `
    assert.equal(tcp.read(), 20)
  })

  test('out of order is reported before the range that it lies in', () => {
    const tcp = sacked()
    tcp.trace`
      +0 < P. 21:41(20) ack 1 win 65535
      +0 > .  1:1(0)    ack 1 <nop,nop,sack 21:41>
      +0 < P. 61:71(10) ack 1 win 65535
      +0 > .  1:1(0)    ack 1 <nop,nop,sack 61:71 21:41>
      +0 < P. 21:31(10) ack 1 win 65535
      +0 > .  1:1(0)    ack 1 <nop,nop,sack 21:31 21:41 61:71>
      +0 < P. 71:81(10) ack 1 win 65535
      +0 > .  1:1(0)    ack 1 <nop,nop,sack 61:81 21:41>
    `
  })

  test('is not reported to a peer that did not ask for SACK blocks', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11 <>
      +0   < P. 1:11(10) ack 1 win 65535
      +0   > .  1:1(0)   ack 11 <>
    `
  })

  test('is heard for its ACK all the same: two ends that repeat themselves get on', () => {
    const tcp = sacked()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11 <>
    `
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 11 <>
      +0 < P. 1:11(10) ack 11 win 65535
      +0 > .  11:11(0) ack 11 <nop,nop,sack 1:11>
      +9
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
    assert.equal(tcp.stack.counters.RetransSegs, 0)
  })
})
