import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { dateOn } from './virtual-date.ts'

/** The longest delay that setTimeout takes, in ms; as in Node it turns a longer one into 1. */
const LONGEST = 2 ** 31 - 1

/** What `setTimeout` and `setInterval` return: the methods of Node's. There is nothing to be kept running, so `ref` and `unref` only note it. */
export class VirtualTimeout {
  readonly #start: (timeout: VirtualTimeout) => Timer
  readonly #stop: (timeout: VirtualTimeout) => void
  readonly #id: number
  #timer: Timer | undefined
  #ref = true

  constructor(id: number, start: (timeout: VirtualTimeout) => Timer, stop: (timeout: VirtualTimeout) => void) {
    this.#id = id
    this.#start = start
    this.#stop = stop
    this.#timer = start(this)
  }

  ref(): this {
    this.#ref = true
    return this
  }

  unref(): this {
    this.#ref = false
    return this
  }

  hasRef(): boolean {
    return this.#ref
  }

  /** Begins its delay anew. */
  refresh(): this {
    this.#timer?.cancel()
    this.#timer = this.#start(this)
    return this
  }

  close(): this {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#stop(this)
    return this
  }

  [Symbol.toPrimitive](): number {
    return this.#id
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** What `install` replaces, of an object such as `globalThis`. */
const REPLACED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'Date',
  'performance',
] as const

type Callback<A extends unknown[]> = (...args: A) => void
type TimerId = VirtualTimeout | number | string | null | undefined

/** The timers and clocks of JavaScript on a virtual clock. Its functions need no `this`, so they can be passed on. */
export class VirtualTimers {
  readonly #scheduler: Scheduler
  readonly #epoch: number
  readonly #live = new Map<number, VirtualTimeout>()
  #lastId = 0
  readonly Date: DateConstructor
  readonly performance: { now(): Instant; readonly timeOrigin: number }

  /** @param epoch what `Date.now()` says at instant 0. */
  constructor(scheduler: Scheduler, epoch: number) {
    this.#scheduler = scheduler
    this.#epoch = epoch
    this.Date = dateOn(() => this.#epoch + scheduler.now())
    this.performance = { now: () => scheduler.now(), timeOrigin: epoch }
  }

  /** Timers that have neither fired nor been cleared. */
  get pending(): number {
    return this.#live.size
  }

  readonly setTimeout = <A extends unknown[]>(callback: Callback<A>, ms?: Milliseconds, ...args: A): VirtualTimeout =>
    this.#make(delayOf(ms), false, () => callback(...args))

  readonly setInterval = <A extends unknown[]>(callback: Callback<A>, ms?: Milliseconds, ...args: A): VirtualTimeout =>
    this.#make(delayOf(ms), true, () => callback(...args))

  readonly setImmediate = <A extends unknown[]>(callback: Callback<A>, ...args: A): VirtualTimeout =>
    this.#make(0, false, () => callback(...args))

  readonly clearTimeout = (timeout?: TimerId): void => {
    if (timeout instanceof VirtualTimeout) timeout.close()
    else if (timeout !== null && timeout !== undefined) this.#live.get(Number(timeout))?.close()
  }

  readonly clearInterval: (timeout?: TimerId) => void = this.clearTimeout
  readonly clearImmediate: (timeout?: TimerId) => void = this.clearTimeout

  /**
   * Puts them in place of those of `target`, which is `globalThis` as a rule, for code that asks for no other. What they
   * replace is put back by `uninstall`, or at the end of a block with `using`.
   */
  install(target: object): { uninstall(): void; [Symbol.dispose](): void } {
    const before = REPLACED.map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const)
    for (const name of REPLACED) {
      Object.defineProperty(target, name, { value: this[name], configurable: true, writable: true })
    }
    const uninstall = (): void => {
      for (const [name, descriptor] of before) {
        if (descriptor === undefined) Reflect.deleteProperty(target, name)
        else Object.defineProperty(target, name, descriptor)
      }
    }
    return { uninstall, [Symbol.dispose]: uninstall }
  }

  #make(ms: Milliseconds, repeats: boolean, callback: () => void): VirtualTimeout {
    const id = ++this.#lastId
    const start = (timeout: VirtualTimeout): Timer => {
      this.#live.set(id, timeout)
      return this.#scheduler.at(this.#scheduler.now() + ms, () => {
        if (repeats) timeout.refresh()
        else this.#live.delete(id)
        callback()
      })
    }
    return new VirtualTimeout(id, start, () => this.#live.delete(id))
  }
}

/** As Node has it: at least 1 ms, whole ones. */
function delayOf(ms: Milliseconds | undefined): Milliseconds {
  const delay = Number(ms)
  return delay >= 1 && delay <= LONGEST ? Math.trunc(delay) : 1
}
