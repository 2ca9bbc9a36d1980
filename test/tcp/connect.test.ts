import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, host, type Traced } from '../support/trace.ts'

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

describe('the call CONNECT', () => {
  test('is refused where the four-tuple is in use: EADDRINUSE', () => {
    const { stack } = connect({ localPort: 5000 })
    const to = { address: '192.0.2.2', localPort: 5000 }
    assert.throws(() => stack.connect({ ...to, port: 80 }), { code: 'EADDRINUSE' })
    assert.equal(stack.connect({ ...to, port: 81 }).localPort, 5000)
  })

  test('is refused when there are too many connections: ENOBUFS', () => {
    const { stack } = host({ stack: { tcp: { maxConnections: 1 } } })
    stack.connect({ address: '192.0.2.2', port: 80 })
    assert.throws(() => stack.connect({ address: '192.0.2.2', port: 81 }), { code: 'ENOBUFS' })
  })

  test('is refused for what is no address, no port, or not ours', () => {
    const { stack } = host()
    const to = { address: '192.0.2.2', port: 80 }
    assert.throws(() => stack.connect({ ...to, address: 'example.com' }), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => stack.connect({ ...to, port: 0 }), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => stack.connect({ ...to, localPort: 65_536 }), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => stack.connect({ ...to, localAddress: '192.0.2.9' }), { code: 'EADDRNOTAVAIL' })
    assert.throws(() => stack.connect({ ...to, address: '2001:db8::2' }), { code: 'ENETUNREACH' })
  })
})
