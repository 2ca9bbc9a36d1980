import { Driver } from '../host/driver.ts'
import type { Link, LinkReceiver } from '../link/link.ts'
import type { Scheduler } from '../link/scheduler.ts'
import { Stack } from '../stack/stack.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { Observer } from '../tcp/observer.ts'
import { type IpAddress, IpPrefix } from '../wire/address.ts'
import { IpHeader } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { NO_OFFLOAD, Offload, type OffloadCapability } from '../wire/offload.ts'
import type { Partitions } from './partition.ts'
import { type Device, Port } from './port.ts'

export interface HostOptions {
  /** In CIDR notation. By default the n-th host has 10.0.0.n/24 and fd00::n/64, n hexadecimal in the latter. */
  addresses?: readonly string[]
  /** Of its interface: the longest IP packet that it sends, octets. 1500 by default. */
  mtu?: number
  tcp?: Partial<TcpConfig>
  observer?: Observer
  /** In place of the stack's own initial sequence numbers; of bare hosts only. */
  initialSequence?: (proposed: number) => number
}

/** A host's interface: a link to its driver, a device to the network. */
export class Interface implements Link, Device {
  readonly name: string
  readonly medium = 'ip'
  readonly mtu: number
  readonly offload: OffloadCapability = NO_OFFLOAD
  readonly headroom = 0
  readonly port: Port = new Port(this)
  readonly addresses: readonly IpAddress[]
  readonly #partitions: Partitions
  readonly #none = new Offload()
  readonly #header = new IpHeader()
  #receiver: LinkReceiver | undefined
  #closed = false

  constructor(name: string, addresses: readonly string[], mtu: number, partitions: Partitions) {
    this.name = name
    this.mtu = mtu
    this.addresses = addresses.flatMap((text) => IpPrefix.parse(text)?.address ?? [])
    this.#partitions = partitions
  }

  attach(receiver: LinkReceiver): void {
    if (this.#receiver !== undefined) throw new Error(`${this.name} is attached already`)
    this.#receiver = receiver
  }

  send(octets: Uint8Array, start: number, end: number): boolean {
    if (!this.#closed) this.port.send(octets, start, end)
    return true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#receiver?.closed()
  }

  receive(_port: Port, octets: Uint8Array, start: number, end: number): void {
    if (this.#closed) return
    if (this.#partitions.any && this.#isCutOff(octets, start, end)) {
      this.port.peer?.line?.partitioned(octets, start, end)
      return
    }
    this.#none.clear()
    this.#receiver?.frame(octets, start, end, this.#none)
  }

  drained(): void {
    if (!this.#closed) this.#receiver?.drained()
  }

  #isCutOff(octets: Uint8Array, start: number, end: number): boolean {
    if (parseIp(octets, start, end, this.#header) !== undefined) return false
    return this.#partitions.separates(this.#header.source, this.addresses)
  }
}

/** A host with nothing above its stack: the driver's events are the caller's. */
export interface BareHost {
  readonly name: string
  readonly interface: Interface
  readonly stack: Stack
  readonly driver: Driver<Stack>
}

export function createBareHost(
  iface: Interface,
  addresses: readonly string[],
  secret: Uint8Array,
  scheduler: Scheduler,
  options: HostOptions,
): BareHost {
  const { tcp, observer, initialSequence } = options
  const stack = new Stack({
    addresses,
    secret,
    mtu: iface.mtu,
    ...(tcp === undefined ? {} : { tcp }),
    ...(observer === undefined ? {} : { observer }),
    ...(initialSequence === undefined ? {} : { initialSequence }),
  })
  return { name: iface.name, interface: iface, stack, driver: new Driver(stack, iface, scheduler) }
}
