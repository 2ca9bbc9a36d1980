import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'

export interface VirtualClockOptions {
  /** What the clock shows at first. */
  start?: Instant
  /** Callbacks that may run while the clock stands still, before it is taken for an endless loop. */
  stepLimit?: number
}

/**
 * A clock that stands still until it is told to run, and then jumps from timer to timer. Callbacks run in the order of
 * their instants, and at one instant in the order in which they were asked for: a run repeats exactly.
 */
export class VirtualClock implements Scheduler {
  readonly #heap: VirtualTimer[] = []
  readonly #soon: (() => void)[] = []
  readonly #stepLimit: number
  #now: Instant
  #order = 0
  #steps = 0
  #inCallback = false

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.start ?? 0
    this.#stepLimit = options.stepLimit ?? 10_000_000
  }

  now(): Instant {
    return this.#now
  }

  /** Callbacks that wait to be run. */
  get pending(): number {
    return this.#heap.length + this.#soon.length
  }

  /** When the next callback is due; Infinity when there is none. */
  get next(): Instant {
    return this.#soon.length > 0 ? this.#now : (this.#heap[0]?.instant ?? Number.POSITIVE_INFINITY)
  }

  at(instant: Instant, callback: () => void): Timer {
    if (Number.isNaN(instant)) throw new RangeError('a timer needs an instant, not NaN')
    const timer = new VirtualTimer(this.#heap, Math.max(instant, this.#now), this.#order++, callback)
    if (timer.instant !== Number.POSITIVE_INFINITY) push(this.#heap, timer)
    return timer
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  /** Runs the next callback, and moves the clock to its instant. False if there is none. */
  step(): boolean {
    if (this.#inCallback) throw new Error('the virtual clock was told to run by a callback that it is running')
    const callback = this.#soon.shift() ?? this.#nextTimer()
    if (callback === undefined) return false
    if (++this.#steps > this.#stepLimit) throw this.#endless()
    this.#inCallback = true
    try {
      callback()
    } finally {
      this.#inCallback = false
    }
    return true
  }

  /**
   * Runs all that is due up to and at `until`, then sets the clock to it; without `until`, all there is. What a
   * callback throws comes out of here, and the clock may be run on.
   *
   * @throws Error when callbacks keep asking for more at one instant without end.
   */
  run(until: Instant = Number.POSITIVE_INFINITY): void {
    while (this.next <= until && this.step());
    if (until !== Number.POSITIVE_INFINITY) this.#moveTo(until)
  }

  /** Runs the next `ms` milliseconds. */
  advance(ms: Milliseconds): void {
    this.run(this.#now + ms)
  }

  #nextTimer(): (() => void) | undefined {
    const timer = this.#heap[0]
    if (timer === undefined) return undefined
    remove(this.#heap, timer)
    this.#moveTo(timer.instant)
    return timer.callback
  }

  #moveTo(instant: Instant): void {
    if (instant <= this.#now) return
    this.#now = instant
    this.#steps = 0
  }

  #endless(): Error {
    this.#steps = 0
    return new Error(
      `${this.#stepLimit} callbacks ran at ${this.#now} ms of virtual time and more are waiting: an endless loop`,
    )
  }
}

class VirtualTimer implements Timer {
  readonly #heap: VirtualTimer[]
  readonly instant: Instant
  readonly order: number
  readonly callback: () => void
  /** Where it stands in the heap; -1 when it isn't there. */
  index = -1

  constructor(heap: VirtualTimer[], instant: Instant, order: number, callback: () => void) {
    this.#heap = heap
    this.instant = instant
    this.order = order
    this.callback = callback
  }

  cancel(): void {
    if (this.index >= 0) remove(this.#heap, this)
  }
}

// A binary heap, in which each timer knows its place, so that a cancelled one leaves at once.

function push(heap: VirtualTimer[], timer: VirtualTimer): void {
  timer.index = heap.length
  heap.push(timer)
  siftUp(heap, timer)
}

function remove(heap: VirtualTimer[], timer: VirtualTimer): void {
  const last = heap.pop()!
  if (last !== timer) {
    place(heap, last, timer.index)
    siftUp(heap, last)
    siftDown(heap, last)
  }
  timer.index = -1
}

function siftUp(heap: VirtualTimer[], timer: VirtualTimer): void {
  while (timer.index > 0) {
    const parent = heap[(timer.index - 1) >> 1]!
    if (isBefore(parent, timer)) return
    swap(heap, parent, timer)
  }
}

function siftDown(heap: VirtualTimer[], timer: VirtualTimer): void {
  for (;;) {
    const left = heap[2 * timer.index + 1]
    const right = heap[2 * timer.index + 2]
    if (left === undefined) return
    const child = right !== undefined && isBefore(right, left) ? right : left
    if (isBefore(timer, child)) return
    swap(heap, timer, child)
  }
}

function swap(heap: VirtualTimer[], x: VirtualTimer, y: VirtualTimer): void {
  const index = x.index
  place(heap, x, y.index)
  place(heap, y, index)
}

function place(heap: VirtualTimer[], timer: VirtualTimer, index: number): void {
  heap[index] = timer
  timer.index = index
}

function isBefore(x: VirtualTimer, y: VirtualTimer): boolean {
  return x.instant === y.instant ? x.order < y.order : x.instant < y.instant
}
