import type { Link, LinkReceiver } from '../../src/link/link.ts'
import type { Scheduler } from '../../src/link/scheduler.ts'
import type { Chance } from '../../src/sim/chance.ts'
import { Line, type LineObserver } from '../../src/sim/line.ts'
import type { LineOptions } from '../../src/sim/line-options.ts'
import { NO_OFFLOAD, Offload, type OffloadCapability } from '../../src/wire/offload.ts'

const UNSEEN: LineObserver = { packet: () => {} }

/** A link whose frames go through two of the simulator's lines, in whatever time the scheduler has. */
export class LineLink implements Link, LinkReceiver {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability = NO_OFFLOAD
  readonly headroom = 0
  readonly outward: Line
  readonly inward: Line
  private readonly link: Link
  private readonly frameOut: Uint8Array
  private readonly nothing = new Offload()
  private receiver: LinkReceiver | undefined

  constructor(link: Link, scheduler: Scheduler, options: LineOptions, chance: Chance) {
    this.name = `lines:${link.name}`
    this.medium = link.medium
    this.mtu = link.mtu
    this.link = link
    this.frameOut = new Uint8Array(link.headroom + 65_535)
    this.outward = new Line('stack > link', 0, scheduler, chance.fork(), UNSEEN, {
      packet: (octets, start, end) => this.send1(octets, start, end),
      drained: () => {},
    })
    this.inward = new Line('link > stack', 1, scheduler, chance.fork(), UNSEEN, {
      packet: (octets, start, end) => this.receiver?.frame(octets, start, end, this.nothing),
      drained: () => this.receiver?.drained(),
    })
    this.outward.set(options)
    this.inward.set(options)
  }

  attach(receiver: LinkReceiver): void {
    this.receiver = receiver
    this.link.attach(this)
  }

  send(octets: Uint8Array, start: number, end: number): boolean {
    this.outward.send(octets, start, end)
    return true
  }

  close(): void {
    this.outward.down()
    this.inward.down()
    this.link.close()
  }

  frame(octets: Uint8Array, start: number, end: number): void {
    this.inward.send(octets, start, end)
  }

  drained(): void {}

  writable(): void {}

  closed(error?: Error): void {
    this.receiver?.closed(error)
  }

  /** A frame for which the link has no room is lost, as it would be on a line. */
  private send1(octets: Uint8Array, start: number, end: number): void {
    const { headroom } = this.link
    this.frameOut.set(octets.subarray(start, end), headroom)
    this.nothing.clear()
    this.link.send(this.frameOut, headroom, headroom + end - start, this.nothing)
  }
}
