import { AsyncResource } from 'node:async_hooks'
import { Reference } from '../host/process-hold.ts'
import type { Connection } from '../tcp/connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Ends, HandleEnds } from './handle-ends.ts'
import { HandleOptions } from './handle-options.ts'

/** What of a handle has nothing to do with octets: its settings, its ends, and what it keeps alive. */
export abstract class HandleBase {
  /** No descriptor of the system's. */
  readonly fd = -1
  readonly dispatcher: Dispatcher
  /** The connection beneath. */
  connection: Connection | undefined
  /** An attempt to connect is under way. */
  protected isConnecting = false
  protected isClosed = false
  protected readonly ends: HandleEnds
  protected readonly options: HandleOptions = new HandleOptions()
  protected readonly reference: Reference
  /** What it tells is told in the context in which it was made, as Node's handles do: for AsyncLocalStorage. */
  protected readonly context: AsyncResource = new AsyncResource('ESTABTCP', { requireManualDestroy: true })

  constructor(dispatcher: Dispatcher, mapped: boolean) {
    this.dispatcher = dispatcher
    this.reference = new Reference(dispatcher.hold)
    this.ends = new HandleEnds(mapped)
  }

  getAsyncId(): number {
    return this.context.asyncId()
  }

  /** Runs it in the context in which the handle was made. */
  run<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
    this.context.runInAsyncScope(callback, undefined, ...args)
  }

  setNoDelay(on: boolean): void {
    this.options.noDelay = on
    this.#apply()
  }

  /** @param delay s; 0 for the stack's own. */
  setKeepAlive(on: boolean, delay: number): void {
    this.options.setKeepAlive(on, delay)
    this.#apply()
  }

  /** The DSCP and, without effect, the two bits of ECN. */
  setTypeOfService(octet: number): void {
    this.options.typeOfService = octet
    this.#apply()
  }

  getTypeOfService(): number {
    return this.connection === undefined ? (this.options.typeOfService ?? 0) : this.connection.ip.dscp << 2
  }

  #apply(): void {
    if (this.connection === undefined) return
    this.options.apply(this.connection)
    this.dispatcher.driver.touch()
  }

  ref(): void {
    this.reference.ref()
  }

  unref(): void {
    this.reference.unref()
  }

  hasRef(): boolean {
    return this.reference.isReferenced && !this.isClosed
  }

  /** Puts the local end into `out`. */
  getsockname(out: Ends): void {
    this.ends.local(this.connection, out)
  }

  /** Puts the peer into `out`. */
  getpeername(out: Ends): void {
    if (!this.isConnecting) this.ends.peer(this.connection, out)
  }
}
