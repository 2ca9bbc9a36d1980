import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { createWebLoopback, SocketError } from '../../src/web/web.ts'
import { pattern } from '../net/support.ts'
import { collect, connected, pair, rejection, SERVER } from './support.ts'

const LIMITED = { tcp: { sendBuffer: 4096, receiveBuffer: 4096 } }

describe('a connection', () => {
  test('opens, carries octets both ways, and closes', async (t) => {
    const { near, far } = await connected(t)
    const { remoteAddress, localAddress, alpn } = await near.opened
    assert.equal(remoteAddress, '10.0.0.1:80')
    assert.match(localAddress, /^10\.0\.0\.2:\d+$/)
    assert.equal(alpn, null)
    assert.equal((await far.opened).remoteAddress, localAddress)
    assert.deepEqual([near.secureTransport, near.upgraded], ['off', false])
    const writer = near.writable.getWriter()
    await writer.write('hello ')
    await writer.write(new Uint8Array([119, 111]))
    await writer.write(new Uint16Array([0x6c72]))
    await writer.write(new Uint8Array([100]).buffer)
    await writer.close()
    assert.equal((await collect(far.readable)).toString(), 'hello world')
    assert.equal((await collect(near.readable)).length, 0)
    await Promise.all([near.closed, far.closed])
  })

  test('takes an address as text, IPv6 in brackets', async (t) => {
    const { server, client } = pair(t)
    const listener = server.listen(80)
    for (const address of ['10.0.0.1:80', '[fd00::1]:80']) {
      const { remoteAddress } = await client.connect(address).opened
      assert.equal(remoteAddress, address)
    }
    assert.deepEqual(listener.address, { hostname: '::', port: 80 })
  })

  test('resolves names as told; localhost is the stack itself', async (t) => {
    const net = createWebLoopback({ lookup: async (name) => (name === 'here' ? '127.0.0.1' : Promise.reject(name)) })
    t.after(() => net.close())
    const listener = net.listen({ port: 80, host: '127.0.0.1' })
    assert.equal((await net.connect('here:80').opened).remoteAddress, '127.0.0.1:80')
    assert.equal(await rejection(net.connect('elsewhere:80').opened), 'elsewhere')
    await listener.close()
    const own = createWebLoopback()
    t.after(() => own.close())
    own.listen(80)
    assert.equal((await own.connect('localhost:80').opened).remoteAddress, '127.0.0.1:80')
    const { code } = await rejection(own.connect('example.com:80').closed)
    assert.equal(code, 'ENOTFOUND')
  })

  test('is used before it is open', async (t) => {
    const { server, client } = pair(t)
    const listener = server.listen(80)
    const socket = client.connect({ hostname: SERVER, port: 80 })
    const written = socket.writable.getWriter().write('early')
    const reader = socket.readable.getReader()
    const far = await listener.accept()
    const writer = far.writable.getWriter()
    await writer.write((await far.readable.getReader().read()).value!)
    assert.equal(Buffer.from((await reader.read()).value!).toString(), 'early')
    await written
  })
})

describe('an echo', () => {
  test('of 8 MiB comes back whole', async (t) => {
    const { near, far } = await connected(t)
    void far.readable.pipeTo(far.writable)
    const octets = pattern(8 * 1024 * 1024)
    const sent = new Blob([octets]).stream().pipeTo(near.writable)
    const came = await collect(near.readable)
    await sent
    const hash = (of: Buffer): string => createHash('sha256').update(of).digest('hex')
    assert.equal(hash(came), hash(octets))
    await Promise.all([near.closed, far.closed])
  })

  test('ends when the client ends, with allowHalfOpen or without', async (t) => {
    for (const allowHalfOpen of [false, true]) {
      const { near, far } = await connected(t, { server: { allowHalfOpen } })
      const echoed = far.readable.pipeTo(far.writable)
      const writer = near.writable.getWriter()
      await writer.write('all of it')
      await writer.close()
      assert.equal((await collect(near.readable)).toString(), 'all of it')
      await Promise.all([echoed, near.closed, far.closed])
    }
  })
})

describe('back-pressure', () => {
  test('a reader that does not read closes the window, and the writer waits', async (t) => {
    const { near, far, client } = await connected(t, { ...LIMITED, client: { highWaterMark: 1000 } })
    const writer = near.writable.getWriter()
    assert.equal(writer.desiredSize, 1000)
    const octets = pattern(100_000)
    let done = false
    const written = writer.write(octets).then(() => {
      done = true
    })
    assert.equal(writer.desiredSize, -99_000)
    const [connection] = client.stack.tcp.connections
    const reader = far.readable.getReader({ mode: 'byob' })
    let came = Buffer.alloc(0)
    for (; came.length < octets.length; ) {
      assert.ok(connection!.sendBuffer.length <= 4096)
      // 4096 in the send buffer, as many in the receive buffer, and what was read.
      if (came.length < octets.length - 8192) assert.equal(done, false)
      const { value } = await reader.read(new Uint8Array(777))
      came = Buffer.concat([came, value!])
    }
    await written
    assert.equal(writer.desiredSize, 1000)
    assert.ok(came.equals(octets))
  })

  test('what nobody asks for stays in the receive buffer', async (t) => {
    const { near, far, server } = await connected(t)
    const writer = near.writable.getWriter()
    await writer.write(pattern(5000))
    const reader = far.readable.getReader({ mode: 'byob' })
    const { value } = await reader.read(new Uint8Array(10))
    assert.ok(Buffer.from(value!).equals(pattern(10)))
    const [connection] = server.stack.tcp.connections
    assert.equal(connection!.receiveBuffer.next - connection!.readable, 10)
  })

  test('several reads at once are served in order', async (t) => {
    const { near, far } = await connected(t)
    const reader = far.readable.getReader()
    const reads = [reader.read(), reader.read(), reader.read()]
    const writer = near.writable.getWriter()
    await writer.write('one')
    await reads[0]
    await writer.write('two')
    await reads[1]
    await writer.close()
    const came = await Promise.all(reads)
    assert.deepEqual(
      came.map(({ value, done }) => (done ? 'end' : Buffer.from(value!).toString())),
      ['one', 'two', 'end'],
    )
  })

  test('a BYOB reader sees the end with its buffer back', async (t) => {
    const { near, far } = await connected(t)
    const reader = far.readable.getReader({ mode: 'byob' })
    const read = reader.read(new Uint8Array(8))
    await near.writable.getWriter().close()
    const { value, done } = await read
    assert.deepEqual([value?.byteLength, value?.buffer.byteLength, done], [0, 8, true])
  })
})

describe('ends', () => {
  test('with allowHalfOpen the writable outlives the readable', async (t) => {
    const { near, far } = await connected(t, { server: { allowHalfOpen: true } })
    await near.writable.getWriter().close()
    await collect(far.readable)
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    const writer = far.writable.getWriter()
    await writer.write('after the end')
    await writer.close()
    assert.equal((await collect(near.readable)).toString(), 'after the end')
  })

  test('without it, a writer that is held fails with EPIPE, and one that nobody holds is closed', async (t) => {
    const { near, far } = await connected(t)
    const writer = far.writable.getWriter()
    await near.writable.getWriter().close()
    await collect(far.readable)
    const { code } = await rejection(writer.closed)
    assert.equal(code, 'EPIPE')
    await collect(near.readable)
    await Promise.all([near.closed, far.closed])
    assert.equal(near.writable.locked, true)
  })

  test('cancelling discards what comes, and the writable goes on', async (t) => {
    const { near, far } = await connected(t, LIMITED)
    await near.readable.cancel('enough')
    const writer = far.writable.getWriter()
    await writer.write(pattern(50_000))
    await writer.close()
    const back = near.writable.getWriter()
    await back.write('still here')
    await back.close()
    assert.equal((await collect(far.readable)).toString(), 'still here')
    await Promise.all([near.closed, far.closed])
  })

  test('aborting resets: the peer hears ECONNRESET', async (t) => {
    const { near, far, client, server } = await connected(t, LIMITED)
    const writer = near.writable.getWriter()
    const write = writer.write(pattern(50_000))
    const reason = new Error('no more')
    await writer.abort(reason)
    assert.equal(await rejection(write), reason)
    await near.closed
    const error = await rejection(collect(far.readable))
    assert.ok(error instanceof SocketError && error instanceof TypeError)
    assert.equal(error.message, `SocketError: read ECONNRESET ${(await near.opened).localAddress}`)
    assert.equal(error.code, 'ECONNRESET')
    assert.equal(await rejection(far.closed), error)
    assert.equal(await rejection(far.writable.getWriter().closed), error)
    assert.deepEqual([client.stack.tcp.connections.size, server.stack.tcp.connections.size], [0, 0])
  })

  test('what is no buffer and no string resets too', async (t) => {
    const { near, far } = await connected(t)
    const error = await rejection(near.writable.getWriter().write({} as Uint8Array))
    assert.equal(error.code, 'ERR_INVALID_ARG_TYPE')
    assert.equal((await rejection(far.closed)).code, 'ECONNRESET')
  })
})

describe('close()', () => {
  test('ends both streams, delivers what was written, and answers later octets with a reset', async (t) => {
    const { near, far } = await connected(t)
    const writer = near.writable.getWriter()
    await writer.write('last words')
    const read = near.readable.getReader().read()
    const reason = new Error('done')
    assert.equal(near.close(reason), near.closed)
    await near.closed
    assert.deepEqual(await read, { value: undefined, done: true })
    assert.equal(await rejection(writer.closed), reason)
    assert.equal((await collect(far.readable)).toString(), 'last words')
    await near.close()
  })

  test('before it is open rejects opened with the reason, and leaves nothing', async (t) => {
    const { client } = pair(t)
    for (const address of ['10.0.0.1:80', 'name:80']) {
      const socket = client.connect(address)
      const reason = new Error('too slow')
      await socket.close(reason)
      assert.equal(await rejection(socket.opened), reason)
      assert.equal(await rejection(socket.writable.getWriter().closed), reason)
    }
    await client.drained()
    assert.equal(client.stack.tcp.connections.size, 0)
  })

  test('with a write that is not done resets', async (t) => {
    const { near, far } = await connected(t, LIMITED)
    near.writable
      .getWriter()
      .write(pattern(50_000))
      .catch(() => {})
    await near.close()
    assert.equal((await rejection(collect(far.readable))).code, 'ECONNRESET')
  })
})

describe('errors', () => {
  test('a port where nobody listens: ECONNREFUSED everywhere', async (t) => {
    const { client } = pair(t)
    const socket = client.connect('10.0.0.1:9')
    const error = (await rejection(socket.opened)) as SocketError
    assert.equal(error.message, 'SocketError: connect ECONNREFUSED 10.0.0.1:9')
    assert.deepEqual([error.name, error.code, error.syscall], ['SocketError', 'ECONNREFUSED', 'connect'])
    assert.deepEqual([error.address, error.port], ['10.0.0.1', 9])
    assert.equal(await rejection(socket.closed), error)
    assert.equal(await rejection(socket.readable.getReader().read()), error)
    assert.equal(await rejection(socket.writable.getWriter().write('x')), error)
  })

  test('arguments are judged at the call', (t) => {
    const { client } = pair(t)
    for (const address of ['10.0.0.1', '10.0.0.1:', ':80', 'fd00::1:80', '', { hostname: '', port: 80 }]) {
      assert.throws(() => client.connect(address), { name: 'SocketError', code: 'ERR_INVALID_ARG_VALUE' })
    }
    for (const port of [0, 65_536, 1.5, -1]) {
      assert.throws(() => client.connect({ hostname: 'a', port }), { code: 'ERR_SOCKET_BAD_PORT' })
    }
    const secureTransport = 'yes' as 'on'
    assert.throws(() => client.connect('10.0.0.1:1', { secureTransport }), { code: 'ERR_INVALID_ARG_VALUE' })
    for (const kind of ['on', 'starttls'] as const) {
      assert.throws(() => client.connect('10.0.0.1:1', { secureTransport: kind }), { code: 'ERR_NO_TLS' })
    }
    assert.throws(() => client.connect('10.0.0.1:1').startTls(), { code: 'ERR_SOCKET_STARTTLS' })
  })

  test('an address without a route rejects; a net that was closed is ENETDOWN', async (t) => {
    const { server, client } = pair(t)
    const refused = await rejection(client.connect('224.0.0.1:80').opened)
    assert.equal(refused.code, 'ERR_INVALID_ARG_VALUE')
    const listener = server.listen(80)
    const socket = client.connect('10.0.0.1:80')
    const far = await listener.accept()
    client.close()
    await socket.closed
    assert.equal((await rejection(far.closed)).code, 'ECONNRESET')
    assert.equal((await rejection(client.connect('10.0.0.1:80').opened)).code, 'ENETDOWN')
    server.close()
    assert.equal((await rejection(listener.accept())).code, 'ERR_SERVER_NOT_RUNNING')
    await listener.closed
  })
})
