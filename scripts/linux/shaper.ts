import type { Frame, FramePool } from '../../src/link/frame-pool.ts'
import type { Chance } from '../../src/sim/chance.ts'
import type { Instant, Milliseconds } from '../../src/wire/instant.ts'
import { Offload } from '../../src/wire/offload.ts'

const OFFLOAD = new Offload()

export interface ShaperOptions {
  /** Bits a second. */
  rate: number
  /** Packets that may wait behind the one being sent; more are dropped. */
  queue: number
  delay: Milliseconds
  /** Probability, behind the rate. */
  loss: number
}

/**
 * What the simulator's `Line` does with a rate, a queue, a loss and a delay, for real time: when a packet comes, it is
 * worked out when it leaves the queue and when it arrives, and whoever polls gets what is due. So it needs no timers, and a
 * late poll costs no rate.
 */
export class Shaper {
  /** Packets that came, that the queue had no room for, and that were lost by chance. */
  readonly counters: { sent: number; overflowed: number; lost: number } = { sent: 0, overflowed: 0, lost: 0 }
  private readonly options: ShaperOptions
  private readonly chance: Chance
  private readonly pool: FramePool
  /** When the packets that wait leave the queue, and those being sent end to be so. */
  private readonly departures: Fifo<Instant> = new Fifo()
  private readonly flight: Fifo<Frame> = new Fifo()
  private free: Instant = 0

  constructor(options: ShaperOptions, chance: Chance, pool: FramePool) {
    this.options = options
    this.chance = chance
    this.pool = pool
  }

  /** Copies the packet. */
  send(octets: Uint8Array, start: number, end: number, now: Instant): void {
    const { rate, queue, loss, delay } = this.options
    this.counters.sent++
    while (this.departures.length > 0 && this.departures.first! <= now) this.departures.shift()
    if (this.departures.length > queue) {
      this.counters.overflowed++
      return
    }
    this.free = Math.max(this.free, now) + ((end - start) * 8000) / rate
    this.departures.push(this.free)
    if (loss > 0 && this.chance.chance(loss)) {
      this.counters.lost++
      return
    }
    const frame = this.pool.copy(octets, start, end, OFFLOAD)
    frame.due = this.free + delay
    this.flight.push(frame)
  }

  /** Hands out what has arrived by now. */
  poll(now: Instant, deliver: (octets: Uint8Array, length: number) => void): void {
    for (let frame = this.flight.first; frame !== undefined && frame.due <= now; frame = this.flight.first) {
      this.flight.shift()
      deliver(frame.octets, frame.length)
      this.pool.release(frame)
    }
  }
}

class Fifo<T> {
  private readonly items: T[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  get first(): T | undefined {
    return this.items[this.head]
  }

  push(item: T): void {
    this.items.push(item)
  }

  shift(): void {
    this.head++
    if (this.head < 4096 || 2 * this.head < this.items.length) return
    this.items.splice(0, this.head)
    this.head = 0
  }
}
