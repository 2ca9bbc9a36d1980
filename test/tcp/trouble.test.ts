/** R1 and the asynchronous reports: RFC 9293 §3.8.3, §3.9.1.8. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, established, type HostOptions, stream, type Traced } from '../support/trace.ts'

const EVEN = { rtoMin: 1000, rtoMax: 1000 }

/** Ten octets that are sent so many times, a second apart. */
function unanswered(times: number, options: HostOptions = {}): Traced {
  const tcp = established({ ...options, stack: { ...options.stack, tcp: { ...EVEN, ...options.stack?.tcp } } })
  tcp.send(10)
  for (let n = 0; n < times; n++) tcp.trace`+${n === 0 ? 0 : 1} > P. 1:11(10) ack 1`
  return tcp
}

describe('R1', () => {
  test('is reached with the third retransmission: the application is told, once (RFC 9293 MUST-20, SHLD-9, SHLD-10)', () => {
    const tcp = unanswered(3)
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`+1 > P. 1:11(10) ack 1`
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
    assert.equal(tcp.connection.trouble.last, 'retransmitting')
    tcp.trace`
      +1 > P. 1:11(10) ack 1
      +1 > P. 1:11(10) ack 1
    `
    assert.deepEqual(tcp.takeEvents(), [])
    assert.equal(tcp.connection.trouble.timeouts, 5)
  })

  test('makes the network look for another way with each further retransmission (RFC 9293 MUST-20)', () => {
    const doubted: string[] = []
    const tcp = unanswered(3, { stack: { onPathInDoubt: (address) => doubted.push(address) } })
    assert.deepEqual(doubted, [])
    tcp.trace`
      +1 > P. 1:11(10) ack 1
      +1 > P. 1:11(10) ack 1
    `
    assert.deepEqual(doubted, ['192.0.2.2', '192.0.2.2'])
    assert.equal(tcp.stack.counters.PathsInDoubt, 2)
  })

  test('counts anew once something is acknowledged', () => {
    const tcp = unanswered(3)
    tcp.trace`+.5 < . 1:1(0) ack 11 win 65535`
    tcp.connection.send(stream(10, 20))
    tcp.trace`
      +0 > P. 11:21(10) ack 1
      +1 > P. 11:21(10) ack 1
      +1 > P. 11:21(10) ack 1
    `
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`+1 > P. 11:21(10) ack 1`
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
  })

  test('counts for a SYN as for data (RFC 9293 MUST-20, MUST-22)', () => {
    const tcp = connect({ stack: { tcp: EVEN } })
    tcp.trace`
      +0 > S 0:0(0)
      +1 > S 0:0(0)
      +1 > S 0:0(0)
    `
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`+1 > S 0:0(0)`
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
  })

  test('can be set', () => {
    const tcp = unanswered(5, { stack: { tcp: { r1: 5 } } })
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`+1 > P. 1:11(10) ack 1`
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
  })
})

describe('asynchronous reports (RFC 9293 MUST-47)', () => {
  test('tell of an ICMP error that does not end the connection', () => {
    const tcp = unanswered(1)
    tcp.trace`+.1 < icmp unreachable net_unreachable [1:11(10)]`
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
    assert.equal(tcp.connection.trouble.last, 'ENETUNREACH')
  })

  test('can be turned off (RFC 9293 SHLD-20)', () => {
    const tcp = unanswered(1)
    tcp.connection.trouble.reports = false
    tcp.trace`
      +.1 < icmp unreachable net_unreachable [1:11(10)]
      +.9 > P. 1:11(10) ack 1
      +1  > P. 1:11(10) ack 1
      +1  > P. 1:11(10) ack 1
    `
    assert.deepEqual(tcp.takeEvents(), [])
    assert.equal(tcp.stack.counters.PathsInDoubt, 1)
  })
})
