import type { Instant, Milliseconds } from '../wire/instant.ts'
import { Fifo } from './fifo.ts'

/** How long a connection that the client reset counts on, ms: as long as Linux has it count. */
const RESET_COUNTS: Milliseconds = 60_000

/**
 * PendingFastOpenRequests of RFC 7413 §4.2: connections of one listener in SYN-RECEIVED by Fast Open, and their bound. A
 * connection that was reset counts on for a minute, or the victims of a forged SYN would make room for the next (§5.1).
 */
export class PendingFastOpens {
  /** The most that there may be; 0 when Fast Open is off. */
  readonly limit: number
  /** In SYN-RECEIVED now. */
  pending = 0
  private readonly resets: Fifo<Instant> = new Fifo<Instant>()

  constructor(limit: number) {
    this.limit = limit
  }

  isFull(now: Instant): boolean {
    const { resets } = this
    for (let at = resets.peek(); at !== undefined && now - at >= RESET_COUNTS; at = resets.peek()) resets.shift()
    return this.pending + resets.length >= this.limit
  }

  begin(): void {
    this.pending++
  }

  end(): void {
    this.pending--
  }

  endByReset(now: Instant): void {
    this.pending--
    this.resets.push(now)
  }
}
