/** Octets: writing, reading, back-pressure, counters, and the user's own memory. */
import type { NetConnectOpts, Socket } from 'node:net'
import { differs, same } from './harness.ts'

/** All that comes, as one. */
async function collect(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const TEXTS: [BufferEncoding, string][] = [
  ['utf8', 'grüß Gott, 世界'],
  ['latin1', 'grüß Gott'],
  ['ascii', 'plain'],
  ['ucs2', 'zwei'],
  ['hex', '00ff7f'],
  ['base64', 'AP9/'],
  ['base64url', '_-8'],
]

for (const [encoding, text] of TEXTS) {
  same(`text in ${encoding}`, async (_, t) => {
    const [client, server] = await t.pair()
    client.write(text, encoding)
    client.end(text, encoding)
    t.log('received', (await collect(server)).toString('hex'))
    t.log('written', client.bytesWritten, server.bytesRead)
  })
}

same('setDefaultEncoding', async (_, t) => {
  const [client, server] = await t.pair()
  client.setDefaultEncoding('hex')
  client.end('cafe')
  t.log('received', await collect(server))
})

same('defaultEncoding', async (_, t) => {
  const [client, server] = await t.pair({ defaultEncoding: 'latin1' })
  client.end('ü')
  t.log('received', (await collect(server)).toString('hex'))
})

same('setEncoding: text comes, whole characters of it', async (_, t) => {
  const [client, server] = await t.pair()
  server.setEncoding('utf8')
  const octets = Buffer.from('世界')
  let text = ''
  server.on('data', (chunk) => {
    t.log('type', typeof chunk)
    text += chunk
  })
  client.write(octets.subarray(0, 4))
  await t.turns()
  client.end(octets.subarray(4))
  await t.event(server, 'end')
  t.log('text', text)
})

same('setEncoding gives the socket', async (_, t) => {
  const [client] = await t.pair()
  t.log('returns', client.setEncoding('latin1') === client, client.readableEncoding)
})

same('a Uint8Array, and a view on one', async (_, t) => {
  const [client, server] = await t.pair()
  client.write(new Uint8Array([65, 66, 67]))
  client.end(new Uint8Array(new Uint8Array([67, 68, 69, 70]).buffer, 1, 2))
  t.log('received', await collect(server))
})

same('empty writes', async (_, t) => {
  const [client, server] = await t.pair()
  t.log(
    'write',
    client.write('', (error) => t.log('written', error)),
  )
  t.log('write', client.write(Buffer.alloc(0)))
  client.end('')
  t.log('received', (await collect(server)).length)
})

same('callbacks of writes, in their order, before the end', async (_, t) => {
  const [client, server] = await t.pair()
  server.resume()
  for (const name of ['a', 'b', 'c']) client.write(name, (error) => t.log('written', name, error))
  client.end('d', () => t.log('written', 'end'))
  await t.event(client, 'finish')
  t.log('written', 'finish')
})

same('a callback is not called within the write', async (_, t) => {
  const [client] = await t.pair()
  client.write('x', () => t.log('order', 'written'))
  t.log('order', 'write is over')
  await t.turns(2)
})

same('written before it is connected', async (net, t) => {
  const port = await t.server(async (socket) => t.log('received', await collect(socket)))
  const client = t.own(net.connect(port, t.host))
  t.log('write', client.write('one, '), client.write('two, '), client.bytesWritten, client.writableLength)
  client.end('three')
  t.log('write', client.bytesWritten, client.bufferSize)
  await t.closed(client.resume())
  t.log('after', client.bytesWritten, client.bytesRead, client.bufferSize)
  await t.turns(3)
})

same('written before connect() is called', async (net, t) => {
  const port = await t.server((socket) => socket.on('data', (data) => t.log('received', data)))
  const client = t.own(new net.Socket())
  client.on('error', (error) => t.log('client', error))
  t.log(
    'write',
    client.write('early', (error) => t.log('written', error)),
  )
  await t.turns(2)
  client.connect(port, t.host)
  await t.turns()
  t.log('client', client.destroyed)
})

same('the counters of both sides', async (_, t) => {
  const [client, server] = await t.pair()
  server.pipe(server)
  client.end(Buffer.alloc(123_456))
  t.log('echo', (await collect(client)).length)
  if (!client.closed) await t.closed(client)
  t.log('client', client.bytesRead, client.bytesWritten)
  t.log('server', server.bytesRead, server.bytesWritten)
})

same('the counters while it is corked', async (_, t) => {
  const [client, server] = await t.pair()
  client.cork()
  client.write('abc')
  client.write('ü')
  t.log('corked', client.bytesWritten, client.writableLength, client.writableCorked)
  client.uncork()
  t.log('uncorked', client.bytesWritten, client.writableCorked)
  client.end()
  t.log('received', (await collect(server)).toString())
})

same('a megabyte arrives as it was', async (_, t) => {
  const { createHash } = await import('node:crypto')
  const octets = Buffer.alloc(1_000_000, 'estab ')
  const [client, server] = await t.pair()
  client.end(octets)
  t.log(
    'hash',
    createHash('sha256')
      .update(await collect(server))
      .digest('hex'),
  )
})

same('drain comes when what was written is gone', async (net, t) => {
  const port = await t.server()
  const client = t.own(net.connect({ port, host: t.host, highWaterMark: 1000 } as object as NetConnectOpts))
  t.log('mark', client.writableHighWaterMark, client.readableHighWaterMark)
  t.log('write', client.write(Buffer.alloc(999)), client.writableNeedDrain)
  t.log('write', client.write(Buffer.alloc(1)), client.writableNeedDrain)
  client.on('connect', () => t.log('order', 'connect'))
  await t.event(client, 'drain')
  t.log('order', 'drain', client.writableLength, client.writableNeedDrain)
  t.log('write', client.write(Buffer.alloc(2000)))
})

same('writableHighWaterMark and readableHighWaterMark', async (_, t) => {
  const [client] = await t.pair({ writableHighWaterMark: 5, readableHighWaterMark: 7 })
  t.log('marks', client.writableHighWaterMark, client.readableHighWaterMark)
  t.log('write', client.write('1234'), client.write('5'))
})

same('a reader who does not read stops the writer', async (_, t) => {
  const [client, server] = await t.pair({}, { pauseOnConnect: true })
  let written = 0
  while (client.write(Buffer.alloc(65_536)) || written < 100) if (++written > 1000) break
  await t.turns(30)
  t.log('client', client.writableNeedDrain, client.writableLength > 0)
  let octets = 0
  server.on('data', (data) => {
    octets += data.length
  })
  client.end()
  server.resume()
  await t.event(server, 'end')
  t.log('octets', octets === client.bytesWritten)
})

same('pause and resume', async (_, t) => {
  const [client, server] = await t.pair()
  client.on('data', (data) => t.log('client', data))
  client.pause()
  t.log('client', client.isPaused(), client.readableFlowing)
  server.write('held')
  await t.turns()
  t.log('client', 'nothing yet')
  client.resume()
  await t.turns()
  t.log('client', client.isPaused(), client.readableFlowing)
})

same('pauseOnConnect', async (_, t) => {
  const [client, server] = await t.pair({}, { pauseOnConnect: true })
  t.log('server', server.isPaused(), server.readableFlowing, server.readableLength, server.bytesRead)
  client.end('x')
  await t.turns()
  t.log('server', server.readableLength, server.bytesRead)
  server.resume()
  t.log('received', await collect(server))
})

same('read and readable', async (_, t) => {
  const [client, server] = await t.pair()
  server.on('readable', () => {
    for (let chunk = server.read(3); chunk !== null; chunk = server.read(3)) t.log('read', chunk)
  })
  client.end('123456789')
  await t.event(server, 'end')
})

same('unshift', async (_, t) => {
  const [client, server] = await t.pair()
  server.once('readable', () => {
    const chunk = server.read() as Buffer
    server.unshift(chunk.subarray(1))
    server.on('data', (data) => t.log('data', data))
  })
  client.end('xyz')
  await t.event(server, 'end')
})

same('pipe back', async (_, t) => {
  const [client, server] = await t.pair()
  server.pipe(server)
  client.end('echo')
  t.log('echo', await collect(client))
})

same('pipeline', async (_, t) => {
  const { pipeline } = await import('node:stream/promises')
  const { Readable } = await import('node:stream')
  const [client, server] = await t.pair()
  const received = collect(server)
  await pipeline(Readable.from(['a', 'b', 'c']), client)
  t.log('received', await received, client.destroyed)
})

same('an async iterator that stops destroys the socket', async (_, t) => {
  const [client, server] = await t.pair()
  client.write('one')
  for await (const chunk of server) {
    t.log('chunk', chunk)
    break
  }
  t.log('server', server.destroyed)
})

same('toWeb', async (_, t) => {
  const { Duplex } = await import('node:stream')
  const [client, server] = await t.pair()
  server.pipe(server)
  const { readable, writable } = Duplex.toWeb(client)
  const writer = writable.getWriter()
  await writer.write(Buffer.from('web'))
  await writer.close()
  for await (const chunk of readable) t.log('chunk', Buffer.from(chunk as Uint8Array))
})

same('onread: the user’s own memory', async (_, t) => {
  const buffer = Buffer.alloc(4)
  const read: string[] = []
  const onread = {
    buffer,
    callback(octets: number, into: Uint8Array): boolean {
      t.log('same', into === buffer)
      read.push(Buffer.from(into.subarray(0, octets)).toString())
      return true
    },
  }
  const [client, server] = await t.pair({ onread })
  client.on('data', () => t.log('client', 'data'))
  server.end('0123456789')
  await t.event(client, 'end')
  t.log('read', read, client.bytesRead)
})

same('onread: a function gives the memory', async (_, t) => {
  let asked = 0
  const onread = {
    buffer: () => Buffer.alloc(++asked === 1 ? 2 : 100),
    callback(octets: number, into: Uint8Array): boolean {
      t.log('read', octets, into.length)
      return true
    },
  }
  const [client, server] = await t.pair({ onread })
  server.end('0123456789')
  client.resume()
  await t.event(client, 'end')
})

same('onread: false stops, resume goes on', async (_, t) => {
  let calls = 0
  const onread = {
    buffer: Buffer.alloc(4),
    callback(octets: number): boolean {
      calls++
      t.log('read', octets)
      return false
    },
  }
  const [client, server] = await t.pair({ onread })
  server.end('01234567')
  await t.turns()
  t.log('calls', calls)
  client.resume()
  await t.turns()
  t.log('calls', calls)
  client.resume()
  await t.event(client, 'end')
})

same('onread: pause and resume', async (_, t) => {
  const onread = {
    buffer: Buffer.alloc(100),
    callback(octets: number): boolean {
      t.log('read', octets)
      return true
    },
  }
  const [client, server] = await t.pair({ onread })
  client.pause()
  server.write('held')
  await t.turns()
  t.log('read', 'nothing yet')
  client.resume()
  await t.turns()
  server.end()
  await t.event(client, 'end')
})

same('bufferSize', async (_, t) => {
  const [client] = await t.pair()
  t.log('buffer', client.bufferSize)
  client.cork()
  client.write('abc')
  t.log('buffer', client.bufferSize)
  client.destroy()
  t.log('buffer', client.bufferSize)
})

same('readable: false and writable: false', async (net, t) => {
  const port = await t.server((socket) => socket.resume())
  for (const options of [{ readable: false }, { writable: false }]) {
    const client = t.watch(net.connect({ port, host: t.host, ...options } as never), JSON.stringify(options))
    t.log(JSON.stringify(options), client.readable, client.writable, client.readyState)
    await t.event(client, 'connect')
    await t.turns(5)
    t.log(JSON.stringify(options), client.readable, client.writable, client.readyState)
  }
})

differs(
  'the default high-water mark',
  'High-water marks',
  (net, t) => {
    const socket = t.own(new net.Socket())
    t.log('marks', socket.readableHighWaterMark, socket.writableHighWaterMark)
  },
  22,
)
