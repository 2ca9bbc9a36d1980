import type { Dispatcher } from '../net/dispatcher.ts'
import type { ListenOptions as CoreListenOptions } from '../tcp/listen-options.ts'
import type { Listener as CoreListener } from '../tcp/listener.ts'
import type { SocketAddress } from './address.ts'
import { validPort } from './address.ts'
import { Deferred } from './deferred.ts'
import { codeOf, SocketError, systemError } from './errors.ts'
import type { Socket, SocketOptions } from './socket.ts'
import { TcpSocket } from './tcp-socket.ts'

/** Beside these, the options of the core's listener: `backlog`, `acceptBacklog`, `cookies`, `synAckRetries` and the rest. */
export interface ListenOptions
  extends Omit<CoreListenOptions, 'address' | 'port'>,
    Pick<SocketOptions, 'allowHalfOpen' | 'noDelay' | 'highWaterMark'> {
  /** 0, the default, for a free one. */
  port?: number
  /** One of the stack's addresses; by default all of them. */
  host?: string
  /** Closes the listener; what waits in `accept()` rejects with its reason. */
  signal?: AbortSignal
}

/**
 * Accepts connections, one for each `accept()` or turn of `for await`; the others wait in the accept queue, whose bound is
 * `acceptBacklog`. Leaving a `for await` does not close it.
 */
export class Listener implements AsyncIterable<Socket>, AsyncDisposable {
  /** Where it listens; a hostname of `::` or `0.0.0.0` means every address of the stack's. */
  readonly address: SocketAddress
  /** Resolves when it listens no more. It rejects if the link went away. */
  readonly closed: Promise<void>
  readonly #dispatcher: Dispatcher
  readonly #options: ListenOptions
  readonly #listener: CoreListener
  readonly #closed = new Deferred<void>()
  #waiting: Deferred<Socket>[] = []
  /** Why nothing is accepted any more. */
  #reason: unknown
  readonly #onAbort = (): void => this.#stop(this.#options.signal!.reason)

  /** @throws {SocketError} ERR_SOCKET_BAD_PORT; EADDRINUSE, EADDRNOTAVAIL, ENETDOWN; whatever the core's `listen` refuses */
  constructor(dispatcher: Dispatcher, options: ListenOptions) {
    this.#dispatcher = dispatcher
    this.#options = options
    this.closed = this.#closed.promise
    const { host, port = 0, signal, allowHalfOpen: _1, noDelay: _2, highWaterMark: _3, ...core } = options
    signal?.throwIfAborted()
    validPort(port, 0)
    try {
      dispatcher.checkLink()
      const address = host === undefined ? {} : { address: host }
      this.#listener = dispatcher.driver.stack.listen({ ...core, ...address, port })
    } catch (error) {
      const code = codeOf(error, '')
      if (code === '' || code.startsWith('ERR_')) throw error
      throw systemError('listen', code, host ?? dispatcher.anyAddress, port)
    }
    const hostname = this.#listener.address?.toString() ?? dispatcher.anyAddress
    this.address = { hostname, port: this.#listener.port }
    dispatcher.watchListener(this.#listener, (event) => {
      if (event.type === 'acceptable') this.#serve()
      else if (event.type === 'deferred') dispatcher.answer(event.incoming, 'accept')
      else this.#lost(event.error)
    })
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The core's listener: its queues and counters. */
  get listener(): CoreListener {
    return this.#listener
  }

  /** The next connection. It rejects when the listener closes before there is one. */
  accept(): Promise<Socket> {
    if (this.#reason !== undefined) return Promise.reject(this.#reason)
    const waiting = new Deferred<Socket>()
    this.#waiting.push(waiting)
    this.#serve()
    return waiting.promise
  }

  /** Stops listening: half-open connections, and those that nobody has accepted, are reset; the others go on. */
  close(): Promise<void> {
    this.#stop(new SocketError('ERR_SERVER_NOT_RUNNING', 'the listener is closed'))
    return this.closed
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Socket, void, undefined> {
    const { signal } = this.#options
    for (;;) {
      let socket: Socket
      try {
        socket = await this.accept()
      } catch (error) {
        const isEnd = error instanceof SocketError && error.code === 'ERR_SERVER_NOT_RUNNING'
        if (isEnd || (signal?.aborted === true && error === signal.reason)) return
        throw error
      }
      yield socket
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #serve(): void {
    const { driver } = this.#dispatcher
    while (this.#waiting.length > 0) {
      const connection = this.#listener.accept()
      if (connection === undefined) break
      const socket = new TcpSocket(this.#dispatcher, this.#options, { tls: undefined, hostname: '' })
      socket.adopt(connection)
      this.#waiting.shift()!.resolve(socket)
    }
    driver.touch()
  }

  #stop(reason: unknown): void {
    if (this.#reason !== undefined) return
    this.#dispatcher.unwatchListener(this.#listener)
    this.#listener.close()
    this.#dispatcher.driver.touch()
    this.#end(reason)
    this.#closed.resolve()
  }

  #lost(error: Error | undefined): void {
    if (this.#reason !== undefined) return
    const { hostname, port } = this.address
    if (error === undefined) {
      this.#end(new SocketError('ERR_SERVER_NOT_RUNNING', 'the net was closed'))
      this.#closed.resolve()
      return
    }
    const reason = systemError('accept', 'ENETDOWN', hostname, port)
    this.#end(reason)
    this.#closed.reject(reason)
  }

  #end(reason: unknown): void {
    this.#reason = reason
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) one.reject(reason)
  }
}
