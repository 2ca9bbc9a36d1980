import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant } from '../wire/instant.ts'

/** The longest delay that setTimeout takes, in ms; it turns a longer one into 1. */
const LONGEST = 2 ** 31 - 1

/**
 * The machine's clock, which nobody sets and which never runs backwards, and its timers. No callback comes before its
 * instant by this clock; an instant that has passed already means the next turn of the event loop.
 */
export class RealTime implements Scheduler {
  readonly #keepsAlive: boolean

  /** @param options.keepsAlive Whether a timer that waits keeps the process alive. Default true. */
  constructor(options: { keepsAlive?: boolean } = {}) {
    this.#keepsAlive = options.keepsAlive ?? true
  }

  now(): Instant {
    return performance.now()
  }

  at(instant: Instant, callback: () => void): Timer {
    return new RealTimer(instant, callback, this.#keepsAlive)
  }

  soon(callback: () => void): void {
    queueMicrotask(callback)
  }
}

class RealTimer implements Timer {
  readonly #instant: Instant
  readonly #callback: () => void
  readonly #keepsAlive: boolean
  #timeout: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor(instant: Instant, callback: () => void, keepsAlive: boolean) {
    if (Number.isNaN(instant)) throw new RangeError('a timer needs an instant, not NaN')
    this.#instant = instant
    this.#callback = callback
    this.#keepsAlive = keepsAlive
    if (instant <= performance.now()) this.#immediate = setImmediate(callback)
    else if (instant !== Number.POSITIVE_INFINITY) this.#wait()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
    clearImmediate(this.#immediate)
  }

  /** Rounded up to whole milliseconds: rounded down, the last fraction of one would be waited for again and again. */
  #wait(): void {
    const left = Math.ceil(this.#instant - performance.now())
    this.#timeout = setTimeout(() => this.#fire(), Math.min(Math.max(left, 1), LONGEST))
    if (!this.#keepsAlive) this.#timeout.unref()
  }

  /** Node counts from the start of its turn of the event loop, so it may fire early; so does the cap on long waits. */
  #fire(): void {
    if (performance.now() < this.#instant) this.#wait()
    else this.#callback()
  }
}
