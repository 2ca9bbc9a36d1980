import { type Attempt, type CallContext, guarded, returned } from './call-context.ts'
import { MSG, numberOf, SOCK_NONBLOCK, wordOf } from './constants.ts'
import type { Value } from './script.ts'
import { NotSupported } from './settings.ts'
import { failed, type Outcome, Socket } from './sockets.ts'

/** The calls that open, name and close sockets. */

export function socket(context: CallContext): Attempt {
  const type = context.item(1)
  const kind = numberOf(type, 'a type of socket')
  if ((kind & 0xf) !== 1) throw new NotSupported('sockets other than SOCK_STREAM', context.call.place)
  return returned(context.opened(new Socket((kind & SOCK_NONBLOCK) !== 0)))
}

/** `{sa_family = AF_INET, sin_port = htons(8080), sin_addr = inet_addr("192.0.2.1")}`, or `...`: undefined. */
export function socketAddress(value: Value | undefined): { address: string | undefined; port: number } | undefined {
  if (value?.kind !== 'struct') return undefined
  const named = (name: string): Value | undefined => value.fields.find((field) => field.name === name)?.value
  const port = named('sin_port')
  const address = named('sin_addr')
  const text = address?.kind === 'call' && address.items[0]?.kind === 'string' ? address.items[0].text : undefined
  return {
    port: numberOf(port?.kind === 'call' ? port.items[0] : port, 'a port'),
    address: text === '0.0.0.0' || text === '::' ? undefined : text,
  }
}

export function bind(context: CallContext): Attempt {
  const { socket, configuration } = context
  const named = socketAddress(context.item(1))
  if (socket.port !== 0) return returned(failed('EINVAL'))
  socket.port = named?.port ?? configuration.bindPort
  socket.address = named?.address
  return returned(0)
}

/** Linux lets one more into each queue than listen() is asked for. */
export function listen(context: CallContext): Attempt {
  const { socket, world, sockets } = context
  const { settings } = world
  if (socket.connection !== undefined || socket.listener !== undefined) return returned(failed('EINVAL'))
  const backlog = Math.min(Math.max(context.number(1, 'a backlog'), 0), settings.mostAcceptable)
  const outcome = guarded(() => {
    const listener = world.stack.listen({
      port: socket.port,
      ...(socket.address === undefined ? {} : { address: socket.address }),
      backlog: Math.min(backlog, settings.mostHalfOpen) + 1,
      acceptBacklog: backlog + 1,
      ...settings.listen,
      ...(socket.congestionControl === undefined ? {} : { congestionControl: socket.congestionControl }),
      fastOpen: (settings.fastOpen & 2) === 0 ? 0 : socket.fastOpen,
    })
    socket.listener = listener
    sockets.listenPort = listener.port
    return { value: 0 }
  })
  return returned(outcome)
}

export function accept(context: CallContext): Attempt {
  const { socket, sockets } = context
  const { listener } = socket
  if (listener === undefined) return returned(failed('EINVAL'))
  const flags = context.call.name === 'accept4' ? context.number(3, 'the flags of accept4()') : 0
  const dontWait = socket.nonBlocking
  return () => {
    const connection = listener.accept()
    if (connection === undefined) return dontWait ? failed('EAGAIN') : undefined
    const child = socket.child(connection, (flags & SOCK_NONBLOCK) !== 0)
    sockets.underTest = child
    return context.opened(child)
  }
}

/** An active OPEN to where `value` says, or to the peer. */
export function open(context: CallContext, value: Value | undefined, fastOpen: boolean): Outcome {
  const { socket, configuration, world, sockets } = context
  const named = socketAddress(value)
  return guarded(() => {
    const connection = world.stack.connect({
      address: named?.address ?? configuration.remote.toString(),
      port: named?.port ?? configuration.connectPort,
      ...(socket.address === undefined ? {} : { localAddress: socket.address }),
      localPort: socket.port,
      ...(socket.congestionControl === undefined ? {} : { congestionControl: socket.congestionControl }),
      fastOpen,
    })
    socket.attach(connection)
    sockets.underTest = socket
    return { value: 0 }
  })
}

export function connect(context: CallContext): Attempt {
  const { socket } = context
  if (socket.listener !== undefined) return returned(failed('EISCONN'))
  if (socket.connection !== undefined) {
    if (socket.isConnecting && socket.nonBlocking) return returned(failed('EALREADY'))
    if (socket.connectTold && socket.connection.state !== 'CLOSED') return returned(failed('EISCONN'))
    return () => connected(socket)
  }
  const outcome = open(context, context.item(1), false)
  if (outcome.value !== 0) return returned(outcome)
  return socket.nonBlocking ? returned(failed('EINPROGRESS')) : () => connected(socket)
}

/** How connect() ended, once it has. */
export function connected(socket: Socket): Outcome | undefined {
  if (socket.isConnecting) return undefined
  const error = socket.takeError()
  socket.connectTold = true
  if (error !== undefined) return failed(error)
  return socket.connection?.state === 'CLOSED' ? failed('ECONNABORTED') : { value: 0 }
}

const SHUT: readonly string[] = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR']

export function shutdown(context: CallContext): Attempt {
  const { socket } = context
  const { connection } = socket
  const how = SHUT.indexOf(wordOf(context.item(1)) ?? '')
  if (how < 0) throw new NotSupported(`shutdown() other than with ${SHUT.join(', ')}`, context.call.place)
  if (connection === undefined || connection.state === 'CLOSED') return returned(failed('ENOTCONN'))
  if (how !== 1) socket.readShut = true
  if (how !== 0) connection.close()
  return returned(0)
}

export function close(context: CallContext): Attempt {
  const { socket, sockets, world } = context
  const { listener, connection, linger } = socket
  sockets.delete(context.number(0, 'a file descriptor'))
  listener?.close()
  if (connection === undefined) return returned(0)
  if (linger.on && linger.seconds === 0) {
    connection.abort()
    return returned(0)
  }
  connection.release()
  if (!linger.on || socket.nonBlocking) return returned(0)
  const end = world.now + 1000 * linger.seconds
  world.wake(end)
  return () => (connection.finAcked || connection.state === 'CLOSED' || world.now >= end ? { value: 0 } : undefined)
}

/** Whether the flags of a call say that it does not block; those that mean something else are refused. */
export function dontWait(context: CallContext, flags: number, allowed = 0): boolean {
  const known = MSG.MSG_DONTWAIT | MSG.MSG_NOSIGNAL | allowed
  if ((flags & ~known) !== 0) {
    throw new NotSupported('flags that this call does not take', context.call.place)
  }
  return (flags & MSG.MSG_DONTWAIT) !== 0
}
