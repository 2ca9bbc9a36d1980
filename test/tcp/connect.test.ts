import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, host } from '../support/trace.ts'

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

  test('makes a connection that is known by its four-tuple and by nothing less', () => {
    const { connection } = connect({ localPort: 5000 })
    const { local, remote } = connection
    assert.ok(connection.isTuple(local, 5000, remote, 80))
    assert.ok(!connection.isTuple(local, 5001, remote, 80))
    assert.ok(!connection.isTuple(local, 5000, remote, 81))
    assert.ok(!connection.isTuple(remote, 5000, remote, 80))
    assert.ok(!connection.isTuple(local, 5000, local, 80))
  })
})
