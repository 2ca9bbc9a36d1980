import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Socket } from '../../src/net/socket.ts'
import { collect, event, listening, pair, SERVER } from './support.ts'

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
  const first = server.createServer({ backlog: 7, synAckRetries: 1, synAckWaits: [100, 200] })
  first.listen(80)
  assert.equal(first.listener!.backlog, 7)
  assert.equal(first.listener!.survivalTime, 300)
  const second = server.createServer()
  second.listen(81, SERVER, 9)
  assert.equal(second.listener!.backlog, 9)
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

test('maxConnections: further ones are reset, and told', async (t) => {
  const { server, client } = pair(t)
  const listener = await listening(server.createServer((socket) => socket.resume()))
  listener.maxConnections = 1
  client.connect(80, SERVER)
  await event(listener, 'connection')
  const dropped = event(listener, 'drop')
  const second = client.connect(80, SERVER)
  const [error] = (await event(second.resume(), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  const [data] = (await dropped) as [{ remotePort: number }]
  assert.equal(data.remotePort, second.localPort)
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
  assert.equal(socket.state, 'TIME-WAIT')
})
