import { EventEmitter } from 'node:events'
import type { BlockList } from 'node:net'
import { promisify } from 'node:util'
import type { AcceptedOptions } from './accepted-options.ts'
import type { Dispatcher } from './dispatcher.ts'
import { listenTarget } from './listen-arguments.ts'
import { listenChannels } from './net-channels.ts'
import { nodeError } from './node-errors.ts'
import { normalizeArgs, type SocketAddress } from './options.ts'
import type { ServerHandle } from './server-handle.ts'
import { type Acceptor, closeOnAbort, listenAt, listenByName, takeOver } from './server-listen.ts'
import type { ListenOptions, ServerEstab, ServerEstabOptions } from './server-options.ts'

/** What the servers of one net share. */
export interface ServerParts extends Acceptor {
  readonly dispatcher: Dispatcher
}

/** Where a server's class has its parts, and a server its options under `estab`. */
export const PARTS: unique symbol = Symbol('estab.parts')
export const ESTAB: unique symbol = Symbol('estab.options')
/** Where a server keeps what its sockets are made with, once one was made. */
export const ACCEPTED: unique symbol = Symbol('estab.accepted')

/**
 * What servers do. Classes are made of it that can be called as node:net's Server is, so it has no constructor and nothing
 * private; what begins with an underscore bears the name that it has in node:net, where libraries look for it.
 */
export class ServerMethods extends EventEmitter {
  declare readonly [PARTS]: ServerParts
  declare readonly [ESTAB]: ServerEstabOptions
  declare [ACCEPTED]: AcceptedOptions | undefined
  declare _connections: number
  declare _handle: ServerHandle | null
  declare _usingWorkers: boolean
  declare _workers: never[]
  declare _unref: boolean
  declare _listeningId: number
  declare _connectionKey: string | undefined
  declare allowHalfOpen: boolean
  declare pauseOnConnect: boolean
  declare noDelay: boolean
  declare keepAlive: boolean
  /** Seconds. */
  declare keepAliveInitialDelay: number
  declare highWaterMark: number
  declare blockList: BlockList | undefined
  declare maxConnections: number | undefined

  get estab(): ServerEstab {
    return { listener: this._handle?.listener }
  }

  get listening(): boolean {
    return Boolean(this._handle)
  }

  listen(...args: unknown[]): this {
    const [options, callback] = normalizeArgs<ListenOptions>(args)
    if (this._handle) {
      const message = 'Listen method has been called more than once without closing.'
      throw nodeError(Error, 'ERR_SERVER_ALREADY_LISTEN', message)
    }
    listenChannels.start(this, options)
    if (callback !== null) this.once('listening', callback)
    const target = listenTarget(args, options)
    this._listeningId++
    closeOnAbort(this, options.signal)
    if (target.handle !== undefined) takeOver(this, target.handle)
    else if (target.host === undefined) listenAt(this, undefined, target, options.estab)
    else listenByName(this, target.host, target, options.estab)
    return this
  }

  address(): SocketAddress | null {
    if (!this._handle) return null
    const out: Partial<SocketAddress> = {}
    this._handle.getsockname(out)
    return out as SocketAddress
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this._connections)
    return this
  }

  close(callback?: (error?: Error) => void): this {
    this._listeningId++
    if (typeof callback === 'function') {
      if (this._handle) this.once('close', callback)
      else this.once('close', () => callback(nodeError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')))
    }
    this._handle?.close()
    this._handle = null
    this._emitCloseIfDrained()
    return this
  }

  _emitCloseIfDrained(): void {
    if (this._handle || this._connections > 0) return
    process.nextTick(() => this.emit('close'))
  }

  ref(): this {
    this._unref = false
    this._handle?.ref()
    return this
  }

  unref(): this {
    this._unref = true
    this._handle?.unref()
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this._handle) await promisify(this.close).call(this)
  }

  override [EventEmitter.captureRejectionSymbol](error: Error, event: string | symbol, ...args: unknown[]): void {
    if (event === 'connection') (args[0] as { destroy(error: Error): void }).destroy(error)
    else this.emit('error', error)
  }
}
