/** What SACK blocks say of the round trip, and to the retransmission timer (RFC 6298). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Traced } from '../support/trace.ts'
import { ack, fullSegments, sacked, sends } from './support.ts'

/** Ten segments are out; SRTT is 100 ms, its variation 50, the RTO 300. */
function tenOut(): Traced {
  const tcp = sacked()
  tcp.send(1460 * 10)
  tcp.trace`${fullSegments(0, 10, 'P.')}`
  return tcp
}

describe('a SACK block', () => {
  test('measures the round trip while SND.UNA stands still, once in each', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1  ${ack(0, [1, 4])}
      +0   ${sends(0)}
    `
    assert.equal(tcp.connection.rto.srtt, 100)
    tcp.trace`+.05 ${ack(0, [1, 5])}`
    assert.equal(tcp.connection.rto.srtt, 100)
    tcp.trace`+.05 ${ack(0, [1, 7])}`
    assert.equal(tcp.connection.rto.srtt, 112.5)
  })

  test('of text that went before the first segment did last starts the timer anew', () => {
    const tcp = tenOut()
    // RTO 250 ms, from 0.2 s on; and at 0.4 s a round trip of 300 ms: SRTT 125 ms, its variation 78.125.
    tcp.trace`
      +.1  ${ack(0, [1, 4])}
      +0   ${sends(0)}
      +.2  ${ack(0, [1, 5])}
      +.4375 ${sends(0)}
    `
    assert.equal(tcp.stack.counters.TCPTimeouts, 1)
  })

  test('after a timeout measures nothing: the RTO stays backed off', () => {
    const tcp = tenOut()
    tcp.trace`
      +.202 ${sends(9, 'P.')}
      +.3   ${sends(0)}
      +.3   ${ack(0, [5, 6])}
    `
    assert.deepEqual([tcp.connection.rto.srtt, tcp.connection.rto.backOffs], [100, 1])
  })
})
