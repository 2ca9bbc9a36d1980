import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import type { Flight } from './flight.ts'
import { NOTHING_CAME } from './quick-ack.ts'

/** How many idle connections keep what they have made and learnt in order to send. */
export const MOST_WARM = 1024

/** For so long a connection keeps it in any case, ms: a pause within a conversation. */
export const LEAST_WARM: Milliseconds = 1000

/**
 * Connections that have something to let go of, the one that has been idle for longest first. Those beyond {@link MOST_WARM}
 * let it go when they have been idle for {@link LEAST_WARM}, and begin anew as after a handshake; RFC 5681 §4.1 has a
 * sender that was idle start slowly in any case. Linked through their flights. As long as they are few no timer is set.
 */
export class WarmList {
  private first: Flight | undefined
  private last: Flight | undefined
  private count = 0

  get size(): number {
    return this.count
  }

  /** When somebody is to be looked at; Infinity for never. */
  nextDeadline(): Instant {
    return this.count <= MOST_WARM ? Number.POSITIVE_INFINITY : this.first!.idleSince + LEAST_WARM
  }

  /** The connection has nothing to send at the moment. */
  touch(connection: Connection, now: Instant): void {
    const { flight } = connection
    if (flight.owner !== undefined) this.unlink(flight)
    flight.owner = connection
    flight.idleSince = now
    flight.older = this.last
    if (this.last === undefined) this.first = flight
    else this.last.newer = flight
    this.last = flight
    this.count++
  }

  remove({ flightIfMade: flight }: Connection): void {
    if (flight?.owner !== undefined) this.unlink(flight)
  }

  /** Lets those go cold whose time has come. Who waits for something all the same comes to the end again. */
  advance(now: Instant): void {
    while (this.nextDeadline() <= now) {
      const { owner } = this.first!
      if (isResting(owner!)) {
        this.unlink(this.first!)
        cool(owner!)
      } else {
        this.touch(owner!, now)
      }
    }
  }

  private unlink(flight: Flight): void {
    const { older, newer } = flight
    if (older === undefined) this.first = newer
    else older.newer = newer
    if (newer === undefined) this.last = older
    else newer.older = older
    flight.older = undefined
    flight.newer = undefined
    flight.owner = undefined
    this.count--
  }
}

/** Nothing is out, nor waits to be. */
export function isResting({ tcb, sendBuffer }: Connection): boolean {
  return tcb.snd.una === tcb.snd.nxt && sendBuffer.length === 0
}

/** Whether it has made anything, since the handshake, that an idle connection can be without. */
export function isWarm({ flightIfMade, quickAcks }: Connection): boolean {
  return flightIfMade !== undefined || quickAcks !== NOTHING_CAME
}

/** Lets go of that. */
function cool(connection: Connection): void {
  connection.recovery.stop(connection)
  connection.receiveRateIfMade = undefined
  connection.congestionIfMade = undefined
  connection.grounded()
  if (connection.delayedAckAt === Number.POSITIVE_INFINITY) connection.quickAcks = NOTHING_CAME
  if (connection.pathIfMade?.isPlain(connection) === true) connection.pathIfMade = undefined
}
