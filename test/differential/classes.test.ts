/** Socket as a constructor, a base class, and an object that libraries look into. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex, Readable, Stream, Writable } from 'node:stream'
import { inherits } from 'node:util'
import { same } from './harness.ts'

type Callable = ((this: unknown, options?: object) => Socket) & { prototype: object }

/** The old name, which the types do not know. */
function stream(net: object): unknown {
  return (net as { Stream: unknown }).Stream
}

same('Socket is callable without new', (net, t) => {
  const socket = t.own((net.Socket as unknown as Callable).call(undefined, { allowHalfOpen: true }))
  t.log('socket', socket instanceof net.Socket, socket.allowHalfOpen, socket.constructor === net.Socket)
})

same('util.inherits and Socket.call', async (net, t) => {
  const port = await t.server((socket) => socket.end('hello'))
  const Base = net.Socket as unknown as Callable
  function Old(this: Socket & { mine?: string }, options?: object): void {
    Base.call(this, options)
    this.mine = 'mine'
  }
  inherits(Old, Base)
  Old.prototype.greet = function (this: Socket): string {
    return `greetings from ${this.readyState}`
  }
  const old = new (Old as unknown as new () => Socket & { mine: string; greet(): string })()
  t.watch(old, 'old')
  t.log('old', old instanceof Old, old instanceof net.Socket, old instanceof Duplex, old.mine, old.greet())
  old.connect(port, t.host).resume()
  await t.closed(old)
})

same('class extends Socket', async (net, t) => {
  const port = await t.server((socket) => socket.pipe(socket))
  class Mine extends net.Socket {
    readonly state: string = 'new'
    readonly #secret = 'kept'
    constructor() {
      super({ allowHalfOpen: false })
      t.log('mine', 'constructed', this.connecting)
    }
    override _final(done: () => void): void {
      t.log('mine', '_final')
      super._final(done)
    }
    get secret(): string {
      return this.#secret
    }
  }
  const mine = t.watch(new Mine(), 'mine')
  t.log('mine', mine instanceof Mine, mine instanceof net.Socket, mine.secret, mine.state, mine.constructor.name)
  mine.connect(port, t.host, () => mine.end('x'))
  await t.closed(mine.resume())
})

same('what a socket is an instance of', (net, t) => {
  const socket = t.own(new net.Socket())
  const kinds = [net.Socket, stream(net), Duplex, Readable, Writable, Stream, EventEmitter]
  t.log(
    'socket',
    kinds.map((kind) => socket instanceof (kind as never)),
  )
  t.log('others', new Duplex() instanceof net.Socket, {} instanceof (net.Socket as never))
})

same('Stream is Socket', (net, t) => {
  t.log('same', stream(net) === net.Socket, net.Socket.name, net.Socket.length)
  t.log('chain', Object.getPrototypeOf(net.Socket) === Duplex, net.Socket.prototype.constructor === net.Socket)
})

same('the properties of a new socket', (net, t) => {
  const socket = t.own(new net.Socket()) as Socket & Record<string, unknown>
  const names = [
    'connecting',
    'pending',
    'destroyed',
    'readyState',
    'timeout',
    'bytesRead',
    'bytesWritten',
    'bufferSize',
  ]
  for (const name of names) t.log('socket', name, socket[name])
  for (const name of ['localAddress', 'localPort', 'localFamily', 'remoteAddress', 'remotePort', 'remoteFamily']) {
    t.log('socket', name, socket[name])
  }
  t.log(
    'socket',
    socket.address(),
    socket.allowHalfOpen,
    socket.readable,
    socket.writable,
    socket.closed,
    socket.errored,
  )
  for (const name of ['server', '_server', '_parent', '_host', '_hadError', '_handle'])
    t.log('inner', name, socket[name])
  t.log('inner', socket.autoSelectFamilyAttemptedAddresses, socket._connecting, socket._bytesDispatched)
})

same('the properties can’t be set', (net, t) => {
  const socket = t.own(new net.Socket())
  for (const name of ['bytesRead', 'remoteAddress', 'localPort', 'pending', 'readyState', 'bufferSize']) {
    t.logCall(name, () => Reflect.set(socket, name, 'set'))
  }
})

same('the methods of the prototype', (net, t) => {
  const names = [
    ...[
      '_destroy',
      '_final',
      '_read',
      '_reset',
      '_unrefTimer',
      '_onTimeout',
      '_write',
      '_writev',
      'address',
      'connect',
    ],
    ...['destroySoon', 'pause', 'read', 'ref', 'resetAndDestroy', 'resume', 'setKeepAlive', 'setNoDelay', 'setTimeout'],
    ...['unref', 'end', '_getpeername', '_getsockname'],
  ]
  const methods = net.Socket.prototype as unknown as Record<string, unknown>
  for (const name of names) t.log('method', name, typeof methods[name])
})

same('listeners that a socket has by itself', async (net, t) => {
  const port = await t.server()
  const socket = t.own(new net.Socket())
  const counts = (): unknown[] =>
    ['end', 'connect', 'close', 'error', 'finish'].map((name) => socket.listenerCount(name))
  t.log('new', counts())
  socket.connect(port, t.host)
  t.log('connecting', counts())
  await t.event(socket, 'ready')
  t.log('connected', counts())
})

same('_handle while it is open', async (_, t) => {
  const [client, server] = await t.pair()
  const handle = (socket: Socket): unknown => (socket as unknown as { _handle: unknown })._handle
  const inner = handle(client) as { reading: boolean; getAsyncId(): number; readStart: unknown; hasRef(): boolean }
  t.log('handle', typeof inner, inner.reading, typeof inner.getAsyncId(), typeof inner.readStart, inner.hasRef())
  client.unref()
  t.log('handle', inner.hasRef())
  client.ref()
  t.log('handle', inner.hasRef())
  server.resume()
  client.destroy()
  t.log('handle', handle(client))
})

same('accepted sockets know their server', async (net, t) => {
  const server = net.createServer()
  await new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      const { server: known, _server: inner } = socket as unknown as Record<string, unknown>
      t.log('socket', known === server, inner === server)
      resolve()
    })
    void t.listen(server).then((port) => t.own(net.connect(port, t.host)))
  })
})

same('the calls that give the socket back', async (_, t) => {
  const [client] = await t.pair()
  const calls: Record<string, () => unknown> = {
    setTimeout: () => client.setTimeout(0),
    setNoDelay: () => client.setNoDelay(),
    'setNoDelay(false)': () => client.setNoDelay(false),
    setKeepAlive: () => client.setKeepAlive(true, 1000),
    'setKeepAlive()': () => client.setKeepAlive(),
    ref: () => client.ref(),
    unref: () => client.unref(),
    pause: () => client.pause(),
    resume: () => client.resume(),
    setEncoding: () => client.setEncoding('utf8'),
    end: () => client.end(),
    destroy: () => client.destroy(),
    resetAndDestroy: () => client.resetAndDestroy(),
  }
  for (const [name, call] of Object.entries(calls)) t.log(name, call() === client)
})

same('the same calls before there is a connection', (net, t) => {
  const socket = t.own(new net.Socket())
  socket.on('error', () => {})
  t.log('setNoDelay', socket.setNoDelay(true) === socket)
  t.log('setKeepAlive', socket.setKeepAlive(true, 500) === socket)
  t.log('ref', socket.ref() === socket, socket.listenerCount('connect'))
  t.log('unref', socket.unref() === socket, socket.listenerCount('connect'))
  t.log('address', socket.address())
  t.log('destroySoon', socket.destroySoon())
})

same('AsyncLocalStorage: events have the context of the call that connects', async (net, t) => {
  const storage = new AsyncLocalStorage<string>()
  const port = await t.server((socket) => socket.end('hello'))
  await new Promise<void>((resolve) => {
    storage.run('one', () => {
      const socket = t.own(net.connect(port, t.host))
      const log = (name: string) => (): void => t.log('one', name, storage.getStore())
      for (const name of ['connect', 'ready', 'data', 'end', 'close']) socket.on(name, log(name))
      socket.on('close', () => resolve())
    })
  })
})

same('AsyncLocalStorage: a refusal too', async (net, t) => {
  const storage = new AsyncLocalStorage<string>()
  const port = await t.closedPort()
  await new Promise<void>((resolve) => {
    storage.run('two', () => {
      const socket = net.connect(port, t.host)
      socket.on('error', () => t.log('two', 'error', storage.getStore()))
      socket.on('close', () => {
        t.log('two', 'close', storage.getStore())
        resolve()
      })
    })
  })
})

same('AsyncLocalStorage: what is written in another context is told in its own', async (_, t) => {
  const storage = new AsyncLocalStorage<string>()
  const [client, server] = await t.pair()
  server.pipe(server)
  const done = new Promise<void>((resolve) => {
    client.on('data', () => {
      t.log('data', storage.getStore())
      resolve()
    })
  })
  storage.run('writer', () => client.write('x', () => t.log('written', storage.getStore())))
  await done
})

same('signal: aborted before', async (net, t) => {
  const port = await t.server()
  const socket = t.watch(net.connect({ port, host: t.host, signal: AbortSignal.abort() }), 'client')
  await t.closed(socket)
})

same('signal: aborted while connecting', async (net, t) => {
  const port = await t.server()
  const controller = new AbortController()
  const socket = t.watch(net.connect({ port, host: t.host, signal: controller.signal }), 'client')
  controller.abort(new Error('not any more'))
  await t.closed(socket)
  t.log('client', (socket.errored as Error & { cause: Error }).cause)
})

same('signal: aborted when it is connected', async (net, t) => {
  const port = await t.server((socket) => t.watch(socket, 'server').resume())
  const controller = new AbortController()
  const socket = t.watch(net.connect({ port, host: t.host, signal: controller.signal }), 'client')
  await t.event(socket, 'ready')
  controller.abort()
  t.log('client', socket.destroyed)
  await t.closed(socket)
})

same('signal: aborted when it is over', async (net, t) => {
  const port = await t.server((socket) => socket.end())
  const controller = new AbortController()
  const socket = t.watch(net.connect({ port, host: t.host, signal: controller.signal }), 'client')
  await t.closed(socket.resume())
  controller.abort()
  await t.turns(3)
  t.log('client', socket.errored)
})
