/** How a connection begins: the forms of the call, and the order of what it tells. */
import type { Socket } from 'node:net'
import { same } from './harness.ts'

same('the events of both sides, in their order', async (net, t) => {
  let accepted: Socket | undefined
  const port = await t.server((socket) => {
    accepted = t.watch(socket, 'server').resume()
  })
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.resume().end('hello')
  await t.closed(socket)
  if (!accepted!.closed) await t.closed(accepted!)
})

same('connect(port): localhost, by lookup', async (net, t) => {
  const port = await t.server((socket) => socket.end())
  const socket = t.watch(net.connect({ port, family: 4 }), 'client')
  await t.closed(socket.resume())
})

same('connect(port, host, listener): the listener is one of connect, called once', async (net, t) => {
  const port = await t.server()
  const socket = net.connect(port, t.host, function (this: unknown, ...values: unknown[]) {
    t.log('listener', this === socket, values, socket.listenerCount('connect'))
  })
  t.log('listeners', socket.listenerCount('connect'))
  await t.event(socket, 'ready')
})

same('connect(options, listener)', async (net, t) => {
  const port = await t.server()
  const socket = net.connect({ port, host: t.host }, () => t.log('listener', socket.remotePort))
  await t.event(socket, 'ready')
})

same('createConnection is another name', async (net, t) => {
  const port = await t.server()
  const socket = net.createConnection(port, t.host)
  await t.event(socket, 'connect')
  t.log('state', socket.readyState)
})

same('a port as text', async (net, t) => {
  const port = await t.server()
  const socket = net.connect({ port: `${port}` as unknown as number, host: t.host })
  await t.event(socket, 'connect')
  t.log('port', socket.remotePort)
})

same('a port as text, positional', async (net, t) => {
  const port = await t.server()
  const socket = net.connect(`${port}` as unknown as number, t.host)
  await t.event(socket, 'connect')
  t.log('port', socket.remotePort)
})

same('new Socket().connect()', async (net, t) => {
  const port = await t.server((socket) => socket.end('x'))
  const socket = t.watch(new net.Socket(), 'client')
  t.log('before', socket.readyState, socket.pending, socket.connecting, socket.destroyed)
  t.log('returns', socket.connect(port, t.host) === socket)
  t.log('after', socket.readyState, socket.pending, socket.connecting)
  await t.closed(socket.resume())
})

same('connect(options) of a socket that is there', async (net, t) => {
  const port = await t.server((socket) => socket.end('x'))
  const socket = t.watch(new net.Socket({ allowHalfOpen: true }), 'client')
  socket.connect({ port, host: t.host }, () => socket.end())
  await t.closed(socket.resume())
})

same('nothing is told within the call', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect(port, t.host), 'order')
  t.log('order', 'the call is over')
  process.nextTick(() => t.log('order', 'a tick'))
  await t.event(socket, 'ready')
})

same('the ends are not known before it is connected', async (net, t) => {
  const port = await t.server()
  const socket = net.connect(port, t.host)
  const ends = () => [socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort]
  t.log('before', ...ends(), socket.address())
  await t.event(socket, 'connect')
  t.log('after', socket.localAddress, socket.localFamily, socket.remoteAddress, socket.remotePort, socket.remoteFamily)
  t.log('address', socket.address())
})

same('over IPv6', async (net, t) => {
  const server = net.createServer()
  const port = await t.listen(server, (socket) => socket.end(), t.host6)
  const socket = t.watch(net.connect(port, t.host6), 'client')
  socket.on('connect', () => t.log('ends', socket.address(), socket.remoteAddress, socket.remoteFamily))
  await t.closed(socket.resume())
})

same('to 0.0.0.0 is to this host', async (net, t) => {
  const port = await t.server()
  const socket = net.connect(port, '0.0.0.0')
  await t.event(socket, 'connect')
  t.log('ends', socket.localAddress, socket.remoteAddress)
})

same('to an IPv4 address that is written as an IPv6 one', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect(port, '::ffff:127.0.0.1'), 'client')
  await t.event(socket, 'connect')
  t.log('ends', socket.localAddress, socket.localFamily, socket.remoteAddress, socket.remoteFamily)
})

same('from a local address and port of one’s own', async (net, t) => {
  const free = await t.closedPort()
  const port = await t.server((socket) => t.log('server', socket.remoteAddress, socket.remotePort === free))
  const socket = t.watch(net.connect({ port, host: t.host, localAddress: '127.0.0.1', localPort: free }), 'client')
  await t.event(socket, 'connect')
  t.log('client', socket.localAddress, socket.localPort === free)
  await t.turns()
})

same('from another address of the loopback network', async (net, t) => {
  const port = await t.server((socket) => t.log('server', socket.remoteAddress))
  const socket = net.connect({ port, host: t.host, localAddress: '127.0.0.7' })
  await t.event(socket, 'connect')
  t.log('client', socket.localAddress)
  await t.turns()
})

same('from a local port alone', async (net, t) => {
  const free = await t.closedPort()
  const port = await t.server()
  const socket = net.connect({ port, host: t.host, localPort: free })
  await t.event(socket, 'connect')
  t.log('client', socket.localAddress, socket.localPort === free)
})

same('again on a socket that was closed', async (net, t) => {
  const port = await t.server((socket) => socket.end('once'))
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.resume()
  await t.closed(socket)
  t.log('client', socket.destroyed, socket.readyState)
  socket.connect(port, t.host)
  t.log('client', socket.destroyed, socket.readyState, socket.connecting)
  await t.closed(socket)
})

same('again on a socket that was refused', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  await t.closed(socket)
  const port = await t.server((peer) => peer.end())
  socket.connect(port, t.host).resume()
  await t.closed(socket)
})

same('many sockets at once', async (net, t) => {
  const port = await t.server((socket) => socket.pipe(socket))
  const sockets = Array.from({ length: 30 }, () => net.connect(port, t.host))
  const answers = sockets.map(async (socket, i) => {
    socket.end(`number ${i}`)
    let text = ''
    for await (const chunk of socket) text += chunk
    return text
  })
  t.log('answers', await Promise.all(answers))
})

same('destroyed before anything has happened', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.destroy()
  t.log('client', socket.destroyed, socket.connecting, socket.pending, socket.readyState)
  await t.closed(socket)
})

same('destroyed with an error while connecting', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.destroy(new Error('no longer'))
  await t.closed(socket)
})

same('destroyed by the listener of connect: no ready', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(
    net.connect(port, t.host, () => socket.destroy()),
    'client',
  )
  await t.closed(socket)
})

same('ended before it is connected', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.end()
  t.log('client', socket.readyState, socket.writable, socket.writableEnded)
  await t.closed(socket.resume())
})

same('the channel net.client.socket', async (net, t) => {
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
  const port = await t.server()
  const told: unknown[] = []
  const hear = (message: unknown): void => void told.push((message as { socket: unknown }).socket)
  subscribe('net.client.socket', hear)
  const socket = net.connect(port, t.host)
  unsubscribe('net.client.socket', hear)
  t.log('told', told.length, told[0] === socket)
  await t.event(socket, 'connect')
})
