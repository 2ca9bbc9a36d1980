import type { Connection } from '../tcp/connection.ts'
import type { KeepAliveOptions } from '../tcp/keep-alive.ts'
import type { Listener } from '../tcp/listener.ts'
import { POLL } from './constants.ts'

/** What a call returned: `-1` and a name from errno, or a number. */
export interface Outcome {
  readonly value: number
  readonly errno?: string | undefined
}

export function failed(errno: string): Outcome {
  return { value: -1, errno }
}

/** A socket as Linux has it, on top of a listener or a connection of the stack's. */
export class Socket {
  nonBlocking: boolean
  /** What bind() was given. */
  port = 0
  address: string | undefined
  listener: Listener | undefined
  connection: Connection | undefined
  noDelay = false
  linger: { readonly on: boolean; readonly seconds: number } = { on: false, seconds: 0 }
  /** SO_KEEPALIVE, and TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT. */
  keepsAlive = false
  keepAlive: KeepAliveOptions = {}
  corked = false
  /** TCP_CONGESTION; undefined for the stack's. */
  congestionControl: 'cubic' | 'newreno' | undefined
  /** TCP_FASTOPEN: connections in SYN-RECEIVED by Fast Open, at the most. */
  fastOpen = 0
  receiveBuffer = 0
  sendBuffer = 0
  /** Octets of the stream that were handed over, in both directions. */
  written = 0
  read = 0
  readShut = false
  /** connect() has said how it ended; the connection's error was told: once. */
  connectTold = false
  errorTold = false

  constructor(nonBlocking: boolean) {
    this.nonBlocking = nonBlocking
  }

  /** What accept() hands on to a new socket. */
  child(connection: Connection, nonBlocking: boolean): Socket {
    const socket = new Socket(nonBlocking)
    socket.connectTold = true
    socket.noDelay = this.noDelay
    socket.linger = this.linger
    socket.keepsAlive = this.keepsAlive
    socket.keepAlive = this.keepAlive
    socket.corked = this.corked
    socket.congestionControl = this.congestionControl
    socket.attach(connection)
    return socket
  }

  /** The connection gets what the socket's options have asked for. */
  attach(connection: Connection): void {
    this.connection = connection
    connection.noDelay = this.noDelay
    if (this.keepsAlive) connection.setKeepAlive(this.keepAlive)
    if (this.corked) connection.setCork(true)
  }

  /** The error that waits to be told, if any; it is told now. */
  takeError(): string | undefined {
    const error = this.pendingError
    if (error !== undefined) {
      this.errorTold = true
      this.connectTold = true
    }
    return error
  }

  get pendingError(): string | undefined {
    return this.errorTold ? undefined : this.connection?.error?.code
  }

  /** In SYN-SENT, or in SYN-RECEIVED after it. */
  get isConnecting(): boolean {
    const { connection } = this
    if (connection === undefined || connection.listener !== undefined) return false
    return connection.state === 'SYN-SENT' || connection.state === 'SYN-RECEIVED'
  }

  /** All that will ever come has been read. */
  get ended(): boolean {
    return this.readShut || this.connection?.ended === true
  }

  /** What poll() says, as `tcp_poll` does. */
  get readiness(): number {
    const { listener, connection } = this
    if (listener !== undefined) return listener.acceptQueueLength > 0 ? POLL.POLLIN : 0
    if (connection === undefined) return POLL.POLLOUT | POLL.POLLHUP
    let ready = this.pendingError === undefined ? 0 : POLL.POLLERR
    const receivesNoMore = this.readShut || connection.finReceived || connection.state === 'CLOSED'
    const sendsNoMore = connection.finQueued || connection.state === 'CLOSED'
    if (receivesNoMore && sendsNoMore) ready |= POLL.POLLHUP
    if (receivesNoMore) ready |= POLL.POLLIN | POLL.POLLRDHUP
    if (this.isConnecting) return ready
    if (connection.readable > 0) ready |= POLL.POLLIN
    if (connection.urgentLeft > 0) ready |= POLL.POLLPRI
    if (sendsNoMore || connection.writable > 0) ready |= POLL.POLLOUT
    return ready
  }
}

/** The sockets by the numbers that the script gives them. */
export class Sockets {
  readonly #open = new Map<number, Socket>()
  /** The connection that assertions are about: the last one that a socket got. */
  underTest: Socket | undefined
  /** The port that was listened on last. */
  listenPort: number | undefined

  get(descriptor: number): Socket | undefined {
    return this.#open.get(descriptor)
  }

  has(descriptor: number): boolean {
    return this.#open.has(descriptor)
  }

  add(descriptor: number, socket: Socket): void {
    this.#open.set(descriptor, socket)
  }

  delete(descriptor: number): void {
    this.#open.delete(descriptor)
  }
}
