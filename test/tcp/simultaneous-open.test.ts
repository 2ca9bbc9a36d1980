import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from '../support/trace.ts'

// RFC 9293 MUST-10, figure 8: all of this.
describe('a simultaneous open', () => {
  test('goes SYN and SYN, SYN-ACK and SYN-ACK, when all four cross', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S  0:0(0)       <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
      +.1 < S  0:0(0)       win 65535 <mss 1000,sackOK,TS val 7 ecr 0,wscale 3>
      +0  > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 7,wscale 7>
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`+.05 < S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK,TS val 8 ecr last,wscale 3>`
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.deepEqual(tcp.takeEvents(), ['connected'])
    const { tcb } = tcp.connection
    assert.deepEqual([tcb.snd.mss, tcb.snd.scale, tcb.rcv.scale, tcb.sack], [1000, 3, 7, true])
    assert.equal(tcp.stack.counters.ActiveOpens, 1)
    assert.equal(tcp.stack.counters.PassiveOpens, 0)
    tcp.trace`+3600`
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('is over with a plain ACK as well', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1 <mss 1460>
      +0 < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })

  test('is over with data, which are taken', () => {
    const tcp = connect()
    tcp.trace`
      +0   > S  0:0(0)
      +0   < S  0:0(0)        win 65535
      +0   > S. 0:0(0)  ack 1
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)  ack 11
    `
    assert.equal(tcp.read(), 10)
  })

  test('takes numbers that wrap on both sides', () => {
    const tcp = connect({ isn: 0xffff_ffff })
    tcp.trace`
      +0   > S  0:0(0)
      +0   < S  0:0(0)        win 65535
      +0   > S. 0:0(0)  ack 1
      +0   < S. 0:0(0)  ack 1 win 65535
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)  ack 11
    `
    assert.equal(tcp.read(), 10)
  })

  test('sends its SYN-ACK again when nobody answers, and gives up when the time of the open is over', () => {
    const tcp = connect({ stack: { tcp: { connectTimeout: 8000 } } })
    tcp.trace`
      @0  > S  0:0(0)
      @.5 < S  0:0(0)       win 65535
      @.5 > S. 0:0(0) ack 1
      @1.5 > S. 0:0(0) ack 1
      @3.5 > S. 0:0(0) ack 1
      @7.5 > S. 0:0(0) ack 1
      @7.999
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
    tcp.trace`@8`
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
    assert.equal(tcp.connection.error?.syscall, 'connect')
  })

  test('heals when our SYN-ACK was lost: the SYN-ACK of the peer completes it', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
      +.5 < S. 0:0(0) ack 1 win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    // The peer has not heard our SYN-ACK: it sends its own again, and is given an ACK (RFC 9293 §3.10.7.4, first).
    tcp.trace`
      +1 < S. 0:0(0) ack 1 win 65535
      +0 > .  1:1(0) ack 1
    `
  })

  test('heals when the SYN-ACK of the peer was lost: our SYN-ACK again is answered with an ACK', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S  0:0(0)
      +.5 < S  0:0(0)       win 65535
      +0  > S. 0:0(0) ack 1
      +1  > S. 0:0(0) ack 1
      +0  < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })

  test('does not scale the window on the SYN-ACK of the peer (RFC 7323 §2.2)', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S  0:0(0)       win 1000 <mss 1000,wscale 7>
      +0 > S. 0:0(0) ack 1
      +0 < S. 0:0(0) ack 1 win 1000 <mss 1000,wscale 7>
    `
    assert.equal(tcp.connection.tcb.snd.wnd, 1000)
  })

  test('is refused by a RST: ECONNREFUSED, as for any active open (RFC 9293 MUST-11)', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
      +0 < R. 1:1(0) ack 1 win 0
    `
    assert.equal(tcp.connection.error?.code, 'ECONNREFUSED')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
  })

  test('closes with a FIN as soon as it is established, when CLOSE was called before', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S  0:0(0)
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`
      +0 < .   1:1(0)  ack 1 win 65535
      +0 > FP. 1:11(10) ack 1
      +0 < .   1:1(0)  ack 12 win 65535
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
  })
})
