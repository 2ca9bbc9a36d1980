import type { Milliseconds } from '../wire/instant.ts'
import { outOfRange, type TcpConfig } from './config.ts'

/** RFC 5482 §3.1: the limits between which a peer's advice can move the timeout, ms. R2 is at least 100 s (RFC 9293 SHLD-11). */
const LEAST_ADVISED: Milliseconds = 100_000
const MOST_ADVISED: Milliseconds = 3_600_000

/** The longest that the option can say, s: 15 bits of minutes. */
const LONGEST_ADVERTISED = 0x7fff * 60

/**
 * R2 of one connection (RFC 9293 MUST-21), and the user timeout option (RFC 5482) when it is asked for: then each end
 * tells the other, and whoever has not been told otherwise by its application waits for the longer of the two.
 */
export class UserTimeout {
  /** Tells the peer, and heeds what it tells. */
  readonly advertises: boolean
  /** The option is to be sent with the next data. */
  due: boolean
  private own: Milliseconds
  private remote: Milliseconds = 0
  /** CHANGEABLE: the application has set no time of its own. */
  private changeable = true

  constructor(config: TcpConfig) {
    this.own = config.userTimeout
    this.advertises = config.userTimeoutOption
    this.due = this.advertises
  }

  /** How long data may stay unacknowledged, ms. */
  get value(): Milliseconds {
    if (!this.advertises || !this.changeable || this.remote === 0) return this.own
    return Math.min(MOST_ADVISED, Math.max(this.own, this.remote, LEAST_ADVISED))
  }

  /** @throws {RangeError} ERR_OUT_OF_RANGE: not 1 ms or more; Infinity never gives up */
  set value(ms: Milliseconds) {
    if (!(ms >= 1)) throw outOfRange('userTimeout', '1 or more, or Infinity', ms)
    this.own = ms
    this.changeable = false
    this.due = this.advertises
  }

  /** Seconds for the option. */
  get advertised(): number {
    return Math.min(Math.max(Math.ceil(this.own / 1000), 1), LONGEST_ADVERTISED)
  }

  /** The peer's option says so many seconds; 0 is reserved (RFC 5482 §3.2). */
  received(seconds: number): void {
    this.remote = seconds * 1000
  }
}
