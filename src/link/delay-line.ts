import type { Instant } from '../wire/instant.ts'
import type { Offload } from '../wire/offload.ts'
import { type Frame, FramePool } from './frame-pool.ts'
import type { Scheduler, Timer } from './scheduler.ts'

/** Where a delay line's frames come out. */
export interface DelayLineExit {
  /** False: no room. The line keeps the frame and stands still until `resume()`. */
  deliver(frame: Frame): boolean
  /** All that was due is delivered. */
  drained(): void
}

/** Frames on their way: each comes out at its own instant, at equal instants in the order in which they went in. */
export class DelayLine {
  readonly #scheduler: Scheduler
  readonly #exit: DelayLineExit
  readonly #limit: number
  readonly #pool = new FramePool()
  /** In the order of `due`; those before `#head` are gone already. */
  readonly #frames: Frame[] = []
  #head = 0
  #timer: Timer | undefined
  #timerDue: Instant = Number.POSITIVE_INFINITY
  #stalled = false
  #running = false
  #onEmpty: (() => void) | undefined

  /** @param limit the most frames that it holds. */
  constructor(scheduler: Scheduler, exit: DelayLineExit, limit: number) {
    this.#scheduler = scheduler
    this.#exit = exit
    this.#limit = limit
  }

  /** Frames on their way. */
  get length(): number {
    return this.#frames.length - this.#head
  }

  get isFull(): boolean {
    return this.length >= this.#limit
  }

  /** When the next frame comes out; Infinity when none is on its way. */
  get next(): Instant {
    return this.#frames[this.#head]?.due ?? Number.POSITIVE_INFINITY
  }

  get isStalled(): boolean {
    return this.#stalled
  }

  /** Copies the frame, which comes out at `due` or, when that is past, as soon as this turn is over. False if full. */
  push(octets: Uint8Array, start: number, end: number, offload: Offload, due: Instant): boolean {
    if (this.isFull) return false
    const frame = this.#pool.copy(octets, start, end, offload)
    frame.due = due
    let at = this.#frames.length
    while (at > this.#head && this.#frames[at - 1]!.due > due) at--
    if (at === this.#frames.length) this.#frames.push(frame)
    else this.#frames.splice(at, 0, frame)
    this.#arm()
    return true
  }

  /** There is no room behind the exit: nothing comes out until `resume()`. */
  stall(): void {
    this.#stalled = true
  }

  /** There is room again behind the exit. */
  resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#arm()
  }

  /** Calls back once, when the last frame on its way has come out. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback
    this.#arm()
  }

  /** Drops all that is on its way. */
  clear(): void {
    for (; this.#head < this.#frames.length; this.#head++) this.#pool.release(this.#frames[this.#head]!)
    this.#compact()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#onEmpty = undefined
  }

  #arm(): void {
    if (this.#running || this.#stalled) return
    const due = this.#frames[this.#head]?.due ?? (this.#onEmpty === undefined ? undefined : this.#scheduler.now())
    if (due === undefined || (this.#timer !== undefined && this.#timerDue <= due)) return
    this.#timer?.cancel()
    this.#timerDue = due
    this.#timer = this.#scheduler.at(due, () => this.#run())
  }

  #run(): void {
    this.#timer = undefined
    if (this.length === 0) {
      this.#finish()
      return
    }
    this.#running = true
    try {
      this.#deliverDue(this.#scheduler.now())
    } finally {
      this.#running = false
      this.#compact()
      this.#arm()
      this.#exit.drained()
    }
  }

  /** What goes in meanwhile waits for the next turn, so that two ends that answer each other share the machine. */
  #deliverDue(now: Instant): void {
    const end = this.#frames.length
    while (this.#head < Math.min(end, this.#frames.length) && this.#frames[this.#head]!.due <= now) {
      // Gone before it is delivered: whatever the receiver throws, no frame comes twice.
      const frame = this.#frames[this.#head++]!
      if (!this.#exit.deliver(frame)) {
        this.#stalled = true
        if (this.#head > 0) this.#head--
        return
      }
      this.#pool.release(frame)
    }
  }

  #finish(): void {
    const onEmpty = this.#onEmpty
    this.#onEmpty = undefined
    onEmpty?.()
  }

  /** Forgets the frames that are gone: all at once, or when they are more than the others. */
  #compact(): void {
    if (this.#head === this.#frames.length) this.#frames.length = 0
    else if (this.#head > 1024 && 2 * this.#head > this.#frames.length) this.#frames.splice(0, this.#head)
    else return
    this.#head = 0
  }
}
