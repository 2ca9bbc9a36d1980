import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createWire } from '../../src/link/wire.ts'
import { IdleTimer } from '../../src/net/idle-timer.ts'
import { createNet } from '../../src/net/net.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { event, listening, pair, SERVER } from './support.ts'

test('the idle timer fires after a span without activity, and once', () => {
  const clock = new VirtualClock()
  const fired: number[] = []
  const timer = new IdleTimer(clock, () => fired.push(clock.now()))
  timer.span = 100
  clock.at(60, () => timer.active())
  clock.at(150, () => timer.active())
  clock.run()
  assert.deepEqual(fired, [250])
  timer.active()
  clock.run()
  assert.deepEqual(fired, [250, 350])
  timer.span = 0
  timer.active()
  clock.run()
  assert.equal(fired.length, 2)
})

test("setTimeout: 'timeout' comes, and the socket stays as it is", async (t) => {
  const { server, client } = pair(t)
  await listening(server.createServer((socket) => socket.resume()))
  const socket = client.connect(80, SERVER)
  await event(socket, 'connect')
  const told = new Promise<void>((resolve) => socket.setTimeout(5, resolve))
  assert.equal(socket.timeout, 5)
  await told
  assert.equal(socket.readyState, 'open')
  socket.setTimeout(0)
  assert.equal(socket.timeout, 0)
  assert.throws(() => socket.setTimeout(-1), { code: 'ERR_OUT_OF_RANGE' })
})

test('a link that is gone ends its sockets and servers with ENETDOWN, and takes no new ones', async () => {
  const clock = new VirtualClock()
  const [near] = createWire(clock)
  let gone: ((error: Error) => void) | undefined
  const link = Object.create(near, {
    attach: { value: (receiver: { closed(error?: Error): void }) => (gone = (error) => receiver.closed(error)) },
    send: { value: () => true },
  })
  const net = createNet({ link, address: '10.0.0.2/24', scheduler: clock })
  const server = net.createServer()
  await listening(server)
  const socket = net.connect(80, '10.0.0.3')
  const failed = [once(socket, 'error'), once(server, 'error')]
  gone?.(new Error('unplugged'))
  const [[socketError], [serverError]] = (await Promise.all(failed)) as [[NodeJS.ErrnoException], [Error]]
  assert.equal(socketError.code, 'ENETDOWN')
  assert.equal(serverError.message, 'unplugged')
  const [late] = (await once(net.connect(80, '10.0.0.3'), 'error')) as [NodeJS.ErrnoException]
  assert.equal(late.code, 'ENETDOWN')
})
