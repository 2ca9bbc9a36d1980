import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { closed, connected, ended, listening, next, type Program, portOf, thrown, told, turns } from './server-tools.ts'

const listen: Record<string, Program> = {
  'listening: before, within and after': async (net, log) => {
    const server = net.createServer()
    log(server.listening, server.address())
    server.listen(0)
    log(server.listening, typeof server.address())
    await next(server, 'listening')
    log(server.listening)
    server.close()
    log(server.listening, server.address())
    await next(server, 'close')
  },
  'with a host it does not listen when listen returns': async (net, log) => {
    const server = net.createServer().listen(0, '127.0.0.1')
    log(server.listening, server.address())
    await next(server, 'listening')
    log(server.listening)
    await closed(server)
  },
  'the callback is a listener of listening, called once': async (net, log) => {
    const server = net.createServer()
    server.on('listening', () => log('event'))
    server.listen(0, () => log('callback'))
    log('returned')
    await next(server, 'listening')
    await closed(server)
    server.listen(0)
    await next(server, 'listening')
    await closed(server)
  },
  'this in the callback of listen': async (net, log) => {
    const server = net.createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, function (this: Server) {
        log(this === server)
        resolve()
      } as () => void)
    })
    await closed(server)
  },
  'listen returns the server': async (net, log) => {
    const server = net.createServer()
    log(server.listen(0) === server, server.close() === server)
    await next(server, 'close')
  },
  'listen twice': async (net, log) => {
    const server = net.createServer().listen(0)
    log(thrown(() => server.listen(0)))
    await next(server, 'listening')
    log(thrown(() => server.listen({ port: 65_536 })))
    await closed(server)
  },
  'listen twice while the host is looked up': async (net, log) => {
    const server = net.createServer().listen(0, '127.0.0.1')
    log(thrown(() => server.listen(0)))
    await next(server, 'listening')
    await turns()
    log(server.listening)
    await closed(server)
  },
  'close while the host is looked up': async (net, log) => {
    const server = net.createServer()
    server.on('listening', () => log('listening'))
    server.on('error', (error) => log('error', told(error)))
    server.listen(0, '127.0.0.1')
    server.close((error) => log('closed', told(error)))
    await turns(5)
    log(server.listening)
  },
  'listen again after close': async (net, log) => {
    const server = net.createServer()
    const first = await listening(server)
    await closed(server)
    const second = await listening(server, first, '127.0.0.1')
    log(first === second)
    await closed(server)
  },
  'listen again at once after close': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    server.on('close', () => log('close'))
    server.close()
    server.listen(port, '127.0.0.1', () => log('listening'))
    await next(server, 'listening')
    log(portOf(server) === port)
    await closed(server)
  },
  'listen on what another server listens with': async (net, log) => {
    const first = net.createServer(() => log('first'))
    const port = await listening(first)
    const second = net.createServer(() => log('second'))
    second.listen(first)
    await next(second, 'listening')
    log(portOf(second) === port)
    const client = net.connect(port, '127.0.0.1')
    await next(client, 'connect')
    await turns()
    client.destroy()
    second.close()
    first.close()
    await turns(5)
  },
  'a client can connect before listening is told': async (net, log) => {
    const server = net.createServer((socket) => {
      log('connection')
      socket.destroy()
    })
    server.on('listening', () => log('listening'))
    server.listen(0)
    const client = net.connect(portOf(server), '127.0.0.1')
    await next(client.resume(), 'close')
    await closed(server)
  },
}

/** The same port a second time, on one address or another. */
const TWICE: readonly [string, string | undefined, string | undefined][] = [
  ['everywhere twice', undefined, undefined],
  ['everywhere, then 127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1, then everywhere', '127.0.0.1', undefined],
  ['127.0.0.1 twice', '127.0.0.1', '127.0.0.1'],
  ['127.0.0.1 and 127.0.0.2', '127.0.0.1', '127.0.0.2'],
  ['127.0.0.1 and ::1', '127.0.0.1', '::1'],
  ['0.0.0.0, then ::1', '0.0.0.0', '::1'],
  ['0.0.0.0, then 127.0.0.3', '0.0.0.0', '127.0.0.3'],
  ['0.0.0.0, then ::', '0.0.0.0', '::'],
  [':: , then 0.0.0.0', '::', '0.0.0.0'],
  ['::1, then ::', '::1', '::'],
  ['127.0.0.1, then ::', '127.0.0.1', '::'],
]

const taken = TWICE.map(([name, first, second]): [string, Program] => [
  `a port twice: ${name}`,
  async (net, log) => {
    const one = net.createServer()
    const port = await listening(one, { port: 0, host: first })
    const other = net.createServer()
    other.listen({ port, host: second })
    const what = await Promise.race([
      next(other, 'listening').then(() => 'listening'),
      next(other, 'error').then(([error]) => told(error, port)),
    ])
    log(what, other.listening, one.listening)
    other.close()
    await closed(one)
  },
])

const errors: Record<string, Program> = {
  ':: without IPv4 leaves 0.0.0.0 alone': async (net, log) => {
    const six = net.createServer()
    const port = await listening(six, { port: 0, host: '::', ipv6Only: true })
    const four = net.createServer()
    await listening(four, { port, host: '0.0.0.0' })
    log(four.listening)
    await closed(four)
    await closed(six)
  },
  'an address that is not ours': async (net, log) => {
    const [error] = await next(net.createServer().listen(0, '192.0.2.1'), 'error')
    log(told(error))
    const [other] = await next(net.createServer().listen(8080, '192.0.2.1'), 'error')
    log(told(other))
  },
  'an IPv6 address that is not ours': async (net, log) => {
    const [error] = await next(net.createServer().listen(0, '2001:db8::1'), 'error')
    log(told(error))
  },
  'an error is told after listen has returned, and neither listening nor close': async (net, log) => {
    const one = net.createServer()
    const port = await listening(one)
    const other = net.createServer()
    for (const name of ['listening', 'close', 'error']) other.on(name, () => log(name))
    other.listen(port)
    log('returned', other.listening)
    await turns()
    log(other.listening, other.address())
    await closed(one)
  },
  'listen after an error': async (net, log) => {
    const one = net.createServer()
    const port = await listening(one)
    const other = net.createServer()
    other.listen(port, '127.0.0.1')
    await next(other, 'error')
    await closed(one)
    log((await listening(other, port, '127.0.0.1')) === port)
    await closed(other)
  },
  'close after an error': async (net, log) => {
    const one = net.createServer()
    const port = await listening(one)
    const other = net.createServer().listen(port, '127.0.0.1')
    await next(other, 'error')
    await new Promise<void>((resolve) => {
      other.close((error) => {
        log(told(error))
        resolve()
      })
    })
    await closed(one)
  },
}

const channels: Record<string, Program> = {
  'the trace of listen': async (net, log) => {
    const names = ['asyncStart', 'asyncEnd', 'error'].map((name) => `tracing:net.server.listen:${name}`)
    const told = (message: unknown, name: string | symbol): void => {
      const { server, options, error } = message as { server: Server; options?: object; error?: Error }
      log(name, server instanceof net.Server, options, error?.message.split(' ').slice(0, 2))
    }
    for (const name of names) subscribe(name, told)
    try {
      const server = net.createServer()
      await listening(server, { port: 0, host: '127.0.0.1', backlog: 3 })
      await closed(server)
      await next(net.createServer().listen(80, '192.0.2.1'), 'error')
    } finally {
      for (const name of names) unsubscribe(name, told)
    }
  },
  'the channel of accepted sockets': async (net, log) => {
    const seen: unknown[] = []
    const told = (message: unknown): void => void seen.push((message as { socket: object }).socket)
    subscribe('net.server.socket', told)
    const server = net.createServer()
    const port = await listening(server)
    const [client, accepted] = await connected(net, server, port)
    await turns()
    unsubscribe('net.server.socket', told)
    log(seen.length, seen[0] === accepted)
    await ended(client, accepted)
    await closed(server)
  },
}

const signals: Record<string, Program> = {
  'a signal closes the server': async (net, log) => {
    const controller = new AbortController()
    const server = net.createServer()
    await listening(server, { port: 0, signal: controller.signal })
    const close = next(server, 'close')
    controller.abort()
    log(server.listening)
    log(await close)
  },
  'a signal that has been given closes the server later': async (net, log) => {
    const server = net.createServer()
    server.on('listening', () => log('listening'))
    server.on('close', () => log('close'))
    server.listen({ port: 0, signal: AbortSignal.abort() })
    log(server.listening)
    await next(server, 'close')
    log(server.listening)
  },
  'a signal after close is nothing': async (net, log) => {
    const controller = new AbortController()
    const server = net.createServer()
    await listening(server, { port: 0, signal: controller.signal })
    await closed(server)
    server.on('close', () => log('again'))
    controller.abort()
    await turns()
    log(server.listening)
  },
}

export const listeningPrograms: readonly (readonly [string, Program])[] = [
  ...Object.entries(listen),
  ...taken,
  ...Object.entries(errors),
  ...Object.entries(channels),
  ...Object.entries(signals),
]
