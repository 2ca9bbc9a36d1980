/** Tail loss probes: RFC 8985 §7. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ack, fullSegments, sacked, sends } from './support.ts'

describe('a tail loss probe', () => {
  test('sends the last segment again when no answer comes for two round-trip times', () => {
    const tcp = sacked()
    tcp.send(1460 * 4)
    tcp.trace`
      ${fullSegments(0, 4, 'P.')}
      +.202 ${sends(3, 'P.')}
    `
    assert.equal(tcp.stack.counters.TCPLossProbes, 1)
    assert.equal(tcp.connection.congestion?.cwnd, 14_600)
  })

  test('waits for the answer to the last that was sent, and to the last ACK', () => {
    const tcp = sacked()
    tcp.send(1460 * 2)
    tcp.trace`${fullSegments(0, 2, 'P.')}`
    tcp.trace`+.15`
    tcp.send(1460 * 2)
    tcp.trace`
      ${fullSegments(2, 4, 'P.')}
      +.1 ${ack(2)}
      +.2395 ${sends(3, 'P.')}
    `
  })

  test('shows by its SACK what was lost before it: no timeout', () => {
    const tcp = sacked()
    tcp.send(1460 * 4)
    tcp.trace`
      ${fullSegments(0, 4, 'P.')}
      +.1   ${ack(1)}
      +.202 ${sends(3, 'P.')}
      +.1   ${ack(1, [3, 4])}
      +0    ${sends(1)}
      +.1   ${ack(2, [3, 4])}
      +0    ${sends(2)}
      +.1   ${ack(4)}
      +9
    `
    assert.equal(tcp.stack.counters.TCPTimeouts, 0)
    assert.equal(tcp.stack.counters.TCPSackRecovery, 1)
  })

  test('sends new data rather, be it beyond the congestion window', () => {
    const tcp = sacked()
    tcp.send(1460 * 12)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.202 ${sends(10)}
      +.1   ${ack(10)}
      +0    ${sends(11, 'P.')}
    `
    assert.equal(tcp.stack.counters.RetransSegs, 0)
    assert.equal(tcp.connection.congestion?.ssthresh, Infinity)
  })

  test('comes at the latest when the timer would run out, which waits anew then, and it comes once', () => {
    const tcp = sacked()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
      +.6 > P. 1:11(10) ack 1
    `
    assert.deepEqual([tcp.stack.counters.TCPLossProbes, tcp.stack.counters.TCPTimeouts], [1, 2])
  })

  test('that repaired a loss which nothing else shows halves the window', () => {
    const tcp = sacked()
    tcp.send(1460 * 4)
    tcp.trace`
      ${fullSegments(0, 4, 'P.')}
      +.1   ${ack(3)}
      +.25  ${sends(3, 'P.')}
      +.1   ${ack(4)}
    `
    tcp.send(1460)
    tcp.trace`
      +0  ${sends(4, 'P.')}
      +.1 ${ack(5)}
    `
    assert.equal(tcp.stack.counters.TCPLossProbeRecovery, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, 2920)
  })

  test('that came twice changes nothing (RFC 2883)', () => {
    const tcp = sacked()
    tcp.send(1460 * 4)
    tcp.trace`
      ${fullSegments(0, 4, 'P.')}
      +.1   ${ack(3)}
      +.25  ${sends(3, 'P.')}
      +.01  ${ack(4)}
      +.1   ${ack(4, [3, 4])}
    `
    tcp.send(1460)
    tcp.trace`
      +0  ${sends(4, 'P.')}
      +.1 ${ack(5)}
    `
    assert.equal(tcp.stack.counters.TCPLossProbeRecovery, 0)
    assert.equal(tcp.stack.counters.TCPDSACKRecv, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, Infinity)
  })

  test('is not sent into a closed window, nor when all is answered', () => {
    const tcp = sacked()
    tcp.send(1460 * 2)
    tcp.trace`
      ${fullSegments(0, 2, 'P.')}
      +.1 ${ack(2)}
      +60
    `
    assert.equal(tcp.stack.nextDeadline(), Infinity)
    tcp.send(1460)
    tcp.trace`
      ${sends(2, 'P.').replace(/^/, '+0 ')}
      +.1 < . 1:1(0) ack ${1 + 2 * 1460} win 0
    `
    assert.equal(tcp.connection.recovery.timerAt, Infinity)
  })

  test('does not put off the end of a connection whose peer is gone', () => {
    const tcp = sacked({ stack: { tcp: { userTimeout: 250 } } })
    tcp.send(1460)
    tcp.trace`
      +0  ${sends(0, 'P.')}
      +.3
    `
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
  })
})
