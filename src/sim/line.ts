import { DelayLine } from '../link/delay-line.ts'
import { type Frame, FramePool } from '../link/frame-pool.ts'
import type { Scheduler, Timer } from '../link/scheduler.ts'
import type { Instant } from '../wire/instant.ts'
import { Offload } from '../wire/offload.ts'
import type { Chance } from './chance.ts'
import { type CompleteLineOptions, type LineOptions, lineOptions, NO_IMPAIRMENT } from './line-options.ts'
import { Losses } from './losses.ts'
import { PacketView } from './packet-view.ts'
import { createQueue, type Queue } from './queue.ts'

/** The most packets on their way in one direction, behind the queue; more are lost and counted as `overflowed`. */
const MOST_IN_FLIGHT = 1_000_000

const OFFLOAD = new Offload()

/** What became of a packet at a line. Each is counted under its name. */
export type Fate =
  | 'sent'
  | 'delivered'
  /** By `loss`. */
  | 'lost'
  /** By `drop`. */
  | 'dropped'
  /** The link was down, or went down while it was on its way. */
  | 'down'
  /** The queue was full. */
  | 'overflowed'
  /** By CoDel: it had waited too long. */
  | 'late'
  | 'oversized'
  /** It arrived at a host that a partition keeps from hearing its sender. */
  | 'partitioned'
  /** These three go on. */
  | 'corrupted'
  | 'duplicated'
  | 'reordered'
  /** By CoDel, as having met congestion. */
  | 'marked'

export type LineCounters = Record<Fate, number>

/** Who hears of every packet: the recorder. The octets are borrowed. */
export interface LineObserver {
  packet(line: Line, fate: Fate, octets: Uint8Array, start: number, end: number): void
}

export interface LineExit {
  packet(octets: Uint8Array, start: number, end: number): void
  /** All that has arrived at this instant has been given. */
  drained(): void
}

/**
 * One direction of a link: MTU, `drop`, queue and rate, then loss, corruption and duplication on the way, then delay.
 * What is drawn from `chance` depends on the packets and the options alone.
 */
export class Line {
  /** `a > b`. */
  readonly name: string
  readonly index: number
  readonly counters: LineCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    dropped: 0,
    down: 0,
    overflowed: 0,
    late: 0,
    oversized: 0,
    partitioned: 0,
    corrupted: 0,
    duplicated: 0,
    reordered: 0,
    marked: 0,
  }
  readonly #scheduler: Scheduler
  readonly #chance: Chance
  readonly #observer: LineObserver
  readonly #losses: Losses
  readonly #pool = new FramePool()
  readonly #flight: DelayLine
  #options: CompleteLineOptions = NO_IMPAIRMENT
  #queue: Queue
  /** The packet that is being sent. */
  #sending: Frame | undefined
  #sendingTimer: Timer | undefined
  #isUp = true
  /** The latest instant at which a packet arrives that is not held back: none after it may come earlier. */
  #notBefore: Instant = 0

  constructor(
    name: string,
    index: number,
    scheduler: Scheduler,
    chance: Chance,
    observer: LineObserver,
    exit: LineExit,
  ) {
    this.name = name
    this.index = index
    this.#scheduler = scheduler
    this.#chance = chance
    this.#observer = observer
    this.#losses = new Losses(chance)
    const deliver = (frame: Frame): boolean => {
      this.#note('delivered', frame.octets, 0, frame.length)
      exit.packet(frame.octets, 0, frame.length)
      return true
    }
    this.#flight = new DelayLine(scheduler, { deliver, drained: () => exit.drained() }, MOST_IN_FLIGHT)
    this.#queue = this.#newQueue()
  }

  get mtu(): number {
    return this.#options.mtu
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Packets that wait for the rate, the one being sent not included; and the sum of their octets. */
  get queued(): { packets: number; octets: number } {
    return { packets: this.#queue.length, octets: this.#queue.octets }
  }

  /** What is given changes for the packets to come; a queue that changes keeps what it holds as far as it has room. */
  set(options: LineOptions): void {
    this.#options = lineOptions(this.#options, options)
    if (options.loss !== undefined) this.#losses.model = this.#options.loss
    if (options.queue === undefined) return
    const before = this.#queue
    this.#queue = this.#newQueue()
    for (let frame = before.shift(this.#now()); frame !== undefined; frame = before.shift(this.#now())) {
      if (this.#queue.hasRoom(frame.length)) this.#queue.push(frame)
      else this.#loseFrame('overflowed', frame)
    }
  }

  up(): void {
    this.#isUp = true
  }

  /** Loses what waits and what is on its way, and all that comes until `up()`. */
  down(): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.counters.down += this.#flight.length + this.#queue.length + (this.#sending === undefined ? 0 : 1)
    this.#sendingTimer?.cancel()
    if (this.#sending !== undefined) this.#pool.release(this.#sending)
    this.#sending = undefined
    this.#queue = this.#newQueue()
    this.#flight.clear()
    this.#notBefore = 0
  }

  /** Takes the IP packet at octets[start] up to octets[end], which it copies. */
  send(octets: Uint8Array, start: number, end: number): void {
    this.#note('sent', octets, start, end)
    const length = end - start
    const fate = this.#fateAtEntry(octets, start, end)
    if (fate !== undefined) {
      this.#note(fate, octets, start, end)
    } else if (this.#options.rate === Number.POSITIVE_INFINITY && this.#sending === undefined) {
      this.#propagate(octets, start, end)
    } else if (this.#sending !== undefined && !this.#queue.hasRoom(length)) {
      this.#note('overflowed', octets, start, end)
    } else {
      const frame = this.#pool.copy(octets, start, end, OFFLOAD)
      frame.due = this.#now()
      this.#queue.push(frame)
      if (this.#sending === undefined) this.#sendNext()
    }
  }

  /** The host at the end refuses what has just been delivered. */
  partitioned(octets: Uint8Array, start: number, end: number): void {
    this.#note('partitioned', octets, start, end)
  }

  #fateAtEntry(octets: Uint8Array, start: number, end: number): Fate | undefined {
    if (!this.#isUp) return 'down'
    if (end - start > this.#options.mtu) return 'oversized'
    return this.#isDropped(octets, start, end) ? 'dropped' : undefined
  }

  #isDropped(octets: Uint8Array, start: number, end: number): boolean {
    const { drop } = this.#options
    if (drop === undefined) return false
    const ordinal = this.counters.sent
    if (typeof drop === 'function') return drop(new PacketView(octets.subarray(start, end), ordinal, this.#now()))
    return 'length' in drop ? drop.includes(ordinal) : ordinal % drop.every === 0
  }

  #sendNext(): void {
    const frame = this.#queue.shift(this.#now())
    this.#sending = frame
    if (frame === undefined) return
    const due = this.#now() + (frame.length * 8000) / this.#options.rate
    this.#sendingTimer = this.#scheduler.at(due, this.#sent)
  }

  readonly #sent = (): void => {
    const frame = this.#sending!
    this.#propagate(frame.octets, 0, frame.length)
    this.#pool.release(frame)
    this.#sendNext()
  }

  #propagate(octets: Uint8Array, start: number, end: number): void {
    const { corrupt, duplicate } = this.#options
    if (this.#losses.hits()) {
      this.#note('lost', octets, start, end)
      return
    }
    const flipped = this.#hits(corrupt) ? this.#chance.below((end - start) * 8) : -1
    if (flipped >= 0) this.#flip(octets, start + (flipped >>> 3), flipped & 7)
    if (flipped >= 0) this.#note('corrupted', octets, start, end)
    this.#depart(octets, start, end)
    if (this.#hits(duplicate)) {
      this.#note('duplicated', octets, start, end)
      this.#depart(octets, start, end)
    }
    // The packet may be the sender's own buffer, which it may send again.
    if (flipped >= 0) this.#flip(octets, start + (flipped >>> 3), flipped & 7)
  }

  #flip(octets: Uint8Array, at: number, bit: number): void {
    octets[at] = octets[at]! ^ (1 << bit)
  }

  #depart(octets: Uint8Array, start: number, end: number): void {
    const { delay, jitter, reorder, holdBack } = this.#options
    let due = this.#now() + delay + (jitter > 0 ? this.#chance.next() * jitter : 0)
    if (this.#hits(reorder)) {
      this.#note('reordered', octets, start, end)
      due += holdBack
    } else {
      this.#notBefore = Math.max(due, this.#notBefore)
      due = this.#notBefore
    }
    if (!this.#flight.push(octets, start, end, OFFLOAD, due)) this.#note('overflowed', octets, start, end)
  }

  #hits(probability: number): boolean {
    return probability > 0 && this.#chance.chance(probability)
  }

  #newQueue(): Queue {
    return createQueue(this.#options.queue, {
      dropped: (frame) => this.#loseFrame('late', frame),
      marked: (frame) => this.#note('marked', frame.octets, 0, frame.length),
    })
  }

  #loseFrame(fate: Fate, frame: Frame): void {
    this.#note(fate, frame.octets, 0, frame.length)
    this.#pool.release(frame)
  }

  #note(fate: Fate, octets: Uint8Array, start: number, end: number): void {
    this.counters[fate]++
    this.#observer.packet(this, fate, octets, start, end)
  }

  #now(): Instant {
    return this.#scheduler.now()
  }
}
