import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant } from '../wire/instant.ts'

/** The longest delay that setTimeout takes, in ms; it turns a longer one into 1. */
const LONGEST = 2 ** 31 - 1

/**
 * The clock and the timers of a web page or worker, as {@link RealTime} is Node's. An instant that has passed already means
 * the event loop's next task, which `setTimeout` would put off for 4 ms. A page in the background gets its timers late, by
 * a second and more, whoever asks for them.
 */
export class PageTime implements Scheduler {
  readonly #tasks = new Tasks()

  now(): Instant {
    return performance.now()
  }

  at(instant: Instant, callback: () => void): Timer {
    return new PageTimer(this.#tasks, instant, callback)
  }

  soon(callback: () => void): void {
    queueMicrotask(callback)
  }
}

class PageTimer implements Timer {
  readonly #tasks: Tasks
  readonly #instant: Instant
  readonly #callback: () => void
  #timeout: ReturnType<typeof setTimeout> | undefined
  #cancelled = false

  constructor(tasks: Tasks, instant: Instant, callback: () => void) {
    if (Number.isNaN(instant)) throw new RangeError('a timer needs an instant, not NaN')
    this.#tasks = tasks
    this.#instant = instant
    this.#callback = callback
    if (instant !== Number.POSITIVE_INFINITY) this.#wait()
  }

  cancel(): void {
    this.#cancelled = true
    clearTimeout(this.#timeout)
  }

  #wait(): void {
    const left = Math.ceil(this.#instant - performance.now())
    if (left <= 0) this.#tasks.post(() => this.#fire())
    else this.#timeout = setTimeout(() => this.#fire(), Math.min(left, LONGEST))
  }

  #fire(): void {
    if (this.#cancelled) return
    if (performance.now() < this.#instant) this.#wait()
    else this.#callback()
  }
}

/** Tasks of the event loop, in order, one for each: what comes in over the network has its turn in between. */
class Tasks {
  readonly #waiting: (() => void)[] = []
  #channel: InstanceType<typeof MessageChannel> | undefined

  post(task: () => void): void {
    this.#waiting.push(task)
    this.#open().postMessage(undefined)
  }

  #open(): InstanceType<typeof MessagePort> {
    if (this.#channel === undefined) {
      this.#channel = new MessageChannel()
      // Its setter starts the port, which a listener alone would not.
      Object.assign(this.#channel.port1, { onmessage: () => this.#waiting.shift()?.() })
    }
    return this.#channel.port2
  }
}
