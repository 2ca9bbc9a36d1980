import type { Milliseconds } from '../wire/instant.ts'
import { NO_OFFLOAD, type Offload, type OffloadCapability } from '../wire/offload.ts'
import { DelayLine } from './delay-line.ts'
import type { Link, LinkReceiver } from './link.ts'
import type { Scheduler } from './scheduler.ts'

export interface LoopbackOptions {
  /** Octets of IP packet, 65,535 by default. */
  mtu?: number
  /** How long a frame is on its way. 0 by default: it returns in the next turn. */
  delay?: Milliseconds
  /** The most frames on their way, 1024 by default. The sender waits when there are as many. */
  queue?: number
}

/** A link whose frames come back to their sender: one stack talks to itself. */
export function createLoopback(scheduler: Scheduler, options: LoopbackOptions = {}): Link {
  return new Loopback(scheduler, options)
}

class Loopback implements Link {
  readonly name = 'loopback'
  readonly medium = 'ip'
  readonly mtu: number
  readonly offload: OffloadCapability = NO_OFFLOAD
  readonly headroom = 0
  readonly #scheduler: Scheduler
  readonly #delay: Milliseconds
  readonly #line: DelayLine
  #receiver: LinkReceiver | undefined
  #blocked = false
  #closed = false

  constructor(scheduler: Scheduler, options: LoopbackOptions) {
    this.mtu = options.mtu ?? 65_535
    this.#scheduler = scheduler
    this.#delay = options.delay ?? 0
    this.#line = new DelayLine(
      scheduler,
      {
        deliver: (frame) => {
          this.#receiver?.frame(frame.octets, 0, frame.length, frame.offload)
          return true
        },
        drained: () => this.#drained(),
      },
      options.queue ?? 1024,
    )
  }

  attach(receiver: LinkReceiver): void {
    if (this.#receiver !== undefined) throw new Error('the loopback is attached already')
    this.#receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    if (this.#closed || end - start > this.mtu) return true
    if (this.#line.push(octets, start, end, offload, this.#scheduler.now() + this.#delay)) return true
    this.#blocked = true
    return false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#line.clear()
    this.#receiver?.closed()
  }

  #drained(): void {
    try {
      this.#receiver?.drained()
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
