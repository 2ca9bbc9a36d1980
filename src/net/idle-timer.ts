import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'

/**
 * Fires after a span in which nothing happened. Activity only notes the time: the timer looks at it when it runs out
 * and re-arms itself for the rest, so that a busy connection costs no timer per segment.
 */
export class IdleTimer {
  readonly #scheduler: Scheduler
  readonly #expired: () => void
  #span: Milliseconds = 0
  #last: Instant = 0
  #timer: Timer | undefined

  constructor(scheduler: Scheduler, expired: () => void) {
    this.#scheduler = scheduler
    this.#expired = expired
  }

  /** Milliseconds; 0 when off. */
  get span(): Milliseconds {
    return this.#span
  }

  set span(span: Milliseconds) {
    this.stop()
    this.#span = span
    this.active()
  }

  active(): void {
    if (this.#span === 0) return
    this.#last = this.#scheduler.now()
    if (this.#timer === undefined) this.#arm(this.#last + this.#span)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#span = 0
  }

  #arm(due: Instant): void {
    this.#timer = this.#scheduler.at(due, () => {
      this.#timer = undefined
      const next = this.#last + this.#span
      if (this.#scheduler.now() < next) this.#arm(next)
      else this.#expired()
    })
  }
}
