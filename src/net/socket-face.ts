import { Duplex } from 'node:stream'
import type { Connection } from '../tcp/connection.ts'
import { type KeepAliveSettings, keepAliveWish } from './handle-options.ts'
import { socketClosed } from './node-errors.ts'
import { openSocket } from './opening.ts'
import { normalizeArgs, type SocketAddress } from './options.ts'
import { octetsOf, type SocketCore } from './socket-core.ts'
import { TcpHandle } from './tcp-handle.ts'
import { timerSpan, validateFunction, validateInt32 } from './validate.ts'

/** Where a socket keeps its inside. */
export const kCore: unique symbol = Symbol('estab.core')

type Done = (error?: Error | null) => void
type WriteDone = (error?: Error | null) => void
type Waiting = { chunk: string | Uint8Array; encoding: BufferEncoding }

/** What of a socket is estab's own. */
export interface SocketInside {
  /** The connection beneath, the last one where there is none any more. */
  readonly connection: Connection | undefined
  /** Its TCP state, by the standard name. */
  readonly state: Connection['state'] | undefined
}

/**
 * The methods of Socket: the prototype that those of all nets have beneath theirs. Nothing is made of this class itself, since
 * a Socket is to be made as node:net's can be, by a call of the constructor on an object that is there already.
 */
export class SocketFace extends Duplex {
  declare connecting: boolean
  declare timeout: number | undefined
  declare autoSelectFamilyAttemptedAddresses: string[] | undefined
  declare server: unknown
  declare _server: { _connections: number; _emitCloseIfDrained?(): void } | null
  declare _parent: SocketFace | null
  declare _host: string | null
  declare _hadError: boolean
  declare _closeAfterHandlingError: boolean
  declare [kCore]: SocketCore

  /** What is below: `socket.estab.connection`, `socket.estab.state`. */
  get estab(): SocketInside {
    const { connection } = this[kCore]
    return { connection, state: connection?.state }
  }

  /** What libraries look at to see whether a socket is open. */
  get _handle(): TcpHandle | null {
    return this[kCore].handle ?? null
  }

  set _handle(handle: TcpHandle | null) {
    if (handle instanceof TcpHandle) this[kCore].use(handle)
    else this[kCore].handle = undefined
  }

  /** Opens actively: `connect(port, host?, listener?)` or `connect({ port, host, ... }, listener?)`. */
  connect(...args: unknown[]): this {
    const [options, listener] = normalizeArgs(args)
    if (listener !== null) this.once('connect', listener)
    if (this._parent?.connecting) return this
    openSocket(this, this[kCore], options)
    return this
  }

  override _read(_size?: number): void {
    const { handle } = this[kCore]
    if (this.connecting || handle === undefined) this.once('connect', () => this._read())
    else if (!handle.reading) handle.readStart()
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: WriteDone): void {
    this[kCore].write([octetsOf(chunk, encoding)], done)
  }

  override _writev(chunks: Waiting[], done: WriteDone): void {
    const octets = chunks.map(({ chunk, encoding }) => octetsOf(chunk, encoding))
    this[kCore].write(octets, done)
  }

  override _final(done: Done): void {
    this[kCore].finish(done)
  }

  override _destroy(error: Error | null, done: Done): void {
    this[kCore].destroy(error, done)
    const server = this._server
    if (!server) return
    server._connections--
    server._emitCloseIfDrained?.()
  }

  /** Ends the writable side, and destroys the socket once everything is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  /** Closes with a RST, whatever was still to be sent or read; while connecting, as soon as that is done. */
  resetAndDestroy(): this {
    if (this[kCore].handle === undefined) return this.destroy(socketClosed())
    if (this.connecting) this.once('connect', () => this._reset())
    else this._reset()
    return this
  }

  _reset(): this {
    this[kCore].resetting = true
    return this.destroy()
  }

  override pause(): this {
    const { handle, into } = this[kCore]
    if (into !== undefined && !this.connecting) handle?.readStop()
    return super.pause()
  }

  override resume(): this {
    startReading(this)
    return super.resume()
  }

  override read(size?: number): unknown {
    startReading(this)
    return super.read(size)
  }

  /** 'timeout' after so many milliseconds without traffic; 0 for never. The socket is not closed by it. */
  setTimeout(timeout: number, listener?: () => void): this {
    if (this.destroyed) return this
    this.timeout = timeout
    const span = timerSpan(timeout, 'msecs')
    this[kCore].idle.span = span
    if (listener === undefined) return this
    validateFunction(listener, 'callback')
    if (span === 0) this.removeListener('timeout', listener)
    else this.once('timeout', listener)
    return this
  }

  _onTimeout(): void {
    const core = this[kCore]
    const queued = core.handle?.writeQueueSize
    if (core.lastWriteQueueSize > 0 && queued !== undefined && queued !== core.lastWriteQueueSize) {
      // A long write goes on: it has only not been finished.
      core.lastWriteQueueSize = queued
      this._unrefTimer()
    } else {
      this.emit('timeout')
    }
  }

  /** There was traffic: the idle time begins anew. */
  _unrefTimer(): void {
    for (let socket: SocketFace | null = this; socket; socket = socket._parent) socket[kCore]?.active()
  }

  /** Switches Nagle's algorithm off (true) or on. */
  setNoDelay(noDelay?: boolean): this {
    const core = this[kCore]
    core.noDelay = noDelay === undefined ? true : Boolean(noDelay)
    core.handle?.setNoDelay(core.noDelay)
    return this
  }

  /**
   * Keep-alives on or off, with times in ms, of which whole seconds count. The first goes out after `initialDelay` of silence,
   * the others every `interval`, `count` in all. Without a delay all times are the stack's `keepAliveIdle` and the like.
   * ETIMEDOUT if none is answered.
   */
  setKeepAlive(enable?: boolean | KeepAliveSettings, initialDelay?: number, interval = 1000, count = 10): this {
    if (typeof enable === 'object' && enable !== null) {
      return this.setKeepAlive(enable.enable, enable.initialDelay, enable.interval, enable.count)
    }
    const core = this[kCore]
    core.keepAlive = keepAliveWish(enable, initialDelay, interval, count)
    core.handle?.setKeepAlive(core.keepAlive)
    return this
  }

  /** The Differentiated Services field of what is sent, 0 to 255; its lower two bits are ECN's, and the stack's own. */
  setTypeOfService(octet: number): this {
    validateInt32(octet, 'tos', 0, 255)
    const core = this[kCore]
    core.typeOfService = octet
    core.handle?.setTypeOfService(octet)
    return this
  }

  getTypeOfService(): number {
    const { handle, typeOfService = 0 } = this[kCore]
    return handle?.getTypeOfService() ?? typeOfService
  }

  /** While it is open and connected, the socket keeps the process alive: the default. */
  ref(): this {
    const { handle } = this[kCore]
    if (handle === undefined) this.once('connect', this.ref)
    else handle.ref()
    return this
  }

  /** The socket does not keep the process alive. */
  unref(): this {
    const { handle } = this[kCore]
    if (handle === undefined) this.once('connect', this.unref)
    else handle.unref()
    return this
  }

  /** The local end; empty before there is one, and when the socket is destroyed. */
  address(): SocketAddress | Record<string, never> {
    return this[kCore].local as SocketAddress | Record<string, never>
  }

  _getsockname(): Partial<SocketAddress> {
    return this[kCore].local
  }

  _getpeername(): Partial<SocketAddress> {
    return this[kCore].peer
  }

  get localAddress(): string | undefined {
    return this[kCore].local.address
  }

  get localPort(): number | undefined {
    return this[kCore].local.port
  }

  get localFamily(): string | undefined {
    return this[kCore].local.family
  }

  get remoteAddress(): string | undefined {
    return this[kCore].peer.address
  }

  get remotePort(): number | undefined {
    return this[kCore].peer.port
  }

  get remoteFamily(): string | undefined {
    return this[kCore].peer.family
  }

  get pending(): boolean {
    return this[kCore].handle === undefined || this.connecting
  }

  get _connecting(): boolean {
    return this.connecting
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  get bufferSize(): number | undefined {
    return this[kCore].handle && this.writableLength
  }

  /** Octets taken out of the receive buffer. */
  get bytesRead(): number {
    return this[kCore].bytesRead
  }

  get _bytesDispatched(): number {
    return this[kCore].bytesDispatched
  }

  /** Octets written, those that still wait in the stream included. */
  get bytesWritten(): number {
    const core = this[kCore]
    let octets = core.bytesDispatched + core.bytesEarly
    const { writableBuffer } = this as unknown as { writableBuffer: Waiting[] }
    for (const { chunk, encoding } of writableBuffer) octets += Buffer.byteLength(chunk, encoding)
    return octets
  }
}

/** With memory of the user's, it is `resume` and `read` that start reading. */
function startReading(socket: SocketFace): void {
  const { handle, into } = socket[kCore]
  if (into !== undefined && !socket.connecting) handle?.readStart()
}
