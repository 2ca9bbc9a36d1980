import type { Instant, Milliseconds } from '../wire/instant.ts'
import { NO_OFFLOAD, Offload, type OffloadCapability } from '../wire/offload.ts'
import { DelayLine } from './delay-line.ts'
import type { Frame } from './frame-pool.ts'
import type { Link, LinkReceiver } from './link.ts'
import type { Scheduler } from './scheduler.ts'

/** What happens to frames. Probabilities are from 0 to 1, for each frame anew; everything is off by default. */
export interface Impairment {
  /** How long each frame is kept back. */
  delay?: Milliseconds
  /** At most this much more, evenly spread. The order is kept: `reorder` is what breaks it. */
  jitter?: Milliseconds
  /** Probability that a frame is lost. */
  loss?: number
  /** Probability that a frame comes twice. */
  duplicate?: number
  /** Probability that a frame is held back, so that later ones overtake it. */
  reorder?: number
  /** How long it is held back beyond the delay: 10 ms by default. */
  holdBack?: Milliseconds
  /** Probability that one bit of a frame is flipped. */
  corrupt?: number
}

/** The same for both directions, except where a direction says otherwise. */
export interface ImpairOptions extends Impairment {
  inward?: Impairment
  outward?: Impairment
  /** The most frames kept back in one direction, 10,000 by default; more are lost and counted. */
  queue?: number
}

export interface ImpairCounters {
  /** Frames that came to be impaired. */
  frames: number
  lost: number
  duplicated: number
  /** Held back, whether or not any other overtook. */
  reordered: number
  corrupted: number
  /** Found the queue full. */
  overflowed: number
}

export interface ImpairedLink extends Link {
  readonly counters: { readonly inward: Readonly<ImpairCounters>; readonly outward: Readonly<ImpairCounters> }
  /** Changes what happens to frames from now on; those kept back already come when they would have come. */
  set(options: ImpairOptions): void
}

/**
 * A link with a bad line. It has no offloads: what is damaged must have a checksum by which it shows.
 *
 * @param random numbers from 0 up to, and without, 1: the same numbers, the same fates.
 * @throws RangeError when a probability or a time is out of its range.
 */
export function impair(link: Link, scheduler: Scheduler, options: ImpairOptions, random: () => number): ImpairedLink {
  return new Impaired(link, scheduler, options, random)
}

class Impaired implements ImpairedLink, LinkReceiver {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability = NO_OFFLOAD
  readonly headroom: number
  readonly counters: { inward: ImpairCounters; outward: ImpairCounters }
  readonly #link: Link
  readonly #inward: Line
  readonly #outward: Line
  #receiver: LinkReceiver | undefined

  constructor(link: Link, scheduler: Scheduler, options: ImpairOptions, random: () => number) {
    this.name = `impaired:${link.name}`
    this.medium = link.medium
    this.mtu = link.mtu
    this.headroom = link.headroom
    this.#link = link
    const queue = options.queue ?? 10_000
    this.#inward = new Line(scheduler, random, queue, 0, {
      pass: (octets, start, end, offload) => {
        this.#receiver?.frame(octets, start, end, offload)
        return true
      },
      drained: () => this.#receiver?.drained(),
    })
    this.#outward = new Line(scheduler, random, queue, link.headroom, {
      pass: (octets, start, end, offload) => link.send(octets, start, end, offload),
      drained: () => {},
    })
    this.counters = { inward: this.#inward.counters, outward: this.#outward.counters }
    this.set(options)
  }

  set(options: ImpairOptions): void {
    const { inward, outward, queue: _queue, ...both } = options
    this.#inward.impairment = checked({ ...both, ...inward })
    this.#outward.impairment = checked({ ...both, ...outward })
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#link.attach(this)
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    return this.#outward.take(octets, start, end, offload)
  }

  close(): void {
    this.#link.close()
  }

  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    this.#inward.take(octets, start, end, offload)
  }

  drained(): void {
    this.#receiver?.drained()
  }

  writable(): void {
    this.#outward.resume()
    this.#receiver?.writable()
  }

  closed(error?: Error): void {
    this.#inward.clear()
    this.#outward.clear()
    this.#receiver?.closed(error)
  }
}

interface LineExit {
  pass(octets: Uint8Array, start: number, end: number, offload: Offload): boolean
  drained(): void
}

/** One direction. */
class Line {
  readonly counters: ImpairCounters = { frames: 0, lost: 0, duplicated: 0, reordered: 0, corrupted: 0, overflowed: 0 }
  impairment: Required<Impairment> = checked({})
  readonly #scheduler: Scheduler
  readonly #random: () => number
  readonly #exit: LineExit
  readonly #headroom: number
  readonly #delayed: DelayLine
  readonly #offload = new Offload()
  /** The latest instant at which a frame arrives that is not held back: none after it may come earlier. */
  #notBefore = 0

  constructor(scheduler: Scheduler, random: () => number, queue: number, headroom: number, exit: LineExit) {
    this.#scheduler = scheduler
    this.#random = random
    this.#exit = exit
    this.#headroom = headroom
    const deliver = (frame: Frame): boolean => exit.pass(frame.octets, headroom, frame.length, frame.offload)
    this.#delayed = new DelayLine(scheduler, { deliver, drained: () => exit.drained() }, queue)
  }

  /** False: not taken, nor counted. */
  take(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    if (this.#delayed.isStalled) return false
    this.counters.frames++
    if (this.#hits(this.impairment.loss)) {
      this.counters.lost++
    } else if (this.#hits(this.impairment.corrupt)) {
      this.#corrupt(octets, start, end, offload)
    } else {
      this.#send(octets, start, end, offload)
    }
    return true
  }

  resume(): void {
    this.#delayed.resume()
  }

  clear(): void {
    this.#delayed.clear()
  }

  #hits(probability: number): boolean {
    return probability > 0 && this.#random() < probability
  }

  /** Flips a bit in place, for as long as the frame is borrowed. */
  #corrupt(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    const at = start + Math.floor(this.#random() * (end - start))
    const bit = 1 << Math.floor(this.#random() * 8)
    this.counters.corrupted++
    this.#offload.checksumPartial = offload.checksumPartial
    this.#offload.segmentSize = offload.segmentSize
    octets[at] = octets[at]! ^ bit
    try {
      this.#send(octets, start, end, this.#offload)
    } finally {
      octets[at] = octets[at]! ^ bit
    }
  }

  #send(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    this.#sendOnce(octets, start, end, offload)
    if (!this.#hits(this.impairment.duplicate)) return
    this.counters.duplicated++
    this.#sendOnce(octets, start, end, offload)
  }

  #sendOnce(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    const now = this.#scheduler.now()
    const due = this.#dueOf(now)
    if (due <= now && this.#delayed.next > now && !this.#delayed.isStalled) {
      if (this.#exit.pass(octets, start, end, offload)) return
      this.#delayed.stall()
    }
    if (!this.#delayed.push(octets, start - this.#headroom, end, offload, due)) this.counters.overflowed++
  }

  #dueOf(now: Instant): Instant {
    const { delay, jitter, reorder, holdBack } = this.impairment
    const due = now + delay + (jitter > 0 ? this.#random() * jitter : 0)
    if (this.#hits(reorder)) {
      this.counters.reordered++
      return due + holdBack
    }
    this.#notBefore = Math.max(due, this.#notBefore)
    return this.#notBefore
  }
}

function checked(given: Impairment): Required<Impairment> {
  const all = { delay: 0, jitter: 0, loss: 0, duplicate: 0, reorder: 0, holdBack: 10, corrupt: 0, ...given }
  for (const name of ['loss', 'duplicate', 'reorder', 'corrupt'] as const) {
    if (!(all[name] >= 0 && all[name] <= 1)) throw new RangeError(`${name} is a probability, 0 to 1: ${all[name]}`)
  }
  for (const name of ['delay', 'jitter', 'holdBack'] as const) {
    if (!(all[name] >= 0 && all[name] < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name} is a time in milliseconds, 0 or more: ${all[name]}`)
    }
  }
  return all
}
