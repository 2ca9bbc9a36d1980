import type { Link, LinkReceiver } from '../../src/link/link.ts'
import type { Scheduler } from '../../src/link/scheduler.ts'
import { Offload } from '../../src/wire/offload.ts'

export interface Arrival {
  readonly at: number
  readonly octets: Uint8Array
  readonly checksumValid: boolean
  readonly segmentSize: number
  readonly more: boolean
}

/** A receiver that writes down what the link brings. */
export class Recorder implements LinkReceiver {
  readonly arrivals: Arrival[] = []
  drains = 0
  writables = 0
  closings = 0
  error: Error | undefined
  onDrained: () => void = () => {}
  onWritable: () => void = () => {}
  readonly #scheduler: Scheduler

  constructor(link: Link, scheduler: Scheduler) {
    this.#scheduler = scheduler
    link.attach(this)
  }

  /** The first octet of each frame: tests number their frames there. */
  get numbers(): number[] {
    return this.arrivals.map((arrival) => arrival.octets[0]!)
  }

  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    const { checksumValid, segmentSize, more = false } = offload
    const at = this.#scheduler.now()
    this.arrivals.push({ at, octets: octets.slice(start, end), checksumValid, segmentSize, more })
  }

  drained(): void {
    this.drains++
    this.onDrained()
  }

  writable(): void {
    this.writables++
    this.onWritable()
  }

  closed(error?: Error): void {
    this.closings++
    this.error = error
  }
}

const NOTHING = new Offload()

/** Sends a frame that starts with `number`, from a buffer that is overwritten at once: links must have copied it. */
export function sendNumbered(link: Link, number: number, length = 40): boolean {
  const octets = new Uint8Array(link.headroom + length).fill(number)
  const taken = link.send(octets, link.headroom, link.headroom + length, NOTHING)
  octets.fill(0xee)
  return taken
}

/** 0 up to, and without, `end`. */
export function range(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i)
}
