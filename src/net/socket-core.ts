import type { BlockList } from 'node:net'
import type { Connection } from '../tcp/connection.ts'
import type { TroubleReport } from '../tcp/trouble.ts'
import type { AutoSelectFamily } from './auto-select-family.ts'
import type { Dispatcher } from './dispatcher.ts'
import { errnoException, socketError } from './errors.ts'
import { type KeepAliveWish, NO_KEEP_ALIVE } from './handle-options.ts'
import { IdleTimer } from './idle-timer.ts'
import type { ReadInto } from './inflow.ts'
import { closedBeforeConnection, socketClosed } from './node-errors.ts'
import type { EstabSocketOptions, LookupFunction, SocketAddress } from './options.ts'
import type { SocketFace } from './socket-face.ts'
import { type HandleOwner, TcpHandle } from './tcp-handle.ts'

/** What all sockets of a net share. */
export interface SocketContext {
  readonly dispatcher: Dispatcher
  readonly family: AutoSelectFamily
  /** Resolves names where the caller gives no `lookup`. */
  readonly lookup: LookupFunction
}

type Ends = Partial<SocketAddress>
type Done = (error?: Error | null) => void
type Written = string | Uint8Array

/** What was written before the connection stands. */
interface Early {
  readonly octets: readonly Buffer[]
  /** Writes it, where it need not wait for the connection. */
  write(): void
}

const NO_WISHES: EstabSocketOptions = Object.freeze({})

function ignore(): void {}

/** The inside of a Socket: its handle, its idle timer, and what it has been told before there was a handle. */
export class SocketCore implements HandleOwner {
  readonly context: SocketContext
  handle: TcpHandle | undefined
  /** The last connection, which outlives the handle. */
  connection: Connection | undefined
  into: ReadInto | undefined
  noDelay = false
  keepAlive: KeepAliveWish = NO_KEEP_ALIVE
  /** Octets of the write that waits in the handle: while that goes on, the socket is not idle. */
  lastWriteQueueSize = 0
  typeOfService: number | undefined
  blockList: BlockList | undefined
  /** How the connection is to be opened, where that is not node:net's business. */
  wishes: EstabSocketOptions = NO_WISHES
  resetting = false
  /** Destroys the stream by itself; attempts to connect are not to go on. */
  signal: AbortSignal | undefined
  readonly #socket: SocketFace
  #idle: IdleTimer | undefined
  #early: Early | undefined
  #bytesRead = 0
  #bytesWritten = 0
  #local: Ends | undefined
  #peer: Ends | undefined

  constructor(socket: SocketFace, context: SocketContext) {
    this.#socket = socket
    this.context = context
  }

  /** Made when it is asked for first: most sockets have no timeout. */
  get idle(): IdleTimer {
    this.#idle ??= new IdleTimer(this.context.dispatcher.driver.scheduler, () => this.#timedOut())
    return this.#idle
  }

  #timedOut(): void {
    const socket = this.#socket
    if (this.handle === undefined) socket._onTimeout()
    else this.handle.run(() => socket._onTimeout())
  }

  /** There was traffic. */
  active(): void {
    this.#idle?.active()
  }

  /** A socket that was destroyed, or has ended, is as new. */
  revive(): void {
    this.handle = undefined
    this.#peer = undefined
    ;(this.#socket as unknown as { _undestroy(): void })._undestroy()
  }

  /** A fresh handle, in the place of the one before. */
  newHandle(): TcpHandle {
    this.handle?.close()
    const handle = new TcpHandle(this.context.dispatcher)
    this.use(handle)
    return handle
  }

  use(handle: TcpHandle): void {
    this.handle = handle
    this.connection = handle.connection
    handle.owner = this
    this.#local = undefined
    if (this.into !== undefined) handle.inflow.readInto(this.into)
    if (this.typeOfService !== undefined) handle.setTypeOfService(this.typeOfService)
  }

  // What the handle tells.

  onActive(): void {
    this.#socket._unrefTimer()
  }

  onData(chunk: Buffer): boolean {
    return this.#socket.push(chunk)
  }

  onEnd(): void {
    this.#socket.push(null)
    this.#socket.read(0)
  }

  onFailed(code: string): void {
    this.#socket.destroy(errnoException('read', code))
  }

  onLost(error: Error | undefined): void {
    this.#socket.destroy(error && errnoException(this.#socket.connecting ? 'connect' : 'read', 'ENETDOWN'))
  }

  onTrouble(code: TroubleReport | undefined): void {
    this.#socket.emit('trouble', code)
  }

  /** Set while an attempt to connect is under way. */
  onConnected: (code: string | undefined) => void = ignore

  /** The handshake is over. */
  connected(): void {
    const socket = this.#socket
    socket.connecting = false
    this.#local = undefined
    this.onActive()
    if (this.noDelay) this.handle!.setNoDelay(true)
    if (this.keepAlive.on) this.handle!.setKeepAlive(this.keepAlive)
    socket.emit('connect')
    socket.emit('ready')
    // Nothing is consumed: it starts the flow, or gets the end at once.
    if (!socket.isPaused()) socket.read(0)
  }

  /** The SYN is on its way: what was written before goes with it, where that is wanted. */
  opened(): void {
    this.connection = this.handle!.connection
    if (this.wishes.fastOpen) this.#early?.write()
  }

  // What the streams ask for.

  write(chunks: readonly Buffer[], done: Done): void {
    const socket = this.#socket
    if (socket.connecting && !(this.wishes.fastOpen && this.handle?.connection !== undefined)) {
      this.#writeLater(chunks, done)
      return
    }
    this.#early = undefined
    const { handle } = this
    if (handle === undefined) {
      done(socketClosed())
      return
    }
    this.onActive()
    let within = true
    handle.write(chunks, (code) => {
      this.lastWriteQueueSize = 0
      if (!within && !socket.destroyed) this.onActive()
      if (code === undefined || socket.destroyed) done()
      else done(errnoException('write', code))
    })
    within = false
    this.lastWriteQueueSize = handle.writeQueueSize
  }

  #writeLater(octets: readonly Buffer[], done: Done): void {
    const socket = this.#socket
    const write = (): void => {
      socket.off('connect', write)
      socket.off('close', onClose)
      this.write(octets, done)
    }
    const onClose = (): void => done(closedBeforeConnection())
    this.#early = { octets, write }
    socket.once('connect', write)
    socket.once('close', onClose)
  }

  finish(done: Done): void {
    const socket = this.#socket
    if (socket.pending) {
      socket.once('connect', () => this.finish(done))
      return
    }
    if (this.handle?.shutdown() === undefined) process.nextTick(done)
    else done()
  }

  destroy(error: Error | null, done: Done): void {
    const socket = this.#socket
    const { handle } = this
    socket.connecting = false
    this.#idle?.stop()
    if (handle === undefined) {
      done(error)
      process.nextTick(() => socket.emit('close'))
      return
    }
    this.#bytesRead = handle.bytesRead
    this.#bytesWritten = handle.bytesWritten
    const closed = (): unknown => socket.emit('close', error !== null)
    if (this.resetting) handle.reset(closed)
    else handle.close(closed)
    this.resetting = false
    this.handle = undefined
    this.#local = undefined
    done(error)
  }

  // What the socket says of itself.

  get bytesRead(): number {
    return this.handle?.bytesRead ?? this.#bytesRead
  }

  /** Octets that were handed to the connection. */
  get bytesDispatched(): number {
    return this.handle?.bytesWritten ?? this.#bytesWritten
  }

  /** Octets of a write that waits for the connection. */
  get bytesEarly(): number {
    return this.#early?.octets.reduce((sum, { length }) => sum + length, 0) ?? 0
  }

  get local(): Ends {
    if (this.handle === undefined) return {}
    if (this.#local?.address === undefined) {
      this.#local = {}
      this.handle.getsockname(this.#local)
    }
    return this.#local
  }

  get peer(): Ends {
    if (this.handle === undefined || this.#socket.connecting) return this.#peer ?? {}
    if (this.#peer === undefined) {
      const peer: Ends = {}
      this.handle.getpeername(peer)
      if (peer.address === undefined) return peer
      this.#peer = peer
    }
    return this.#peer
  }
}

/** Octets of what a stream was given. */
export function octetsOf(chunk: Written, encoding: BufferEncoding): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

/** `connect` has failed: to this peer, from this end if it was bound. */
export function connectError(code: string, address: string, port: number, local?: Ends): Error {
  const bound = local?.address !== undefined && local.port ? `${local.address}:${local.port}` : undefined
  const error = socketError('connect', code, address, port, bound)
  if (bound !== undefined) Object.assign(error, { localAddress: local!.address, localPort: local!.port })
  return error
}
