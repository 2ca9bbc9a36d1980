/** How a connection ends: end, destroy, reset, half-close, and what is told in which order. */
import type { Socket } from 'node:net'
import { differs, same } from './harness.ts'

function state(socket: Socket): unknown[] {
  const { readyState, destroyed, readable, writable, readableEnded, writableEnded, writableFinished, closed } = socket
  return [readyState, destroyed, readable, writable, readableEnded, writableEnded, writableFinished, closed]
}

same('end: the peer ends by itself', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.resume().end()
  t.log('client', ...state(client))
  await t.closed(client, server)
  t.log('client', ...state(client))
  t.log('server', ...state(server))
})

same('end with data, and a callback', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.on('data', (data) => t.log('server', data))
  client.resume().end('the last words', () => t.log('client', 'ended'))
  await t.closed(client, server)
})

same('end twice', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.resume().end()
  client.end((error?: Error) => t.log('second', error))
  await t.closed(client, server)
  client.end((error?: Error) => t.log('third', error))
  await t.turns(3)
})

same('write after end', async (_, t) => {
  const [client] = await t.watchedPair()
  client.end()
  t.log(
    'client',
    client.write('too late', (error) => t.log('written', error)),
  )
  await t.closed(client)
})

same('half-open: the way back goes on', async (_, t) => {
  const [client, server] = await t.watchedPair({ allowHalfOpen: true })
  client.on('data', (data) => t.log('client', data))
  server.on('end', () => {
    t.log('server', ...state(server))
    server.write('I heard you')
    server.end()
  })
  server.resume()
  client.end('good-bye')
  await t.closed(client, server)
})

same('half-open: nothing ends by itself', async (_, t) => {
  const [client, server] = await t.watchedPair({ allowHalfOpen: true })
  client.resume()
  server.resume().end()
  await t.event(client, 'end')
  await t.turns()
  t.log('client', ...state(client), client.allowHalfOpen)
})

same('write when the peer has ended: EPIPE, said by the socket', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.on('end', () => {
    t.log(
      'client',
      client.write('x', (error) => t.log('written', error)),
    )
  })
  client.resume()
  server.end()
  await t.closed(client)
})

same('write later, when the peer has ended', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.resume()
  server.resume().end()
  await t.closed(client)
  t.log(
    'client',
    client.write('x', (error) => t.log('written', error)),
  )
  await t.turns(3)
})

same('allowHalfOpen can be set later', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.allowHalfOpen = true
  client.resume()
  server.end()
  await t.event(client, 'end')
  await t.turns()
  t.log('client', ...state(client))
})

same('destroy: the peer sees the end', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  t.log('client', client.destroy() === client)
  t.log('client', ...state(client))
  await t.closed(client, server)
})

same('destroy twice', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.destroy()
  client.destroy(new Error('the second'))
  await t.closed(client)
})

same('destroy with an error', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.destroy(new Error('enough'))
  t.log('client', client.errored)
  await t.closed(client, server)
})

same('destroy within data', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.on('data', (data) => {
    t.log('client', data)
    client.destroy()
  })
  server.write('once')
  server.on('close', () => t.log('closed', 'server'))
  await t.closed(client)
})

same('destroy with data that was not read: ECONNRESET', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.pause()
  server.write('unread')
  await t.turns()
  client.destroy()
  await t.closed(server)
})

same('a write goes out before destroy', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.on('data', (data) => t.log('server', data))
  client.write('the last word', (error) => t.log('written', error))
  client.destroy()
  await t.closed(client, server)
})

same('destroySoon: what is written is sent', async (_, t) => {
  const [client, server] = await t.watchedPair()
  let octets = 0
  server.on('data', (data) => {
    octets += data.length
  })
  client.write(Buffer.alloc(300_000))
  client.destroySoon()
  t.log('client', client.destroyed, client.writableEnded)
  await t.closed(client, server)
  t.log('octets', octets)
})

same('destroySoon of a socket that has ended', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.end()
  await t.event(client, 'finish')
  client.destroySoon()
  t.log('client', client.destroyed)
  await t.closed(client)
})

same('destroySoon before it is connected', async (net, t) => {
  const port = await t.server((socket) => t.watch(socket, 'server').resume())
  const client = t.watch(net.connect(port, t.host), 'client')
  client.destroySoon()
  await t.closed(client)
})

same('resetAndDestroy: the peer has ECONNRESET', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  t.log('client', client.resetAndDestroy() === client, client.destroyed)
  await t.closed(client, server)
})

differs('resetAndDestroy with data on its way', 'A reset behind data', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.write(Buffer.alloc(1000))
  client.resetAndDestroy()
  await t.closed(client)
  await t.closed(server)
})

same('resetAndDestroy while connecting', async (net, t) => {
  const port = await t.server((socket) => t.watch(socket, 'server').resume())
  const client = t.watch(net.connect(port, t.host), 'client')
  client.resetAndDestroy()
  t.log('client', client.destroyed, client.connecting)
  await t.closed(client)
})

same('resetAndDestroy of a socket that has no connection', async (net, t) => {
  const client = t.watch(new net.Socket(), 'client')
  client.resetAndDestroy()
  await t.closed(client)
})

same('resetAndDestroy of a socket that is closed', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  client.destroy()
  await t.closed(client)
  client.resetAndDestroy()
  await t.turns(3)
  t.log('client', client.errored)
})

same('a reset is not heard before one reads', async (_, t) => {
  const [client, server] = await t.watchedPair({ pauseOnConnect: true })
  client.resetAndDestroy()
  await t.turns()
  t.log('paused', server.destroyed, server.readyState)
  server.resume()
  await t.closed(server)
})

same('a write after a reset that was not heard', async (_, t) => {
  const [client, server] = await t.watchedPair({ pauseOnConnect: true })
  client.resetAndDestroy()
  await t.turns()
  server.write('hello?', (error) => t.log('written', error))
  await t.closed(server)
})

same('a write to a socket that was closed, then another: EPIPE', async (_, t) => {
  const [client, server] = await t.watchedPair({ allowHalfOpen: true })
  client.resume()
  server.resume()
  server.destroy()
  await t.event(client, 'end')
  client.write('into the void', (error) => t.log('first', error))
  await t.turns()
  t.log('client', client.destroyed)
  client.write('again', (error) => t.log('second', error))
  await t.closed(client)
})

same('the end comes behind the data', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.on('data', (data) => t.log('client', data))
  server.end('data')
  await t.closed(client)
})

same('the end waits for the reader', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.end('data')
  client.pause()
  await t.turns()
  t.log('client', ...state(client), client.readableLength)
  client.on('data', (data) => t.log('client', data))
  client.resume()
  await t.closed(client)
})

same('both ends at once', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.resume().end('a')
  server.resume().end('b')
  await t.closed(client, server)
})

same('errors of two destroyed sockets are their own', async (net, t) => {
  const port = await t.server()
  for (const label of ['a', 'b']) {
    const socket = t.watch(net.connect(port, t.host), label)
    socket.on('connect', () => socket.destroy(new Error(label)))
    await t.closed(socket)
  }
})

same('asyncDispose', async (_, t) => {
  const [client, server] = await t.watchedPair()
  server.resume()
  const dispose = client[Symbol.asyncDispose]
  t.log('client', typeof dispose)
  await dispose.call(client).catch((error: unknown) => t.log('rejects', error))
  t.log('client', ...state(client))
})

same('stream.finished', async (_, t) => {
  const { finished } = await import('node:stream/promises')
  const [client, server] = await t.watchedPair()
  server.resume()
  client.resume()
  const done = finished(client)
  client.end('x')
  t.log('finished', await done)
})

same('stream.finished of a socket that is cut off', async (_, t) => {
  const { finished } = await import('node:stream/promises')
  const [client, server] = await t.watchedPair()
  const done = finished(client.resume()).catch((error: unknown) => t.log('finished', error))
  server.resetAndDestroy()
  await done
})

same('the address after the end', async (_, t) => {
  const [client, server] = await t.watchedPair()
  t.log('peer', client.remoteAddress, client.remotePort)
  server.resume()
  client.destroy()
  t.log('after', client.localAddress, client.localPort, client.address(), client.remoteAddress, client.remotePort)
  await t.closed(client)
  t.log('after', client.localAddress, client.remoteAddress, client.remoteFamily, client.remotePort)
})

same('the peer was never asked for', async (_, t) => {
  const [client] = await t.watchedPair()
  client.destroy()
  t.log('after', client.remoteAddress, client.remoteFamily, client.remotePort)
})
