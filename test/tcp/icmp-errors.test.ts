import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, established, host, type Traced } from '../support/trace.ts'

/** The end of a connection, as the application hears of it. */
function closed(tcp: Traced): [code: string | undefined, syscall: string | undefined] {
  const event = tcp.events.find(({ type }) => type === 'closed') ?? assert.fail('no event tells of the end')
  return [event.error?.code, event.error?.syscall]
}

describe('an ICMP error about the SYN', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: of an unreachable port refuses the connection: ECONNREFUSED (RFC 9293 MUST-54)`, () => {
      const tcp = connect({ family })
      tcp.trace`
        +0 > S 0:0(0)
        +0 < icmp unreachable port_unreachable [0:0(0)]
        +100
      `
      assert.deepEqual(closed(tcp), ['ECONNREFUSED', 'connect'])
    })
  }

  for (const [name, code] of [
    ['unreachable host_unreachable', 'EHOSTUNREACH'],
    ['unreachable net_unreachable', 'ENETUNREACH'],
    ['unreachable admin_prohibited', 'EHOSTUNREACH'],
    ['time_exceeded ttl_exceeded', 'EHOSTUNREACH'],
    ['parameter_problem', 'EHOSTUNREACH'],
  ] as const) {
    test(`${name} aborts nothing, and is the reason given when the time is over: ${code} (RFC 9293 MUST-56, SHLD-25)`, () => {
      const tcp = connect({ stack: { tcp: { connectTimeout: 2000 } } })
      tcp.trace`
        +0  > S 0:0(0)
        +.1 < icmp ${name} [0:0(0)]
        +.9 > S 0:0(0)
        +.999
      `
      assert.equal(tcp.connection.state, 'SYN-SENT')
      tcp.trace`+.001`
      assert.deepEqual(closed(tcp), [code, 'connect'])
    })
  }

  for (const seq of [-1, 1, 1000]) {
    test(`that quotes ${seq}, which is not in flight, is ignored and counted (RFC 5927 §4.1)`, () => {
      const tcp = connect()
      tcp.trace`
        +0 > S 0:0(0)
        +0 < icmp unreachable port_unreachable [${seq}:${seq}(0)]
        +1 > S 0:0(0)
      `
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
      assert.equal(tcp.stack.counters.drops['icmp-out-of-window'], 1)
    })
  }

  test('is no longer the reason once the peer has answered', () => {
    const tcp = connect({ stack: { tcp: { userTimeout: 1000 } } })
    tcp.trace`
      +0 > S  0:0(0)
      +0 < icmp unreachable host_unreachable [0:0(0)]
      +.4 < S. 0:0(0) ack 1 win 65535
      +0 > .  1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +1
    `
    assert.deepEqual(closed(tcp), ['ETIMEDOUT', 'read'])
  })
})

describe('an ICMP error about data', () => {
  for (const [family, name] of [
    [4, 'unreachable port_unreachable'],
    [4, 'unreachable protocol_unreachable'],
    [4, 'unreachable host_unreachable'],
    [4, 'time_exceeded ttl_exceeded'],
    [6, 'unreachable port_unreachable'],
    [6, 'time_exceeded ttl_exceeded'],
  ] as const) {
    test(`IPv${family}: ${name} does not abort the connection: it may be forged, or pass (RFC 5461 §4.1, RFC 5927 §5.2)`, () => {
      const tcp = established({ family })
      tcp.send(10)
      tcp.trace`
        +0  > P. 1:11(10) ack 1
        +.1 < icmp ${name} [1:11(10)]
        +.1 > P. 1:11(10) ack 1
        +0  < .  1:1(0) ack 11 win 65535
      `
      assert.equal(tcp.connection.state, 'ESTABLISHED')
      assert.equal(tcp.connection.softError, 'EHOSTUNREACH')
      assert.deepEqual(tcp.takeEvents(), ['trouble'])
    })
  }

  test('is the reason given when the time is over', () => {
    const tcp = established({ stack: { tcp: { userTimeout: 500 } } })
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.1 < icmp unreachable net_unreachable [1:11(10)]
      +.1 > P. 1:11(10) ack 1
      +.3
    `
    assert.deepEqual(closed(tcp), ['ENETUNREACH', 'read'])
  })

  for (const seq of [0, 11, 1000, -1000]) {
    test(`that quotes ${seq}, which is not in flight, is ignored and counted (RFC 5927 §4.1)`, () => {
      const tcp = established()
      tcp.send(10)
      tcp.trace`
        +0 > P. 1:11(10) ack 1
        +0 < icmp unreachable host_unreachable [${seq}:${seq}(0)]
      `
      assert.equal(tcp.connection.softError, undefined)
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
    })
  }

  test('for a connection that is not there is ignored and counted', () => {
    const tcp = host()
    tcp.trace`+0 < icmp unreachable port_unreachable [0:0(0)]`
    assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
  })
})
