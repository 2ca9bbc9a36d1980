import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWire } from '../../src/link/wire.ts'
import type { DatagramSocket, RemoteInfo } from '../../src/net/dgram.ts'
import { createNet, type Net } from '../../src/net/net.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'

interface Joined {
  readonly clock: VirtualClock
  readonly a: Net
  readonly b: Net
}

/** Two nets on a wire, in virtual time; a frame takes 1 ms. */
function joined(medium: 'ip' | 'ethernet' = 'ip'): Joined {
  const clock = new VirtualClock()
  const [near, far] = createWire(clock, { delay: 1, medium })
  const secret = new Uint8Array(32)
  const a = createNet({ link: near, addresses: ['10.0.0.1/24', 'fd00::1/64'], scheduler: clock, secret })
  const b = createNet({
    link: far,
    addresses: ['10.0.0.2/24', 'fd00::2/64'],
    scheduler: clock,
    secret: secret.fill(1),
  })
  return { clock, a, b }
}

function heard(socket: DatagramSocket): [string, RemoteInfo][] {
  const all: [string, RemoteInfo][] = []
  socket.onMessage = (message, from) => all.push([Buffer.from(message).toString(), from])
  return all
}

describe('a datagram socket', () => {
  for (const [family, own, peer, any] of [
    [4, '10.0.0.1', '10.0.0.2', '0.0.0.0'],
    [6, 'fd00::1', 'fd00::2', '::'],
  ] as const) {
    test(`of IPv${family} sends and receives`, () => {
      const { clock, a, b } = joined()
      const server = b.createUdpSocket({ family }).bind(53)
      assert.deepEqual(server.address(), { address: any, family: `IPv${family}`, port: 53 })
      const questions = heard(server)
      const client = a.createUdpSocket({ family })
      const answers = heard(client)
      client.send(Buffer.from('who?'), 53, peer)
      clock.advance(1)
      const [[text, from]] = questions as [[string, RemoteInfo]]
      assert.equal(text, 'who?')
      assert.deepEqual(from, { address: own, family: `IPv${family}`, port: client.address().port, size: 4 })
      server.send(Buffer.from('me'), from.port, from.address)
      clock.advance(1)
      assert.equal(answers[0]?.[0], 'me')
    })

    test(`of IPv${family} that is connected hears its peer, and that nobody is there`, () => {
      const { clock, a, b } = joined()
      const client = a.createUdpSocket({ family }).connect(9, peer)
      const errors: unknown[] = []
      client.onError = (error) => errors.push((error as NodeJS.ErrnoException).code)
      assert.equal(client.remoteAddress().port, 9)
      client.send(Buffer.from('?'))
      clock.advance(10)
      assert.deepEqual(errors, ['ECONNREFUSED'])
      assert.throws(() => client.connect(9, peer), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' })
      client.disconnect()
      assert.throws(() => client.remoteAddress(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' })
      assert.throws(() => client.disconnect(), { code: 'ERR_SOCKET_DGRAM_NOT_CONNECTED' })
      assert.equal(b.stack.counters.UdpNoPorts, 1)
    })
  }

  test('tells mistakes at once', () => {
    const { a } = joined()
    const socket = a.createUdpSocket({ family: 4 })
    assert.throws(() => socket.address(), { code: 'EBADF' })
    assert.throws(() => socket.bind(70_000), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => socket.send(new Uint8Array(1), 53, 'example.org'), { code: 'ERR_INVALID_ARG_VALUE' })
    socket.bind()
    assert.throws(() => socket.bind(), { code: 'ERR_SOCKET_ALREADY_BOUND' })
    let closed = 0
    socket.onClose = () => closed++
    socket.close()
    socket.close()
    assert.equal(closed, 1)
    assert.throws(() => socket.send(new Uint8Array(1), 53, '10.0.0.2'), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
  })

  test('ends with its link', () => {
    const { a } = joined()
    const socket = a.createUdpSocket().bind()
    const told: unknown[] = []
    socket.onError = (error) => told.push((error as NodeJS.ErrnoException).code)
    socket.onClose = () => told.push('close')
    a.close()
    assert.deepEqual(told, ['ENETDOWN', 'close'])
    assert.throws(() => a.createUdpSocket().bind(), { code: 'ENETDOWN' })
  })
})

describe('ping', () => {
  for (const medium of ['ip', 'ethernet'] as const) {
    test(`over a link of ${medium} frames resolves with the time by the stack's clock`, async () => {
      const { clock, a } = joined(medium)
      const first = a.ping('10.0.0.2', { size: 100 })
      clock.advance(100)
      // On Ethernet the peer's announcement comes first, and tells where the echo is to go.
      assert.deepEqual(await first, { address: '10.0.0.2', size: 100, rtt: medium === 'ip' ? 2 : 3 })
      const second = a.ping('fd00::2')
      clock.advance(100)
      assert.equal((await second).size, 56)
    })
  }

  test('rejects when there is no answer, and when the link goes', async () => {
    const { clock, a } = joined()
    const silent = a.ping('10.0.0.9', { timeout: 300 })
    clock.advance(300)
    await assert.rejects(silent, { code: 'ETIMEDOUT', syscall: 'ping', address: '10.0.0.9' })
    const cut = a.ping('10.0.0.2')
    a.close()
    await assert.rejects(cut, { code: 'ENETDOWN' })
    assert.throws(() => a.ping('10.0.0.2'), { code: 'ENETDOWN' })
  })

  test('tells mistakes at once', () => {
    const { a } = joined()
    assert.throws(() => a.ping('example.org'), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => a.ping('10.0.0.255'), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => a.ping('10.0.0.2', { size: 65_508 }), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => a.ping('10.0.0.2', { timeout: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  })
})
