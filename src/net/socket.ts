import { lookup } from 'node:dns'
import type { OnReadOpts } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import { AcceptedOptions } from './accepted-options.ts'
import { AutoSelectFamily } from './auto-select-family.ts'
import type { Dispatcher } from './dispatcher.ts'
import { keepAliveWish } from './handle-options.ts'
import type { ReadInto } from './inflow.ts'
import { invalidArgType, invalidArgValue, nodeError } from './node-errors.ts'
import type { LookupFunction, SocketOptions } from './options.ts'
import { type SocketContext, SocketCore } from './socket-core.ts'
import { kCore, SocketFace } from './socket-face.ts'
import type { NodeSocket, NodeSocketConstructor, Socket, SocketConstructor } from './socket-types.ts'
import { streamOptions } from './stream-options.ts'
import { TcpHandle } from './tcp-handle.ts'
import { validateAbortSignal, validateInt32, validateNumber } from './validate.ts'

export type { Socket, SocketConstructor } from './socket-types.ts'

/** What the sockets of a net have in common where they are not told otherwise. */
export interface SocketDefaults {
  family?: AutoSelectFamily
  /** Default: `dns.lookup`, the machine's resolver. */
  lookup?: LookupFunction | undefined
}

const callDuplex = Duplex as unknown as (this: Duplex, options: DuplexOptions) => void

/**
 * The Socket of one net: a constructor that can be called as node:net's, with `new`, without, by `Socket.call(this, options)`
 * and as the base of a class. A socket of any net is an `instanceof` every net's Socket.
 */
export function makeSocketClass(dispatcher: Dispatcher, defaults: SocketDefaults = {}): SocketConstructor {
  const { family = new AutoSelectFamily(), lookup: resolve = lookup as LookupFunction } = defaults
  const context: SocketContext = { dispatcher, family, lookup: resolve }

  function Socket(
    this: SocketFace,
    options?: SocketOptions | AcceptedOptions | number,
    handle: TcpHandle | undefined = undefined,
    onread: OnReadOpts | undefined = undefined,
  ): unknown {
    if (!(this instanceof SocketFace)) return new (Socket as unknown as NodeSocketConstructor)(options as SocketOptions)
    // Here, since V8 reserves room in the object for what it sees assigned in the constructor.
    this.connecting = false
    this._hadError = false
    this._parent = null
    this._host = null
    this._closeAfterHandlingError = false
    this.server = null
    this._server = null
    this[kCore] = new SocketCore(this, context)
    if (options instanceof AcceptedOptions) accept(this, options, handle!, onread)
    else initialize(this, options)
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

/** The socket of a connection that a server has accepted, by the class of its net. */
export function acceptSocket(
  Socket: SocketConstructor,
  options: AcceptedOptions,
  handle: TcpHandle,
  onread: OnReadOpts | undefined,
): Socket {
  return new (Socket as unknown as AcceptingConstructor)(options, handle, onread)
}

type AcceptingConstructor = new (options: AcceptedOptions, handle: TcpHandle, onread: OnReadOpts | undefined) => Socket

function initialize(socket: SocketFace, given: SocketOptions | number | undefined): void {
  const options = checkedOptions(given)
  const core = socket[kCore]
  callDuplex.call(socket, streamOptions(options))
  core.into = intoOf(options.onread)
  core.typeOfService = options.typeOfService
  core.blockList = options.blockList
  core.noDelay = Boolean(options.noDelay)
  core.keepAlive = keepAliveWish(options.keepAlive, options.keepAliveInitialDelay)
  socket.on('end', forbidWriting)
  if (options.handle) adopt(socket, core, options.handle as TcpHandle, options)
  if (options.signal) {
    validateAbortSignal(options.signal, 'options.signal')
    core.signal = options.signal
  }
}

function accept(socket: SocketFace, options: AcceptedOptions, handle: TcpHandle, onread: OnReadOpts | undefined): void {
  const core = socket[kCore]
  callDuplex.call(socket, options.streams)
  core.into = intoOf(onread)
  core.noDelay = options.noDelay
  core.keepAlive = options.keepAlive
  socket.on('end', forbidWriting)
  adopt(socket, core, handle, options)
}

function checkedOptions(given: SocketOptions | number | undefined): SocketOptions {
  if (typeof given === 'number' || given?.fd !== undefined) {
    const message = 'Unsupported fd type: a descriptor of the system is no connection of this stack'
    throw nodeError(TypeError, 'ERR_INVALID_FD_TYPE', message)
  }
  // Not `{ ...given }`: to an object that was spread V8 adds each property by a hidden class of its own, again for every one.
  const options: SocketOptions = Object.assign({}, given)
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

type Start = Pick<SocketOptions, 'readable' | 'pauseOnCreate' | 'manualStart'>

function adopt(socket: SocketFace, core: SocketCore, handle: TcpHandle, start: Start): void {
  core.use(handle)
  if (core.noDelay) handle.setNoDelay(true)
  if (core.keepAlive.on) handle.setKeepAlive(core.keepAlive)
  if (start.readable === false) return
  if (start.pauseOnCreate) (socket as unknown as { readableFlowing: boolean }).readableFlowing = false
  else if (!start.manualStart) socket.read(0)
}

function intoOf(onread: OnReadOpts | undefined): ReadInto | undefined {
  if (onread === undefined || onread === null || typeof onread !== 'object') return undefined
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
