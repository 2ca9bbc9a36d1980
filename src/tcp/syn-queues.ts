import type { Instant } from '../wire/instant.ts'
import type { SynQueue } from './syn-queue.ts'

/** The SYN queues of a listener: one for each family, made when it is first asked for. A handle names a row of either. */
export class SynQueues {
  /** Those that there are. */
  readonly all: SynQueue[] = []
  /** The row that {@link resolve} found. */
  row = 0
  private readonly make: (family: 4 | 6) => SynQueue
  private queue4: SynQueue | undefined
  private queue6: SynQueue | undefined

  constructor(make: (family: 4 | 6) => SynQueue) {
    this.make = make
  }

  of(family: 4 | 6): SynQueue {
    return (family === 4 ? this.queue4 : this.queue6) ?? this.add(family)
  }

  /** Rows of all. */
  get size(): number {
    return (this.queue4?.size ?? 0) + (this.queue6?.size ?? 0)
  }

  /** That with the source prefix that holds most rows. */
  get heaviest(): SynQueue | undefined {
    const { queue4, queue6 } = this
    if (queue4 === undefined || queue6 === undefined) return queue4 ?? queue6
    return queue4.prefixes.heaviestCount >= queue6.prefixes.heaviestCount ? queue4 : queue6
  }

  get activePrefixes(): number {
    return (this.queue4?.prefixes.active ?? 0) + (this.queue6?.prefixes.active ?? 0)
  }

  nextDeadline(): Instant {
    return Math.min(
      this.queue4?.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.queue6?.nextDeadline() ?? Number.POSITIVE_INFINITY,
    )
  }

  handle(queue: SynQueue, row: number): number {
    return 2 * row + (queue === this.queue6 ? 1 : 0)
  }

  /** The queue of the row that a handle names, with its number in {@link row}. */
  resolve(handle: number): SynQueue {
    this.row = handle >>> 1
    return (handle & 1) === 0 ? this.queue4! : this.queue6!
  }

  private add(family: 4 | 6): SynQueue {
    const queue = this.make(family)
    if (family === 4) this.queue4 = queue
    else this.queue6 = queue
    this.all.push(queue)
    return queue
  }
}
