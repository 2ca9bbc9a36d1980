import { Reference } from '../host/process-hold.ts'
import type { Connection } from '../tcp/connection.ts'
import type { TroubleReport } from '../tcp/trouble.ts'
import type { ConnectionEvent, Dispatcher } from './dispatcher.ts'
import { failureOf, systemCode } from './handle-codes.ts'
import { type Ends, HandleEnds, hereIfAny } from './handle-ends.ts'
import { Inflow, type InflowReader } from './inflow.ts'
import { keepAliveTimes } from './options.ts'
import { Outflow } from './outflow.ts'

/** Who is told what becomes of a handle. */
export interface HandleOwner extends InflowReader {
  /** The attempt to connect is over: without a code it has succeeded. */
  onConnected(code: string | undefined): void
  /** Reading has failed: the connection is no more. */
  onFailed(code: string): void
  /** The link is gone, by itself if there is an error. */
  onLost(error: Error | undefined): void
  /** RFC 9293 MUST-62 and others: the peer has not answered for long, or ICMP says something. */
  onTrouble(code: TroubleReport | undefined): void
  /** Octets or the peer's word have come, or octets have gone. */
  onActive(): void
}

/** How a handle connects. */
export interface HandleConnectOptions {
  fastOpen?: boolean | undefined
}

/**
 * What a Socket has beneath it, its `_handle`: one connection of the stack, opened or accepted, with the way in and the way
 * out. It is to Socket what Node's TCP object is: calls give codes in place of throwing, and what happens is told to `owner`.
 */
export class TcpHandle {
  /** No descriptor of the system's. */
  readonly fd = -1
  readonly inflow: Inflow = new Inflow()
  readonly outflow: Outflow = new Outflow()
  owner: HandleOwner | undefined
  readonly #dispatcher: Dispatcher
  readonly #reference: Reference
  readonly #ends: HandleEnds
  #connection: Connection | undefined
  #connecting = false
  #closed = false
  #noDelay = false
  #keepAlive: { on: boolean; delay: number } | undefined
  /** Why the connection ended, until somebody has been told. */
  #failure: string | undefined
  #pullSoon = false

  /** @param connection one that was accepted; `mapped`: its IPv4 addresses are written as IPv6 ones, as where one listens on `::`. */
  constructor(dispatcher: Dispatcher, connection?: Connection, mapped = false) {
    this.#dispatcher = dispatcher
    this.#reference = new Reference(dispatcher.hold)
    this.#ends = new HandleEnds(mapped)
    if (connection !== undefined) this.#use(connection)
  }

  /** The connection beneath. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher
  }

  /** node:http sets it before it calls `readStart` and `readStop`. */
  get reading(): boolean {
    return this.inflow.reading
  }

  set reading(reading: boolean) {
    this.inflow.reading = reading
  }

  /** For async_hooks: that of the bootstrap, since nothing is tracked here. */
  getAsyncId(): number {
    return 1
  }

  get bytesRead(): number {
    return this.inflow.bytesRead
  }

  get bytesWritten(): number {
    return this.outflow.bytesWritten
  }

  get writeQueueSize(): number {
    return this.outflow.queued
  }

  /** The local end of what `connect` opens. EADDRNOTAVAIL, EADDRINUSE. */
  bind(address: string, port: number): string | undefined {
    return this.#ends.bind(this.#dispatcher.driver.stack, address, port)
  }

  /** Opens actively; `owner` is told the outcome. */
  connect(address: string, port: number, options: HandleConnectOptions = {}): string | undefined {
    if (port === 0) return this.#refuse()
    try {
      this.#dispatcher.checkLink()
      const { stack } = this.#dispatcher.driver
      const remote = hereIfAny(stack, this.#ends.reach(address))
      const fastOpen = options.fastOpen ?? false
      const connection = stack.connect({ address: remote, port, fastOpen, ...this.#ends.bound })
      this.#connecting = true
      this.#use(connection)
      this.#dispatcher.driver.touch()
    } catch (error) {
      return systemCode(error)
    }
    return undefined
  }

  /** A connection is on its way, by `arrive`. */
  expect(): void {
    this.#connecting = true
  }

  arrive(connection: Connection): void {
    this.#use(connection)
    this.#connected(undefined)
  }

  /** Nobody can listen on port 0. */
  #refuse(): undefined {
    this.#connecting = true
    setImmediate(() => this.#connected('ECONNREFUSED'))
  }

  #use(connection: Connection): void {
    this.#connection = connection
    connection.noDelay = this.#noDelay
    connection.sink = this.inflow
    if (this.#keepAlive !== undefined) this.setKeepAlive(this.#keepAlive.on, this.#keepAlive.delay)
    this.#reference.open()
    // Before it was accepted nobody heard its events, so its last one may be past.
    if (connection.state === 'CLOSED') this.#failure = failureOf(connection)
    else this.#dispatcher.watch(connection, (event) => this.#handle(event))
  }

  #handle(event: ConnectionEvent): void {
    const { owner } = this
    // Neither is traffic; urgent octets are read as any other.
    if (event.type === 'urgent' || owner === undefined) return
    if (event.type === 'trouble') {
      owner.onTrouble(event.connection.trouble.last)
      return
    }
    if (event.type === 'lost') {
      owner.onLost(event.error)
      return
    }
    owner.onActive()
    if (event.type === 'readable') this.#pull()
    else if (event.type === 'writable') this.#flush()
    else if (event.type === 'connected') this.#connected(undefined)
    else this.#finish(event.connection)
  }

  #connected(code: string | undefined): void {
    if (!this.#connecting) return
    this.#connecting = false
    this.owner?.onConnected(code)
  }

  /** The connection's last event. What was received before it is still read, unless an error ended it. */
  #finish(connection: Connection): void {
    const failure = failureOf(connection)
    if (this.#connecting) {
      this.#connected(failure ?? 'ECONNABORTED')
      return
    }
    this.#failure = failure
    if (failure === undefined || this.reading) this.#pull()
    else if (this.outflow.queued > 0) this.outflow.finish(this.#takeFailure())
  }

  #takeFailure(): string | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  #pull(): void {
    const { owner } = this
    if (this.#connection === undefined || this.#closed || owner === undefined || this.#connecting) return
    if (this.#failure !== undefined && this.reading) {
      this.inflow.reading = false
      owner.onFailed(this.#takeFailure()!)
    } else if (this.inflow.pull(this.#connection, owner)) {
      this.#touch()
    }
  }

  #flush(): void {
    this.outflow.flush(this.#connection!)
    this.#touch()
  }

  #touch(): void {
    this.owner?.onActive()
    this.#dispatcher.driver.touch()
  }

  /** From now on, octets are handed over as they come: never within this call. */
  readStart(): void {
    this.inflow.reading = true
    if (this.#pullSoon) return
    this.#pullSoon = true
    // As from the system: when promises and ticks have run.
    setImmediate(() => {
      this.#pullSoon = false
      this.#pull()
    })
  }

  readStop(): void {
    this.inflow.reading = false
  }

  /** Calls `done` when the send buffer has taken everything, with a code if that failed; within the call if it can. */
  write(chunks: readonly Uint8Array[], done: (code?: string) => void): void {
    const failure = this.#takeFailure()
    if (failure !== undefined) {
      done(failure)
      return
    }
    this.outflow.write(this.#connection!, chunks, done)
    this.#touch()
  }

  /** Ends the way out, behind what was written. ENOTCONN. */
  shutdown(): string | undefined {
    const connection = this.#connection
    if (connection === undefined || connection.state === 'CLOSED') return 'ENOTCONN'
    connection.close()
    this.#touch()
    return undefined
  }

  /** Gives up the connection: what was written still arrives. `closed` is called later. */
  close(closed?: () => void): void {
    this.#close(closed, (connection) => this.#dispatcher.release(connection))
  }

  /** Gives up the connection with a RST. `closed` is called later. */
  reset(closed?: () => void): void {
    this.#close(closed, (connection) => this.#dispatcher.abort(connection))
  }

  #close(closed: (() => void) | undefined, giveUp: (connection: Connection) => void): void {
    if (!this.#closed) {
      this.#closed = true
      this.#connecting = false
      this.readStop()
      this.#reference.close()
      if (this.#connection !== undefined) giveUp(this.#connection)
    }
    // As Node's handles: behind everything that is waiting to run.
    setImmediate(() => {
      this.outflow.finish(undefined)
      closed?.()
    })
  }

  setNoDelay(on: boolean): void {
    this.#noDelay = on
    if (this.#connection === undefined) return
    this.#connection.noDelay = on
    this.#dispatcher.driver.touch()
  }

  /** @param delay s; 0 for the stack's own. */
  setKeepAlive(on: boolean, delay: number): void {
    this.#keepAlive = { on, delay }
    if (this.#connection === undefined) return
    this.#connection.setKeepAlive(on && keepAliveTimes(delay * 1000))
    this.#dispatcher.driver.touch()
  }

  ref(): void {
    this.#reference.ref()
  }

  unref(): void {
    this.#reference.unref()
  }

  hasRef(): boolean {
    return this.#reference.isReferenced && !this.#closed
  }

  /** Puts the local end into `out`. */
  getsockname(out: Ends): void {
    this.#ends.local(this.#connection, out)
  }

  /** Puts the peer into `out`. */
  getpeername(out: Ends): void {
    if (!this.#connecting) this.#ends.peer(this.#connection, out)
  }
}

/** The handle of a connection that a listener has accepted: for `new Socket({ handle })`. */
export function makeHandle(
  dispatcher: Dispatcher,
  connection: Connection,
  options: { mapped?: boolean } = {},
): TcpHandle {
  return new TcpHandle(dispatcher, connection, options.mapped)
}
