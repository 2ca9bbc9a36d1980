import type { ConnectionEvent, Dispatcher } from '../net/dispatcher.ts'
import type { Connection } from '../tcp/connection.ts'
import { joinAddress } from './address.ts'
import { Deferred } from './deferred.ts'
import { codeOf, SocketError, systemError } from './errors.ts'
import { Inward } from './inward.ts'
import { Outward } from './outward.ts'
import type { SecureTransportKind, Socket, SocketInfo, SocketOptions, Tls } from './socket.ts'
import { TlsSocket } from './tls-socket.ts'

const HIGH_WATER_MARK = 65_536

/** What TLS would need, if it is asked for. */
interface TlsChoice {
  readonly tls: Tls | undefined
  readonly hostname: string
}

/** A connection without TLS. Made by `connect` and by listeners. */
export class TcpSocket implements Socket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: Socket['writable']
  readonly opened: Promise<SocketInfo>
  readonly closed: Promise<void>
  readonly secureTransport: SecureTransportKind
  upgraded = false
  readonly #dispatcher: Dispatcher
  readonly #options: SocketOptions
  readonly #tls: TlsChoice
  readonly #opened = new Deferred<SocketInfo>()
  readonly #closed = new Deferred<void>()
  readonly #inward: Inward
  readonly #outward: Outward
  #connection: Connection | undefined

  constructor(dispatcher: Dispatcher, options: SocketOptions, tls: TlsChoice) {
    this.#dispatcher = dispatcher
    this.#options = options
    this.#tls = tls
    this.secureTransport = options.secureTransport ?? 'off'
    this.opened = this.#opened.promise
    this.closed = this.#closed.promise
    this.#inward = new Inward(this.opened, () => this.#peerEnded())
    this.#outward = new Outward(this.opened, options.highWaterMark ?? HIGH_WATER_MARK, {
      touch: () => dispatcher.driver.touch(),
      aborted: (reason) => this.#reset(reason),
      errorOf: (thrown) => this.#errorOf('write', codeOf(thrown, 'EPIPE')),
    })
    this.readable = this.#inward.stream
    this.writable = this.#outward.stream
  }

  /** An active open; what hinders it rejects `opened`. */
  open(address: string, port: number): void {
    if (this.#closed.settled) return
    const { driver } = this.#dispatcher
    try {
      this.#dispatcher.checkLink()
      this.#use(driver.stack.connect({ address, port }))
      driver.touch()
    } catch (error) {
      this.fail(systemError('connect', codeOf(error, 'EINVAL'), address, port))
    }
  }

  /** Takes over a connection that a listener has accepted, or that was another socket's. */
  adopt(connection: Connection): void {
    this.#use(connection)
    this.#begin(connection)
    // Before this nobody heard its events, so its last one may be past.
    if (connection.state === 'CLOSED' || connection.state === 'TIME-WAIT') this.#finish(connection)
  }

  fail(error: unknown): void {
    this.#opened.reject(error)
    this.#closed.reject(error)
    this.#inward.fail(error)
    this.#outward.fail(error)
  }

  close(reason?: unknown): Promise<void> {
    if (this.#closed.settled) return this.closed
    const connection = this.#connection
    const isLost = this.#outward.queued > 0 || !this.#opened.settled
    const why = reason ?? new SocketError('ERR_SOCKET_CLOSED', 'the socket was closed')
    if (connection !== undefined && isLost) this.#dispatcher.abort(connection)
    else if (connection !== undefined) this.#dispatcher.release(connection)
    this.#end(why)
    return this.closed
  }

  startTls(): Socket {
    const { tls, hostname } = this.#tls
    if (this.secureTransport !== 'starttls' || this.upgraded) {
      const once = this.upgraded ? 'it has begun already' : "connect with { secureTransport: 'starttls' }"
      throw new SocketError('ERR_SOCKET_STARTTLS', `TLS cannot be started on this socket: ${once}`)
    }
    this.upgraded = true
    const plain = new TcpSocket(this.#dispatcher, { ...this.#options, secureTransport: 'off' }, this.#tls)
    this.#handOver(plain)
    return new TlsSocket(plain, tls, hostname, this.#options)
  }

  /** What was written goes out before; nothing of what comes was read yet that is not with a reader. */
  #handOver(plain: TcpSocket): void {
    Promise.all([this.opened, this.#outward.idle()]).then(
      () => {
        if (this.#closed.settled) {
          this.closed.then(
            () => plain.close(),
            (error) => plain.fail(error),
          )
          return
        }
        const connection = this.#connection!
        this.#connection = undefined
        this.#end(new SocketError('ERR_SOCKET_STARTTLS', 'the connection goes on as TLS, by the socket of startTls()'))
        plain.adopt(connection)
      },
      (error) => plain.fail(error),
    )
  }

  #use(connection: Connection): void {
    this.#connection = connection
    connection.noDelay = this.#options.noDelay ?? false
    this.#dispatcher.watch(connection, { told: (event) => this.#handle(event) })
  }

  #handle(event: ConnectionEvent): void {
    switch (event.type) {
      case 'connected':
        this.#begin(event.connection)
        break
      case 'readable':
        this.#flow()
        break
      case 'writable':
        this.#outward.flow()
        break
      case 'closed':
        this.#finish(event.connection)
        break
      case 'lost':
        if (event.error === undefined) this.#end(new SocketError('ERR_SOCKET_CLOSED', 'the net was closed'))
        else this.fail(this.#errorOf('read', 'ENETDOWN'))
    }
  }

  #begin(connection: Connection): void {
    this.#inward.begin(connection)
    this.#outward.begin(connection)
    const { localAddress, localPort, remoteAddress, remotePort } = connection
    this.#opened.resolve({
      remoteAddress: joinAddress(remoteAddress, remotePort),
      localAddress: joinAddress(localAddress, localPort),
      alpn: null,
    })
    // An end that is there already is to be seen once the streams have begun.
    this.opened.then(() => this.#flow())
  }

  #flow(): void {
    if (this.#inward.flow()) this.#dispatcher.driver.touch()
  }

  /** The connection's last event. What came before it can still be read, unless an error ended it. */
  #finish(connection: Connection): void {
    const { error } = connection
    if (error !== undefined) {
      this.fail(this.#errorOf(this.#opened.settled ? 'read' : 'connect', error.code))
      return
    }
    this.#flow()
    this.#outward.finish(this.#errorOf('write', 'EPIPE'))
    this.#closed.resolve()
  }

  /** All was read. Who echoes to the end writes its last, or closes, before this side is closed for it. */
  #peerEnded(): void {
    if (this.#options.allowHalfOpen === true) return
    const { scheduler } = this.#dispatcher.driver
    const settle = (): void => {
      void this.#outward.idle().then(() => {
        scheduler.at(scheduler.now(), () => {
          if (this.#outward.queued > 0) settle()
          else this.#outward.finish(this.#errorOf('write', 'EPIPE'))
        })
      })
    }
    settle()
  }

  /** Ended by this side, and both streams with it. */
  #end(reason: unknown): void {
    this.#opened.reject(reason)
    this.#closed.resolve()
    this.#inward.stop()
    this.#outward.fail(reason)
  }

  /** The writer has aborted: the peer is not to take the part for the whole. */
  #reset(reason: unknown): void {
    if (this.#closed.settled) return
    const connection = this.#connection
    if (connection !== undefined) this.#dispatcher.abort(connection)
    this.#opened.reject(reason)
    this.#closed.resolve()
    this.#inward.fail(reason)
  }

  #errorOf(syscall: string, code: string): SocketError {
    return systemError(syscall, code, this.#connection?.remoteAddress, this.#connection?.remotePort)
  }
}
