import type { Connection } from '../tcp/connection.ts'
import type { TroubleReport } from '../tcp/trouble.ts'
import type { ConnectionEvent, ConnectionWatcher, Dispatcher } from './dispatcher.ts'
import { HandleBase } from './handle-base.ts'
import { failureOf, systemCode } from './handle-codes.ts'
import { hereIfAny } from './handle-ends.ts'
import { Inflow, type InflowReader } from './inflow.ts'
import type { EstabSocketOptions } from './options.ts'
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

/**
 * What a Socket has beneath it, its `_handle`: one connection of the stack, opened or accepted, with the way in and the way
 * out. It is to Socket what Node's TCP object is: calls give codes in place of throwing, and what happens is told to `owner`.
 */
export class TcpHandle extends HandleBase implements ConnectionWatcher {
  readonly inflow: Inflow = new Inflow()
  readonly outflow: Outflow = new Outflow(() => this.dispatcher.driver.sendNow())
  owner: HandleOwner | undefined
  /** Somebody has been told why the connection ended. */
  #failureTold = false
  #pullSoon = false

  /** @param connection one that was accepted; `mapped`: its IPv4 addresses are written as IPv6 ones, as where one listens on `::`. */
  constructor(dispatcher: Dispatcher, connection?: Connection, mapped = false) {
    super(dispatcher, mapped)
    if (connection !== undefined) this.#use(connection)
  }

  /** node:http sets it before it calls `readStart` and `readStop`. */
  get reading(): boolean {
    return this.inflow.reading
  }

  set reading(reading: boolean) {
    this.inflow.reading = reading
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
    return this.ends.bind(this.dispatcher.driver.stack, address, port)
  }

  /** Opens actively; `owner` is told the outcome. */
  connect(address: string, port: number, options: EstabSocketOptions = {}): string | undefined {
    if (port === 0) return this.#refuse()
    try {
      this.dispatcher.checkLink()
      const { stack } = this.dispatcher.driver
      const remote = hereIfAny(stack, this.ends.reach(address))
      const { fastOpen = false, congestionControl } = options
      const connection = stack.connect({
        address: remote,
        port,
        fastOpen,
        ...this.ends.bound,
        ...(congestionControl === undefined ? {} : { congestionControl }),
      })
      this.isConnecting = true
      this.#use(connection)
      this.dispatcher.driver.touch()
    } catch (error) {
      return systemCode(error)
    }
    return undefined
  }

  /** A connection is on its way, by `arrive`. */
  expect(): void {
    this.isConnecting = true
  }

  arrive(connection: Connection): void {
    this.#use(connection)
    this.run(() => this.#connected(undefined))
  }

  /** Nobody can listen on port 0. */
  #refuse(): undefined {
    this.isConnecting = true
    setImmediate(() => this.run(() => this.#connected('ECONNREFUSED')))
  }

  #use(connection: Connection): void {
    this.connection = connection
    connection.sink = this.inflow
    this.optionsIfMade?.apply(connection)
    this.reference.open()
    // Before it was accepted nobody heard its events, so its last one may be past.
    if (connection.state !== 'CLOSED') this.dispatcher.watch(connection, this)
  }

  /** For what is below. */
  told(event: ConnectionEvent): void {
    this.context.runInAsyncScope(this.#handle, this, event)
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
    if (!this.isConnecting) return
    this.isConnecting = false
    this.owner?.onConnected(code)
  }

  /** The connection's last event. What was received before it is still read, unless an error ended it. */
  #finish(connection: Connection): void {
    if (this.isConnecting) this.#connected(failureOf(connection) ?? 'ECONNABORTED')
    else if (connection.failure === undefined || this.reading) this.#pull()
    else if (this.outflow.queued > 0) this.outflow.finish(this.#takeFailure())
  }

  /** Why the connection ended; once. */
  #takeFailure(): string | undefined {
    const failure = this.#failureTold || this.connection === undefined ? undefined : failureOf(this.connection)
    if (failure !== undefined) this.#failureTold = true
    return failure
  }

  #pull(): void {
    const { owner } = this
    if (this.connection === undefined || this.isClosed || owner === undefined || this.isConnecting) return
    const failure = this.reading ? this.#takeFailure() : undefined
    if (failure !== undefined) {
      this.inflow.reading = false
      owner.onFailed(failure)
    } else if (this.inflow.pull(this.connection, owner)) {
      this.#touch()
    }
  }

  #flush(): void {
    this.outflow.flush(this.connection!)
    this.#touch()
  }

  #touch(): void {
    this.owner?.onActive()
    this.dispatcher.driver.touch()
  }

  /** From now on, octets are handed over as they come: never within this call. */
  readStart(): void {
    this.inflow.reading = true
    // What comes later is told by an event.
    if (this.#pullSoon || (this.connection !== undefined && !this.inflow.isDue(this.connection))) return
    this.#pullSoon = true
    // As from the system: when promises and ticks have run.
    setImmediate(TcpHandle.#pullNow, this)
  }

  static #pullNow(this: void, handle: TcpHandle): void {
    handle.#pullSoon = false
    handle.context.runInAsyncScope(handle.#pull, handle)
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
    this.outflow.write(this.connection!, chunks, done)
    this.#touch()
  }

  /** Ends the way out, behind what was written. ENOTCONN. */
  shutdown(): string | undefined {
    const connection = this.connection
    if (connection === undefined || connection.state === 'CLOSED') return 'ENOTCONN'
    connection.close()
    this.#touch()
    return undefined
  }

  /** Gives up the connection: what was written still arrives. `closed` is called later. */
  close(closed?: () => void): void {
    this.#close(closed, release)
  }

  /** Gives up the connection with a RST. `closed` is called later. */
  reset(closed?: () => void): void {
    this.#close(closed, abort)
  }

  #close(closed: (() => void) | undefined, giveUp: (dispatcher: Dispatcher, connection: Connection) => void): void {
    if (!this.isClosed) {
      this.isClosed = true
      this.isConnecting = false
      this.inflow.close()
      this.reference.close()
      if (this.connection !== undefined) giveUp(this.dispatcher, this.connection)
    }
    // As Node's handles: behind everything that is waiting to run.
    setImmediate(TcpHandle.#endNow, this, closed)
  }

  static #endNow(this: void, handle: TcpHandle, closed: (() => void) | undefined): void {
    handle.context.runInAsyncScope(handle.#end, handle, closed)
    handle.context.emitDestroy()
  }

  #end(closed: (() => void) | undefined): void {
    this.outflow.finish(undefined)
    closed?.()
  }
}

function release(dispatcher: Dispatcher, connection: Connection): void {
  dispatcher.release(connection)
}

function abort(dispatcher: Dispatcher, connection: Connection): void {
  dispatcher.abort(connection)
}
