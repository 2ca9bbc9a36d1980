import type { Instant } from '../wire/instant.ts'

/** Something with one moment at which it wants to be woken. */
export interface Waiting {
  /** The moment, as it stands now; Infinity for never. */
  deadline(): Instant
  /** Its place in the heap, and the moment under which it stands there. Only {@link Deadlines} writes them. */
  heapIndex: number
  heapKey: Instant
}

/**
 * Who is to be woken when: a binary heap that is kept lazily. A deadline that moves later, as a retransmission timer
 * does with each ACK, costs nothing: the item stays where it is, and is put back when its old moment comes.
 */
export class Deadlines<T extends Waiting> {
  private readonly heap: T[] = []

  /** Not later than the next deadline; Infinity when there is none. */
  next(): Instant {
    return this.heap.length > 0 ? this.heap[0]!.heapKey : Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.heap.length
  }

  /** To be called whenever the deadline of `item` may have moved earlier. */
  arm(item: T): void {
    const at = item.deadline()
    if (item.heapIndex < 0) {
      if (at === Number.POSITIVE_INFINITY) return
      item.heapKey = at
      this.heap.push(item)
      this.up(item, this.heap.length - 1)
    } else if (at < item.heapKey) {
      item.heapKey = at
      this.up(item, item.heapIndex)
    }
  }

  /** An item whose deadline has come by `now`, taken out of the heap; undefined when there is none. */
  takeDue(now: Instant): T | undefined {
    while (this.heap.length > 0 && this.heap[0]!.heapKey <= now) {
      const item = this.heap[0]!
      this.remove(item)
      if (item.deadline() <= now) return item
      this.arm(item)
    }
    return undefined
  }

  remove(item: T): void {
    const { heap } = this
    const at = item.heapIndex
    if (at < 0) return
    const last = heap.pop()!
    item.heapIndex = -1
    if (last === item) return
    this.up(last, at)
    this.down(last, last.heapIndex)
  }

  private up(item: T, from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const parent = heap[(at - 1) >> 1]!
      if (parent.heapKey <= item.heapKey) break
      heap[at] = parent
      parent.heapIndex = at
      at = (at - 1) >> 1
    }
    heap[at] = item
    item.heapIndex = at
  }

  private down(item: T, from: number): void {
    const { heap } = this
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.heapKey < heap[child]!.heapKey) child++
      const candidate = heap[child]!
      if (candidate.heapKey >= item.heapKey) break
      heap[at] = candidate
      candidate.heapIndex = at
      at = child
    }
    heap[at] = item
    item.heapIndex = at
  }
}
