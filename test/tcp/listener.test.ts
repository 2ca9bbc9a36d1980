import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, host, listen } from '../support/trace.ts'

const TWO = { stack: { addresses: ['192.0.2.1/24', '198.51.100.1/24'] } }

describe('a listener', () => {
  test('for all addresses hears every one', () => {
    const tcp = listen({ stack: { addresses: ['192.0.2.1/24', '198.51.100.1/24', '2001:db8::1/64'] } })
    assert.equal(tcp.listener.address, undefined)
    tcp.peer('b', { localAddress: '198.51.100.1' })
    tcp.peer('c', { address: '2001:db8::2', localAddress: '2001:db8::1' })
    tcp.trace`
      +0 <  S  0:0(0)       win 65535
      +0 >  S. 0:0(0) ack 1
      +0 <b S  0:0(0)       win 65535
      +0 >b S. 0:0(0) ack 1
      +0 <c S  0:0(0)       win 65535
      +0 >c S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.halfOpen, 3)
  })

  test('of one port hears nothing of another', () => {
    const tcp = host()
    tcp.stack.listen({ port: 80 })
    tcp.peer('', { localPort: 81 })
    tcp.trace`
      +0 < S  7:7(0)       win 65535
      +0 > R. 0:0(0) ack 8 win 0
    `
  })

  test('stands beside others of other ports, each with queues of its own', () => {
    const tcp = host()
    const [a, b] = [tcp.stack.listen({ port: 80, backlog: 1 }), tcp.stack.listen({ port: 81, backlog: 1 })]
    tcp.peer('a', { localPort: 80 })
    tcp.peer('b', { localPort: 81 })
    tcp.trace`
      +0 <a S  0:0(0)       win 65535
      +0 >a S. 0:0(0) ack 1
      +0 <b S  0:0(0)       win 65535
      +0 >b S. 0:0(0) ack 1
      +0 <b .  1:1(0) ack 1 win 65535
    `
    assert.deepEqual([a.halfOpen, b.halfOpen, b.acceptQueueLength], [1, 0, 1])
    assert.equal(b.accept()?.localPort, 81)
    assert.equal(a.accept(), undefined)
  })

  test('stands beside one of the same port and another address', () => {
    const tcp = host(TWO)
    const [a, b] = ['192.0.2.1', '198.51.100.1'].map((address) => tcp.stack.listen({ port: 80, address }))
    tcp.peer('b', { localAddress: '198.51.100.1' })
    tcp.trace`
      +0 <b S  0:0(0)       win 65535
      +0 >b S. 0:0(0) ack 1
    `
    assert.deepEqual([a?.halfOpen, b?.halfOpen], [0, 1])
    assert.equal(String(b?.address), '198.51.100.1')
  })

  for (const [first, second] of [
    [undefined, undefined],
    [undefined, '192.0.2.1'],
    ['192.0.2.1', undefined],
    ['192.0.2.1', '192.0.2.1'],
  ]) {
    test(`of ${second ?? 'all addresses'} is refused where one of ${first ?? 'all addresses'} has the port: EADDRINUSE`, () => {
      const { stack } = host(TWO)
      const at = (address: string | undefined): { port: number; address?: string } => ({
        port: 80,
        ...(address !== undefined && { address }),
      })
      stack.listen(at(first))
      assert.throws(() => stack.listen(at(second)), { code: 'EADDRINUSE' })
    })
  }

  test('is refused at an address that the stack does not have: EADDRNOTAVAIL', () => {
    assert.throws(() => listen({ address: '192.0.2.77' }), { code: 'EADDRNOTAVAIL' })
    assert.throws(() => listen({ address: 'nonsense' }), { code: 'ERR_INVALID_ARG_VALUE' })
  })

  for (const port of [-1, 65_536, 1.5, Number.NaN]) {
    test(`is refused at port ${port}: ERR_SOCKET_BAD_PORT`, () => {
      assert.throws(() => listen({ port }), { name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' })
    })
  }

  test('at port 0 is given a free one of the ephemeral ports, until there are none', () => {
    const { stack } = host({ stack: { tcp: { ephemeralPorts: [5000, 5002] } } })
    stack.listen({ port: 5001 })
    assert.deepEqual([stack.listen({ port: 0 }).port, stack.listen({ port: 0 }).port].sort(), [5000, 5002])
    assert.throws(() => stack.listen({ port: 0 }), { code: 'EADDRNOTAVAIL' })
  })

  test('can be opened on the port of a connection in SYN-SENT (RFC 9293 MUST-42)', () => {
    const tcp = connect({ localPort: 5000 })
    tcp.trace`+0 > S 0:0(0)`
    assert.equal(tcp.stack.listen({ port: 5000 }).port, 5000)
  })

  test('keeps its port from connections that ask for none', () => {
    const { stack } = host({ stack: { tcp: { ephemeralPorts: [5000, 5001] } } })
    stack.listen({ port: 5000 })
    const to = { address: '192.0.2.2', port: 80 }
    assert.equal(stack.connect(to).localPort, 5001)
    assert.throws(() => stack.connect(to), { code: 'EADDRNOTAVAIL' })
  })
})

describe('closing a listener', () => {
  test('resets each half-open connection, with a number that its client takes (RFC 9293 §3.10.4)', () => {
    const tcp = listen()
    tcp.trace`
      +0 <  S  0:0(0)       win 65535 <mss 1460,sackOK,TS val 1 ecr 0,wscale 7>
      +0 >  S. 0:0(0) ack 1
      +0 <b S  9:9(0)       win 65535
      +0 >b S. 0:0(0) ack 10
    `
    tcp.listener.close()
    tcp.trace`
      +0 >  R. 1:1(0) ack 1  win 0 <>
      +0 >b R. 1:1(0) ack 10 win 0 <>
      +100
    `
    assert.equal(tcp.listener.halfOpen, 0)
    assert.equal(tcp.listener.counters.closed, 2)
    assert.equal(tcp.stack.counters.AttemptFails, 2)
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('resets each connection that nobody has accepted', () => {
    const tcp = listen()
    tcp.trace`
      +0   < S  0:0(0)        win 65535
      +0   > S. 0:0(0)  ack 1
      +0   < P. 1:11(10) ack 1 win 65535
    `
    tcp.listener.close()
    tcp.trace`
      +0 > R. 1:1(0) ack 11
      +100
    `
    assert.equal(tcp.listener.acceptQueueLength, 0)
    assert.equal(tcp.listener.accept(), undefined)
    assert.equal(tcp.stack.counters.CurrEstab, 0)
  })

  test('leaves those that were accepted alone', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    tcp.accept()
    tcp.listener.close()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0) ack 11
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })

  test('resets who never heard of us: a SYN-ACK that was still due does not go out', () => {
    const tcp = listen()
    tcp.trace`
      +0  < S  0:0(0)       win 65535
      +0  > S. 0:0(0) ack 1
      +.9 < S  0:0(0)       win 65535
      +0  > S. 0:0(0) ack 1
    `
    tcp.listener.close()
    tcp.trace`
      +0 > R. 1:1(0) ack 1
      +10
    `
  })

  test('answers what comes for it later as any closed port does', () => {
    const tcp = listen()
    tcp.listener.close()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > R. 0:0(0) ack 1 win 0
    `
  })

  test('gives its port to the next at once', () => {
    const tcp = listen()
    tcp.listener.close()
    tcp.listener.close()
    tcp.listener = tcp.stack.listen({ port: 80 })
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.halfOpen, 1)
  })

  test('tells nothing more of it', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
    tcp.listener.close()
    tcp.trace`+0 > R. 1:1(0) ack 1`
    assert.deepEqual(tcp.takeEvents(), [])
  })
})
