import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { closed, connected, ended, listening, type NodeNet, next, type Program, turns } from './server-tools.ts'

const count = (server: Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections)))

/** A server and one connection to it; both are closed when `use` is done. */
async function withConnection(
  net: NodeNet,
  options: object,
  use: (accepted: Socket, client: Socket, server: Server) => Promise<void> | void,
): Promise<void> {
  const server = net.createServer(options)
  const port = await listening(server)
  const [client, accepted] = await connected(net, server, port)
  await use(accepted, client, server)
  await ended(client, accepted)
  await closed(server)
}

const connections: Record<string, Program> = {
  'getConnections counts what is open': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    log(await count(server))
    const [client, accepted] = await connected(net, server, port)
    const [second, other] = await connected(net, server, port)
    log(await count(server), Reflect.get(server, '_connections'))
    await ended(client, accepted)
    log(await count(server))
    await ended(second, other)
    log(await count(server))
    await closed(server)
  },
  'getConnections calls back later, and returns the server': (net, log) => {
    const server = net.createServer()
    log(server.getConnections((...args) => log('callback', args)) === server)
    log('returned')
  },
  'what an accepted socket is': (net, log) =>
    withConnection(net, {}, (accepted, _client, server) => {
      log(accepted instanceof net.Socket, Reflect.get(accepted, 'server') === server)
      log(Reflect.get(accepted, '_server') === server, accepted.connecting, accepted.pending, accepted.readyState)
      log(accepted.readable, accepted.writable, accepted.allowHalfOpen, accepted.destroyed, accepted.timeout)
      log(accepted.bytesRead, accepted.bytesWritten, accepted.bufferSize)
    }),
  'the ends of an accepted socket': (net, log) =>
    withConnection(net, {}, (accepted, client) => {
      log(accepted.remoteAddress, accepted.remoteFamily, accepted.remotePort === client.localPort)
      log(accepted.localAddress, accepted.localFamily, accepted.localPort === client.remotePort)
      log(client.remoteAddress, client.remoteFamily, client.localAddress, client.localFamily)
    }),
  'the ends of an IPv4 client of a server on ::': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server, 0)
    const [client, accepted] = await connected(net, server, port)
    const { address, family } = accepted.address() as { address: string; family: string }
    log(accepted.remoteAddress, accepted.remoteFamily, accepted.localAddress, accepted.localFamily, address, family)
    log(client.remoteAddress, client.remoteFamily, client.localAddress)
    await ended(client, accepted)
    await closed(server)
  },
  'the ends of an IPv6 client of a server on ::': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server, 0)
    const connection = next(server, 'connection')
    const client = net.connect(port, '::1')
    const [accepted] = (await connection) as [Socket]
    log(accepted.remoteAddress, accepted.remoteFamily, accepted.localAddress)
    await ended(client, accepted)
    await closed(server)
  },
  'a client of another loopback address': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server, 0, '127.0.0.2')
    const connection = next(server, 'connection')
    const client = net.connect({ port, host: '127.0.0.2', localAddress: '127.0.0.3' })
    await next(client, 'connect')
    const [accepted] = (await connection) as [Socket]
    log(accepted.remoteAddress, accepted.localAddress, client.localAddress, client.remoteAddress)
    await ended(client, accepted)
    await closed(server)
  },
  'a server on 0.0.0.0 has no IPv6 clients': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server, 0, '0.0.0.0')
    const [error] = (await next(net.connect(port, '::1'), 'error')) as [NodeJS.ErrnoException]
    log(error.code)
    await closed(server)
  },
  'a server of IPv6 alone has no IPv4 clients': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server, { port: 0, host: '::', ipv6Only: true })
    const [error] = (await next(net.connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    log(error.code)
    await closed(server)
  },
  'listeners of connection, in their order': async (net, log) => {
    const server = net.createServer(() => log('first'))
    server.on('connection', () => log('second'))
    server.prependListener('connection', () => log('before'))
    const port = await listening(server)
    const [client, accepted] = await connected(net, server, port)
    await ended(client, accepted)
    await closed(server)
  },
  'this in a connection handler': async (net, log) => {
    const server = net.createServer(function (this: Server, socket: Socket) {
      log(this === server)
      socket.destroy()
    } as (socket: Socket) => void)
    const port = await listening(server)
    await next(net.connect(port, '127.0.0.1').resume(), 'close')
    await closed(server)
  },
  'several clients come one after another': async (net, log) => {
    const server = net.createServer((socket) => socket.end())
    const port = await listening(server)
    let connections = 0
    server.on('connection', () => connections++)
    const clients = Array.from({ length: 10 }, () => net.connect(port, '127.0.0.1').resume())
    await Promise.all(clients.map((client) => once(client, 'close')))
    log(connections)
    await closed(server)
  },
}

const options: Record<string, Program> = {
  'allowHalfOpen: false ends the way back': (net, log) =>
    withConnection(net, {}, async (accepted, client) => {
      accepted.resume().on('end', () => log('end'))
      accepted.on('finish', () => log('finish'))
      client.resume().end()
      await next(client, 'close')
    }),
  'allowHalfOpen: true leaves the way back open': (net, log) =>
    withConnection(net, { allowHalfOpen: true }, async (accepted, client) => {
      client.setEncoding('utf8').on('data', (text) => log(text))
      const end = next(accepted.resume(), 'end')
      client.end()
      await end
      log(accepted.allowHalfOpen, accepted.writable, accepted.readable)
      accepted.end('after the end')
      await next(client, 'end')
    }),
  'pauseOnConnect: nothing is read before resume': (net, log) =>
    withConnection(net, { pauseOnConnect: true }, async (accepted, client) => {
      accepted.on('data', (chunk) => log(`${chunk}`))
      client.write('waits')
      await turns(5)
      log(accepted.isPaused(), accepted.readableFlowing, accepted.bytesRead)
      const data = next(accepted, 'data')
      accepted.resume()
      await data
      log(accepted.bytesRead)
    }),
  'highWaterMark is the sockets': (net, log) =>
    withConnection(net, { highWaterMark: 1234 }, (accepted) => {
      log(accepted.readableHighWaterMark, accepted.writableHighWaterMark)
    }),
  'the default highWaterMark': (net, log) =>
    withConnection(net, {}, (accepted) => log(accepted.readableHighWaterMark, accepted.writableHighWaterMark)),
  'noDelay and keepAlive are taken': (net, log) =>
    withConnection(net, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }, async (accepted, client) => {
      client.write('x')
      log(`${(await next(accepted, 'data'))[0]}`)
    }),
}

/** As many clients as `clients`, one after another; how each ended, and what the server said. */
async function crowd(net: NodeNet, log: (...values: unknown[]) => void, most: number, clients: number): Promise<void> {
  const server = net.createServer((socket) => socket.write('x'))
  server.maxConnections = most
  const drops: unknown[] = []
  server.on('drop', (data) => {
    const { localPort, remotePort, ...rest } = data!
    drops.push({ ...rest, localPort: localPort === port, remotePort: Number(remotePort) > 0, keys: Object.keys(data!) })
  })
  const port = await listening(server)
  const sockets: Socket[] = []
  for (let i = 0; i < clients; i++) {
    const client = net.connect(port, '127.0.0.1')
    sockets.push(client)
    log(
      await Promise.race([
        next(client, 'data').then(([chunk]) => `data ${chunk}`),
        next(client, 'end').then(() => 'end'),
        next(client, 'error').then(([error]) => (error as NodeJS.ErrnoException).code),
      ]),
    )
  }
  log(drops, await count(server))
  const close = next(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await close
}

const limits: Record<string, Program> = {
  'maxConnections: those beyond it are dropped': (net, log) => crowd(net, log, 2, 4),
  'maxConnections 1': (net, log) => crowd(net, log, 1, 2),
  'maxConnections that is not reached': (net, log) => crowd(net, log, 3, 2),
  'maxConnections 0': (net, log) => crowd(net, log, 0, 1),
  'room again when one has gone': async (net, log) => {
    const server = net.createServer()
    server.maxConnections = 1
    const port = await listening(server)
    for (let i = 0; i < 3; i++) {
      const [client, accepted] = await connected(net, server, port)
      log(await count(server))
      await ended(client, accepted)
    }
    await closed(server)
  },
  'maxConnections is not set at first': (net, log) => log(net.createServer().maxConnections),
}

const surroundings: Record<string, Program> = {
  'a connection is handled in the context in which the server began to listen': async (net, log) => {
    const storage = new AsyncLocalStorage<string>()
    const server = net.createServer((socket) => {
      log(storage.getStore())
      socket.end()
    })
    const port = await storage.run('listening', () => listening(server))
    await storage.run('connecting', () => next(net.connect(port, '127.0.0.1').resume(), 'close'))
    await closed(server)
  },
  'a rejection in a connection handler destroys the socket': async (net, log) => {
    const server = net.createServer()
    const options = { captureRejections: true }
    const capturing = new (net.Server as unknown as new (options: object) => Server)(options)
    Reflect.set(
      capturing,
      Symbol.for('nodejs.rejection'),
      (server as unknown as Record<symbol, unknown>)[Symbol.for('nodejs.rejection')],
    )
    log(typeof Reflect.get(capturing, Symbol.for('nodejs.rejection')))
    const destroyed: unknown[] = []
    const handler = Reflect.get(capturing, Symbol.for('nodejs.rejection')) as (...args: unknown[]) => void
    handler.call(capturing, new Error('no'), 'connection', { destroy: (error: Error) => destroyed.push(error.message) })
    capturing.on('error', (error) => log('error', error.message))
    handler.call(capturing, new Error('other'), 'listening')
    log(destroyed)
  },
  'an exception in a connection handler leaves the server listening': async (net, log) => {
    const server = net.createServer((socket) => {
      socket.destroy()
      throw new Error('from the handler')
    })
    const port = await listening(server)
    const caught = new Promise<Error>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
    await next(net.connect(port, '127.0.0.1').resume(), 'close')
    log((await caught).message, server.listening)
    process.setUncaughtExceptionCaptureCallback(null)
    await closed(server)
  },
}

export const connectionPrograms: readonly (readonly [string, Program])[] = [
  ...Object.entries(connections),
  ...Object.entries(options),
  ...Object.entries(limits),
  ...Object.entries(surroundings),
]
