import type { Instant, Milliseconds } from '../wire/instant.ts'

/** The most that is skipped after looking in vain. */
const MOST_SKIPPED = 1023

/** The event loop, as far as a {@link BusyPoll} needs it. */
export interface EventLoop {
  now(): Instant
  /** Calls back in the loop's next turn, in which everything else has its turn, too. */
  nextTurn(callback: () => void): void
}

/**
 * Keeps the event loop from going to sleep for a moment after frames have come: to be woken takes longer than many a peer needs
 * to answer. Meanwhile the loop goes round, so whatever else is to be done is done.
 *
 * Where nothing comes in time, twice as many turns as before go by without it; where something comes, half as many. So a
 * peer that answers slowly costs next to nothing, and neither does one that can't answer since it shares this core.
 */
export class BusyPoll {
  readonly #span: Milliseconds
  readonly #loop: EventLoop
  #until: Instant = 0
  #isOn = false
  /** How often the loop has gone round. */
  #rounds = 0
  /** Turns to be skipped after the next one in vain, and those that are left of the last time. */
  #backoff = 0
  #skip = 0

  /** @param span how long at the most, ms; 0 for never. */
  constructor(span: Milliseconds, loop: EventLoop) {
    this.#span = span
    this.#loop = loop
  }

  /** Frames have come, and what they led to is done. */
  worked(): void {
    if (this.#span === 0) return
    if (this.#isOn) {
      // What was there at once would not have been waited for.
      if (this.#rounds > 1) this.#backoff >>= 1
    } else if (this.#skip > 0) {
      this.#skip--
      return
    } else {
      this.#isOn = true
      this.#loop.nextTurn(this.#round)
    }
    this.#rounds = 0
    this.#until = this.#loop.now() + this.#span
  }

  stop(): void {
    this.#until = 0
  }

  readonly #round = (): void => {
    this.#rounds++
    if (this.#loop.now() < this.#until) {
      this.#loop.nextTurn(this.#round)
      return
    }
    this.#isOn = false
    this.#skip = this.#backoff
    this.#backoff = Math.min(2 * this.#backoff + 1, MOST_SKIPPED)
  }
}
