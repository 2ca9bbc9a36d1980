import { EventEmitter } from 'node:events'
import { admitDeferred } from '../tcp/admission.ts'
import type { Incoming } from '../tcp/incoming.ts'
import type { DeferredAnswer, Listener } from '../tcp/listener.ts'
import type { Dispatcher } from './dispatcher.ts'
import { argumentError, codeOf, socketError } from './errors.ts'
import { type DeferHandler, familyOf, type ListenOptions, type ServerOptions, type SocketAddress } from './options.ts'
import type { Socket, SocketConstructor } from './socket.ts'
import { makeHandle } from './tcp-handle.ts'
import { validatePort } from './validate.ts'

export type ListenArguments = [
  ListenOptions | number | string | undefined,
  ...(string | number | (() => void) | undefined)[],
]

/** A client that the server has turned away. */
export interface Dropped {
  localAddress: string
  localPort: number
  remoteAddress: string
  remotePort: number
  /**
   * `max-connections`: there are that many already; reset. `defer-failed`: `deferAccept` threw, rejected, or gave no answer
   * that there is; refused. `defer-late`: it said 'accept' when the client had reset, or its time was over, or its entry
   * had made room for another; no connection will come.
   */
  reason: 'max-connections' | 'defer-failed' | 'defer-late'
  /** Of `defer-failed`: what was thrown. */
  error?: unknown
}

type Ends = Pick<Dropped, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>

/** Accepts connections, shaped as node:net's Server. Made by `net.createServer`. */
export class Server extends EventEmitter<{
  listening: []
  connection: [socket: Socket]
  drop: [data: Dropped]
  close: []
  error: [error: Error]
}> {
  /** Further connections are reset, with a 'drop' event. */
  maxConnections: number | undefined
  /** The listener in the core while it listens: its queues and counters. */
  listener: Listener | undefined
  readonly #dispatcher: Dispatcher
  readonly #Socket: SocketConstructor
  readonly #options: ServerOptions
  readonly #sockets = new Set<Socket>()
  #closing = false

  constructor(
    dispatcher: Dispatcher,
    Socket: SocketConstructor,
    options: ServerOptions = {},
    onConnection?: (socket: Socket) => void,
  ) {
    super()
    this.#Socket = Socket
    this.#dispatcher = dispatcher
    this.#options = options
    if (onConnection !== undefined) this.on('connection', onConnection)
  }

  get listening(): boolean {
    return this.listener !== undefined
  }

  /** `listen(port, host?, backlog?, callback?)` or `listen({ port, host, backlog, ... }, callback?)`. */
  listen(...args: ListenArguments): this {
    const { options, callback } = listenArguments(args)
    const port = validatePort(options.port ?? 0)
    if (this.listener !== undefined) {
      throw argumentError(TypeError, 'ERR_SERVER_ALREADY_LISTEN', 'the server listens already')
    }
    if (callback !== undefined) this.once('listening', callback)
    const address = options.host
    const admission = this.#options.deferAccept && admitDeferred
    // Socket options among them: the core takes what it knows.
    const given = { ...defined({ admission }), ...defined(this.#options), ...defined(options) }
    try {
      this.#dispatcher.checkLink()
      const stack = this.#dispatcher.driver.stack
      this.#listen(stack.listen({ ...given, port, ...(address === undefined ? {} : { address }) }))
    } catch (error) {
      if (!isSystemError(error)) throw error
      process.nextTick(() =>
        this.emit('error', socketError('listen', codeOf(error)!, address ?? this.#dispatcher.anyAddress, port)),
      )
    }
    return this
  }

  #listen(listener: Listener): void {
    this.listener = listener
    this.#closing = false
    this.#dispatcher.watchListener(listener, (event) => {
      if (event.type === 'acceptable') this.#accept()
      else if (event.type === 'deferred') this.#ask(event.incoming)
      else this.#lost(event.error)
    })
    process.nextTick(() => this.listening && this.emit('listening'))
  }

  #accept(): void {
    for (let next = this.listener?.accept(); next !== undefined; next = this.listener?.accept()) {
      if (this.maxConnections !== undefined && this.#sockets.size >= this.maxConnections) {
        next.abort()
        this.emit('drop', { ...endsOf(next), reason: 'max-connections' })
        continue
      }
      const socket = new this.#Socket({
        ...this.#options,
        handle: makeHandle(this.#dispatcher, next),
        pauseOnCreate: this.#options.pauseOnConnect,
      })
      this.#sockets.add(socket)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        this.#settle()
      })
      this.emit('connection', socket)
    }
    this.#dispatcher.driver.touch()
  }

  #ask(incoming: Incoming): void {
    const { deferAccept = () => 'accept' as const } = this.#options
    let answer: ReturnType<DeferHandler>
    try {
      answer = deferAccept(incoming.syn)
    } catch (error) {
      this.#fail(incoming, error)
      return
    }
    if (isAnswer(answer)) this.#answer(incoming, answer)
    else {
      Promise.resolve(answer).then(
        (later) => this.#answer(incoming, later),
        (error) => this.#fail(incoming, error),
      )
    }
  }

  #answer(incoming: Incoming, answer: DeferredAnswer): void {
    if (!isAnswer(answer)) {
      const wanted = `deferAccept is to answer 'accept', 'refuse' or 'ignore', not ${String(answer)}`
      this.#fail(incoming, argumentError(TypeError, 'ERR_INVALID_RETURN_VALUE', wanted))
      return
    }
    const inTime = this.#dispatcher.answer(incoming, answer)
    if (!inTime && answer === 'accept') this.emit('drop', { ...endsOf(incoming.syn), reason: 'defer-late' })
  }

  #fail(incoming: Incoming, error: unknown): void {
    this.#dispatcher.answer(incoming, 'refuse')
    this.emit('drop', { ...endsOf(incoming.syn), reason: 'defer-failed', error })
  }

  #lost(error: Error | undefined): void {
    this.listener = undefined
    this.#closing = true
    if (error !== undefined) this.emit('error', error)
    this.#settle()
  }

  /** Stops listening: half-open and unaccepted connections are reset, the others go on. 'close' when all have ended. */
  close(callback?: (error?: Error) => void): this {
    const listener = this.listener
    if (callback !== undefined) {
      const error = argumentError(TypeError, 'ERR_SERVER_NOT_RUNNING', 'the server does not listen')
      if (listener !== undefined) this.once('close', () => callback())
      else process.nextTick(callback, error)
    }
    if (listener === undefined) return this
    this.listener = undefined
    this.#closing = true
    this.#dispatcher.unwatchListener(listener)
    listener.close()
    this.#dispatcher.driver.touch()
    this.#settle()
    return this
  }

  #settle(): void {
    if (!this.#closing || this.#sockets.size > 0) return
    this.#closing = false
    process.nextTick(() => this.emit('close'))
  }

  /** Where it listens; null when it does not. An address of `::` or `0.0.0.0` means every one of the stack's. */
  address(): SocketAddress | null {
    if (this.listener === undefined) return null
    const address = this.listener.address?.toString() ?? this.#dispatcher.anyAddress
    return { address, family: familyOf(address), port: this.listener.port }
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this.#sockets.size)
    return this
  }

  /** The sockets it has accepted and that are not closed. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets
  }
}

function isAnswer(answer: unknown): answer is DeferredAnswer {
  return answer === 'accept' || answer === 'refuse' || answer === 'ignore'
}

function endsOf(client: Ends): Ends {
  const { localAddress, localPort, remoteAddress, remotePort } = client
  return { localAddress, localPort, remoteAddress, remotePort }
}

/** The same without the keys whose value is undefined. */
function defined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** An error of the network's (a port taken, a foreign address), not of the call's arguments. */
function isSystemError(error: unknown): boolean {
  const code = codeOf(error)
  return code?.startsWith('E') === true && !code.startsWith('ERR_')
}

function listenArguments(args: ListenArguments): { options: ListenOptions; callback: (() => void) | undefined } {
  const callback = args.find((argument) => typeof argument === 'function')
  const [first, ...rest] = args.filter((argument) => typeof argument !== 'function')
  if (typeof first === 'object') return { options: first, callback }
  const options: ListenOptions = { port: first }
  for (const argument of rest) {
    if (typeof argument === 'string') options.host = argument
    else if (typeof argument === 'number') options.backlog = argument
  }
  return { options, callback }
}
