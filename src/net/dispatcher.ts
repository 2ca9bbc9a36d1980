import type { Driver } from '../host/driver.ts'
import type { ProcessHold } from '../host/process-hold.ts'
import type { Stack } from '../stack/stack.ts'
import type { Connection } from '../tcp/connection.ts'
import type { StackEvent } from '../tcp/events.ts'
import type { Incoming } from '../tcp/incoming.ts'
import type { DeferredAnswer, Listener } from '../tcp/listener.ts'
import type { Lookup } from './lookup.ts'

/** The link is gone: by itself, with the error, or through `Net.close()`, without one. */
export interface LinkLost {
  readonly type: 'lost'
  readonly error: Error | undefined
}

export type ConnectionEvent = Extract<StackEvent, { connection: Connection }> | LinkLost

/** Who is told what becomes of a connection. */
export interface ConnectionWatcher {
  told(event: ConnectionEvent): void
}

/** For a connection that nobody cares about any more. */
export const NOBODY: ConnectionWatcher = { told() {} }

export type ListenerEvent = Extract<StackEvent, { listener: Listener }> | LinkLost
export type ListenerHandler = (event: ListenerEvent) => void

export interface DispatcherOptions {
  /** Default: nothing keeps the process alive. */
  hold?: ProcessHold | undefined
  /** Default: `dns.lookup`, the machine's resolver. */
  lookup?: Lookup | undefined
}

/** Who hears which event: the join between one driver and the sockets and servers on it. */
export class Dispatcher {
  /** `::` or `0.0.0.0`: how a listener on all of the stack's addresses is written. */
  readonly anyAddress: string
  /** What open sockets and servers keep alive; undefined: nothing. */
  readonly hold: ProcessHold | undefined
  /** Resolves the names that sockets and servers are given. */
  readonly lookup: Lookup | undefined
  readonly #make: () => Driver<Stack>
  #driver: Driver<Stack> | undefined
  readonly #connections = new Map<Connection, ConnectionWatcher>()
  readonly #listeners = new Map<Listener, ListenerHandler>()
  readonly #others = new Set<(error: Error | undefined) => void>()
  #waiting: (() => void)[] = []
  #lost = false

  /** @param make the stack with its driver, made when it is asked for first. */
  constructor(make: () => Driver<Stack>, anyAddress: string, options: DispatcherOptions = {}) {
    this.#make = make
    this.anyAddress = anyAddress
    this.hold = options.hold
    this.lookup = options.lookup
  }

  get driver(): Driver<Stack> {
    if (this.#driver === undefined) {
      this.#driver = this.#make()
      this.#driver.onEvent = (event) => this.#deliver(event)
      this.#driver.onClosed = (error) => this.#lose(error)
    }
    return this.#driver
  }

  /** Throws ENETDOWN when the link is gone. */
  checkLink(): void {
    if (this.#lost) throw Object.assign(new Error('ENETDOWN: the link is gone'), { code: 'ENETDOWN' })
  }

  /** Whom Linux talks to at `0.0.0.0` and `::`: the host itself. Other addresses are as they are. */
  hereIfAny(address: string): string {
    if (address !== '0.0.0.0' && address !== '::') return address
    const family = address === '::' ? 6 : 4
    const own = this.driver.stack.addresses.prefixes.find((prefix) => prefix.address.family === family)
    return own?.address.toString() ?? address
  }

  watch(connection: Connection, watcher: ConnectionWatcher): void {
    this.#connections.set(connection, watcher)
  }

  watchListener(listener: Listener, handler: ListenerHandler): void {
    this.#listeners.set(listener, handler)
  }

  unwatchListener(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  /** Calls back once when the link goes, with the error if it went by itself. Returns how to take that back. */
  onLost(callback: (error: Error | undefined) => void): () => void {
    this.#others.add(callback)
    return () => this.#others.delete(callback)
  }

  /** For a user who neither reads nor writes any more; what was sent before still arrives. */
  release(connection: Connection): void {
    if (!this.#connections.has(connection)) return
    this.watch(connection, NOBODY)
    connection.release()
    this.driver.touch()
  }

  /** Gives the application's word on a deferred SYN; false when it comes too late to matter. */
  answer(incoming: Incoming, answer: DeferredAnswer): boolean {
    const { stack, scheduler } = this.driver
    // Calls have no clock: what is due, this client's deadline too, comes before the answer.
    stack.advance(scheduler.now())
    const inTime = incoming[answer]()
    this.driver.touch()
    return inTime
  }

  abort(connection: Connection): void {
    connection.abort()
    this.driver.touch()
  }

  abortAll(): void {
    for (const connection of this.#connections.keys()) this.abort(connection)
  }

  /** Resolves when no connection is left but those in TIME-WAIT. */
  drained(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #deliver(event: StackEvent): void {
    if (event.type === 'acceptable' || event.type === 'deferred') {
      this.#listeners.get(event.listener)?.(event)
      return
    }
    if (event.type === 'notice') {
      event.notice.deliver()
      return
    }
    const { connection } = event
    const watcher = this.#connections.get(connection)
    if (event.type === 'closed') this.#connections.delete(connection)
    watcher?.told(event)
    this.#settle()
  }

  #lose(error: Error | undefined): void {
    if (this.#lost) return
    this.#lost = true
    const watchers = [...this.#connections.values()]
    const handlers = [...this.#listeners.values()]
    this.#connections.clear()
    this.#listeners.clear()
    for (const watcher of watchers) watcher.told({ type: 'lost', error })
    for (const handler of handlers) handler({ type: 'lost', error })
    const others = [...this.#others]
    this.#others.clear()
    for (const callback of others) callback(error)
    this.#settle()
  }

  #settle(): void {
    if (this.#connections.size > 0 || this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
