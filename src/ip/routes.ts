import { invalidArgument } from '../tcp/errors.ts'
import { IpAddress, IpPrefix } from '../wire/address.ts'

/** A line of the routing table, as the user writes it. */
export interface RouteOptions {
  /** Where it leads: CIDR notation, or `default`, which is both 0.0.0.0/0 and ::/0 by the gateway's family. */
  to: string
  /** The neighbour that forwards; without one the destinations are neighbours themselves. */
  via?: string
  /** The interface's index or name; by default that of the network that `via` is in, or the first. */
  interface?: number | string
}

/** A line of the routing table. */
export interface Route<I> {
  readonly prefix: IpPrefix
  readonly gateway: IpAddress | undefined
  readonly out: I
}

/** What a route needs to know of an interface. */
export interface RouteInterface {
  readonly index: number
  readonly name: string
  readonly prefixes: readonly IpPrefix[]
}

/**
 * The routing table: the longest prefix decides, and of two the one that was added first. Made once, of few lines, so it
 * is searched one by one.
 */
export class RouteTable<I extends RouteInterface> {
  /** From the longest prefix to the shortest. */
  readonly routes: readonly Route<I>[]
  private readonly interfaces: readonly I[]

  /** @throws {TypeError} ERR_INVALID_ARG_VALUE: a line is none */
  constructor(interfaces: readonly I[], options: readonly RouteOptions[]) {
    this.interfaces = interfaces
    const connected = interfaces.flatMap((out) =>
      out.prefixes.map((prefix): Route<I> => ({ prefix, gateway: undefined, out })),
    )
    const routes = [...connected, ...options.flatMap((option) => this.read(option))]
    this.routes = routes.sort((x, y) => y.prefix.length - x.prefix.length)
  }

  lookup(destination: IpAddress): Route<I> | undefined {
    for (const route of this.routes) if (route.prefix.contains(destination)) return route
    return undefined
  }

  private read({ to, via, interface: wanted }: RouteOptions): Route<I>[] {
    const gateway = via === undefined ? undefined : IpAddress.parse(via)
    if (via !== undefined && gateway === undefined) throw invalidArgument(`"${via}" is not the address of a gateway`)
    const out = wanted === undefined ? this.interfaceTo(gateway) : this.interfaceOf(wanted)
    const families = gateway === undefined ? ['0.0.0.0/0', '::/0'] : [gateway.family === 4 ? '0.0.0.0/0' : '::/0']
    return (to === 'default' ? families : [to]).map((text) => {
      const prefix = IpPrefix.parse(text)
      if (prefix === undefined) throw invalidArgument(`"${to}" is no route: write CIDR notation, or default`)
      if (gateway !== undefined && gateway.family !== prefix.address.family) {
        throw invalidArgument(`${gateway} can't be the gateway to ${prefix}: they are of different families`)
      }
      return { prefix, gateway, out }
    })
  }

  private interfaceOf(wanted: number | string): I {
    const found = this.interfaces.find(({ index, name }) => index === wanted || name === wanted)
    if (found === undefined) throw invalidArgument(`there is no interface "${wanted}" for a route`)
    return found
  }

  private interfaceTo(gateway: IpAddress | undefined): I {
    if (gateway === undefined) return this.interfaces[0]!
    const found = this.interfaces.find(({ prefixes }) => prefixes.some((prefix) => prefix.contains(gateway)))
    if (found === undefined) {
      throw invalidArgument(`the gateway ${gateway} is in no network of this stack: name the interface it is at`)
    }
    return found
  }
}
