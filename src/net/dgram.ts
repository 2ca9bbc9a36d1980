import { EventEmitter } from 'node:events'
import { promisify } from 'node:util'
import { type Octets, peerPort, type SendCallback, sendArguments } from './dgram-arguments.ts'
import {
  alreadyBoundError,
  badTypeError,
  isConnectedError,
  notConnectedError,
  notRunningError,
} from './dgram-errors.ts'
import {
  type BindOptions,
  bufferSize,
  type DgramLookup,
  type DgramOptions,
  machineLookup,
  placeOf,
  type SocketType,
} from './dgram-options.ts'
import { UnsupportedDgram } from './dgram-unsupported.ts'
import type { Dispatcher } from './dispatcher.ts'
import { errnoException, socketError } from './errors.ts'
import type { SocketAddress } from './options.ts'
import { type RemoteInfo, UdpHandle, type UdpHandleOwner } from './udp-handle.ts'
import { validateAbortSignal, validateFunction, validateNumber, validateString } from './validate.ts'

export type { DgramOptions, SocketType } from './dgram-options.ts'
export type { RemoteInfo } from './udp-handle.ts'

type Bound = 'unbound' | 'binding' | 'bound'
type Connected = 'disconnected' | 'connecting' | 'connected'

/**
 * A UDP socket over a stack of its own, as node:dgram's Socket is. Broadcast and multicast are not there, nor what only the
 * operating system has; those methods throw ERR_METHOD_NOT_IMPLEMENTED. Made by `net.dgram.createSocket`.
 */
export class DgramSocket extends UnsupportedDgram implements AsyncDisposable {
  readonly type: SocketType
  readonly #lookup: DgramLookup
  #handle: UdpHandle | undefined
  #bound: Bound = 'unbound'
  #connected: Connected = 'disconnected'
  /** Calls that wait for the socket to be bound. */
  #queue: (() => void)[] | undefined
  readonly #onListenError = (): void => {
    this.off('listening', this.#onListening)
    this.#queue = undefined
  }
  readonly #onListening = (): void => {
    this.off(EventEmitter.errorMonitor, this.#onListenError)
    const queue = this.#queue ?? []
    this.#queue = undefined
    for (const call of queue) call()
  }

  /** @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE */
  constructor(dispatcher: Dispatcher, options: DgramOptions, onMessage?: (message: Buffer, from: RemoteInfo) => void) {
    super()
    const { type, lookup, recvBufferSize, signal } = options
    if (lookup !== undefined) validateFunction(lookup, 'lookup')
    if (type !== 'udp4' && type !== 'udp6') throw badTypeError()
    this.type = type
    this.#lookup = lookup ?? machineLookup(dispatcher)
    this.#handle = new UdpHandle(dispatcher, type === 'udp4' ? 4 : 6, this.#owner())
    if (recvBufferSize !== undefined) this.#handle.receiveBuffer = bufferSize(recvBufferSize)
    if (typeof onMessage === 'function') this.on('message', onMessage)
    if (signal !== undefined) this.#closeOn(signal)
  }

  bind(port?: number, address?: string, callback?: () => void): this
  bind(port?: number, callback?: () => void): this
  bind(callback?: () => void): this
  bind(options: BindOptions, callback?: () => void): this
  bind(...args: unknown[]): this {
    const handle = this.#running()
    if (this.#bound !== 'unbound') throw alreadyBoundError()
    this.#bound = 'binding'
    const callback = args.at(-1)
    if (typeof callback === 'function') this.#onceListening(callback as () => void)
    const { port, address } = placeOf(args)
    this.#resolve(address || (this.type === 'udp4' ? '0.0.0.0' : '::'), (error, ip) => {
      if (this.#handle === undefined) return
      const code = error === null ? handle.bind(ip, Number(port) || 0) : undefined
      if (error === null && code === undefined) {
        this.#bound = 'bound'
        this.emit('listening')
        return
      }
      this.#bound = 'unbound'
      this.emit('error', error ?? socketError('bind', code!, ip, port))
    })
    return this
  }

  connect(port: number, address?: string, callback?: () => void): void
  connect(port: number, callback: () => void): void
  connect(port: unknown, second?: unknown, third?: unknown): void {
    const to = peerPort(port)
    const [address, callback] =
      typeof second === 'function' ? ['', second] : [second === undefined ? '' : second, third]
    validateString(address, 'address')
    if (this.#connected !== 'disconnected') throw isConnectedError()
    this.#connected = 'connecting'
    if (this.#bound === 'unbound') this.bind({ port: 0 })
    this.#whenBound(() => this.#connect(to, address, callback as ((error?: Error) => void) | undefined))
  }

  #connect(port: number, address: string, callback: ((error?: Error) => void) | undefined): void {
    if (callback) this.once('connect', callback)
    this.#resolve(address, (lookupError, ip) => {
      if (this.#handle === undefined) return
      const code = lookupError === null ? this.#handle.connect(ip, port) : undefined
      const error = lookupError ?? (code === undefined ? undefined : socketError('connect', code, address, port))
      if (error === undefined) {
        this.#connected = 'connected'
        process.nextTick(() => this.emit('connect'))
        return
      }
      this.#connected = 'disconnected'
      process.nextTick(() => {
        if (callback) this.off('connect', callback)
        if (callback) callback(error)
        else this.emit('error', error)
      })
    })
  }

  /** @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED */
  disconnect(): void {
    if (this.#connected !== 'connected') throw notConnectedError()
    this.#handle?.disconnect()
    this.#connected = 'disconnected'
  }

  send(message: Octets | readonly Octets[], port?: number, address?: string, callback?: SendCallback): void
  send(message: Octets | readonly Octets[], port?: number, callback?: SendCallback): void
  send(message: Octets | readonly Octets[], callback?: SendCallback): void
  send(message: Octets, offset: number, length: number, port?: number, address?: string, callback?: SendCallback): void
  send(message: Octets, offset: number, length: number, port?: number, callback?: SendCallback): void
  send(message: Octets, offset: number, length: number, callback?: SendCallback): void
  send(...args: unknown[]): void {
    const isConnected = this.#connected === 'connected'
    const { list, port, address, callback } = sendArguments(args, isConnected)
    const to = isConnected ? 0 : peerPort(port)
    if (address !== undefined && address !== null) validateString(address, 'address')
    this.#running()
    if (this.#bound === 'unbound') this.bind({ port: 0 })
    const octets = list.length === 1 ? Buffer.from(list[0]!) : Buffer.concat(list)
    this.#whenBound(() => {
      if (isConnected) this.#send(octets, 0, undefined, undefined, callback)
      else {
        this.#resolve((address as string) || '', (error, ip) => {
          if (error === null) this.#send(octets, to, ip, (address as string) || undefined, callback)
          else if (callback === undefined) process.nextTick(() => this.emit('error', error))
          else process.nextTick(callback, error)
        })
      }
    })
  }

  #send(
    octets: Buffer,
    port: number,
    ip: string | undefined,
    address: string | undefined,
    callback: SendCallback | undefined,
  ): void {
    this.#handle?.send(octets, port, ip, (code) => {
      if (callback === undefined) return
      if (code === undefined) process.nextTick(callback, null, octets.length)
      else process.nextTick(callback, socketError('send', code, address, port))
    })
  }

  /** What waits for the link when this is called, is not sent. */
  close(callback?: () => void): this {
    if (typeof callback === 'function') this.on('close', callback)
    if (this.#queue !== undefined) {
      this.#queue.push(() => this.close())
      return this
    }
    this.#running().close()
    this.#handle = undefined
    process.nextTick(() => this.emit('close'))
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#handle !== undefined) await promisify((done: () => void) => this.close(done))()
  }

  /** @throws {Error} EBADF: it is not bound */
  address(): SocketAddress {
    const { local } = this.#running()
    if (local === undefined) throw errnoException('getsockname', 'EBADF')
    return local
  }

  /** @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED */
  remoteAddress(): SocketAddress {
    const { peer } = this.#running()
    if (peer === undefined || this.#connected !== 'connected') throw notConnectedError()
    return peer
  }

  ref(): this {
    this.#handle?.reference.ref()
    return this
  }

  unref(): this {
    this.#handle?.reference.unref()
    return this
  }

  /** Hops that what it sends may go, 1 to 255. @throws {Error} EINVAL */
  setTTL(ttl: number): number {
    validateNumber(ttl, 'ttl')
    const handle = this.#running()
    if (!(Number.isInteger(ttl) && ttl >= 1 && ttl <= 255)) throw errnoException('setTTL', 'EINVAL')
    handle.hopLimit = ttl
    return ttl
  }

  getRecvBufferSize(): number {
    return this.#running().receiveBuffer ?? 212_992
  }

  /** @throws {TypeError} ERR_SOCKET_BAD_BUFFER_SIZE */
  setRecvBufferSize(octets: number): void {
    this.#running().receiveBuffer = bufferSize(octets)
  }

  /** Octets that found no room on the way to the link, and wait. */
  getSendQueueSize(): number {
    return this.#running().queuedOctets
  }

  getSendQueueCount(): number {
    return this.#running().queuedCount
  }

  #owner(): UdpHandleOwner {
    return {
      onMessage: (message, from) => this.emit('message', message, from),
      onError: (error) => this.emit('error', error),
      onLost: (error) => {
        if (error !== undefined) this.emit('error', errnoException('recvmsg', 'ENETDOWN'))
        if (this.#handle !== undefined) this.close()
      },
    }
  }

  #closeOn(signal: AbortSignal): void {
    validateAbortSignal(signal, 'options.signal')
    const close = (): void => {
      if (this.#handle !== undefined) this.close()
    }
    if (signal.aborted) close()
    else {
      signal.addEventListener('abort', close, { once: true })
      this.once('close', () => signal.removeEventListener('abort', close))
    }
  }

  #onceListening(callback: () => void): void {
    const remove = (): void => {
      this.off('error', remove)
      this.off('listening', listening)
    }
    const listening = (): void => {
      remove()
      callback.call(this)
    }
    this.on('error', remove)
    this.on('listening', listening)
  }

  #whenBound(call: () => void): void {
    if (this.#bound === 'bound') {
      call()
      return
    }
    if (this.#queue === undefined) {
      this.#queue = []
      this.once(EventEmitter.errorMonitor, this.#onListenError)
      this.once('listening', this.#onListening)
    }
    this.#queue.push(call)
  }

  #resolve(name: string, done: (error: Error | null, ip: string) => void): void {
    const v4 = this.type === 'udp4'
    this.#lookup(name || (v4 ? '127.0.0.1' : '::1'), v4 ? 4 : 6, done)
  }

  #running(): UdpHandle {
    if (this.#handle === undefined) throw notRunningError()
    return this.#handle
  }
}

/** `node:dgram` over one stack. */
export interface DgramModule {
  createSocket(type: SocketType | DgramOptions, onMessage?: (message: Buffer, from: RemoteInfo) => void): DgramSocket
}

export function makeDgramModule(dispatcher: Dispatcher): DgramModule {
  return {
    createSocket: (type, onMessage) =>
      new DgramSocket(dispatcher, typeof type === 'object' && type !== null ? type : { type }, onMessage),
  }
}
