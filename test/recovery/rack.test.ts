/** RACK (RFC 8985 §6) on the scoreboard of RFC 6675, with a peer that sends SACK blocks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Traced } from '../support/trace.ts'
import { ack, fullSegments, sacked, sends } from './support.ts'

/** Ten segments are out, all there is; sent at 0.1 s, answered from 0.2 s on. */
function tenOut(): Traced {
  const tcp = sacked()
  tcp.send(14_600)
  tcp.trace`${fullSegments(0, 10, 'P.')}`
  return tcp
}

describe('a segment is lost', () => {
  test('when three behind it have come, and no reordering was ever seen', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${ack(0, [1, 2])}
      +0  ${ack(0, [1, 3])}
      +0  ${ack(0, [1, 4])}
      +0  ${sends(0)}
      +.1 ${ack(10)}
      +9
    `
    const { TCPSackRecovery, TCPFastRetrans, TCPTimeouts, RetransSegs } = tcp.stack.counters
    assert.deepEqual([TCPSackRecovery, TCPFastRetrans, TCPTimeouts, RetransSegs], [1, 1, 0, 1])
  })

  test('when one block tells of three', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${ack(0, [1, 4])}
      +0  ${sends(0)}
    `
  })

  test('when one behind it has come, and a quarter of the least round-trip time is over', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1   ${ack(0, [5, 6])}
      +.025 ${sends(0)}
      +.075 ${ack(1, [5, 10])}
      +0    ${sends(1)}
      +0    ${sends(2)}
      +0    ${sends(3)}
      +0    ${sends(4)}
    `
    assert.equal(tcp.connection.recovery.inRecovery, true)
  })

  test('but not when its ACK comes within that time: it was overtaken', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1  ${ack(0, [1, 2])}
      +.02 ${ack(2)}
      +.08
    `
    assert.equal(tcp.stack.counters.TCPSACKReorder, 1)
    assert.equal(tcp.stack.counters.RetransSegs, 0)
  })

  test('and not at once for three behind it where segments overtake each other', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1   ${ack(0, [1, 2])}
      +.02  ${ack(2)}
      +0    ${ack(2, [3, 9])}
      +.025 ${sends(2)}
    `
  })

  test('the last one, too: by the answer to what was sent again after it', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${ack(0, [1, 9])}
      +0  ${sends(0)}
      +.1 ${ack(9)}
      +0  ${sends(9, 'P.')}
    `
    assert.equal(tcp.stack.counters.TCPTimeouts, 0)
  })
})

describe('in recovery', () => {
  test('holes are filled from the lowest, what is SACKed is not sent again, and half the window is left', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${ack(0, [1, 3], [4, 6], [7, 10])}
      +0  ${sends(0)}
      +0  ${sends(3)}
      +0  ${sends(6)}
      +.1 ${ack(3, [4, 6], [7, 10])}
      +0  ${ack(6, [7, 10])}
      +0  ${ack(10)}
      +9
    `
    assert.equal(tcp.connection.recovery.inRecovery, false)
    assert.equal(tcp.connection.congestion?.cwnd, 7300)
    assert.equal(tcp.stack.counters.RetransSegs, 3)
  })

  test('new data goes out behind what is lost, as far as PRR lets it', () => {
    const tcp = sacked()
    tcp.send(1460 * 30)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.1 ${ack(0, [1, 4])}
      +0  ${sends(0)}
      +0  ${ack(0, [1, 5])}
      +0  ${sends(10)}
      +0  ${ack(0, [1, 6])}
      +0  ${ack(0, [1, 7])}
      +0  ${ack(0, [1, 8])}
      +0  ${sends(11)}
      +0  ${ack(0, [1, 9])}
      +0  ${sends(12)}
      +0  ${ack(0, [1, 10])}
      +0  ${sends(13)}
      +.1 ${ack(10)}
      +0  ${sends(14)}
    `
    assert.equal(tcp.connection.congestion?.cwnd, 7300)
  })

  test('what is sent again and lost again is sent once more, by what was sent after it (RFC 8985 §3.3)', () => {
    const tcp = sacked()
    tcp.send(1460 * 30)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.1  ${ack(0, [1, 4])}
      +0   ${sends(0)}
      +.01 ${ack(0, [1, 10])}
      ${fullSegments(10, 14)}
      +.1  ${ack(0, [1, 11])}
      +0   ${sends(0)}
      +0   ${sends(14)}
    `
    assert.equal(tcp.stack.counters.TCPLostRetransmit, 1)
    assert.equal(tcp.stack.counters.TCPTimeouts, 0)
  })

  test('a further loss is part of it, and takes no further half of the window', () => {
    const tcp = sacked()
    tcp.send(1460 * 11)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.1  ${ack(0, [1, 4])}
      +0   ${sends(0)}
      +.01 ${ack(0, [1, 4], [6, 8])}
      +0   ${sends(4)}
      +0   ${sends(5)}
      +0   ${ack(0, [1, 4], [6, 10])}
      +0   ${sends(10, 'P.')}
    `
    assert.equal(tcp.stack.counters.TCPSackRecovery, 1)
    assert.equal(tcp.connection.congestion?.ssthresh, 7300)
  })

  test('lost neighbours that were sent apart go again as one', () => {
    const tcp = sacked()
    for (let i = 0; i < 6; i++) {
      tcp.send(10)
      tcp.trace`+0 > P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1`
    }
    tcp.trace`
      +.1 < .  1:1(0) ack 1 win 65535 <nop,nop,sack 31:61>
      +0  > .  1:31(30) ack 1
      +.1 < .  1:1(0) ack 61 win 65535
      +9
    `
  })

  test('a FIN that is lost goes again with the data that it was sent with', () => {
    const tcp = sacked()
    tcp.send(1460 * 4)
    tcp.trace`${fullSegments(0, 4, 'P.')}`
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`
      +0  > FP. 5841:5851(10) ack 1
      +.1 ${ack(4)}
      +.25 > FP. 5841:5851(10) ack 1
      +.1 < .   1:1(0) ack 5852 win 65535
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
  })
})

describe('limited transmit', () => {
  test('each segment that is SACKed lets a new one out before anything is taken for lost (RFC 3042, RFC 6675 §5)', () => {
    const tcp = sacked()
    tcp.send(1460 * 30)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.1 ${ack(0, [1, 2])}
      +0  ${sends(10)}
      +0  ${ack(0, [1, 3])}
      +0  ${sends(11)}
    `
    assert.equal(tcp.connection.congestion?.cwnd, 14_600)
  })
})

describe('SACK blocks', () => {
  test('that cover a segment in part leave the rest of it to be sent again', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < . 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:14601>
      +0  > . 1:1001(1000) ack 1
      +.1 ${ack(10)}
      +9
    `
  })

  test('beyond SND.NXT, or that end before they begin, count for nothing', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 < . 1:1(0) ack 1 win 65535 <nop,nop,sack 1461:99999 9000:5000>
      +0  ${ack(1)}
      +0  ${ack(10)}
    `
    assert.equal(tcp.stack.counters.TCPSACKDiscard, 2)
    assert.equal(tcp.stack.counters.RetransSegs, 0)
  })

  test('of a peer that drops what it had are forgotten when the timer runs out (RFC 2018 §8)', () => {
    const tcp = tenOut()
    tcp.trace`
      +.1 ${ack(0, [1, 10])}
      +0  ${sends(0)}
      +.1 ${ack(1)}
      +.25 ${sends(1)}
      +.1 ${ack(2)}
      +0  ${sends(2)}
      +0  ${sends(3)}
      +.1 ${ack(4)}
      +0  ${sends(4)}
      +0  ${sends(5)}
      +0  ${sends(6)}
      +.1 ${ack(7)}
      +0  ${sends(7)}
      +0  ${sends(8)}
      +0  ${sends(9, 'P.')}
      +.1 ${ack(10)}
      +9
    `
    assert.equal(tcp.stack.counters.TCPSACKReneging, 1)
  })
})
