import { openTun, type TunLink } from '../../src/host/tun.ts'
import { FramePool } from '../../src/link/frame-pool.ts'
import { Chance } from '../../src/sim/chance.ts'
import type { Milliseconds } from '../../src/wire/instant.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Shaper, type ShaperOptions } from './shaper.ts'

/** The kernel's own address, and the one behind which the reflector shows it to itself. */
export const KERNEL = '10.77.0.1'
export const REFLECTED = '10.77.0.2'

/** From one end of the kernel's to the other: towards the listener, and back. */
export interface PathOptions {
  forward: ShaperOptions
  backward: ShaperOptions
}

type Path = readonly [forward: Shaper, backward: Shaper]

const TCP = 6
/** The longest for which the reflector leaves arrivals lying, ms. */
const PATIENCE: Milliseconds = 0.2

/**
 * A TUN device whose packets come back to the kernel with source and destination swapped, which leaves the checksums right: so
 * both ends of a connection to REFLECTED are the kernel's TCP, and all between them is ours. Connections are told apart
 * by their listener's port. Within a network namespace only.
 */
export class Reflector {
  private readonly link: TunLink
  private readonly pool: FramePool = new FramePool()
  private readonly paths: Path[] = []
  private readonly byPort: Map<number, Path> = new Map()
  private readonly frame: Uint8Array
  private readonly plain: Offload = new Offload()
  private readonly deliver: (octets: Uint8Array, length: number) => void
  private polledAt = 0
  private closed = false

  static async open(): Promise<Reflector> {
    return new Reflector(await openTun({ addresses: [`${KERNEL}/24`], txQueueLength: 100_000 }))
  }

  private constructor(link: TunLink) {
    this.link = link
    const { headroom } = link
    this.frame = new Uint8Array(headroom + link.mtu)
    this.deliver = (octets, length) => {
      this.frame.set(length === octets.length ? octets : octets.subarray(0, length), headroom)
      link.send(this.frame, headroom, headroom + length, this.plain)
    }
    link.attach({
      frame: (octets, start, end) => this.reflect(octets, start, end),
      drained: () => this.poll(),
      writable: () => {},
      closed: () => {},
    })
    this.spin()
  }

  /** What lies in front of the listeners on these ports, one path for all of them; packets of other ports are dropped. */
  setPath(ports: readonly number[], { forward, backward }: PathOptions, seed: number): void {
    const chance = new Chance(seed)
    const path = [
      new Shaper(forward, chance.fork(), this.pool),
      new Shaper(backward, chance.fork(), this.pool),
    ] as const
    this.paths.push(path)
    for (const port of ports) this.byPort.set(port, path)
  }

  close(): void {
    this.closed = true
    this.link.close()
  }

  private reflect(octets: Uint8Array, start: number, end: number): void {
    if (octets[start]! !== 0x45 || octets[start + 9]! !== TCP) return
    for (let i = start + 12; i < start + 16; i++) {
      const source = octets[i]!
      octets[i] = octets[i + 4]!
      octets[i + 4] = source
    }
    const now = performance.now()
    const [sourcePort, destinationPort] = [port(octets, start + 20), port(octets, start + 22)]
    const forward = this.byPort.get(destinationPort)
    if (forward !== undefined) forward[0].send(octets, start, end, now)
    else this.byPort.get(sourcePort)?.[1].send(octets, start, end, now)
  }

  private poll(): void {
    const now = performance.now()
    if (now - this.polledAt < PATIENCE) return
    this.polledAt = now
    for (const path of this.paths) {
      path[0].poll(now, this.deliver)
      path[1].poll(now, this.deliver)
    }
  }

  /** The event loop never sleeps: a timer of its own would be late by up to a millisecond or two, each way. */
  private spin(): void {
    this.poll()
    if (!this.closed) setImmediate(() => this.spin())
  }
}

function port(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!
}
