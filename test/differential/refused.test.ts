/** How a connection does not begin: the errors of connect and bind. */
import { same } from './harness.ts'

same('a port where nobody listens: ECONNREFUSED', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  await t.closed(socket)
  t.log('client', socket.destroyed, socket.connecting, socket.errored, socket.readyState, socket.pending)
})

same('over IPv6', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host6), 'client')
  await t.closed(socket)
})

same('port 0', async (net, t) => {
  const socket = t.watch(net.connect(0, t.host), 'client')
  await t.closed(socket)
})

same('ECONNREFUSED with a local address and port in it', async (net, t) => {
  const [port, localPort] = [await t.closedPort(), await t.closedPort()]
  const socket = t.watch(net.connect({ port, host: t.host, localAddress: '127.0.0.1', localPort }), 'client')
  await t.closed(socket)
})

same('what was written is not: its callback has the error', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  socket.write('lost', (error) => t.log('written', error))
  socket.write('lost too', (error) => t.log('written', error))
  await t.closed(socket)
})

same('end is not: its callback has the error', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  socket.end('lost', (error?: Error | null) => t.log('ended', error))
  await t.closed(socket)
})

same('a local address of another host: EADDRNOTAVAIL', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: t.host, localAddress: '192.0.2.1' }), 'client')
  await t.closed(socket)
})

same('a local port where a server listens: EADDRINUSE', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: t.host, localPort: port, localAddress: t.host }), 'client')
  await t.closed(socket)
})

same('multicast: ENETUNREACH', async (net, t) => {
  const socket = t.watch(net.connect(80, '224.0.0.1'), 'client')
  await t.closed(socket)
})

same('broadcast: ENETUNREACH', async (net, t) => {
  const socket = t.watch(net.connect(80, '255.255.255.255'), 'client')
  await t.closed(socket)
})

same('multicast of IPv6: ENETUNREACH', async (net, t) => {
  const socket = t.watch(net.connect(80, 'ff02::1'), 'client')
  await t.closed(socket)
})

same('a name that there is not: the error of lookup', async (net, t) => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.invalid'), {
    errno: -3008,
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: 'nowhere.invalid',
  })
  const lookup = (_host: string, _options: object, callback: (error: Error) => void): void => callback(error)
  const socket = t.watch(net.connect({ port: 80, host: 'nowhere.invalid', lookup: lookup as never }), 'client')
  await t.closed(socket)
})

same('the error comes, then close with true', async (net, t) => {
  const port = await t.closedPort()
  const socket = net.connect(port, t.host)
  socket.on('close', (hadError) => t.log('order', 'close', hadError, socket.destroyed))
  socket.on('error', () => t.log('order', 'error', socket.destroyed, socket.connecting, socket.readyState))
  await t.closed(socket)
})

same('read and write after a refusal', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  await t.closed(socket)
  t.log(
    'write',
    socket.write('x', (error) => t.log('written', error)),
  )
  t.log('read', socket.read())
  t.log('end', socket.end() === socket)
  await t.turns(5)
})

same('iterating over a socket that is refused rejects', async (net, t) => {
  const socket = net.connect(await t.closedPort(), t.host)
  try {
    for await (const chunk of socket) t.log('chunk', chunk)
  } catch (error) {
    t.log('rejected', error)
  }
})
