import type { Instant, Milliseconds } from '../wire/instant.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The longest that a cork holds a part of a segment, ms (as Linux). */
const MOST_HELD: Milliseconds = 200

/** While corked nothing goes out but full segments, and what has waited for 200 ms; noDelay does not matter then. */
export class Cork {
  on = false
  /** When what is held goes out all the same. */
  until: Instant = NEVER
  private ripe = false

  set(on: boolean): void {
    this.on = on
    this.clear()
  }

  /** Whether a segment that is not full has to wait. */
  holds(now: Instant): boolean {
    if (!this.on) return false
    if (this.ripe) {
      this.ripe = false
      return false
    }
    if (this.until === NEVER) this.until = now + MOST_HELD
    return true
  }

  /** Nothing is held any more. */
  clear(): void {
    this.until = NEVER
    this.ripe = false
  }

  expired(): void {
    this.until = NEVER
    this.ripe = true
  }
}
