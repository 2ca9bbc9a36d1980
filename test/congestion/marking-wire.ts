import type { Link, LinkReceiver } from '../../src/link/link.ts'
import type { Scheduler } from '../../src/link/scheduler.ts'
import { foldChecksum, sumOctets } from '../../src/wire/checksum.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { NO_OFFLOAD, Offload } from '../../src/wire/offload.ts'

/** A rate, and a queue whose router marks instead of dropping, where it may. Times in ms, sizes in octets. */
export interface MarkingOptions {
  /** Octets each ms. */
  rate: number
  delay: number
  /** A frame that finds more than this in the queue is marked, or dropped if its sender does not know ECN; at five times this all are dropped. */
  threshold: number
}

/** Two ends of a wire with a marking router at each. */
export function markingWire(scheduler: Scheduler, options: MarkingOptions): [MarkingEnd, MarkingEnd] {
  const [a, b] = [new MarkingEnd(scheduler, options), new MarkingEnd(scheduler, options)]
  a.peer = b
  b.peer = a
  return [a, b]
}

const NOT_ECT = 0

export class MarkingEnd implements Link {
  readonly name = 'marking'
  readonly medium = 'ip'
  readonly mtu = 1500
  readonly offload = NO_OFFLOAD
  readonly headroom = 0
  marked = 0
  dropped = 0
  peer: MarkingEnd | undefined
  private receiver: LinkReceiver | undefined
  private free = 0
  private readonly scheduler: Scheduler
  private readonly options: MarkingOptions

  constructor(scheduler: Scheduler, options: MarkingOptions) {
    this.scheduler = scheduler
    this.options = options
  }

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number): boolean {
    const { rate, delay, threshold } = this.options
    const now = this.scheduler.now()
    const queued = Math.max(0, this.free - now) * rate
    const frame = octets.slice(start, end)
    if (queued > threshold) {
      if (ecnOf(frame) === NOT_ECT || queued > 5 * threshold) {
        this.dropped++
        return true
      }
      mark(frame)
      this.marked++
    }
    this.free = Math.max(this.free, now) + frame.length / rate
    this.scheduler.at(this.free + delay, () => {
      this.peer!.receiver?.frame(frame, 0, frame.length, new Offload())
      this.peer!.receiver?.drained()
    })
    return true
  }

  close(): void {}
}

function ecnOf(packet: Uint8Array): number {
  return packet[0]! >>> 4 === 4 ? packet[1]! & 3 : (packet[1]! >>> 4) & 3
}

/** Congestion experienced. */
export function mark(packet: Uint8Array): void {
  if (packet[0]! >>> 4 === 6) {
    packet[1]! |= 0x30
    return
  }
  packet[1]! |= 3
  writeUint16(packet, 10, 0)
  writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, 20, 0)))
}
