/** Fast retransmit and fast recovery with a peer that sends no SACK blocks: RFC 5681 §3.2, RFC 6582, RFC 3042. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type Traced } from '../support/trace.ts'
import { startOf as at, fullSegments } from './full-segments.ts'

/** A connection that has sent ten full segments, as many as it may, and has ten more; RTO 5 s. */
function tenOut(): Traced {
  const tcp = established({ stack: { tcp: { congestionControl: 'newreno', rtoMin: 5000, rtoInitial: 5000 } } })
  tcp.send(1460 * 20)
  tcp.trace`${fullSegments(0, 10)}`
  return tcp
}

function duplicates(tcp: Traced, ack: number, count: number): void {
  for (let i = 0; i < count; i++) tcp.trace`+0 < . 1:1(0) ack ${ack} win 65535`
}

/** The first two duplicate ACKs for `tenOut`, each of which lets a new segment out. */
function firstTwo(tcp: Traced): void {
  tcp.trace`
    +0 < . 1:1(0) ack 1 win 65535
    ${fullSegments(10, 11)}
    +0 < . 1:1(0) ack 1 win 65535
    ${fullSegments(11, 12)}
  `
}

describe('fast retransmit (RFC 5681 §3.2)', () => {
  test('sends the segment that is missing at the third duplicate ACK, and not before', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
    `
    assert.equal(tcp.stack.counters.TCPFastRetrans, 1)
    assert.equal(tcp.stack.counters.TCPTimeouts, 0)
    assert.deepEqual([tcp.connection.congestion?.ssthresh, tcp.connection.congestion?.cwnd], [7300, 7300 + 3 * 1460])
  })

  for (const [what, segment] of [
    ['another window', '. 1:1(0) ack 1 win 65534'],
    ['data', 'P. 1:11(10) ack 1 win 65535'],
  ] as const) {
    test(`does not take for duplicates what has ${what}`, () => {
      const tcp = tenOut()
      firstTwo(tcp)
      tcp.trace`+0 < ${segment}`
      assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
    })
  }

  test('does not take for duplicates ACKs from before the last', () => {
    const tcp = tenOut()
    tcp.trace`
      +0 < . 1:1(0) ack 2921 win 65535
      ${fullSegments(10, 14)}
    `
    duplicates(tcp, 1461, 5)
    assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
  })

  test('does not take for duplicates what comes while nothing is out', () => {
    const tcp = established()
    duplicates(tcp, 1, 10)
    tcp.trace`+1`
    assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
  })

  test('counts anew after an ACK of something new', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1461 win 65535
      +0 < . 1:1(0) ack 1461 win 65535
      ${fullSegments(12, 13)}
      +0 < . 1:1(0) ack 1461 win 65535
      ${fullSegments(13, 14)}
    `
    assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
  })

  test('repeats a FIN with the data that it went with', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 5000, rtoInitial: 5000 } } })
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`+0 > FP. 1:11(10) ack 1`
    duplicates(tcp, 1, 2)
    tcp.trace`
      +0 < .   1:1(0) ack 1 win 65535
      +0 > FP. 1:11(10) ack 1
      +0 < .   1:1(0) ack 12 win 65535
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
  })
})

describe('limited transmit (RFC 3042)', () => {
  test('lets a new segment out for each of the first two duplicate ACKs, and the window stays', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    assert.equal(tcp.connection.congestion?.cwnd, 14_600)
  })
})

describe('fast recovery (RFC 6582)', () => {
  test('lets a new segment out for each further duplicate ACK once half of them have come (RFC 5681 §3.2 step 4)', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
    `
    duplicates(tcp, 1, 4)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . ${at(12)}:${at(13)}(1460) ack 1
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . ${at(13)}:${at(14)}(1460) ack 1
    `
  })

  test('sends the next missing segment for each partial ACK, without another three duplicates (RFC 6582 §3.2 step 3)', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
      +0 < . 1:1(0) ack ${at(3)} win 65535
      +0 > . ${at(3)}:${at(4)}(1460) ack 1
      +0 < . 1:1(0) ack ${at(6)} win 65535
      +0 > . ${at(6)}:${at(7)}(1460) ack 1
    `
    assert.equal(tcp.stack.counters.TCPFastRetrans, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, 7300)
  })

  test('deflates the window by what a partial ACK covers, less one segment (RFC 6582 §3.2 step 3)', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
      +0 < . 1:1(0) ack ${at(2)} win 65535
      +0 > . ${at(2)}:${at(3)}(1460) ack 1
    `
    assert.equal(tcp.connection.congestion?.cwnd, 7300 + 3 * 1460 - 2 * 1460 + 1460)
  })

  test('ends with the ACK of all that was out when it began, and sending goes on with half (RFC 6582 §3.2 step 3)', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
      +0 < . 1:1(0) ack ${at(12)} win 65535
      ${fullSegments(12, 14)}
    `
    assert.equal(tcp.connection.recovery.inRecovery, false)
    const { cwnd, ssthresh } = tcp.connection.congestion!
    assert.ok(cwnd <= ssthresh && ssthresh === 7300, `${cwnd}`)
  })

  test('happens again for a later loss', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
      +0 < . 1:1(0) ack ${at(12)} win 65535
      ${fullSegments(12, 14)}
      +0 < . 1:1(0) ack ${at(13)} win 65535
      ${fullSegments(14, 16)}
      +0 < . 1:1(0) ack ${at(14)} win 65535
      ${fullSegments(16, 18)}
      +0 < . 1:1(0) ack ${at(14)} win 65535
      ${fullSegments(18, 19)}
      +0 < . 1:1(0) ack ${at(14)} win 65535
      ${fullSegments(19, 20, 'P.')}
      +0 < . 1:1(0) ack ${at(14)} win 65535
      +0 > . ${at(14)}:${at(15)}(1460) ack 1
    `
    assert.equal(tcp.stack.counters.TCPFastRetrans, 2)
  })

  test('does not begin for duplicate ACKs of what a timeout has sent again (RFC 6582 §3.2 step 4)', () => {
    const tcp = tenOut()
    tcp.trace`+5 > . 1:1461(1460) ack 1`
    duplicates(tcp, 1, 5)
    tcp.trace`
      +0 < . 1:1(0) ack ${at(1)} win 65535
      ${fullSegments(1, 3)}
    `
    duplicates(tcp, at(1), 5)
    assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
  })

  test('does not begin for duplicate ACKs of exactly what was out at the timeout, which may be its echoes (RFC 6582 §3.2 step 2)', () => {
    const tcp = tenOut()
    tcp.trace`
      +5 > . 1:1461(1460) ack 1
      +0 < . 1:1(0) ack ${at(10)} win 65535
      ${fullSegments(10, 12)}
    `
    duplicates(tcp, at(10), 5)
    assert.equal(tcp.stack.counters.TCPFastRetrans, 0)
  })

  test('gives way to the retransmission timer, which starts over', () => {
    const tcp = tenOut()
    firstTwo(tcp)
    tcp.trace`
      +0 < . 1:1(0) ack 1 win 65535
      +0 > . 1:1461(1460) ack 1
      +5 > . 1:1461(1460) ack 1
    `
    assert.equal(tcp.connection.recovery.inRecovery, false)
    assert.equal(tcp.connection.congestion?.cwnd, 1460)
  })
})
