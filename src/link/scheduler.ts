import type { Instant } from '../wire/instant.ts'

/** A clock with timers: the machine's (`host/real-time`) or a virtual one (`sim/virtual-clock`). */
export interface Scheduler {
  now(): Instant
  /** Calls back once at `instant`, or as soon after as it can; in the same turn never. */
  at(instant: Instant, callback: () => void): Timer
  /** Calls back once, after what is running now and before any timer. */
  soon(callback: () => void): void
}

export interface Timer {
  /** Calling it twice, or after the callback ran, does nothing. */
  cancel(): void
}
