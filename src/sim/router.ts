import { type IpAddress, IpPrefix } from '../wire/address.ts'
import { IpHeader } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { Forwarding, type ForwardingCounters } from './forwarding.ts'
import { type Device, Port } from './port.ts'

/** What a router's errors come from when it has no address: RFC 7600 §4.8 for IPv4, and one that stands for it. */
const NAMELESS = ['192.0.0.8', 'fd00::c000:8']

export interface RouterOptions {
  /** Its own, one of each family: its ICMP errors come from them. */
  addresses?: readonly string[]
  /** False: a router that says nothing when it drops, and so makes a path MTU black hole. Default true. */
  icmp?: boolean
}

interface Route {
  prefix: IpPrefix
  port: Port
}

/**
 * Forwards IP packets between its links by the longest prefix that matches, and where no route is given, by the shortest
 * way through the network. It lowers the hop limit, fragments what may be fragmented, and sends ICMP errors.
 */
export class Router implements Device {
  readonly name: string
  readonly ports: Port[] = []
  readonly addresses: readonly IpAddress[]
  readonly #icmp: boolean
  readonly #routes: Route[] = []
  readonly #forwarding: Forwarding
  readonly #header = new IpHeader()
  readonly #wayTo: (from: Device, address: IpAddress) => Port | undefined

  constructor(name: string, options: RouterOptions, wayTo: (from: Device, address: IpAddress) => Port | undefined) {
    this.name = name
    this.addresses = parseAddresses(options.addresses ?? NAMELESS)
    this.#icmp = options.icmp ?? true
    this.#forwarding = new Forwarding(this.#icmp ? this.addresses : [])
    this.#wayTo = wayTo
  }

  get counters(): ForwardingCounters {
    return this.#forwarding.counters
  }

  newPort(): Port {
    const port = new Port(this)
    this.ports.push(port)
    return port
  }

  /**
   * Sends what is for `prefix` through the link to `neighbour`.
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: not CIDR notation, or there is no link between the two
   */
  route(prefix: string, neighbour: Device): void {
    const parsed = IpPrefix.parse(prefix)
    const port = this.ports.find(({ peer }) => peer?.device === neighbour)
    if (parsed === undefined) throw invalid(`"${prefix}" is not a prefix in CIDR notation such as 10.0.1.0/24`)
    if (port === undefined) throw invalid(`${this.name} has no link to ${neighbour.name}: make it first`)
    this.#routes.push({ prefix: parsed, port })
  }

  receive(from: Port, octets: Uint8Array, start: number, end: number): void {
    const ip = this.#header
    if (parseIp(octets, start, end, ip) !== undefined) {
      this.counters.malformed++
      return
    }
    if (this.addresses.some((own) => own.equals(ip.destination))) {
      this.counters['to-itself']++
      return
    }
    const out = this.#lookUp(ip.destination)
    if (out === undefined) {
      this.#forwarding.refuse('no-route', ip, octets, start, end, from)
      return
    }
    const length = this.#forwarding.prepare(ip, octets, start, end, out, from)
    if (length > 0) this.#forwarding.emit(length, out)
  }

  drained(): void {}

  #lookUp(destination: IpAddress): Port | undefined {
    let best: Route | undefined
    for (const route of this.#routes) {
      if (route.prefix.contains(destination) && route.prefix.length > (best?.prefix.length ?? -1)) best = route
    }
    return best?.port ?? this.#wayTo(this, destination)
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function parseAddresses(texts: readonly string[]): IpAddress[] {
  return texts.map((text) => {
    const address = IpPrefix.parse(text)?.address
    if (address === undefined) throw invalid(`"${text}" is not an IP address`)
    return address
  })
}

export function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
}
