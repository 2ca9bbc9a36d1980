import { EventEmitter } from 'node:events'
import type { BlockList, Server as NodeServer, ServerOpts } from 'node:net'
import { getDefaultHighWaterMark } from 'node:stream'
import { invalidArgType } from './node-errors.ts'
import type { SocketAddress } from './options.ts'
import { ACCEPTED, ESTAB, PARTS, ServerMethods, type ServerParts } from './server-methods.ts'
import type { ServerEstab, ServerOptions } from './server-options.ts'
import type { Socket } from './socket.ts'
import { validateNumber } from './validate.ts'

/** Accepts connections: node:net's Server, and what is estab's own. */
export interface Server extends NodeServer {
  readonly estab: ServerEstab
  /** Where it listens; null when it does not. An address of `::` or `0.0.0.0` means every one of the stack's. */
  address(): SocketAddress | null
  close(callback?: (error?: Error) => void): this
}

/** As node:net's: with `new`, without, or for an object that inherits from it. */
export type ServerConstructor = Omit<typeof NodeServer, 'prototype'> & {
  new (options?: ServerOptions | ServerOpts, onConnection?: (socket: Socket) => void): Server
  new (onConnection?: (socket: Socket) => void): Server
  (options?: ServerOptions | ServerOpts, onConnection?: (socket: Socket) => void): Server
  (onConnection?: (socket: Socket) => void): Server
  prototype: Server
}

/** The class `Server` of one net. */
export function makeServerClass(parts: ServerParts): ServerConstructor {
  function Server(this: ServerMethods | undefined, options?: unknown, onConnection?: unknown): unknown {
    if (!(this instanceof Server)) return Reflect.construct(Server, [options, onConnection])
    initialize(this as unknown as ServerMethods, options, onConnection)
    return undefined
  }
  Server.prototype = Object.create(EventEmitter.prototype, {
    ...Object.getOwnPropertyDescriptors(ServerMethods.prototype),
    constructor: { value: Server, configurable: true, writable: true },
    [PARTS]: { value: parts },
  })
  Object.setPrototypeOf(Server, EventEmitter)
  return Server as unknown as ServerConstructor
}

function initialize(server: ServerMethods, first: unknown, second: unknown): void {
  Reflect.apply(EventEmitter as unknown as () => void, server, [])
  const onConnection = typeof first === 'function' ? first : second
  if (typeof first !== 'function' && typeof first !== 'object' && first !== undefined) {
    throw invalidArgType('options', 'Object', first)
  }
  const options: ServerOptions = typeof first === 'object' ? { ...first } : {}
  checkOptions(options)
  if (typeof onConnection === 'function') server.on('connection', onConnection as () => void)
  server._connections = 0
  server._handle = null
  server._usingWorkers = false
  server._workers = []
  server._unref = false
  server._listeningId = 1
  server.allowHalfOpen = options.allowHalfOpen || false
  server.pauseOnConnect = Boolean(options.pauseOnConnect)
  server.noDelay = Boolean(options.noDelay)
  server.keepAlive = Boolean(options.keepAlive)
  // Seconds, as node:net's.
  server.keepAliveInitialDelay = Math.trunc((options.keepAliveInitialDelay ?? 0) / 1000)
  server.highWaterMark = options.highWaterMark ?? getDefaultHighWaterMark(false)
  if (options.blockList !== undefined) server.blockList = options.blockList
  Object.defineProperty(server, ESTAB, { value: { ...options.estab } })
  Object.defineProperty(server, ACCEPTED, { value: undefined, writable: true })
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
function checkOptions(options: ServerOptions): void {
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
    options.keepAliveInitialDelay = Math.max(0, options.keepAliveInitialDelay)
  }
  if (options.highWaterMark !== undefined) {
    validateNumber(options.highWaterMark, 'options.highWaterMark')
    if (options.highWaterMark < 0) options.highWaterMark = getDefaultHighWaterMark(false)
  }
  if (options.blockList !== undefined && !isBlockList(options.blockList)) {
    throw invalidArgType('options.blockList', 'net.BlockList', options.blockList)
  }
}

function isBlockList(value: unknown): value is BlockList {
  return value !== null && typeof value === 'object' && 'check' in value
}
