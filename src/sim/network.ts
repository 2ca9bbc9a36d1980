import type { Scheduler } from '../link/scheduler.ts'
import type { IpAddress } from '../wire/address.ts'
import { Chance } from './chance.ts'
import { type BareHost, createBareHost, type HostOptions, Interface } from './host.ts'
import { Line } from './line.ts'
import { Nat, type NatOptions } from './nat.ts'
import { NetworkLink, type NetworkLinkOptions } from './network-link.ts'
import { type Partition, Partitions } from './partition.ts'
import type { Device, Port } from './port.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import { invalid, parseAddresses, Router, type RouterOptions } from './router.ts'
import { Switch } from './switch.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface NetworkOptions extends Omit<RecorderOptions, 'seed'> {
  /** Any whole number. 1 by default. */
  seed?: number
  clock?: VirtualClock
  /** Wraps the clock, for whoever has to know when something of the user's was called back. */
  scheduler?: Scheduler
}

/** The most ways that are remembered: damaged packets are for addresses that nobody has. */
const MOST_WAYS = 4096

/** Octets of a stack's secret. */
const SECRET_LENGTH = 32

/** What a link can end at: a device, or a side of one. */
export type Attachable = Interface | Router | Switch | Nat | NatOutside | { readonly interface: Interface }

/** Who can be cut off: a host, a NAT (by its outer address), or an address. */
export type Partitioned = { readonly interface: Interface } | Nat | string

/** The side of a NAT that faces the world. */
export class NatOutside {
  readonly nat: Nat

  constructor(nat: Nat) {
    this.nat = nat
  }
}

/**
 * Hosts, routers, switches and NATs, the links between them, one virtual clock and one seed: without promises, so that a
 * run is one call of `clock.run()`. `Simulation` is this with the faces that applications use.
 */
export class Network {
  readonly seed: number
  readonly clock: VirtualClock
  readonly recorder: Recorder
  readonly links: NetworkLink[] = []
  readonly #scheduler: Scheduler
  readonly #chance: Chance
  readonly #partitions = new Partitions()
  readonly #names = new Set<string>()
  readonly #interfaces: Interface[] = []
  /** Ways that were looked for, until a link is made; see MOST_WAYS. */
  readonly #ways = new Map<string, Port | undefined>()
  #lines = 0

  constructor(options: NetworkOptions = {}) {
    this.seed = options.replay?.seed ?? options.seed ?? 1
    this.clock = options.clock ?? new VirtualClock()
    this.#scheduler = options.scheduler ?? this.clock
    this.#chance = new Chance(this.seed)
    this.recorder = new Recorder(this.clock, { ...options, seed: this.seed })
  }

  /** A sequence of numbers of its own, that depends on the seed and on how many were asked for before. */
  fork(): Chance {
    return this.#chance.fork()
  }

  /** The interface, addresses and secret of a new host, for whoever makes the rest of it. */
  prepareHost(
    name: string,
    options: HostOptions,
  ): { interface: Interface; addresses: readonly string[]; secret: Uint8Array } {
    const n = this.#interfaces.length + 1
    const mtu = options.mtu ?? 1500
    const own = [`10.0.${n >>> 8}.${n & 255}/8`, ...(mtu < 1280 ? [] : [`fd00::${n.toString(16)}/64`])]
    const addresses = options.addresses ?? own
    const iface = new Interface(this.#named(name), addresses, mtu, this.#partitions)
    this.#interfaces.push(iface)
    return { interface: iface, addresses, secret: this.#chance.fork().bytes(SECRET_LENGTH) }
  }

  /** A host without an application: `driver.onEvent` is the caller's. */
  bareHost(name: string, options: HostOptions = {}): BareHost {
    const { interface: iface, addresses, secret } = this.prepareHost(name, options)
    return createBareHost(iface, addresses, secret, this.#scheduler, options)
  }

  switch(name: string): Switch {
    return new Switch(this.#named(name))
  }

  router(name: string, options: RouterOptions = {}): Router {
    return new Router(this.#named(name), options, (from, address) => this.#wayTo(from, address))
  }

  /** Links to the NAT are its inner side; the one to `outside` its outer. */
  nat(name: string, options: NatOptions): Nat & { outside: NatOutside } {
    const nat = new Nat(this.#named(name), options, this.#scheduler)
    return Object.assign(nat, { outside: new NatOutside(nat) })
  }

  /**
   * Joins two ends. A host has one link.
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: an end is linked already
   * @throws {RangeError} ERR_OUT_OF_RANGE: an impairment
   */
  link(x: Attachable, y: Attachable, options: NetworkLinkOptions = {}): NetworkLink {
    const [from, to] = [portOf(x), portOf(y)]
    const [a, b] = [from.device.name, to.device.name]
    from.line = this.#line(`${a} > ${b}`, to)
    to.line = this.#line(`${b} > ${a}`, from)
    from.peer = to
    to.peer = from
    const link = new NetworkLink(`${a} - ${b}`, from.line, to.line, this.#scheduler, this.recorder)
    link.apply(options)
    this.links.push(link)
    this.#ways.clear()
    return link
  }

  /** Two or more groups that can't hear each other until it is healed, whatever links there are. Others hear all. */
  partition(...groups: readonly (readonly Partitioned[])[]): Partition {
    const sides = groups.map((group) => group.flatMap(addressesOf))
    this.recorder.event(`partition ${sides.map((side) => `{${side.join(', ')}}`).join(' ')}`)
    const partition = this.#partitions.split(sides)
    return {
      heal: () => {
        this.recorder.event('the partition is healed')
        partition.heal()
      },
    }
  }

  #line(name: string, exit: Port): Line {
    return new Line(name, this.#lines++, this.#scheduler, this.#chance.fork(), this.recorder, exit)
  }

  #named(name: string): string {
    if (this.#names.has(name)) throw invalid(`there is a "${name}" in this network already`)
    this.#names.add(name)
    return name
  }

  #wayTo(from: Device, address: IpAddress): Port | undefined {
    const key = `${from.name} ${address}`
    if (this.#ways.has(key)) return this.#ways.get(key)
    if (this.#ways.size >= MOST_WAYS) this.#ways.clear()
    const way = this.#findWay(from, address)
    this.#ways.set(key, way)
    return way
  }

  /** The port behind which the shortest way to `address` begins. Breadth first, in the order in which links were made. */
  #findWay(from: Device, address: IpAddress): Port | undefined {
    const seen = new Set<Device>([from])
    let ways = exitsOf(from, undefined).map((port) => ({ first: port, port }))
    while (ways.length > 0) {
      const next: typeof ways = []
      for (const { first, port } of ways) {
        const { peer } = port
        if (peer === undefined || seen.has(peer.device)) continue
        if (owns(peer.device, address)) return first
        seen.add(peer.device)
        next.push(...exitsOf(peer.device, peer).map((port) => ({ first, port })))
      }
      ways = next
    }
    return undefined
  }
}

function owns(device: Device, address: IpAddress): boolean {
  if (device instanceof Nat) return device.address.equals(address)
  if (device instanceof Interface || device instanceof Router)
    return device.addresses.some((own) => own.equals(address))
  return false
}

/** Where a packet can go on that came in at `entry`. */
function exitsOf(device: Device, entry: Port | undefined): Port[] {
  if (device instanceof Switch || device instanceof Router) return device.ports.filter((port) => port !== entry)
  if (device instanceof Nat && entry !== device.outsidePort) return [device.outsidePort]
  return []
}

function portOf(end: Attachable): Port {
  if (end instanceof Switch || end instanceof Router || end instanceof Nat) return end.newPort()
  const port =
    end instanceof NatOutside ? end.nat.outsidePort : end instanceof Interface ? end.port : end.interface.port
  if (port.peer === undefined) return port
  throw invalid(`${port.device.name} has a link already: put a switch or a router between`)
}

function addressesOf(member: Partitioned): readonly IpAddress[] {
  if (typeof member === 'string') return parseAddresses([member])
  return member instanceof Nat ? [member.address] : member.interface.addresses
}
