import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import type { TcpConfig } from './config.ts'
import type { Connection } from './connection.ts'
import type { Counters } from './counters.ts'
import type { Observer } from './observer.ts'
import { offerWindow } from './receive-window.ts'
import { NO_ROW } from './row-index.ts'
import { MOST_ROWS, TimeWaitRows } from './time-wait-rows.ts'

/** What TIME-WAIT needs of its endpoint. */
export interface TimeWaitHost {
  readonly config: TcpConfig
  readonly counters: Counters
  readonly observer: Observer | undefined
  readonly now: Instant
}

/**
 * TIME-WAIT: for how long, of how many connections, and who is told of its end. What it still says to segments is in
 * `arrives/time-wait`.
 */
export class TimeWait {
  readonly rows: TimeWaitRows = new TimeWaitRows()
  private readonly host: TimeWaitHost
  /** The connections of an endpoint that is watched, by the serial numbers of their rows: its observer is told of them. */
  private readonly watched: Map<number, Connection> = new Map()

  constructor(host: TimeWaitHost) {
    this.host = host
  }

  get size(): number {
    return this.rows.size
  }

  nextDeadline(): Instant {
    return this.rows.nextDeadline()
  }

  /** The row of a four-tuple, or NO_ROW. */
  find(hash: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    return this.rows.find(hash, local, localPort, remote, remotePort)
  }

  /** Whether it is the connection's that has come to TIME-WAIT, and not over. */
  has(connection: Connection): boolean {
    return this.rows.rowOf(connection) !== NO_ROW
  }

  enter(connection: Connection): void {
    this.bound(MOST_ROWS - 1)
    const { rows, host, watched } = this
    const expiry = host.now + 2 * host.config.msl
    connection.timeWaitSerial = rows.add(connection, offerWindow(connection), expiry)
    if (host.observer?.state !== undefined) watched.set(connection.timeWaitSerial, connection)
  }

  /** The peer's FIN came again: it has not heard our ACK (RFC 9293 §3.10.7.4, eighth). */
  restart(row: number): void {
    this.rows.restart(row, this.host.now + 2 * this.host.config.msl)
  }

  /** Ends those whose time is over. */
  advance(now: Instant): void {
    while (this.rows.nextDeadline() <= now) this.end(this.rows.oldest)
  }

  /** No more than `most`: the oldest go. */
  bound(most: number): void {
    const { rows, host } = this
    while (rows.size > most) {
      host.counters.TCPTimeWaitOverflow++
      this.end(rows.oldest)
    }
  }

  end(row: number): void {
    const { rows, host, watched } = this
    const serial = rows.serialOf(row)
    rows.remove(row)
    host.counters.TW++
    const connection = watched.get(serial)
    if (connection === undefined) return
    watched.delete(serial)
    host.observer?.state?.(connection, 'TIME-WAIT', 'CLOSED', host.now)
  }

  /** The application has ended it, and says so itself. */
  forget(connection: Connection): void {
    this.watched.delete(connection.timeWaitSerial)
    this.end(this.rows.rowOf(connection))
  }
}
