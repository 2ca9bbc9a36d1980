import type { Server } from 'node:net'
import { closed, connected, ended, listening, next, type Program, told, turns } from './server-tools.ts'

const closing: Record<string, Program> = {
  'close: the callback and the event, without connections': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    server.on('close', (...args: unknown[]) => log('event', args))
    server.close((error) => log('callback', error))
    log('returned', server.listening)
    await next(server, 'close')
  },
  'close of a server that never listened': async (net, log) => {
    const server = net.createServer()
    server.on('close', () => log('event'))
    server.close((error) => log(told(error)))
    log('returned')
    await next(server, 'close')
  },
  'close twice': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    server.on('close', () => log('event'))
    server.close((error) => log('first', told(error)))
    server.close((error) => log('second', told(error)))
    await turns(4)
  },
  'close after close': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    await closed(server)
    server.close((error) => log(told(error)))
    await next(server, 'close')
  },
  'close of what does not listen still tells close': async (net, log) => {
    const server = net.createServer()
    server.on('close', () => log('close'))
    server.close()
    server.close()
    await turns()
  },
  'close with something else than a function': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    server.close(5 as unknown as () => void)
    log(await next(server, 'close'))
  },
  'close waits for open connections': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    const [client, accepted] = await connected(net, server, port)
    let isClosed = false
    server.close(() => {
      isClosed = true
    })
    await turns(5)
    log(isClosed, server.listening)
    const close = next(server, 'close')
    client.destroy()
    accepted.resume()
    await close
    log(isClosed)
  },
  'close within the connection handler': async (net, log) => {
    const server = net.createServer((socket) => {
      server.close(() => log('closed'))
      log(server.listening)
      socket.end('last')
    })
    const port = await listening(server)
    const client = net.connect(port, '127.0.0.1')
    client.on('data', (chunk) => log(`${chunk}`))
    await next(client, 'close')
    await turns()
  },
  'nobody can connect after close': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    await closed(server)
    const [error] = await next(net.connect(port, '127.0.0.1'), 'error')
    log(told(error, port))
  },
  'close comes when the last socket is destroyed, before that tells close': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    const [client, accepted] = await connected(net, server, port)
    accepted.resume().on('close', () => log('socket'))
    server.on('close', () => log('server'))
    server.close()
    const both = Promise.all([next(server, 'close'), next(accepted, 'close')])
    client.resume().end()
    await both
  },
  'this in the callback of close': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    await new Promise<void>((resolve) => {
      server.close(function (this: Server) {
        log(this === server)
        resolve()
      })
    })
  },
  'asyncDispose closes': async (net, log) => {
    const server = net.createServer()
    await listening(server)
    server.on('close', () => log('close'))
    log(await server[Symbol.asyncDispose]())
    log(server.listening)
  },
  'asyncDispose of what does not listen': async (net, log) => {
    const server = net.createServer()
    server.on('close', () => log('close'))
    log(await server[Symbol.asyncDispose]())
    await turns()
  },
  'asyncDispose waits for connections': async (net, log) => {
    const server = net.createServer()
    const port = await listening(server)
    const [client, accepted] = await connected(net, server, port)
    const disposed = server[Symbol.asyncDispose]().then(() => log('disposed'))
    await turns()
    log('ended')
    await ended(client, accepted)
    await disposed
  },
  'ref and unref return the server, listening or not': async (net, log) => {
    const server = net.createServer()
    log(server.ref() === server, server.unref() === server, server.ref() === server)
    await listening(server)
    log(server.unref() === server, server.ref() === server)
    await closed(server)
    log(server.unref() === server)
  },
  'an unreferenced server still serves': async (net, log) => {
    const server = net.createServer((socket) => socket.end('here')).unref()
    const port = await listening(server)
    const client = net.connect(port, '127.0.0.1')
    client.on('data', (chunk) => log(`${chunk}`))
    await next(client, 'close')
    await closed(server)
  },
}

export const closingPrograms: readonly (readonly [string, Program])[] = Object.entries(closing)
