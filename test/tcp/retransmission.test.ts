/** The retransmission timer on a connection: RFC 6298, RFC 9293 §3.8.1 and §3.8.3. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type HostOptions, listen, type Traced } from '../support/trace.ts'
import { fullSegments } from './full-segments.ts'

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

// RFC 9293 MUST-18
describe('the retransmission timeout', () => {
  test('is R + 4 × R/2 after a handshake of R = 100 ms (RFC 6298 (2.2))', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
    `
  })

  test('follows what is measured: 100, then 200, then 50 ms give 362.5 and 354.6875 ms (RFC 6298 (2.3))', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.2 < .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.rto.value, 362.5)
    tcp.send(10)
    tcp.trace`
      +0   > P. 11:21(10) ack 1
      +.05 < .  1:1(0) ack 21 win 65535
    `
    assert.equal(tcp.connection.rto.value, 354.6875)
    tcp.send(10)
    tcp.trace`
      +0         > P. 21:31(10) ack 1
      +.3546875  > P. 21:31(10) ack 1
    `
  })

  test('is 200 ms at the least, and 60 s at the most', () => {
    const tcp = established({ stack: { tcp: { userTimeout: 1e6 } } })
    tcp.send(10)
    tcp.trace`
      @0     > P. 1:11(10) ack 1
      @.2    > P. 1:11(10) ack 1
      @.6    > P. 1:11(10) ack 1
      @1.4   > P. 1:11(10) ack 1
      @3     > P. 1:11(10) ack 1
      @6.2   > P. 1:11(10) ack 1
      @12.6  > P. 1:11(10) ack 1
      @25.4  > P. 1:11(10) ack 1
      @51    > P. 1:11(10) ack 1
      @102.2 > P. 1:11(10) ack 1
      @162.2 > P. 1:11(10) ack 1
      @222.2 > P. 1:11(10) ack 1
    `
    assert.equal(tcp.stack.counters.TCPTimeouts, 11)
    assert.equal(tcp.stack.counters.RetransSegs, 11)
  })

  test('is 3 s after a SYN-ACK that had to be sent again (RFC 6298 (5.7))', () => {
    const tcp = listen()
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
      +1  > S. 0:0(0) ack 1
      +.1 < .  1:1(0) ack 1 win 65535
    `
    tcp.accept()
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +3 > P. 1:11(10) ack 1
      +6 > P. 1:11(10) ack 1
    `
  })

  test('counts from the first segment that is out, and starts anew with each ACK of something new (RFC 6298 (5.1), (5.3))', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.trace`+.1`
    tcp.send(10)
    tcp.trace`
      +0  > P. 11:21(10) ack 1
      +.1 < .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.rto.value, 362.5)
    tcp.trace`
      +.3625 > P. 11:21(10) ack 1
    `
  })

  test('does not start anew with an ACK of nothing new', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.2 < .  1:1(0) ack 1 win 65535
      +.1 > P. 1:11(10) ack 1
    `
  })

  test('stops when everything is acknowledged (RFC 6298 (5.2))', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.2 < .  1:1(0) ack 11 win 65535
      +3600
    `
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })
})

describe("Karn's rule (RFC 9293 MUST-18)", () => {
  test('measures nothing that was sent twice, and keeps the RTO backed off until it can measure', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
      +.1 < .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.rto.srtt, 100)
    tcp.send(10)
    tcp.trace`
      +0  > P. 11:21(10) ack 1
      +.6 > P. 11:21(10) ack 1
      +.1 < .  1:1(0) ack 21 win 65535
    `
    tcp.send(10)
    tcp.trace`
      +0  > P. 21:31(10) ack 1
      +.1 < .  1:1(0) ack 31 win 65535
    `
    assert.equal(tcp.connection.rto.value, 100 + 4 * 37.5)
  })

  test('measures what was sent once, behind what was sent twice', () => {
    const tcp = measured()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
    `
    tcp.send(10)
    tcp.trace`
      +0   > P. 11:21(10) ack 1
      +.05 < .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.rto.srtt, 100)
    tcp.trace`+.01 < . 1:1(0) ack 21 win 65535`
    assert.equal(tcp.connection.rto.srtt, 95)
  })

  test('does not hold with timestamps: the echo says which was answered (RFC 7323 §4)', () => {
    const tcp = listen()
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460,TS val 1 ecr 0>
      +0  > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 1>
      +.1 < .  1:1(0) ack 1 win 65535 <TS val 2 ecr 0>
    `
    tcp.accept()
    tcp.send(10)
    tcp.trace`
      // Our timestamps go on from what the client has seen: its ACK echoed 0.
      +0  > P. 1:11(10) ack 1 <TS val 0 ecr 2>
      +.3 > P. 1:11(10) ack 1 <TS val 300 ecr 2>
      +.1 < .  1:1(0) ack 11 win 65535 <TS val 3 ecr 300>
    `
    assert.equal(tcp.connection.rto.backOffs, 0)
    assert.equal(tcp.connection.rto.value, 100 + 4 * 37.5)
  })
})

describe('when the timer runs out', () => {
  test('the first segment goes again, and with its ACK the others, by slow start (RFC 6298 (5.4), RFC 5681 §3.1)', () => {
    const tcp = measured()
    tcp.send(5840)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +0  > .  2921:4381(1460) ack 1
      +0  > P. 4381:5841(1460) ack 1
      +.3 > .  1:1461(1460)    ack 1
      +.1 < .  1:1(0) ack 1461 win 65535
      +0  > .  1461:2921(1460) ack 1
      +0  > .  2921:4381(1460) ack 1
      +.1 < .  1:1(0) ack 4381 win 65535
      +0  > P. 4381:5841(1460) ack 1
      +.1 < .  1:1(0) ack 5841 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('what the peer has already is not sent again', () => {
    const tcp = measured()
    tcp.send(4380)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +0  > P. 2921:4381(1460) ack 1
      +.3 > .  1:1461(1460)    ack 1
      +.1 < .  1:1(0) ack 4381 win 65535
      +10
    `
  })

  test('small segments that were sent apart go again as one', () => {
    const tcp = measured()
    for (let i = 0; i < 3; i++) {
      tcp.send(10)
      tcp.trace`+0 > P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1`
    }
    tcp.trace`+.3 > P. 1:31(30) ack 1`
  })

  test('the slow start threshold is 0.7 of what was out, once for the same data (RFC 5681 §3.1, RFC 9438 §4.8)', () => {
    const tcp = measured()
    tcp.send(14_600)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.3 > . 1:1461(1460) ack 1
      +.6 > . 1:1461(1460) ack 1
    `
    const { congestion } = tcp.connection
    assert.deepEqual([congestion?.ssthresh, congestion?.cwnd], [10_220, 1460])
  })

  test('more has been acknowledged meanwhile than is sent again: sending goes on from there', () => {
    const tcp = measured()
    tcp.send(4380)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +0  > P. 2921:4381(1460) ack 1
      +.3 > .  1:1461(1460)    ack 1
      +0  < .  1:1(0) ack 2921 win 65535
      +0  > P. 2921:4381(1460) ack 1
    `
  })
})
