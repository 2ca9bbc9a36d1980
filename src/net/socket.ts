import { lookup } from 'node:dns'
import { Duplex, type DuplexOptions } from 'node:stream'
import { AutoSelectFamily } from './auto-select-family.ts'
import type { Dispatcher } from './dispatcher.ts'
import { keepAliveWish } from './handle-options.ts'
import type { ReadInto } from './inflow.ts'
import { invalidArgType, invalidArgValue, nodeError } from './node-errors.ts'
import type { LookupFunction, SocketOptions } from './options.ts'
import { type SocketContext, SocketCore } from './socket-core.ts'
import { kCore, SocketFace } from './socket-face.ts'
import type { NodeSocket, NodeSocketConstructor, SocketConstructor } from './socket-types.ts'
import { TcpHandle } from './tcp-handle.ts'
import { validateAbortSignal, validateInt32, validateNumber } from './validate.ts'

export type { Socket, SocketConstructor } from './socket-types.ts'

/** What the sockets of a net have in common where they are not told otherwise. */
export interface SocketDefaults {
  family?: AutoSelectFamily
  /** Default: `dns.lookup`, the machine's resolver. */
  lookup?: LookupFunction | undefined
}

/** That of Node 22 and later. */
const HIGH_WATER_MARK = 65_536

const callDuplex = Duplex as unknown as (this: Duplex, options: DuplexOptions) => void

/**
 * The Socket of one net: a constructor that can be called as node:net's, with `new`, without, by `Socket.call(this, options)`
 * and as the base of a class. A socket of any net is an `instanceof` every net's Socket.
 */
export function makeSocketClass(dispatcher: Dispatcher, defaults: SocketDefaults = {}): SocketConstructor {
  const { family = new AutoSelectFamily(), lookup: resolve = lookup as LookupFunction } = defaults
  const context: SocketContext = { dispatcher, family, lookup: resolve }

  function Socket(this: unknown, options?: SocketOptions | number): unknown {
    if (!(this instanceof SocketFace)) return new (Socket as unknown as NodeSocketConstructor)(options)
    initialize(this, context, options)
    return undefined
  }
  Socket.prototype = Object.create(SocketFace.prototype, {
    constructor: { value: Socket, writable: true, configurable: true },
  })
  Object.setPrototypeOf(Socket, Duplex)
  Object.defineProperty(Socket, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this === Socket) return value instanceof SocketFace
      return Function.prototype[Symbol.hasInstance].call(this as () => void, value)
    },
  })
  return Socket as unknown as SocketConstructor
}

/** Whether it is a socket of any net of this library's. */
export function isSocket(value: unknown): value is NodeSocket {
  return value instanceof SocketFace
}

function initialize(socket: SocketFace, context: SocketContext, given: SocketOptions | number | undefined): void {
  const options = checkedOptions(given)
  const core = new SocketCore(socket, context)
  socket[kCore] = core
  socket.connecting = false
  socket._hadError = false
  socket._parent = null
  socket._host = null
  socket._closeAfterHandlingError = false
  callDuplex.call(socket, streamOptions(options))
  core.into = intoOf(options)
  core.typeOfService = options.typeOfService
  core.blockList = options.blockList
  core.noDelay = Boolean(options.noDelay)
  core.keepAlive = keepAliveWish(options.keepAlive, options.keepAliveInitialDelay)
  socket.on('end', forbidWriting)
  adopt(socket, core, options)
  if (options.signal) {
    validateAbortSignal(options.signal, 'options.signal')
    core.signal = options.signal
  }
  socket.server = null
  socket._server = null
}

/** What the stream is to be told, in the copy that is the socket's own. */
function streamOptions(options: SocketOptions): DuplexOptions {
  const streams = options as DuplexOptions
  if (streams.highWaterMark == null) {
    streams.readableHighWaterMark ??= HIGH_WATER_MARK
    streams.writableHighWaterMark ??= HIGH_WATER_MARK
  }
  streams.allowHalfOpen = Boolean(streams.allowHalfOpen)
  // 'close' is emitted when the connection is given up, after 'error', and with an argument.
  streams.emitClose = false
  streams.autoDestroy = true
  streams.decodeStrings = false
  return streams
}

function checkedOptions(given: SocketOptions | number | undefined): SocketOptions {
  if (typeof given === 'number' || given?.fd !== undefined) {
    const message = 'Unsupported fd type: a descriptor of the system is no connection of this stack'
    throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', message)
  }
  const options = { ...given }
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (options[name]) throw invalidArgValue(`options.${name}`, options[name], 'is not supported')
  }
  const { keepAliveInitialDelay: delay, handle, typeOfService, blockList } = options
  if (delay !== undefined) validateNumber(delay, 'options.keepAliveInitialDelay')
  if (delay !== undefined && delay < 0) options.keepAliveInitialDelay = 0
  if (typeOfService !== undefined) validateInt32(typeOfService, 'options.typeOfService', 0, 255)
  if (blockList && typeof blockList.check !== 'function') {
    throw invalidArgType('options.blockList', 'net.BlockList', blockList)
  }
  if (handle && !(handle instanceof TcpHandle)) {
    throw nodeError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'A handle of another library is no connection of this stack')
  }
  return options
}

function adopt(socket: SocketFace, core: SocketCore, options: SocketOptions): void {
  const handle = options.handle as TcpHandle | undefined
  if (!handle) return
  core.use(handle)
  if (core.noDelay) handle.setNoDelay(true)
  if (core.keepAlive.on) handle.setKeepAlive(core.keepAlive)
  if (options.readable === false) return
  if (options.pauseOnCreate) (socket as unknown as { readableFlowing: boolean }).readableFlowing = false
  else if (!options.manualStart) socket.read(0)
}

function intoOf({ onread }: SocketOptions): ReadInto | undefined {
  if (onread === null || typeof onread !== 'object') return undefined
  const { buffer, callback } = onread
  const usable = buffer instanceof Uint8Array || typeof buffer === 'function'
  return usable && typeof callback === 'function' ? (onread as ReadInto) : undefined
}

/** Says why one can't write any more: it is not the caller who has ended the socket. */
function forbidWriting(this: SocketFace): void {
  if (!this.allowHalfOpen) this.write = writeAfterEnd as typeof this.write
}

function writeAfterEnd(
  this: SocketFace,
  chunk: unknown,
  encoding?: BufferEncoding | ((error: Error) => void),
  done?: (error: Error) => void,
): boolean {
  if (!this.writableEnded)
    return Duplex.prototype.write.call(this, chunk, encoding as BufferEncoding, done as () => void)
  const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
  const callback = typeof encoding === 'function' ? encoding : done
  if (typeof callback === 'function') process.nextTick(callback, error)
  this.destroy(error)
  return false
}
