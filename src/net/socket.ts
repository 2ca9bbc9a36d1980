import { lookup as systemLookup } from 'node:dns'
import { isIP } from 'node:net'
import type { Connection } from '../tcp/connection.ts'
import type { KeepAliveOptions } from '../tcp/keep-alive.ts'
import type { ConnectionEvent, Dispatcher } from './dispatcher.ts'
import { argumentError, codeOf, socketError, validPort, validTimeout } from './errors.ts'
import { IdleTimer } from './idle-timer.ts'
import { type ConnectOptions, keepAliveTimes, type SocketOptions } from './options.ts'
import { PendingWrite } from './pending-write.ts'
import { SocketEnds } from './socket-ends.ts'

/** Octets read at once at most: what the stream machinery costs is paid per chunk. */
const READ_SIZE = 65_536
const HIGH_WATER_MARK = 65_536

/**
 * One TCP connection as a stream, shaped as node:net's Socket. A write is done (its callback runs) when the send
 * buffer has taken the octets. Octets stay in the receive buffer until the stream asks for them, so a slow reader
 * closes the TCP window. Made by `net.connect` and by servers.
 */
export class Socket extends SocketEnds {
  connecting = false
  readonly #dispatcher: Dispatcher
  readonly #idle: IdleTimer
  #connection: Connection | undefined
  /** The stream wants octets. */
  #demand = false
  #write: PendingWrite | undefined
  #connected: (() => void) | undefined
  #received = 0
  #sent = 0
  #noDelay: boolean
  /** Octets may be sent before the handshake is over. */
  #early = false
  #keepAlive: KeepAliveOptions | undefined

  constructor(dispatcher: Dispatcher, options: SocketOptions = {}) {
    const highWaterMark = options.highWaterMark ?? HIGH_WATER_MARK
    // 'close' is emitted here, after 'error', since node:net's carries an argument that the stream's doesn't.
    super({ allowHalfOpen: options.allowHalfOpen ?? false, highWaterMark, emitClose: false })
    this.#dispatcher = dispatcher
    this.#idle = new IdleTimer(dispatcher.driver.scheduler, () => this.emit('timeout'))
    this.#noDelay = options.noDelay ?? false
    if (options.keepAlive) this.#keepAlive = keepAliveTimes(options.keepAliveInitialDelay ?? 0)
  }

  /** Opens actively. Mistakes in the arguments throw; everything else comes as 'error'. */
  connect(options: ConnectOptions, onConnect?: () => void): this {
    const port = validPort(options.port, 1)
    if (this.#connection !== undefined) throw argumentError(TypeError, 'EISCONN', 'the socket is connected already')
    if (onConnect !== undefined) this.once('connect', onConnect)
    if (options.timeout !== undefined) this.setTimeout(options.timeout)
    this.connecting = true
    const host = options.host ?? 'localhost'
    if (isIP(host) !== 0) {
      this.#open(host, port, options)
      return this
    }
    const lookup = options.lookup ?? systemLookup
    lookup(host, { family: options.family ?? 0 }, (error, address, family) => {
      const found = typeof address === 'string' ? address : address?.[0]?.address
      this.emit('lookup', error, found, family, host)
      if (this.destroyed) return
      if (error) this.destroy(error)
      else this.#open(String(found), port, options)
    })
    return this
  }

  /** Takes over a connection that a listener has accepted. */
  adopt(connection: Connection): void {
    this.#use(connection)
    if (this.connecting) this.#connect()
    // Before it was accepted nobody heard its events, so its last one may be past.
    if (connection.state === 'CLOSED') queueMicrotask(() => this.#finish())
  }

  #open(address: string, port: number, options: ConnectOptions): void {
    const { localAddress, localPort, fastOpen = false } = options
    const { driver } = this.#dispatcher
    try {
      this.#dispatcher.checkLink()
      const local = { ...(localAddress === undefined ? {} : { localAddress }), ...(localPort ? { localPort } : {}) }
      this.#early = fastOpen
      this.#use(driver.stack.connect({ address, port, fastOpen, ...local }))
      // Written while the name was looked up.
      this.#push()
      driver.touch()
    } catch (error) {
      this.destroy(socketError('connect', codeOf(error) ?? 'EINVAL', address, port))
    }
  }

  #use(connection: Connection): void {
    this.#connection = connection
    connection.noDelay = this.#noDelay
    if (this.#keepAlive !== undefined) connection.setKeepAlive(this.#keepAlive)
    this.#dispatcher.watch(connection, (event) => this.#handle(event))
  }

  #handle(event: ConnectionEvent): void {
    // Neither is traffic; urgent octets are read as any other.
    if (event.type === 'urgent') return
    if (event.type === 'trouble') {
      this.emit('trouble', event.connection.trouble.last)
      return
    }
    this.#idle.active()
    if (event.type === 'lost') this.destroy(event.error === undefined ? undefined : this.#error('ENETDOWN'))
    else if (event.type === 'connected') this.#connect()
    else if (event.type === 'readable') this.#pull()
    else if (event.type === 'writable') this.#push()
    else this.#finish()
  }

  #connect(): void {
    this.connecting = false
    this.#connected?.()
    this.#connected = undefined
    this.#push()
    this.emit('connect')
    this.emit('ready')
    this.read(0)
  }

  /** The connection's last event. What was received before it is still read, unless an error ended it. */
  #finish(): void {
    const connection = this.#connection!
    const error = connection.error
    if (error !== undefined) this.destroy(this.#error(error.code))
    else if (connection.ended || connection.readable > 0) this.#pull()
    else this.destroy()
  }

  #error(code: string): Error {
    const syscall = this.connecting ? 'connect' : this.#write === undefined ? 'read' : 'write'
    return socketError(syscall, code, this.remoteAddress, this.remotePort)
  }

  override _read(): void {
    this.#demand = true
    this.#pull()
  }

  #pull(): void {
    const connection = this.#connection
    if (connection === undefined || this.connecting || this.destroyed) return
    let read = false
    while (this.#demand && connection.readable > 0) {
      // Node's own pool serves the small ones; a chunk belongs to the reader, so it is never used again here.
      const chunk = Buffer.allocUnsafe(Math.min(connection.readable, READ_SIZE))
      const length = connection.receive(chunk)
      this.#received += length
      read = true
      this.#demand = this.push(length === chunk.length ? chunk : chunk.subarray(0, length))
    }
    if (connection.ended && connection.readable === 0 && !this.readableEnded) this.#end()
    if (read) this.#touch()
  }

  #end(): void {
    this.push(null)
    // As node:net: the end is seen at once where nobody has yet asked for data, if there is none.
    if (this.readableLength === 0) this.read(0)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    this.#write = new PendingWrite([chunk], callback)
    this.#push()
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error) => void): void {
    const octets = chunks.map(({ chunk }) => chunk)
    this.#write = new PendingWrite(octets, callback)
    this.#push()
  }

  #push(): void {
    const connection = this.#connection
    const write = this.#write
    if (connection === undefined || write === undefined || this.destroyed || (this.connecting && !this.#early)) return
    let error: Error | undefined
    try {
      this.#touch()
      if (!write.sendTo(connection)) return
    } catch (thrown) {
      error = this.#error(codeOf(thrown) ?? 'EPIPE')
    }
    this.#write = undefined
    this.#sent += write.taken
    write.done(error)
  }

  override _final(callback: (error?: Error) => void): void {
    if (this.connecting) {
      this.#connected = () => this._final(callback)
      return
    }
    this.#connection?.close()
    this.#touch()
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const connection = this.#connection
    this.#idle.stop()
    if (connection !== undefined) {
      // What was written and not yet sent is lost, and the peer is to know.
      if (this.#write !== undefined || this.writableLength > 0) this.#dispatcher.abort(connection)
      else this.#dispatcher.release(connection)
    }
    this.connecting = false
    callback(error)
    process.nextTick(() => this.emit('close', error !== null))
  }

  #touch(): void {
    this.#idle.active()
    this.#dispatcher.driver.touch()
  }

  /** Ends the writable side, and destroys the socket once everything is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** Closes with a RST, whatever was still to be sent or read. */
  resetAndDestroy(): this {
    if (this.#connection !== undefined) this.#dispatcher.abort(this.#connection)
    return this.destroy()
  }

  /** Switches Nagle's algorithm off (true) or on. */
  setNoDelay(noDelay = true): this {
    this.#noDelay = noDelay
    if (this.#connection !== undefined) {
      this.#connection.noDelay = noDelay
      this.#dispatcher.driver.touch()
    }
    return this
  }

  /**
   * Keep-alives on or off. The first goes out after `initialDelay` milliseconds of silence, or for 0 after the stack's
   * `keepAliveIdle`; then up to ten, one second apart, as with node:net. ETIMEDOUT if none is answered.
   */
  setKeepAlive(enable = false, initialDelay = 0): this {
    this.#keepAlive = enable ? keepAliveTimes(initialDelay) : undefined
    if (this.#connection !== undefined) {
      this.#connection.setKeepAlive(this.#keepAlive ?? false)
      this.#dispatcher.driver.touch()
    }
    return this
  }

  /** 'timeout' after so many milliseconds without traffic; 0 for never. The socket is not closed by it. */
  setTimeout(timeout: number, onTimeout?: () => void): this {
    this.#idle.span = validTimeout(timeout)
    if (onTimeout !== undefined) {
      if (timeout === 0) this.removeListener('timeout', onTimeout)
      else this.once('timeout', onTimeout)
    }
    return this
  }

  /** Nothing changes: it is the link, not a socket, that keeps the process running. */
  ref(): this {
    return this
  }

  /** As {@link Socket.ref}. */
  unref(): this {
    return this
  }

  get timeout(): number | undefined {
    return this.#idle.span === 0 ? undefined : this.#idle.span
  }

  get pending(): boolean {
    return this.#connection === undefined || this.connecting
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable && this.writable) return 'open'
    if (this.readable) return 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Octets taken out of the receive buffer. */
  get bytesRead(): number {
    return this.#received
  }

  /** Octets written, those that still wait in the stream included. */
  get bytesWritten(): number {
    return this.#sent + this.writableLength
  }

  protected override connectionOfEnds(): Connection | undefined {
    return this.#connection
  }
}
