import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { constants } from 'node:os'
import { test } from 'node:test'
import type { Socket } from '../../src/net/socket.ts'
import { CLIENT, collect, event, listening, pair, pattern, SERVER } from './support.ts'

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

test('a connection: its events, in their order, and its ends', async (t) => {
  const { server, client } = pair(t)
  const accepted: Socket[] = []
  await listening(server.createServer((socket) => accepted.push(socket.resume())))
  const socket = client.connect(80, SERVER)
  const events: string[] = []
  for (const name of ['connect', 'ready', 'end', 'finish', 'close']) socket.on(name, () => events.push(name))
  assert.equal(socket.readyState, 'opening')
  assert.equal(socket.pending, true)
  await event(socket, 'connect')
  assert.equal(socket.readyState, 'open')
  assert.equal(socket.pending, false)
  assert.equal(socket.estab.state, 'ESTABLISHED')
  assert.deepEqual([socket.remoteAddress, socket.remotePort, socket.remoteFamily], [SERVER, 80, 'IPv4'])
  const { localPort } = socket
  assert.deepEqual(socket.address(), { address: CLIENT, family: 'IPv4', port: localPort })
  socket.resume().end()
  const [hadError] = await event(socket, 'close')
  assert.equal(hadError, false)
  assert.deepEqual(events, ['connect', 'ready', 'finish', 'end', 'close'])
  assert.equal(socket.readyState, 'closed')
  assert.equal(socket.estab.connection?.localPort, localPort)
  assert.equal(accepted[0]!.estab.connection?.remotePort, localPort)
})

test('16 MiB each way at once, over IPv4 and over IPv6, with equal SHA-256', async (t) => {
  const { server, client } = pair(t)
  await listening(server.createServer((socket) => socket.pipe(socket)))
  const octets = pattern(16 * 1024 * 1024)
  for (const host of [SERVER, 'fd00::1']) {
    const socket = client.connect({ port: 80, host, allowHalfOpen: true })
    socket.end(octets)
    assert.equal(sha256(await collect(socket)), sha256(octets))
    assert.equal(socket.bytesWritten, octets.length)
    assert.equal(socket.bytesRead, octets.length)
  }
})

test('many small writes arrive whole and in order', async (t) => {
  const { server, client } = pair(t)
  const received = new Promise<Buffer>((resolve) => {
    listening(server.createServer((socket) => resolve(collect(socket))))
  })
  const octets = pattern(100_000)
  const socket = client.connect(80, SERVER)
  for (let i = 0; i < octets.length; i += 10) socket.write(octets.subarray(i, i + 10))
  socket.end()
  assert.equal(sha256(await received), sha256(octets))
})

test('what is read comes in large chunks', async (t) => {
  const { server, client } = pair(t)
  await listening(server.createServer((socket) => socket.end(pattern(4 * 1024 * 1024))))
  const socket = client.connect({ port: 80, host: SERVER })
  let chunks = 0
  socket.on('data', () => chunks++)
  await event(socket, 'end')
  assert.equal(socket.bytesRead, 4 * 1024 * 1024)
  assert.ok(chunks < 1000, `${chunks} chunks`)
})

test('half-close: the end of one direction leaves the other open', async (t) => {
  const { server, client } = pair(t)
  const answered = new Promise<Buffer>((resolve) => {
    const accept = async (socket: Socket): Promise<void> => {
      const question = await new Promise<Buffer>((done) => {
        const chunks: Buffer[] = []
        socket.on('data', (chunk: Buffer) => chunks.push(chunk))
        socket.on('end', () => done(Buffer.concat(chunks)))
      })
      assert.equal(socket.readyState, 'writeOnly')
      assert.equal(socket.estab.state, 'CLOSE-WAIT')
      socket.end(`you said ${question}`)
      resolve(question)
    }
    listening(server.createServer({ allowHalfOpen: true }, accept))
  })
  const socket = client.connect({ port: 80, host: SERVER, allowHalfOpen: true })
  socket.end('ping')
  assert.equal((await answered).toString(), 'ping')
  assert.equal((await collect(socket)).toString(), 'you said ping')
})

test("without allowHalfOpen the peer's end brings our own", async (t) => {
  const { server, client } = pair(t)
  const closed = new Promise<unknown>((resolve) => {
    listening(server.createServer((socket) => resolve(event(socket.resume(), 'close'))))
  })
  const socket = client.connect(80, SERVER)
  socket.resume().end()
  await Promise.all([closed, event(socket, 'close')])
})

test('refused: the error has what node:net gives it', async (t) => {
  const { client } = pair(t)
  const socket = client.connect(81, SERVER)
  const closed = event(socket, 'close')
  const [error] = (await event(socket, 'error')) as [NodeJS.ErrnoException & { address: string; port: number }]
  assert.equal(error.message, `connect ECONNREFUSED ${SERVER}:81`)
  assert.equal(error.code, 'ECONNREFUSED')
  assert.equal(error.errno, -constants.errno.ECONNREFUSED)
  assert.equal(error.syscall, 'connect')
  assert.deepEqual([error.address, error.port], [SERVER, 81])
  assert.deepEqual(await closed, [true])
})

test('a reader who does not read closes the window, and stops the writer', async (t) => {
  const buffer = 64 * 1024
  const { server, client } = pair(t, { sendBuffer: buffer, receiveBuffer: buffer })
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer({ pauseOnConnect: true }, resolve))
  })
  const octets = pattern(1024 * 1024)
  const socket = client.connect({ port: 80, host: SERVER, highWaterMark: 16 * 1024 })
  await event(socket, 'connect')
  let written = 0
  const write = (): void => {
    while (written < octets.length) {
      const taken = socket.write(octets.subarray(written, written + 8192))
      written += 8192
      if (!taken) return
    }
    socket.end()
  }
  socket.on('drain', write)
  write()
  const reader = await accepted
  // Every frame that is due is sent within a few turns; what remains waits for the reader.
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(written <= 2 * buffer + 2 * 64 * 1024 + 2 * 16 * 1024, `${written} octets were taken`)
  assert.ok(written >= buffer, `${written} octets were taken`)
  assert.equal(sha256(await collect(reader)), sha256(octets))
})

test('a write is done when the send buffer has taken it', async (t) => {
  const { server, client } = pair(t, { sendBuffer: 1000, receiveBuffer: 1000 })
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer({ pauseOnConnect: true, highWaterMark: 1 }, resolve))
  })
  const socket = client.connect(80, SERVER)
  await event(socket, 'connect')
  const done: string[] = []
  socket.write(pattern(600), () => done.push('small'))
  socket.write(pattern(5000), () => done.push('large'))
  const reader = await accepted
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(done, ['small'])
  socket.end()
  assert.equal((await collect(reader)).length, 5600)
  assert.deepEqual(done, ['small', 'large'])
})

test('destroy with data unread resets the connection', async (t) => {
  const { server, client } = pair(t)
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer({ pauseOnConnect: true }, resolve))
  })
  const socket = client.connect(80, SERVER)
  socket.write('unread')
  const reader = await accepted
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  const failed = event(socket.resume(), 'error')
  reader.destroy()
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  assert.equal(error.message, 'read ECONNRESET')
})

test('destroy with all read ends the connection with a FIN', async (t) => {
  const { server, client } = pair(t)
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer(resolve))
  })
  const socket = client.connect(80, SERVER)
  const peer = await accepted
  socket.on('error', (error) => assert.fail(error))
  const ended = event(socket.resume(), 'end')
  peer.destroy()
  await ended
})

test('text for a socket that was destroyed is answered with a RST', async (t) => {
  const { server, client } = pair(t)
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer(resolve))
  })
  const socket = client.connect({ port: 80, host: SERVER, allowHalfOpen: true })
  const peer = await accepted
  const ended = event(socket.resume(), 'end')
  peer.destroy()
  await ended
  socket.write('too late')
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  const failed = event(socket, 'error')
  socket.write('once more')
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.equal(error.message, 'write EPIPE')
})

test('resetAndDestroy resets', async (t) => {
  const { server, client } = pair(t)
  const accepted = new Promise<Socket>((resolve) => {
    listening(server.createServer(resolve))
  })
  const socket = client.connect(80, SERVER)
  const peer = await accepted
  const failed = event(peer, 'error')
  socket.resetAndDestroy()
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})

test('a name goes through lookup', async (t) => {
  const { server, client } = pair(t)
  await listening(server.createServer((socket) => socket.end('here')))
  const socket = client.connect({
    port: 80,
    host: 'server.example',
    lookup: (name, { all }, callback) => {
      assert.deepEqual([name, all], ['server.example', true])
      callback(null, [{ address: SERVER, family: 4 }])
    },
  })
  assert.equal((await collect(socket)).toString(), 'here')
})

test('mistakes in a call are thrown, with the codes of Node', (t) => {
  const { client } = pair(t)
  assert.throws(() => client.connect(-1, SERVER), { name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' })
  assert.throws(() => client.connect(65_536, SERVER), { code: 'ERR_SOCKET_BAD_PORT' })
  assert.throws(() => client.createServer().listen(-1), { code: 'ERR_SOCKET_BAD_PORT' })
})

test('a local address that is not the own one is an error, not an exception', async (t) => {
  const { client } = pair(t)
  const socket = client.connect({ port: 80, host: SERVER, localAddress: '10.9.9.9' })
  const [error] = (await event(socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.syscall, 'bind')
  assert.equal(error.code, 'EADDRNOTAVAIL')
})
