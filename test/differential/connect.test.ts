import { same } from './harness.ts'

same('connect(port, host): the events of both sides, in their order', async (net, t) => {
  let accepted: import('node:net').Socket | undefined
  const port = await t.server((socket) => {
    accepted = t.watch(socket, 'server').resume()
  })
  const socket = t.watch(net.connect(port, t.host), 'client')
  socket.resume().end('hello')
  await t.closed(socket)
  if (!accepted!.closed) await t.closed(accepted!)
})

same('a port where nobody listens: ECONNREFUSED', async (net, t) => {
  const socket = t.watch(net.connect(await t.closedPort(), t.host), 'client')
  await t.closed(socket)
})
