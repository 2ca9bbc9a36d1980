import { ETHERNET_HEADER_LENGTH } from '../wire/ethernet.ts'
import type { Milliseconds } from '../wire/instant.ts'
import { NO_OFFLOAD, Offload, type OffloadCapability } from '../wire/offload.ts'
import { DelayLine } from './delay-line.ts'
import type { Frame } from './frame-pool.ts'
import type { Link, LinkReceiver } from './link.ts'
import type { Scheduler } from './scheduler.ts'

export interface WireOptions {
  /** Octets of IP packet, 1500 by default. */
  mtu?: number
  /** 'ip' by default. */
  medium?: 'ip' | 'ethernet'
  /** How long a frame is on its way. 0 by default: it arrives in the next turn. */
  delay?: Milliseconds
  /** The most frames on their way in one direction, 1024 by default. */
  queue?: number
  /** What becomes of a frame that finds the queue full: it waits with the sender (default), or it is lost and counted. */
  whenFull?: 'wait' | 'drop'
  /** Frames of up to 64 KiB and without checksums: nothing between the two ends could harm them. */
  offload?: boolean
}

/** Frames, from this end to the other. */
export interface WireCounters {
  sent: number
  delivered: number
  /** Found the queue full. */
  dropped: number
  /** Longer than the wire takes, and therefore lost. */
  oversized: number
}

export interface WireEnd extends Link {
  readonly counters: Readonly<WireCounters>
}

const WIRE_OFFLOAD: OffloadCapability = { checksum: true, segmentation: 65_535 }

/**
 * Two links within this process, joined: what one sends the other gets, whole, once and in order. Closing one end
 * closes the other as soon as what is on its way has arrived. Other fates are `impair`'s business.
 */
export function createWire(scheduler: Scheduler, options: WireOptions = {}): [WireEnd, WireEnd] {
  const a = new End('wire:a', scheduler, options)
  const b = new End('wire:b', scheduler, options)
  a.join(b)
  b.join(a)
  return [a, b]
}

class End implements WireEnd {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability
  readonly headroom = 0
  readonly counters: WireCounters = { sent: 0, delivered: 0, dropped: 0, oversized: 0 }
  readonly #scheduler: Scheduler
  readonly #delay: Milliseconds
  readonly #queue: number
  readonly #waits: boolean
  readonly #longest: number
  readonly #inward = new Offload()
  /** From this end to the other. */
  #line: DelayLine | undefined
  #peer: End | undefined
  #receiver: LinkReceiver | undefined
  #blocked = false
  #closed = false

  constructor(name: string, scheduler: Scheduler, options: WireOptions) {
    this.name = name
    this.medium = options.medium ?? 'ip'
    this.mtu = options.mtu ?? 1500
    this.offload = options.offload === true ? WIRE_OFFLOAD : NO_OFFLOAD
    this.#scheduler = scheduler
    this.#delay = options.delay ?? 0
    this.#queue = options.queue ?? 1024
    this.#waits = options.whenFull !== 'drop'
    const header = this.medium === 'ethernet' ? ETHERNET_HEADER_LENGTH : 0
    this.#longest = header + Math.max(this.mtu, this.offload.segmentation)
  }

  join(peer: End): void {
    this.#peer = peer
    const exit = { deliver: (frame: Frame) => this.#deliver(frame), drained: () => this.#drained() }
    this.#line = new DelayLine(this.#scheduler, exit, this.#queue)
  }

  attach(receiver: LinkReceiver): void {
    if (this.#receiver !== undefined) throw new Error(`${this.name} is attached already`)
    this.#receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    const line = this.#line!
    if (this.#closed) return true
    if (end - start > this.#longest) {
      this.counters.oversized++
    } else if (line.push(octets, start, end, offload, this.#scheduler.now() + this.#delay)) {
      this.counters.sent++
    } else if (this.#waits) {
      this.#blocked = true
      return false
    } else {
      this.counters.dropped++
    }
    return true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#peer!.#line!.clear()
    this.#line!.whenEmpty(() => this.#peer!.close())
    this.#receiver?.closed()
  }

  #deliver(frame: Frame): boolean {
    const peer = this.#peer!
    this.counters.delivered++
    const vouched = peer.offload.checksum
    peer.#inward.checksumValid = vouched
    peer.#inward.checksumPartial = vouched && frame.offload.checksumPartial
    peer.#inward.segmentSize = vouched ? frame.offload.segmentSize : 0
    peer.#receiver?.frame(frame.octets, 0, frame.length, peer.#inward)
    return true
  }

  #drained(): void {
    try {
      this.#peer!.#receiver?.drained()
    } finally {
      this.#unblock()
    }
  }

  #unblock(): void {
    if (!this.#blocked || this.#closed) return
    this.#blocked = false
    this.#receiver?.writable()
  }
}
