/** setTimeout of sockets: 'timeout' after a time without traffic. */
import { same } from './harness.ts'

const SHORT = 30

same('timeout comes, and the socket stays', async (_, t) => {
  const [client] = await t.watchedPair()
  t.log('client', client.setTimeout(SHORT) === client, client.timeout)
  await t.event(client, 'timeout')
  t.log('client', client.readyState, client.destroyed, client.timeout)
})

same('the option timeout', async (net, t) => {
  const port = await t.server()
  const client = t.watch(net.connect({ port, host: t.host, timeout: SHORT }), 'client')
  t.log('client', client.timeout)
  await t.event(client, 'timeout')
})

same('the option is connect’s, not the constructor’s', async (net, t) => {
  const port = await t.server()
  const client = t.watch(new net.Socket({ timeout: SHORT } as object), 'client')
  t.log('client', client.timeout)
  client.connect(port, t.host)
  await t.event(client, 'connect')
  t.log('client', client.timeout)
})

same('the listener is one of timeout, called once', async (_, t) => {
  const [client] = await t.pair()
  client.setTimeout(SHORT, function (this: unknown) {
    t.log('listener', this === client)
  })
  t.log('listeners', client.listenerCount('timeout'))
  await t.event(client, 'timeout')
  await t.turns(2)
  t.log('listeners', client.listenerCount('timeout'))
})

same('0 switches it off, and takes the listener back', async (_, t) => {
  const [client] = await t.watchedPair()
  const listener = (): void => t.log('listener', 'called')
  client.setTimeout(SHORT, listener)
  client.setTimeout(0, listener)
  t.log('client', client.timeout, client.listenerCount('timeout'))
  await new Promise((resolve) => setTimeout(resolve, 2 * SHORT))
})

same('traffic puts it off', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.resume()
  client.setTimeout(4 * SHORT)
  const began = performance.now()
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, SHORT))
    server.write('x')
  }
  await t.event(client, 'timeout')
  t.log('late enough', performance.now() - began >= 7 * SHORT)
})

same('it does not come again by itself', async (_, t) => {
  const [client] = await t.watchedPair()
  client.setTimeout(SHORT)
  await t.event(client, 'timeout')
  await new Promise((resolve) => setTimeout(resolve, 2 * SHORT))
})

same('it comes again after traffic', async (_, t) => {
  const [client, server] = await t.watchedPair()
  client.resume()
  client.setTimeout(SHORT)
  await t.event(client, 'timeout')
  server.write('x')
  await t.event(client, 'timeout')
})

same('not after the socket is destroyed', async (_, t) => {
  const [client] = await t.watchedPair()
  client.setTimeout(SHORT)
  client.destroy()
  await new Promise((resolve) => setTimeout(resolve, 2 * SHORT))
  t.log('client', client.setTimeout(SHORT) === client, client.timeout)
})

same('destroyed by its timeout', async (_, t) => {
  const [client] = await t.watchedPair()
  client.setTimeout(SHORT, () => client.destroy(new Error('too slow')))
  await t.closed(client)
})

same('while it is not connected', async (net, t) => {
  const client = t.watch(new net.Socket(), 'client')
  client.setTimeout(SHORT)
  await t.event(client, 'timeout')
  t.log('client', client.readyState)
})

same('while a write waits for room', async (_, t) => {
  const [client, server] = await t.pair()
  server.pause()
  // More than both buffers grow to.
  for (let i = 0; i < 64; i++) client.write(Buffer.alloc(1 << 20))
  client.setTimeout(SHORT)
  await t.event(client, 'timeout')
  t.log('client', client.writableLength > 0)
})
