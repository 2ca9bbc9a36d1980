/** Recoveries that were for nothing: Eifel (RFC 3522, 4015), DSACK (RFC 2883, 3708), F-RTO (RFC 5682). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Traced } from '../support/trace.ts'
import { ack, fullSegments, sacked, sends, stamped } from './support.ts'

const SEGMENT = 1448

/** With timestamps: a line in which the peer acknowledges `n` segments, echoing `ecr`. */
function echo(n: number, ecr: number, from = 0, to = 0): string {
  const at = (i: number): number => 1 + SEGMENT * i
  const sack = to > 0 ? `,nop,nop,sack ${at(from)}:${at(to)}` : ''
  return `< . 1:1(0) ack ${at(n)} win 65535 <TS val 2 ecr ${ecr}${sack}>`
}

function out(n: number, flags = '.'): string {
  return `> ${flags} ${1 + SEGMENT * n}:${1 + SEGMENT * (n + 1)}(${SEGMENT}) ack 1`
}

/** Ten segments are out, sent at 0.1 s, when timestamps show 100. */
function tenOut(): Traced {
  const tcp = stamped()
  tcp.send(SEGMENT * 10)
  tcp.trace`${Array.from({ length: 10 }, (_, n) => `+0 ${out(n, n === 9 ? 'P.' : '.')}`).join('\n')}`
  return tcp
}

describe('timestamps (RFC 3522)', () => {
  test('show that an ACK was of the original: the window is as it was', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1  ${echo(0, 0, 1, 4)}
      +0   ${out(0)}
      +.02 ${echo(4, 0)}
    `
    const { TCPPartialUndo, TCPTSReorder } = tcp.stack.counters
    assert.deepEqual([TCPPartialUndo, TCPTSReorder], [1, 1])
    assert.equal(tcp.connection.recovery.inRecovery, false)
    assert.deepEqual([tcp.connection.congestion?.cwnd, tcp.connection.congestion?.ssthresh], [14_600, Infinity])
  })

  test('show it at the end of recovery, too', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1  ${echo(0, 0, 1, 10)}
      +0   ${out(0)}
      +.02 ${echo(10, 0)}
    `
    assert.equal(tcp.stack.counters.TCPFullUndo, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, Infinity)
  })

  test('that echo what was sent again prove the loss', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${echo(0, 0, 1, 10)}
      +0  ${out(0)}
      +.1 ${echo(10, 100)}
    `
    assert.equal(tcp.stack.counters.TCPFullUndo, 0)
    assert.equal(tcp.connection.congestion?.ssthresh, 7240)
  })

  test('undo a timeout', () => {
    const tcp = tenOut()
    tcp.trace`
      +.202 ${out(9, 'P.')}
      +.3   ${out(0)}
      +.01  ${echo(1, 0)}
    `
    assert.equal(tcp.stack.counters.TCPLossUndo, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, Infinity)
    assert.ok(tcp.connection.congestion!.cwnd >= 14_600)
  })
})

describe('duplicates that the peer reports (RFC 3708)', () => {
  test('of all that was sent again show that nothing was lost', () => {
    const tcp = sacked()
    tcp.send(14_600)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.1  ${ack(0, [2, 5])}
      +0   ${sends(0)}
      +.01 ${ack(2, [2, 5])}
      +.05 ${ack(10)}
    `
    assert.equal(tcp.connection.congestion?.ssthresh, 7300)
    tcp.trace`+.04 ${ack(10, [0, 1])}`
    assert.equal(tcp.stack.counters.TCPDSACKUndo, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, Infinity)
  })

  test('of something else do not', () => {
    const tcp = sacked()
    tcp.send(14_600)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.1  ${ack(0, [1, 5])}
      +0   ${sends(0)}
      +.1  ${ack(10, [3, 4])}
    `
    assert.equal(tcp.stack.counters.TCPDSACKRecv, 1)
    assert.equal(tcp.stack.counters.TCPDSACKUndo, 0)
    assert.equal(tcp.connection.congestion?.ssthresh, 7300)
  })
})

describe('F-RTO (RFC 5682)', () => {
  /** A timeout with ten segments out, all in flight for longer than it; one more waits. */
  function timedOut(waiting = 2): Traced {
    const tcp = sacked()
    tcp.send(1460 * 10)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.202 ${sends(9, 'P.')}
      +.3   ${sends(0)}
    `
    tcp.send(1460 * waiting)
    assert.equal(tcp.connection.congestion?.cwnd, 1460)
    return tcp
  }

  test('sends new data upon the first ACK, and finds by the second that nothing was lost', () => {
    const tcp = timedOut()
    tcp.trace`
      +.01 ${ack(1)}
      +0   ${sends(10)}
      +0   ${sends(11, 'P.')}
      +.01 ${ack(2)}
    `
    const { TCPSpuriousRTOs, TCPLossUndo, TCPSlowStartRetrans } = tcp.stack.counters
    assert.deepEqual([TCPSpuriousRTOs, TCPLossUndo, TCPSlowStartRetrans], [1, 1, 1])
    assert.deepEqual([tcp.connection.congestion?.ssthresh, tcp.connection.congestion?.cwnd], [Infinity, 14_600])
    tcp.trace`+.01 ${ack(12)}`
  })

  test('finds it by the SACK of what was sent once', () => {
    const tcp = timedOut()
    tcp.trace`
      +.01 ${ack(0, [3, 4])}
      +0   ${sends(10)}
    `
    assert.equal(tcp.stack.counters.TCPSpuriousRTOs, 1)
  })

  test('goes on as after a loss when only the new data is answered', () => {
    const tcp = timedOut()
    tcp.trace`
      +.1 ${ack(1)}
      +0  ${sends(10)}
      +0  ${sends(11, 'P.')}
      +.1 ${ack(1, [10, 11])}
      +0  ${sends(1)}
    `
    assert.equal(tcp.stack.counters.TCPSpuriousRTOs, 0)
  })

  test('goes on as after a loss when there is no new data to send', () => {
    const tcp = timedOut(0)
    tcp.trace`
      +.1 ${ack(1)}
      +0  ${sends(1)}
      +0  ${sends(2)}
      +.1 ${ack(3)}
      +0  ${sends(3)}
      +0  ${sends(4)}
      +0  ${sends(5)}
      +.1 ${ack(10)}
    `
    assert.equal(tcp.stack.counters.TCPSpuriousRTOs, 0)
  })
  test('does not look when the timer runs out in recovery: of the originals, some may yet be heard (RFC 5682 §3.1)', () => {
    const tcp = sacked()
    tcp.send(1460 * 10)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.1   ${ack(0, [1, 4])}
      +0    ${sends(0)}
    `
    const { congestion } = tcp.connection
    const threshold = congestion!.ssthresh
    tcp.trace`
      +.25 ${sends(0)}
      +.1   ${ack(0, [1, 9])}
    `
    assert.deepEqual([tcp.stack.counters.TCPTimeouts, tcp.stack.counters.TCPSpuriousRTOs], [1, 0])
    assert.equal(congestion!.ssthresh, threshold)
  })
})
