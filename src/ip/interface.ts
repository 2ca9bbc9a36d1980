import type { IpPrefix } from '../wire/address.ts'
import { ETHERNET_HEADER_LENGTH } from '../wire/ethernet.ts'
import type { OffloadCapability } from '../wire/offload.ts'
import type { EthernetLayer } from './ethernet-layer.ts'
import type { PacketQueue } from './packet-queue.ts'
import type { RouteInterface } from './routes.ts'

/** What frames of a link begin with: an IP header, or an Ethernet header. */
export type Medium = 'ip' | 'ethernet'

/** One link of a stack, and the stack's addresses on it. */
export interface InterfaceOptions {
  /** By default `if0`, `if1` and so on. */
  name?: string
  /** The stack's own addresses in CIDR notation: `['10.77.0.2/24', 'fd77::2/64']`. */
  addresses: readonly string[]
  /** The longest IP packet that the link takes, octets, 576 (1280 with IPv6) to 65,535. Default 1500. */
  mtu?: number
  /** Default 'ip'. */
  medium?: Medium
  /** With Ethernet: the interface's own address, as in `02:00:00:00:00:01`. Default: a local one, made from the secret. */
  mac?: string
  /** With Ethernet: say whose the addresses are when the stack begins (RFC 5227 §3, RFC 4861 §7.2.6). Default true. */
  announce?: boolean
  /** What the link does for the stack. Default: nothing. */
  offload?: OffloadCapability
}

/** A link, as its stack sees it. */
export class Interface implements RouteInterface {
  readonly index: number
  readonly name: string
  readonly prefixes: readonly IpPrefix[]
  /** Octets of IP packet. */
  readonly mtu: number
  readonly offload: OffloadCapability
  /** Packets other than TCP's, and those of TCP's that another interface's turn came upon. */
  readonly packets: PacketQueue
  readonly ethernet: EthernetLayer | undefined
  /** Octets of a frame before its packet. */
  readonly headerLength: number
  /** Called when something waits for the link: for a stack of several links, whose drivers run in turn. */
  wake: (() => void) | undefined = undefined

  constructor(fields: Pick<Interface, 'index' | 'name' | 'prefixes' | 'mtu' | 'offload' | 'packets' | 'ethernet'>) {
    this.index = fields.index
    this.name = fields.name
    this.prefixes = fields.prefixes
    this.mtu = fields.mtu
    this.offload = fields.offload
    this.packets = fields.packets
    this.ethernet = fields.ethernet
    this.headerLength = fields.ethernet === undefined ? 0 : ETHERNET_HEADER_LENGTH
  }

  get medium(): Medium {
    return this.ethernet === undefined ? 'ip' : 'ethernet'
  }
}
