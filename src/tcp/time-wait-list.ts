import type { Instant } from '../wire/instant.ts'
import type { Connection } from './connection.ts'

/**
 * Connections in TIME-WAIT, the oldest first: all wait equally long, so that one is due first. Linked through the connections themselves: a Set keeps a tombstone for
 * each that leaves at its front, and walks them all to find the oldest.
 */
export class TimeWaitList {
  private first: Connection | undefined
  private last: Connection | undefined
  private count = 0

  get size(): number {
    return this.count
  }

  get oldest(): Connection | undefined {
    return this.first
  }

  /** When the oldest one's time is over; Infinity when there is none. */
  nextDeadline(): Instant {
    return this.first === undefined ? Number.POSITIVE_INFINITY : this.first.closeAt
  }

  has(connection: Connection): boolean {
    return connection.older !== undefined || this.first === connection
  }

  /** As the newest, wherever it stood before. */
  add(connection: Connection): void {
    this.delete(connection)
    connection.older = this.last
    if (this.last === undefined) this.first = connection
    else this.last.newer = connection
    this.last = connection
    this.count++
  }

  /** False if it was not there. */
  delete(connection: Connection): boolean {
    if (!this.has(connection)) return false
    const { older, newer } = connection
    if (older === undefined) this.first = newer
    else older.newer = newer
    if (newer === undefined) this.last = older
    else newer.older = older
    connection.older = undefined
    connection.newer = undefined
    this.count--
    return true
  }
}
