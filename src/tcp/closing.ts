import type { Instant, Milliseconds } from '../wire/instant.ts'
import { outOfRange } from './config.ts'
import type { Connection } from './connection.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The longest linger, ms: a day. */
const LONGEST_LINGER: Milliseconds = 24 * 3600 * 1000

/**
 * What `release` does with data that the peer has not acknowledged yet: by default it goes on being sent as long as R2
 * allows; with `ms` set it has that long, and then the connection is reset; 0 resets at once.
 */
export class Linger {
  /** When the connection is reset if its peer has not acknowledged everything. */
  until: Instant = NEVER
  private span: Milliseconds | undefined

  get ms(): Milliseconds | undefined {
    return this.span
  }

  /** @throws {RangeError} ERR_OUT_OF_RANGE: not 0 to a day, ms */
  set ms(ms: Milliseconds | undefined) {
    if (ms !== undefined && !(ms >= 0 && ms <= LONGEST_LINGER)) {
      throw outOfRange('linger', `0 to ${LONGEST_LINGER}`, ms)
    }
    this.span = ms
  }

  /** The connection has been released: the time runs from when the stack is next told what time it is. */
  arm(connection: Connection, now: Instant): void {
    if (this.span === undefined || !connection.released || connection.finAcked) return
    if (this.until === NEVER) this.until = now + this.span
  }

  /** The time is over. True if the connection has been reset. */
  expired(connection: Connection): boolean {
    this.until = NEVER
    if (connection.finAcked) return false
    connection.abort()
    return true
  }
}

/** CLOSE (RFC 9293 §3.10.4). */
export function closeConnection(connection: Connection): void {
  if (connection.finQueued) return
  switch (connection.stage) {
    case 'SYN-SENT':
      // RFC 9293 §3.10.4: nothing was agreed on, so there is nothing to close.
      connection.finish(undefined)
      return
    case 'ESTABLISHED':
      connection.finQueued = true
      connection.enter('FIN-WAIT-1')
      break
    case 'SYN-RECEIVED':
    case 'CLOSE-WAIT':
      // The FIN waits for ESTABLISHED, or makes it LAST-ACK when it goes out.
      connection.finQueued = true
      break
    default:
      return
  }
  connection.host.ready(connection)
}

/** The application is done with both directions (RFC 9293 §3.6.1, MAY-1, SHLD-3). */
export function releaseConnection(connection: Connection): void {
  if (connection.released || connection.state === 'CLOSED') return
  connection.released = true
  const timeWait = connection.state === 'TIME-WAIT'
  if (!timeWait && (connection.readable > 0 || connection.lingerIfMade?.ms === 0)) {
    connection.abort()
    return
  }
  connection.close()
  connection.host.ready(connection)
}

/** ABORT (RFC 9293 §3.10.5). */
export function abortConnection(connection: Connection): void {
  switch (connection.state) {
    case 'CLOSED':
      return
    case 'SYN-RECEIVED':
    case 'ESTABLISHED':
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
    case 'CLOSE-WAIT':
      connection.host.resetPeer(connection)
  }
  connection.finish(undefined)
}
