import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'

/** The longest that a timer is left to fire for nothing, rather than be cancelled and made anew. */
const IDLE: Milliseconds = 1000

/**
 * A timer for a deadline that moves with every segment, and mostly away: one that will fire too early is left alone. Whoever is
 * called sets it again.
 */
export class DeadlineTimer {
  readonly #scheduler: Scheduler
  readonly #onDue: () => void
  #timer: Timer | undefined
  #due: Instant = Number.POSITIVE_INFINITY

  constructor(scheduler: Scheduler, onDue: () => void) {
    this.#scheduler = scheduler
    this.#onDue = onDue
  }

  /** @param due Infinity: never. */
  set(due: Instant): void {
    if (this.#timer !== undefined) {
      const idles = due === Number.POSITIVE_INFINITY && this.#due > this.#scheduler.now() + IDLE
      if (this.#due <= due && !idles) return
      this.cancel()
    }
    if (due === Number.POSITIVE_INFINITY) return
    this.#due = due
    this.#timer = this.#scheduler.at(due, () => {
      this.#timer = undefined
      this.#onDue()
    })
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
