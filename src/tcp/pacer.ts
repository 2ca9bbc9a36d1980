import type { Instant, Milliseconds } from '../wire/instant.ts'
import { initialWindow } from './congestion/congestion-window.ts'
import type { Connection } from './connection.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The rate is that of a window each round trip, times this: enough for the window to grow as it may. */
const SLOW_START_GAIN = 2
const AVOIDANCE_GAIN = 1.2

/** What goes at once is worth this long at least, and so many segments: a timer for less costs more than it smooths. */
const QUANTUM: Milliseconds = 1
const QUANTUM_SEGMENTS = 5

/** Where a round trip is shorter, a clock of milliseconds could only do harm. */
const LEAST_RTT: Milliseconds = 1

/**
 * Spreads what the congestion window lets out over the round trip, instead of sending it in one burst that a short queue on
 * the path may not hold. In quanta, of which two may go at once after a pause; so a timer that is late by one costs no
 * rate. A window of the initial size or less goes as it is.
 */
export class Pacer {
  /** When sending is to go on that is held now: the connection's to wake at. */
  at: Instant = NEVER
  /** When all that was sent would have left at the rate. */
  private leaves: Instant = Number.NEGATIVE_INFINITY

  /** Whether data must wait. Sets `at` if so. */
  holds(connection: Connection): boolean {
    const { now } = connection.host
    if (this.leaves < now) return false
    const rate = rateOf(connection)
    if (rate === Number.POSITIVE_INFINITY) return false
    // Not as soon as one segment may go, but a quantum.
    this.at = this.leaves + quantum(connection, rate)
    return true
  }

  /** Octets that may go at once, where data need not wait. */
  room(connection: Connection): number {
    const rate = rateOf(connection)
    if (rate === Number.POSITIVE_INFINITY) return rate
    const { now } = connection.host
    return Math.max(0, Math.min(now - this.leaves, 2 * quantum(connection, rate)) * rate)
  }

  sent(connection: Connection, octets: number): void {
    const rate = rateOf(connection)
    this.at = NEVER
    if (rate === Number.POSITIVE_INFINITY) return
    const credit = 2 * quantum(connection, rate)
    this.leaves = Math.max(this.leaves, connection.host.now - credit) + octets / rate
  }
}

/** Octets each ms; Infinity where there is nothing to spread. */
function rateOf({ host, congestion, rto, tcb }: Connection): number {
  const { cwnd, ssthresh } = congestion!
  if (!host.config.pacing || rto.srtt < LEAST_RTT || cwnd <= initialWindow(tcb.snd.mss)) return Number.POSITIVE_INFINITY
  return ((cwnd < ssthresh ? SLOW_START_GAIN : AVOIDANCE_GAIN) * cwnd) / rto.srtt
}

function quantum({ tcb }: Connection, rate: number): Milliseconds {
  return Math.max(QUANTUM, (QUANTUM_SEGMENTS * tcb.snd.mss) / rate)
}
