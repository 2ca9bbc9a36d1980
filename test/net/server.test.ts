import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListenOptions } from '../../src/net/server-options.ts'
import type { Socket } from '../../src/net/socket.ts'
import { CookieKeyRing } from '../../src/tcp/cookie-keys.ts'
import { CLIENT, collect, event, listening, lone, pair, SERVER } from './support.ts'

test('listen: a given port, a free one, and where it listens', async (t) => {
  const { server } = pair(t)
  const given = await listening(server.createServer(), 80)
  assert.deepEqual(given.address(), { address: '::', family: 'IPv6', port: 80 })
  const free = await listening(server.createServer(), 0)
  assert.notEqual(free.address()!.port, 0)
  const one = server.createServer()
  one.listen({ port: 81, host: SERVER })
  await event(one, 'listening')
  assert.deepEqual(one.address(), { address: SERVER, family: 'IPv4', port: 81 })
})

test('the listener gets the bounds, from createServer or from listen', async (t) => {
  const { server } = pair(t)
  const first = server.createServer({ estab: { backlog: 7, synAckRetries: 1, synAckWaits: [100, 200] } })
  first.listen(80)
  assert.equal(first.estab.listener!.backlog, 7)
  assert.equal(first.estab.listener!.survivalTime, 300)
  const second = server.createServer()
  second.listen(81, SERVER, 9)
  await event(second, 'listening')
  assert.equal(second.estab.listener!.backlog, 9)
})

test('the listener gets the rest of its options as well', async (t) => {
  const { server } = pair(t)
  const admission = (): 'hold' => 'hold'
  const given = server.createServer({ estab: { admission, cookies: false, acceptBacklog: 3, acceptOverflow: 'reset' } })
  given.listen({ port: 80, estab: { synAckWaits: 'freebsd', deferTimeout: 5000 } } as ListenOptions)
  const { schedule, ...listener } = given.estab.listener!
  assert.equal(listener.admission, admission)
  assert.deepEqual([listener.cookies, listener.acceptBacklog, listener.acceptOverflow], [false, 3, 'reset'])
  assert.deepEqual([schedule.survivalTime, schedule.ends.at(-1)], [15_000, 5000])
  const silent = server.createServer({ estab: { cookies: undefined, admission: undefined } }).listen(81)
  assert.deepEqual([silent.estab.listener!.cookies, silent.estab.listener!.acceptOverflow], [true, 'wait'])
  assert.throws(() => server.createServer({ estab: { acceptOverflow: 'drop' as 'wait' } }).listen(82), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
})

test('cookie keys may be shared with other stacks', () => {
  const keys = new CookieKeyRing(new Uint8Array(16), new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
  const { net } = lone({ cookieKeys: keys })
  assert.equal(net.stack.tcp.listening.cookies.keys, keys)
})

test('a SYN that finds the backlog full is answered with a cookie; without cookies it is dropped', () => {
  for (const cookies of [true, false]) {
    const host = lone()
    host.net.createServer({ estab: { backlog: 1, cookies } }).listen(80)
    host.syn(4000)
    host.syn(4001)
    assert.deepEqual(host.sent, ['0 S. to 4000', ...(cookies ? ['0 S. to 4001'] : [])])
  }
})

test('a port that is taken comes as an error event', async (t) => {
  const { server } = pair(t)
  await listening(server.createServer())
  const [error] = (await event(server.createServer().listen(80), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
  assert.equal(error.syscall, 'listen')
})

test('close waits for the connections that are open, and takes no further ones', async (t) => {
  const { server, client } = pair(t)
  let accepted: Socket | undefined
  const listener = await listening(server.createServer((socket) => (accepted = socket.resume())))
  const socket = client.connect(80, SERVER)
  await event(listener, 'connection')
  let closed = false
  const done = new Promise<void>((resolve) => listener.close(() => resolve())).then(() => {
    closed = true
  })
  const [refused] = (await event(client.connect(80, SERVER), 'error')) as [NodeJS.ErrnoException]
  assert.equal(refused.code, 'ECONNREFUSED')
  assert.equal(closed, false)
  socket.resume().end()
  await done
  assert.equal(accepted?.destroyed, true)
})

test('close of a server that does not listen says so', async (t) => {
  const { server } = pair(t)
  const error = await new Promise<Error | undefined>((resolve) => server.createServer().close(resolve))
  assert.equal((error as NodeJS.ErrnoException).code, 'ERR_SERVER_NOT_RUNNING')
})

test('maxConnections: further ones are closed, and told', async (t) => {
  const { server, client } = pair(t)
  const listener = await listening(server.createServer((socket) => socket.resume()))
  listener.maxConnections = 1
  client.connect(80, SERVER)
  await event(listener, 'connection')
  const dropped = event(listener, 'drop')
  const second = client.connect(80, SERVER)
  await event(second.resume(), 'connect')
  const { localPort } = second
  await event(second, 'close')
  const [data] = (await dropped) as [{ remotePort: number; remoteAddress: string; localFamily: string }]
  assert.deepEqual([data.remotePort, data.remoteAddress, data.localFamily], [localPort, `::ffff:${CLIENT}`, 'IPv6'])
  const count = await new Promise<number>((resolve) => listener.getConnections((_, n) => resolve(n)))
  assert.equal(count, 1)
})

test('what a client sent and ended before it was accepted is read', async (t) => {
  const { server, client } = pair(t)
  const received = new Promise<Buffer>((resolve) => {
    listening(server.createServer((socket) => resolve(collect(socket))))
  })
  client.connect(80, SERVER).end('early')
  assert.equal((await received).toString(), 'early')
})

test("closing the net resets every connection, and closes both nets' sockets", async (t) => {
  const { server, client } = pair(t)
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer(resolve))
  })
  const socket = client.connect(80, SERVER)
  const peer = await accepted
  const failed = event(socket, 'error')
  const closed = event(peer, 'close')
  server.close()
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  assert.deepEqual(await closed, [false])
})

test('drained resolves when the last connection is done', async (t) => {
  const { server, client } = pair(t)
  await listening(server.createServer((socket) => socket.resume()))
  await client.drained()
  const socket = client.connect(80, SERVER)
  await event(socket, 'connect')
  socket.resume().end('last words')
  await client.drained()
  assert.equal(socket.estab.state, 'TIME-WAIT')
})
