import { Reference } from '../host/process-hold.ts'
import type { Connection } from '../tcp/connection.ts'
import type { Incoming } from '../tcp/incoming.ts'
import type { ListenOptions } from '../tcp/listen-options.ts'
import type { DeferredAnswer, Listener } from '../tcp/listener.ts'
import type { HandshakeKind } from '../tcp/observer.ts'
import type { Syn } from '../tcp/syn.ts'
import type { Dispatcher } from './dispatcher.ts'
import { argumentError, socketError } from './errors.ts'
import { type ExpectedSocket, expectSocket } from './expected-socket.ts'
import type { SocketOptions } from './options.ts'
import type { Socket, SocketConstructor } from './socket.ts'

type Kept = 'backlog' | 'acceptBacklog' | 'deferTimeout' | 'synAckRetries' | 'synAckWaits' | 'congestionControl'

/** `backlog`: the most connections that are asked for and not open; beyond it SYNs are ignored, and come again. */
export type ForwardOptions = { [K in Kept]?: ListenOptions[K] | undefined }

/** Asked about each connection. Where it throws or rejects, the guest is refused. */
export type ForwardHandler = (incoming: IncomingConnection) => unknown

/** How an entry ends without a connection, and what a socket on it is told. */
const ENDS: Readonly<Partial<Record<HandshakeKind, string>>> = {
  reset: 'ECONNRESET',
  expired: 'ETIMEDOUT',
  evicted: 'ECONNABORTED',
  refused: 'ECONNABORTED',
  closed: 'ECONNABORTED',
}

/**
 * A connection that a guest asks for, to any address and port: nothing has been answered yet. One answer is given, within
 * `deferTimeout`; after that the guest's SYN is forgotten, and its next one is another.
 */
export class IncomingConnection {
  /** The SYN, with all its fields and options. */
  readonly syn: Syn
  readonly #forward: Forward
  readonly #incoming: Incoming
  readonly #abort = new AbortController()
  #answered = false
  #lost: string | undefined
  #expected: ExpectedSocket | undefined

  constructor(forward: Forward, incoming: Incoming) {
    this.#forward = forward
    this.#incoming = incoming
    this.syn = incoming.syn
  }

  /** Whom the guest wants to talk to. */
  get localAddress(): string {
    return this.syn.localAddress
  }

  get localPort(): number {
    return this.syn.localPort
  }

  /** The guest. */
  get remoteAddress(): string {
    return this.syn.remoteAddress
  }

  get remotePort(): number {
    return this.syn.remotePort
  }

  /**
   * Aborted when there will be no connection: the guest has given up, or its time is over, before or after `accept()`. To
   * be given to whatever is done on the guest's behalf meanwhile. Its reason is an error with a `code`.
   */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /**
   * Answers with a SYN,ACK. The socket is connecting until the guest's ACK comes; it fails with ECONNRESET or ETIMEDOUT
   * when the guest gives up, or has given up before.
   * @throws {Error} ERR_INVALID_STATE: it was answered already
   */
  accept(options: SocketOptions = {}): Socket {
    this.#answerOnce()
    const expected = expectSocket(this.#forward.dispatcher, this.#forward.Socket, options)
    this.#expected = expected
    if (!this.#forward.answer(this.#incoming, 'accept')) {
      expected.fail(this.#error(this.#lost ?? 'ETIMEDOUT'))
    }
    return expected.socket
  }

  /**
   * Answers with a RST: the guest hears "connection refused". False when it does not matter any more.
   * @throws {Error} ERR_INVALID_STATE: it was answered already
   */
  refuse(): boolean {
    this.#answerOnce()
    return this.#forward.answer(this.#incoming, 'refuse')
  }

  /**
   * Answers nothing: the guest tries on until it gives up. False when it does not matter any more.
   * @throws {Error} ERR_INVALID_STATE: it was answered already
   */
  ignore(): boolean {
    this.#answerOnce()
    return this.#forward.answer(this.#incoming, 'ignore')
  }

  // What follows is for the forward.

  get isAnswered(): boolean {
    return this.#answered
  }

  /** The handshake is over. */
  arrive(connection: Connection): void {
    this.#expected!.arrive(connection)
  }

  /** There will be no connection. */
  lose(code: string): void {
    if (this.#lost !== undefined) return
    this.#lost = code
    const error = this.#error(code)
    this.#expected?.fail(error)
    this.#abort.abort(error)
  }

  #answerOnce(): void {
    if (this.#answered) {
      throw argumentError(TypeError, 'ERR_INVALID_STATE', 'this connection was accepted, refused or ignored already')
    }
    this.#answered = true
  }

  #error(code: string): Error {
    return socketError('accept', code, this.remoteAddress, this.remotePort)
  }
}

/** What answers for every address that a link brings connections for. Made by `net.forward`. */
export class Forward {
  readonly dispatcher: Dispatcher
  /** That of the net. */
  readonly Socket: SocketConstructor
  /** The listener in the core: its queue and counters. */
  readonly listener: Listener
  readonly #handler: ForwardHandler
  readonly #reference: Reference
  /** By ticket: those that are not connections yet. As many as the listener has entries. */
  readonly #waiting = new Map<number, IncomingConnection>()
  /** Of those the accepted ones, by their four ends. */
  readonly #accepted = new Map<string, number>()
  readonly #steps: { ticket: number; code: string }[] = []

  /** @throws {Error} EADDRINUSE: there is one already; ENETDOWN; and what the core's listener refuses */
  constructor(
    dispatcher: Dispatcher,
    Socket: SocketConstructor,
    handler: ForwardHandler,
    options: ForwardOptions = {},
  ) {
    if (typeof handler !== 'function') {
      throw argumentError(TypeError, 'ERR_INVALID_ARG_TYPE', 'forward() needs a function that answers for connections')
    }
    this.dispatcher = dispatcher
    this.Socket = Socket
    this.#reference = new Reference(dispatcher.hold)
    this.#handler = handler
    dispatcher.checkLink()
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    this.listener = dispatcher.driver.stack.tcp.listening.anywhere.listen(given)
    this.#reference.open()
    this.listener.onStep = (kind, ticket) => this.#note(kind, ticket)
    dispatcher.watchListener(this.listener, (event) => {
      this.#settle()
      if (event.type === 'acceptable') this.#serve()
      else if (event.type === 'deferred') this.#ask(event.incoming)
      else if (event.type === 'lost') this.#end(event.error === undefined ? 'ECONNABORTED' : 'ENETDOWN')
    })
  }

  /** Connections that are asked for and not open: unanswered ones, and accepted ones whose guest has not acknowledged. */
  get pending(): number {
    return this.#waiting.size
  }

  /** Answers for others no more: what is not open is reset. Connections go on. Twice is once. */
  close(): void {
    if (!this.listener.open) return
    this.dispatcher.unwatchListener(this.listener)
    this.listener.close()
    this.dispatcher.driver.touch()
    this.#end('ECONNABORTED')
  }

  /** It keeps the process alive until it is closed: the default. */
  ref(): this {
    this.#reference.ref()
    return this
  }

  /** It alone does not keep the process alive. */
  unref(): this {
    this.#reference.unref()
    return this
  }

  // What follows is for its connections.

  answer(incoming: Incoming, answer: DeferredAnswer): boolean {
    const { ticket, syn } = incoming
    // Before the answer, which may be that of a duplicate: those whose handshake is over.
    this.#serve()
    if (answer !== 'accept') this.#waiting.delete(ticket)
    const inTime = this.dispatcher.answer(incoming, answer)
    if (inTime && answer === 'accept') this.#accepted.set(keyOf(syn), ticket)
    else this.#settle()
    return inTime
  }

  #ask(incoming: Incoming): void {
    const asked = new IncomingConnection(this, incoming)
    this.#waiting.set(incoming.ticket, asked)
    const refuse = (): void => {
      if (!asked.isAnswered) asked.refuse()
    }
    let result: unknown
    try {
      result = this.#handler(asked)
    } catch (error) {
      refuse()
      throw error
    }
    if (!(result instanceof Promise)) return
    result.catch((error: unknown) => {
      refuse()
      throw error
    })
  }

  #serve(): void {
    for (let next = this.listener.accept(); next !== undefined; next = this.listener.accept()) {
      const key = keyOf(next)
      const ticket = this.#accepted.get(key)
      const asked = ticket === undefined ? undefined : this.#waiting.get(ticket)
      if (ticket === undefined || asked === undefined) {
        next.abort()
        continue
      }
      this.#accepted.delete(key)
      this.#waiting.delete(ticket)
      asked.arrive(next)
    }
    this.dispatcher.driver.touch()
  }

  /** On the packet path: nothing but a note. */
  #note(kind: HandshakeKind, ticket: number): void {
    const code = ENDS[kind]
    if (code === undefined || !this.#waiting.has(ticket)) return
    if (this.#steps.push({ ticket, code }) > 1) return
    this.dispatcher.driver.stack.notify({ deliver: () => this.#settle() })
  }

  #settle(): void {
    for (const { ticket, code } of this.#steps.splice(0)) {
      const asked = this.#waiting.get(ticket)
      if (asked === undefined) continue
      this.#waiting.delete(ticket)
      this.#accepted.delete(keyOf(asked.syn))
      asked.lose(code)
    }
  }

  #end(code: string): void {
    this.#reference.close()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#accepted.clear()
    this.#steps.length = 0
    for (const asked of waiting) asked.lose(code)
  }
}

type Ends = Pick<Syn, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
