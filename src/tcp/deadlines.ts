import type { Instant } from '../wire/instant.ts'

/** Something with one moment at which it wants to be woken. */
export interface Waiting {
  /** The moment, as it stands now; Infinity for never. */
  deadline(): Instant
  /** Its place in the heap; -1 outside. Only {@link Deadlines} writes it. */
  heapIndex: number
}

const LEAST_ROOM = 64

/**
 * Who is to be woken when: a binary heap that is kept lazily. A deadline that moves later, as a retransmission timer
 * does with each ACK, costs nothing: the item stays where it is, and is put back when its old moment comes.
 */
export class Deadlines<T extends Waiting> {
  private readonly heap: T[] = []
  /** The moments under which they stand there: a number of an item's own would be a box of 16 octets. */
  private keys: Float64Array = new Float64Array(LEAST_ROOM)

  /** Not later than the next deadline; Infinity when there is none. */
  next(): Instant {
    return this.heap.length > 0 ? this.keys[0]! : Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.heap.length
  }

  /** To be called whenever the deadline of `item` may have moved earlier. */
  arm(item: T): void {
    const at = item.deadline()
    if (item.heapIndex < 0) {
      if (at === Number.POSITIVE_INFINITY) return
      this.heap.push(item)
      if (this.heap.length > this.keys.length) this.resize(2 * this.keys.length)
      this.up(item, at, this.heap.length - 1)
    } else if (at < this.keys[item.heapIndex]!) {
      this.up(item, at, item.heapIndex)
    }
  }

  /** An item whose deadline has come by `now`, taken out of the heap; undefined when there is none. */
  takeDue(now: Instant): T | undefined {
    while (this.heap.length > 0 && this.keys[0]! <= now) {
      const item = this.heap[0]!
      this.remove(item)
      if (item.deadline() <= now) return item
      this.arm(item)
    }
    return undefined
  }

  remove(item: T): void {
    const { heap, keys } = this
    const at = item.heapIndex
    if (at < 0) return
    const last = heap.pop()!
    const key = keys[heap.length]!
    item.heapIndex = -1
    if (last !== item) {
      this.up(last, key, at)
      this.down(last, key, last.heapIndex)
    }
    if (keys.length > LEAST_ROOM && heap.length < keys.length / 4) this.resize(keys.length / 2)
  }

  private up(item: T, key: Instant, from: number): void {
    const { heap, keys } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (keys[parent]! <= key) break
      this.place(heap[parent]!, keys[parent]!, at)
      at = parent
    }
    this.place(item, key, at)
  }

  private down(item: T, key: Instant, from: number): void {
    const { heap, keys } = this
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && keys[child + 1]! < keys[child]!) child++
      if (keys[child]! >= key) break
      this.place(heap[child]!, keys[child]!, at)
      at = child
    }
    this.place(item, key, at)
  }

  private place(item: T, key: Instant, at: number): void {
    this.heap[at] = item
    this.keys[at] = key
    item.heapIndex = at
  }

  private resize(room: number): void {
    const keys = new Float64Array(room)
    keys.set(this.keys.subarray(0, Math.min(room, this.keys.length)))
    this.keys = keys
  }
}
