import { AsyncResource } from 'node:async_hooks'
import { Reference } from '../host/process-hold.ts'
import type { Connection } from '../tcp/connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Ends, HandleEnds } from './handle-ends.ts'
import { HandleOptions, type KeepAliveWish } from './handle-options.ts'

const MANUAL_DESTROY = { requireManualDestroy: true }
const NOTHING_SET = new HandleOptions()

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
  protected readonly reference: Reference
  /** What it tells is told in the context in which it was made, as Node's handles do: for AsyncLocalStorage. */
  protected readonly context: AsyncResource = new AsyncResource('ESTABTCP', MANUAL_DESTROY)
  readonly #mapped: boolean
  #ends: HandleEnds | undefined
  #options: HandleOptions | undefined

  constructor(dispatcher: Dispatcher, mapped: boolean) {
    this.dispatcher = dispatcher
    this.reference = new Reference(dispatcher.hold)
    this.#mapped = mapped
  }

  /** Made when it is asked for first, as most connections' ends never are. */
  protected get ends(): HandleEnds {
    this.#ends ??= new HandleEnds(this.#mapped)
    return this.#ends
  }

  /** Made when something is set. */
  protected get options(): HandleOptions {
    this.#options ??= new HandleOptions()
    return this.#options
  }

  protected get optionsIfMade(): HandleOptions | undefined {
    return this.#options
  }

  getAsyncId(): number {
    return this.context.asyncId()
  }

  /** Runs it in the context in which the handle was made. */
  run<A extends unknown[]>(callback: (...args: A) => void, ...args: A): void {
    this.context.runInAsyncScope(callback, undefined, ...args)
  }

  setNoDelay(on: boolean): void {
    this.options.setNoDelay(on, this.connection)
    this.#touch()
  }

  setKeepAlive(wish: KeepAliveWish): void {
    this.options.setKeepAlive(wish, this.connection)
    this.#touch()
  }

  setTypeOfService(octet: number): void {
    this.options.setTypeOfService(octet, this.connection)
  }

  getTypeOfService(): number {
    return (this.#options ?? NOTHING_SET).typeOfService(this.connection)
  }

  #touch(): void {
    if (this.connection !== undefined) this.dispatcher.driver.touch()
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
