import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { createWire } from '../../src/link/wire.ts'
import type { DgramSocket, RemoteInfo } from '../../src/net/dgram.ts'
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

function heard(socket: DgramSocket): [string, RemoteInfo][] {
  const all: [string, RemoteInfo][] = []
  socket.on('message', (message: Buffer, from: RemoteInfo) => all.push([message.toString(), from]))
  return all
}

/** Ticks run, then the clock moves on. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(ms)
}

describe('a datagram socket', () => {
  for (const [type, own, peer, any] of [
    ['udp4', '10.0.0.1', '10.0.0.2', '0.0.0.0'],
    ['udp6', 'fd00::1', 'fd00::2', '::'],
  ] as const) {
    test(`of ${type} sends and receives`, async () => {
      const { clock, a, b } = joined()
      const server = b.dgram.createSocket(type).bind(53)
      await once(server, 'listening')
      const family = type === 'udp4' ? 'IPv4' : 'IPv6'
      assert.deepEqual(server.address(), { address: any, family, port: 53 })
      const questions = heard(server)
      const client = a.dgram.createSocket(type)
      const answers = heard(client)
      client.send('who?', 53, peer)
      await pass(clock, 1)
      const [[text, from]] = questions as [[string, RemoteInfo]]
      assert.equal(text, 'who?')
      assert.deepEqual(from, { address: own, family, port: client.address().port, size: 4 })
      server.send('me', from.port, from.address)
      await pass(clock, 1)
      assert.equal(answers[0]?.[0], 'me')
    })

    test(`of ${type} that is connected hears that nobody is there`, async () => {
      const { clock, a, b } = joined()
      const client = a.dgram.createSocket(type)
      client.connect(9, peer)
      await once(client, 'connect')
      client.send('?')
      const failed = once(client, 'error')
      await pass(clock, 10)
      const [error] = await failed
      assert.deepEqual([error.code, error.syscall], ['ECONNREFUSED', 'recvmsg'])
      assert.equal(b.stack.counters.UdpNoPorts, 1)
    })
  }

  test('waits where the way to the link is full, and sends all in order', async () => {
    const { clock, a, b } = joined()
    const server = b.dgram.createSocket({ type: 'udp4', recvBufferSize: 2 ** 24 }).bind(53)
    const questions = heard(server)
    const client = a.dgram.createSocket('udp4')
    let sent = 0
    for (let i = 0; i < 3000; i++) client.send(`${i}`, 53, '10.0.0.2', (error) => void (error ?? sent++))
    await pass(clock, 0)
    assert.ok(client.getSendQueueCount() > 0)
    assert.ok(client.getSendQueueSize() >= client.getSendQueueCount())
    for (let i = 0; i < 100 && questions.length < 3000; i++) await pass(clock, 1)
    assert.deepEqual(
      questions.map(([text]) => text),
      Array.from({ length: 3000 }, (_, i) => `${i}`),
    )
    await pass(clock, 0)
    assert.deepEqual([sent, client.getSendQueueCount()], [3000, 0])
  })

  test('bounds what waits to be read as it is told', async () => {
    const { clock, a, b } = joined()
    const server = b.dgram.createSocket('udp4').bind(53)
    await once(server, 'listening')
    assert.equal(server.getRecvBufferSize(), 212_992)
    server.setRecvBufferSize(1000)
    const questions = heard(server)
    const client = a.dgram.createSocket('udp4')
    for (let i = 0; i < 5; i++) client.send(Buffer.alloc(100), 53, '10.0.0.2')
    await pass(clock, 1)
    assert.equal(questions.length, 2)
    assert.equal(b.stack.counters.UdpRcvbufErrors, 3)
    assert.throws(() => server.setRecvBufferSize(-1), { code: 'ERR_SOCKET_BAD_BUFFER_SIZE' })
  })

  test('says what there is not', () => {
    const { a } = joined()
    const socket = a.dgram.createSocket('udp4')
    socket.setBroadcast(false)
    for (const call of [
      () => socket.setBroadcast(true),
      () => socket.addMembership('224.0.0.1'),
      () => socket.setMulticastTTL(1),
      () => socket.getSendBufferSize(),
    ]) {
      assert.throws(call, { code: 'ERR_METHOD_NOT_IMPLEMENTED' })
    }
    assert.throws(() => socket.bind({ fd: 3 } as object), { code: 'ERR_INVALID_FD_TYPE' })
  })

  test('ends with its link', async () => {
    const { a } = joined()
    const socket = a.dgram.createSocket('udp4').bind()
    await once(socket, 'listening')
    const told: unknown[] = []
    socket.on('error', ({ code }) => told.push(code))
    socket.on('close', () => told.push('close'))
    a.close()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, ['close'])
    const [error] = await once(a.dgram.createSocket('udp4').bind(), 'error')
    assert.equal(error.code, 'ENETDOWN')
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
