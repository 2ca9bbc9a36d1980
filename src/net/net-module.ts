import nodeNet, { type NetConnectOpts } from 'node:net'
import { AutoSelectFamily } from './auto-select-family.ts'
import type { Dispatcher } from './dispatcher.ts'
import { clientSocket } from './net-channels.ts'
import { type ConnectOptions, normalizeArgs } from './options.ts'
import { makeServerClass, type Server, type ServerConstructor } from './server.ts'
import type { ServerOptions } from './server-options.ts'
import { acceptSocket, makeSocketClass, type Socket, type SocketConstructor } from './socket.ts'
import { systemLookup } from './system-lookup.ts'
import { TcpHandle } from './tcp-handle.ts'

/** Opens a connection: node:net's `connect`. */
export interface Connect {
  (options: ConnectOptions | NetConnectOpts, onConnect?: () => void): Socket
  (port: number | string, host?: string, onConnect?: () => void): Socket
  (port: number | string, onConnect?: () => void): Socket
}

/** Makes a server: node:net's `createServer`. */
export interface CreateServer {
  (options?: ServerOptions, onConnection?: (socket: Socket) => void): Server
  (onConnection?: (socket: Socket) => void): Server
}

type NodeNet = typeof nodeNet
type Replaced = 'Server' | 'Socket' | 'Stream' | 'createServer' | 'connect' | 'createConnection'

/** What node:net exports, over one stack. Its functions need no `this`, so they can be passed on. */
export interface NetModule extends Omit<NodeNet, Replaced> {
  readonly Server: ServerConstructor
  readonly Socket: SocketConstructor
  /** The same as `Socket`. */
  readonly Stream: SocketConstructor
  readonly createServer: CreateServer
  readonly connect: Connect
  /** The same as `connect`. */
  readonly createConnection: Connect
  /** What old libraries take from node:net. */
  readonly _normalizeArgs: (args: readonly unknown[]) => unknown[]
}

export function makeNetModule(dispatcher: Dispatcher): NetModule {
  const family = new AutoSelectFamily()
  const Socket = makeSocketClass(dispatcher, { family, lookup: dispatcher.lookup ?? systemLookup })
  const Server = makeServerClass({
    dispatcher,
    adopt: (connection, mapped, options, onread) =>
      acceptSocket(Socket, options, new TcpHandle(dispatcher, connection, mapped), onread),
  })
  const connect = (...args: unknown[]): Socket => {
    const normalized = normalizeArgs(args)
    const [options] = normalized
    const socket = new Socket(options)
    if (clientSocket.hasSubscribers) clientSocket.publish({ socket })
    if (options.timeout) socket.setTimeout(options.timeout)
    return socket.connect(normalized as ConnectOptions)
  }
  const { BlockList, SocketAddress, isIP, isIPv4, isIPv6 } = nodeNet
  return {
    BlockList,
    connect,
    createConnection: connect,
    createServer: ((options, onConnection) => new Server(options, onConnection)) as CreateServer,
    getDefaultAutoSelectFamily: () => family.enabled,
    getDefaultAutoSelectFamilyAttemptTimeout: () => family.attemptTimeout,
    isIP,
    isIPv4,
    isIPv6,
    Server,
    setDefaultAutoSelectFamily: (enabled) => {
      family.enabled = enabled
    },
    setDefaultAutoSelectFamilyAttemptTimeout: (ms) => {
      family.attemptTimeout = ms
    },
    Socket,
    SocketAddress,
    Stream: Socket,
    _normalizeArgs: normalizeArgs,
  }
}
