import type { Frame } from '../link/frame-pool.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { markCongestion } from './ecn.ts'
import type { CoDelOptions } from './line-options.ts'
import { DropTail, type Queue, type QueueObserver } from './queue.ts'

const NEVER: Instant = 0

/** Controlled delay: RFC 8289 §5, whose names are kept. */
export class CoDel implements Queue {
  readonly #target: Milliseconds
  readonly #interval: Milliseconds
  readonly #ecn: boolean
  readonly #waiting: DropTail
  readonly #observer: QueueObserver
  /** The longest packet so far: below one of these in the queue, nothing is dropped. */
  #maxPacket = 0
  /** When the delay will have been above the target for an interval; NEVER as long as it is below. */
  #firstAboveTime: Instant = NEVER
  #dropNext: Instant = 0
  #count = 0
  #lastCount = 0
  #dropping = false
  #okToDrop = false

  constructor(options: CoDelOptions, observer: QueueObserver) {
    this.#target = options.target ?? 5
    this.#interval = options.interval ?? 100
    this.#ecn = options.ecn ?? false
    this.#waiting = new DropTail(options)
    this.#observer = observer
  }

  get length(): number {
    return this.#waiting.length
  }

  get octets(): number {
    return this.#waiting.octets
  }

  /** In the dropping state, and how many it has dropped since it entered it. */
  get state(): { dropping: boolean; count: number } {
    return { dropping: this.#dropping, count: this.#count }
  }

  hasRoom(octets: number): boolean {
    return this.#waiting.hasRoom(octets)
  }

  push(frame: Frame): void {
    this.#maxPacket = Math.max(this.#maxPacket, frame.length)
    this.#waiting.push(frame)
  }

  /** RFC 8289 §5, deque(). */
  shift(now: Instant): Frame | undefined {
    let frame = this.#doDequeue(now)
    if (this.#dropping) {
      if (!this.#okToDrop) this.#dropping = false
      while (this.#dropping && frame !== undefined && now >= this.#dropNext) {
        this.#count++
        if (this.#mark(frame)) {
          this.#dropNext = this.#controlLaw(this.#dropNext)
          return frame
        }
        this.#observer.dropped(frame)
        frame = this.#doDequeue(now)
        if (!this.#okToDrop) this.#dropping = false
        else this.#dropNext = this.#controlLaw(this.#dropNext)
      }
    } else if (this.#okToDrop && frame !== undefined) {
      if (!this.#mark(frame)) {
        this.#observer.dropped(frame)
        frame = this.#doDequeue(now)
      }
      this.#startDropping(now)
    }
    return frame
  }

  /** Where the last time in the dropping state was not long ago, it goes on at the rate that controlled the queue then. */
  #startDropping(now: Instant): void {
    this.#dropping = true
    const delta = this.#count - this.#lastCount
    this.#count = delta > 1 && now - this.#dropNext < 16 * this.#interval ? delta : 1
    this.#dropNext = this.#controlLaw(now)
    this.#lastCount = this.#count
  }

  /** RFC 8289 §5, dodequeue(). */
  #doDequeue(now: Instant): Frame | undefined {
    const frame = this.#waiting.shift()
    this.#okToDrop = false
    if (frame === undefined) {
      this.#firstAboveTime = NEVER
      return undefined
    }
    if (now - frame.due < this.#target || this.octets <= this.#maxPacket) this.#firstAboveTime = NEVER
    else if (this.#firstAboveTime === NEVER) this.#firstAboveTime = now + this.#interval
    else if (now >= this.#firstAboveTime) this.#okToDrop = true
    return frame
  }

  /** A square root is rounded correctly on every machine (IEEE 754), as other roots and powers are not. */
  #controlLaw(from: Instant): Instant {
    return from + this.#interval / Math.sqrt(this.#count)
  }

  #mark(frame: Frame): boolean {
    if (!this.#ecn || !markCongestion(frame.octets, 0, frame.length)) return false
    this.#observer.marked(frame)
    return true
  }
}
