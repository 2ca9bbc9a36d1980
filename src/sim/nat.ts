import type { Scheduler } from '../link/scheduler.ts'
import { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { Forwarding, type ForwardingCounters } from './forwarding.ts'
import { type Flow, readFlow, translateError, translateFlow } from './nat-packet.ts'
import { type Device, Port } from './port.ts'
import { invalid } from './router.ts'

export interface NatOptions {
  /** Its address outside: IPv4. */
  address: string
  /** How long a mapping outlives its last packet: 2 hours and 4 minutes for TCP (RFC 5382 REQ-5), 5 minutes else (RFC 4787 REQ-5). */
  timeout?: Milliseconds
  /** Whether what comes from outside must come from an address and port to which something was sent (default), or from anywhere. */
  filtering?: 'address-and-port' | 'none'
}

/** The first port that it gives away. */
const FIRST_PORT = 1024
const LAST_PORT = 65_535
const TCP_TIMEOUT: Milliseconds = 7_440_000
const OTHER_TIMEOUT: Milliseconds = 300_000
/** The most remote ends that one mapping remembers; the oldest is forgotten. */
const MOST_REMOTES = 1024

interface Mapping {
  readonly protocol: number
  readonly inside: IpAddress
  readonly insidePort: number
  readonly outsidePort: number
  readonly port: Port
  /** The ends to which something was sent. */
  readonly remotes: Set<string>
  usedAt: Instant
}

/**
 * A network address and port translator for IPv4: endpoint-independent mapping (RFC 4787 REQ-1), the port kept where it is
 * free (REQ-3). One mapping for each port outside: at most 64,512 for each protocol, and packets that find none are
 * dropped. IPv6 goes through untouched. What comes from outside without a mapping is dropped in silence.
 */
export class Nat implements Device {
  readonly name: string
  readonly address: IpAddress
  /** What links of the inner network end at, and the link to the world. */
  readonly insidePorts: Port[] = []
  readonly outsidePort: Port = new Port(this)
  /** What came from outside and was for nobody, or from somebody whom `filtering` keeps out; what could not be translated. */
  readonly drops: { unmapped: number; filtered: number; untranslatable: number; noPort: number } = {
    unmapped: 0,
    filtered: 0,
    untranslatable: 0,
    noPort: 0,
  }
  readonly #scheduler: Scheduler
  readonly #timeout: Milliseconds | undefined
  readonly #filters: boolean
  readonly #forwarding: Forwarding
  readonly #header = new IpHeader()
  readonly #byInside = new Map<string, Mapping>()
  readonly #byOutside = new Map<string, Mapping>()
  #nextPort = FIRST_PORT
  /** Until it has forgotten once. */
  #keepsPorts = true

  /** @throws {TypeError} ERR_INVALID_ARG_VALUE: the address is not an IPv4 one */
  constructor(name: string, options: NatOptions, scheduler: Scheduler) {
    const address = IpAddress.parse(options.address)
    if (address?.family !== 4) throw invalid(`"${options.address}" is not an IPv4 address`)
    this.name = name
    this.address = address
    this.#scheduler = scheduler
    this.#timeout = options.timeout
    this.#filters = options.filtering !== 'none'
    this.#forwarding = new Forwarding([address])
  }

  /** Mappings, those included that are out of date and not yet noticed. */
  get mappings(): number {
    return this.#byInside.size
  }

  get counters(): ForwardingCounters {
    return this.#forwarding.counters
  }

  newPort(): Port {
    const port = new Port(this)
    this.insidePorts.push(port)
    return port
  }

  /** Loses all mappings, as though it had been switched off and on; the next packet out of a flow may get another port. */
  forget(): void {
    this.#byInside.clear()
    this.#byOutside.clear()
    // Behind those that were given: what was open before is to be seen as something else.
    this.#nextPort = FIRST_PORT + ((this.#nextPort - FIRST_PORT + 1) % (LAST_PORT - FIRST_PORT + 1))
    this.#keepsPorts = false
  }

  receive(from: Port, octets: Uint8Array, start: number, end: number): void {
    const ip = this.#header
    if (parseIp(octets, start, end, ip) !== undefined) {
      this.counters.malformed++
      return
    }
    const inward = from === this.outsidePort
    if (ip.family === 6) this.#pass(ip, octets, start, end, from, inward)
    else if (inward) this.#receiveOutside(ip, octets, start, end)
    else this.#receiveInside(ip, octets, start, end, from)
  }

  drained(): void {}

  #pass(ip: IpHeader, octets: Uint8Array, start: number, end: number, from: Port, inward: boolean): void {
    for (const out of inward ? this.insidePorts : [this.outsidePort]) {
      const length = this.#forwarding.prepare(ip, octets, start, end, out, from)
      if (length > 0) this.#forwarding.emit(length, out)
    }
  }

  #receiveInside(ip: IpHeader, octets: Uint8Array, start: number, end: number, from: Port): void {
    const flow = readFlow(ip, octets, 'source')
    if (flow === undefined) {
      this.drops.untranslatable++
      return
    }
    const mapping = this.#byInside.get(insideKey(flow))
    const live = mapping !== undefined && !this.#isStale(mapping) ? mapping : this.#map(flow, from)
    if (live === undefined) {
      this.drops.noPort++
      return
    }
    const length = this.#forwarding.prepare(ip, octets, start, end, this.outsidePort, from)
    if (length === 0) return
    live.usedAt = this.#scheduler.now()
    live.remotes.add(flow.remote)
    if (live.remotes.size > MOST_REMOTES) live.remotes.delete(live.remotes.keys().next().value!)
    translateFlow(this.#forwarding.packet, 'source', this.address, live.outsidePort)
    this.#forwarding.emit(length, this.outsidePort)
  }

  #receiveOutside(ip: IpHeader, octets: Uint8Array, start: number, end: number): void {
    const flow = readFlow(ip, octets, 'destination') ?? readFlow(ip, octets, 'quoted')
    if (flow === undefined) {
      this.drops.untranslatable++
      return
    }
    const ours = ip.destination.equals(this.address)
    const mapping = ours ? this.#byOutside.get(outsideKey(flow.protocol, flow.port)) : undefined
    if (mapping === undefined || this.#isStale(mapping)) {
      this.drops.unmapped++
      return
    }
    if (this.#filters && !mapping.remotes.has(flow.remote)) {
      this.drops.filtered++
      return
    }
    const length = this.#forwarding.prepare(ip, octets, start, end, mapping.port, this.outsidePort)
    if (length === 0) return
    const { packet } = this.#forwarding
    if (flow.quoted) {
      translateError(packet, mapping.inside, mapping.insidePort)
    } else {
      mapping.usedAt = this.#scheduler.now()
      translateFlow(packet, 'destination', mapping.inside, mapping.insidePort)
    }
    this.#forwarding.emit(length, mapping.port)
  }

  #isStale(mapping: Mapping): boolean {
    const timeout = this.#timeout ?? (mapping.protocol === Protocol.TCP ? TCP_TIMEOUT : OTHER_TIMEOUT)
    return this.#scheduler.now() - mapping.usedAt > timeout
  }

  #map(flow: Flow, port: Port): Mapping | undefined {
    const outsidePort = this.#freePort(flow)
    if (outsidePort === undefined) return undefined
    const { protocol, address, port: insidePort } = flow
    const inside = address.clone()
    const usedAt = this.#scheduler.now()
    const mapping: Mapping = { protocol, inside, insidePort, outsidePort, port, remotes: new Set(), usedAt }
    this.#byInside.set(insideKey(flow), mapping)
    this.#byOutside.set(outsideKey(protocol, outsidePort), mapping)
    return mapping
  }

  #freePort({ protocol, port }: Flow): number | undefined {
    if (this.#keepsPorts && port >= FIRST_PORT && this.#isFree(protocol, port)) return port
    const ports = LAST_PORT - FIRST_PORT + 1
    for (let tries = 0; tries < ports; tries++) {
      const candidate = this.#nextPort
      this.#nextPort = FIRST_PORT + ((candidate - FIRST_PORT + 1) % ports)
      if (this.#isFree(protocol, candidate)) return candidate
    }
    return undefined
  }

  #isFree(protocol: number, port: number): boolean {
    const key = outsideKey(protocol, port)
    const mapping = this.#byOutside.get(key)
    if (mapping === undefined) return true
    if (!this.#isStale(mapping)) return false
    this.#byOutside.delete(key)
    this.#byInside.delete(insideKey({ protocol, address: mapping.inside, port: mapping.insidePort }))
    return true
  }
}

function insideKey({ protocol, address, port }: Pick<Flow, 'protocol' | 'address' | 'port'>): string {
  return `${protocol} ${address.d} ${port}`
}

function outsideKey(protocol: number, port: number): string {
  return `${protocol} ${port}`
}
