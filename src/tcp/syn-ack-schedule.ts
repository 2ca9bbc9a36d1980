import type { Instant, Milliseconds } from '../wire/instant.ts'
import { outOfRange } from './config.ts'

/** The most SYN,ACK retransmissions: none should go on for longer. */
export const MOST_RETRIES = 64

/** Waits as data: `waits[n]` is the time after the n-th retransmission (0: after the first SYN,ACK), ms. */
export type Waits = readonly Milliseconds[] | keyof typeof PRESETS | ((retransmission: number) => Milliseconds)

/** The longest life of a row, ms: rows count time with 32 bits. */
const LONGEST_LIFE: Milliseconds = 16 * 3600 * 1000

/** 1, 2, 4, 8, 16, 32 s. */
export const DEFAULT_RETRIES = 5
export function doubled(retransmission: number): Milliseconds {
  return 1000 * 2 ** retransmission
}

/**
 * When a SYN,ACK is sent again, and when its entry is deleted: `retries` retransmissions need `retries + 1` waits, the
 * last of which ends in deletion. Their sum is the SYN-RECEIVED timeout.
 */
export class SynAckSchedule {
  /** When the n-th wait ends, ms after the row's life began; after those, how long a deferred row waits. */
  readonly ends: readonly Milliseconds[]
  readonly waits: readonly Milliseconds[]
  /** The maximum number of retransmissions. */
  readonly retries: number
  /** The SYN-RECEIVED timeout: the sum of the waits, ms. An absolute bound on an entry's life. */
  readonly survivalTime: Milliseconds

  /**
   * @throws {RangeError} ERR_OUT_OF_RANGE: `retries` is not 0 to 64, a wait is not above 0 ms and finite, or there are
   * fewer waits than `retries + 1`, or their sum is above 16 hours; `deferTimeout` is not above 0 ms and at most 16 hours
   */
  constructor(retries: number | undefined, waits: Waits | undefined, deferTimeout?: Milliseconds) {
    const given = typeof waits === 'string' ? PRESETS[waits] : (waits ?? doubled)
    this.retries = retries ?? (typeof given === 'function' ? DEFAULT_RETRIES : given.length - 1)
    if (!(Number.isInteger(this.retries) && this.retries >= 0 && this.retries <= MOST_RETRIES)) {
      throw outOfRange('synAckRetries', `an integer from 0 to ${MOST_RETRIES}`, retries ?? this.retries)
    }
    const needed = this.retries + 1
    if (typeof given !== 'function' && given.length < needed) {
      throw outOfRange('synAckWaits', `at least ${needed} waits long for ${this.retries} retransmissions`, given.length)
    }
    this.waits = Array.from({ length: needed }, (_, n) => (typeof given === 'function' ? given(n) : given[n]!))
    for (const wait of this.waits) {
      if (!(wait > 0 && Number.isFinite(wait))) throw outOfRange('synAckWaits', 'made of waits above 0 ms', wait)
    }
    this.survivalTime = this.waits.reduce((sum, wait) => sum + wait, 0)
    if (this.survivalTime > LONGEST_LIFE) throw outOfRange('synAckWaits', 'at most 16 hours in all', this.survivalTime)
    const deferred = deferTimeout ?? this.survivalTime
    if (!(deferred > 0 && deferred <= LONGEST_LIFE)) {
      throw outOfRange('deferTimeout', 'above 0 ms and at most 16 hours', deferTimeout)
    }
    let end = 0
    const ends = this.waits.map((wait) => {
      end += wait
      return end
    })
    this.ends = [...ends, deferred]
  }

  /** When the wait ends that is under way at `now`, for a life that began at `born`. */
  endAfter(born: Instant, now: Instant): Instant {
    for (let n = 0; n < this.retries; n++) if (born + this.ends[n]! > now) return born + this.ends[n]!
    return born + this.survivalTime
  }

  /** FIFOs that a SYN queue needs: one for each wait, one for deferred rows. */
  get levels(): number {
    return this.ends.length
  }

  /** The level of deferred rows. */
  get deferLevel(): number {
    return this.ends.length - 1
  }
}

/** Schedules of others, as data. */
export const PRESETS: {
  /** SYN,ACK at 0, 1, 3, 7, 15, 31 s, deleted at 63 s: `tcp_synack_retries` 5. */
  readonly linux: readonly Milliseconds[]
  /** SYN,ACK at 0, 1, 3, 7 s, deleted at 15 s. */
  readonly freebsd: readonly Milliseconds[]
  /** R2 of a SYN is at least 3 minutes (RFC 9293 MUST-23): deleted at 187 s. */
  readonly rfc9293: readonly Milliseconds[]
} = {
  linux: [1000, 2000, 4000, 8000, 16_000, 32_000],
  freebsd: [1000, 2000, 4000, 8000],
  rfc9293: [1000, 2000, 4000, 8000, 16_000, 32_000, 62_000, 62_000],
}
