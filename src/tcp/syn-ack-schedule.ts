import type { Milliseconds } from '../wire/instant.ts'
import { outOfRange } from './config.ts'

/** The most SYN,ACK retransmissions: a row keeps their number in an octet, and none should go on for longer. */
export const MOST_RETRIES = 64

/** Waits as data: `waits[n]` is the time after the n-th retransmission (0: after the first SYN,ACK), ms. */
export type Waits = readonly Milliseconds[] | ((retransmission: number) => Milliseconds)

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
  readonly waits: readonly Milliseconds[]
  /** The maximum number of retransmissions. */
  readonly retries: number
  /** The SYN-RECEIVED timeout: the sum of the waits, ms. An absolute bound on an entry's life. */
  readonly survivalTime: Milliseconds

  /**
   * @throws {RangeError} ERR_OUT_OF_RANGE: `retries` is not 0 to 64, a wait is not above 0 ms and finite, or there are
   * fewer waits than `retries + 1`
   */
  constructor(retries: number | undefined, waits: Waits | undefined) {
    const given = waits ?? doubled
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
  }
}
