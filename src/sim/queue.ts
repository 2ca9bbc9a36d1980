import type { Frame } from '../link/frame-pool.ts'
import type { Instant } from '../wire/instant.ts'
import { CoDel } from './codel.ts'
import type { DropTailOptions, QueueOptions } from './line-options.ts'

/** Where packets wait until the line is free. The instant at which one came is its `due`. */
export interface Queue {
  readonly length: number
  /** Sum of the packets' lengths. */
  readonly octets: number
  /** Whether there is room for another packet of so many octets. */
  hasRoom(octets: number): boolean
  push(frame: Frame): void
  /** The next one to be sent; what it drops on the way goes to the observer. */
  shift(now: Instant): Frame | undefined
}

export interface QueueObserver {
  /** The discipline dropped it, to keep the queue short. */
  dropped(frame: Frame): void
  /** It was marked as having met congestion (RFC 3168). */
  marked(frame: Frame): void
}

export const DEFAULT_PACKETS = 1000

export function createQueue(options: QueueOptions, observer: QueueObserver): Queue {
  return options.discipline === 'codel' ? new CoDel(options, observer) : new DropTail(options)
}

/** First in, first out, bounded in packets and octets. */
export class DropTail implements Queue {
  octets = 0
  readonly #most: number
  readonly #mostOctets: number
  readonly #frames: Frame[] = []
  #head = 0

  constructor(options: Pick<DropTailOptions, 'packets' | 'octets'>) {
    this.#most = options.packets ?? DEFAULT_PACKETS
    this.#mostOctets = options.octets ?? Number.POSITIVE_INFINITY
  }

  get length(): number {
    return this.#frames.length - this.#head
  }

  hasRoom(octets: number): boolean {
    return this.length < this.#most && this.octets + octets <= this.#mostOctets
  }

  push(frame: Frame): void {
    this.#frames.push(frame)
    this.octets += frame.length
  }

  shift(): Frame | undefined {
    const frame = this.#frames[this.#head]
    if (frame === undefined) return undefined
    this.#head++
    this.octets -= frame.length
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && 2 * this.#head > this.#frames.length) {
      this.#frames.splice(0, this.#head)
      this.#head = 0
    }
    return frame
  }
}
