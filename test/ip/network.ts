/** Stacks joined by wires, in virtual time. */
import { driveLinks } from '../../src/host/drive-links.ts'
import type { Interface, InterfaceOptions } from '../../src/ip/interface.ts'
import type { Link } from '../../src/link/link.ts'
import { tap } from '../../src/link/tap.ts'
import { createWire } from '../../src/link/wire.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Echo, EchoOptions } from '../../src/stack/echo.ts'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import { printPacket } from '../../src/wire/print.ts'

export class Node {
  readonly stack: Stack
  readonly touch: () => void

  constructor(clock: VirtualClock, links: readonly Link[], options: Omit<StackOptions, 'secret'>, seed: number) {
    this.stack = new Stack({ secret: new Uint8Array(32).fill(seed), ...options })
    const drivers = driveLinks(this.stack, links, clock, (event) => {
      if (event.type === 'notice') event.notice.deliver()
    })
    this.touch = () => drivers[0]!.touch()
  }

  interface(name: string): Interface {
    return this.stack.interfaces.find((one) => one.name === name)!
  }

  ping(address: string, options: EchoOptions = {}): Echo {
    const echo = this.stack.ping(address, options)
    this.touch()
    return echo
  }

  act<T>(action: (stack: Stack) => T): T {
    const result = action(this.stack)
    this.touch()
    return result
  }
}

export class Network {
  readonly clock: VirtualClock = new VirtualClock()
  /** Frames that passed a wire, as text with their moments. */
  readonly log: string[] = []
  private seeds = 1

  /** Two ends; what passes is logged under `name`, unless `passes` says that it is lost. */
  wire(
    name: string,
    medium: 'ip' | 'ethernet' = 'ip',
    mtu = 1500,
    passes: (frame: Uint8Array) => boolean = () => true,
  ): [Link, Link] {
    const [a, b] = createWire(this.clock, { medium, mtu, delay: 1 })
    const tapped = tap(a, {
      filter: (octets, start, end) => passes(octets.slice(start, end)),
      frame: (octets, start, end, direction) => {
        const at = medium === 'ethernet' ? start + 14 : start
        const isIp = medium === 'ip' || octets[start + 12] !== 8 || octets[start + 13] !== 6
        const text = isIp ? printPacket(octets, at, end) : `arp ${octets[at + 7] === 1 ? 'request' : 'reply'}`
        this.log.push(`${this.clock.now()} ${name} ${direction} ${text}`)
      },
    })
    return [tapped, b]
  }

  node(
    links: readonly Link[],
    interfaces: readonly InterfaceOptions[],
    options: Omit<StackOptions, 'secret'> = {},
  ): Node {
    const described = interfaces.map((one, i) => {
      const link = links[i]
      return link === undefined ? one : { medium: link.medium, mtu: link.mtu, ...one }
    })
    return new Node(this.clock, links, { interfaces: described, ...options }, this.seeds++)
  }
}
