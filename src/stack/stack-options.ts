import type { InterfaceOptions, Medium } from '../ip/interface.ts'
import type { RouteOptions } from '../ip/routes.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { CongestionControlChoice } from '../tcp/congestion/choice.ts'
import type { CookieKeys } from '../tcp/cookie-keys.ts'
import type { Observer } from '../tcp/observer.ts'
import type { OffloadCapability } from '../wire/offload.ts'

export interface StackOptions {
  /** The stack's own addresses in CIDR notation: `['10.77.0.2/24', 'fd77::2/64']`. */
  addresses?: readonly string[]
  /** In place of `addresses` and what describes their link (`mtu`, `medium`, `mac`, `announce`, `offload`): several links. */
  interfaces?: readonly InterfaceOptions[]
  /**
   * Where packets go whose destination is in no network of the stack's own. Default: with one link of IP packets, all to
   * that link; otherwise nowhere.
   */
  routes?: readonly RouteOptions[]
  /** Hand packets for others on by the routes (RFC 1812). Default false: they are dropped. */
  forwarding?: boolean
  /** At least 32 octets that nobody else knows, new for each stack: keys of the initial sequence numbers and hash tables. */
  secret: Uint8Array
  /** The longest IP packet that the link takes, octets, 576 (1280 with IPv6) to 65,535. Default 1500. */
  mtu?: number
  /** What the link's frames are: IP packets, or Ethernet's. Default 'ip'. */
  medium?: Medium
  /** With Ethernet: the interface's own address, as in `02:00:00:00:00:01`. Default: a local one, made from the secret. */
  mac?: string
  /** With Ethernet: tell the neighbours whose the addresses are when the stack begins. Default true. */
  announce?: boolean
  /** What the link does for the stack. Default: nothing. */
  offload?: OffloadCapability
  tcp?: Partial<TcpConfig>
  /**
   * Segments to this address have gone unanswered for R1 (RFC 9293 MUST-20 (b), RFC 1122 §3.3.1.4): who knows the way there
   * may look whether its next hop still lives. Called again with each further timeout.
   */
  onPathInDoubt?: (address: string) => void
  observer?: Observer
  /** Replaces initial sequence numbers, which it is given: for tests. A SYN,ACK with another number is no cookie. */
  initialSequence?: (proposed: number) => number
  /**
   * Keys of SYN cookies (RFC 4987 §3.6), of 16 octets, that are shared with other stacks: a `CookieKeyRing`, which whoever
   * made it rotates. Stacks whose rings are at most one rotation apart complete each other's handshakes, where their
   * listeners have `cookies: 'always'`. Default: made from the secret, new ones every 30 s.
   */
  cookieKeys?: CookieKeys
  /** Keys of Fast Open cookies (RFC 7413 §4.1.2) that are shared with other stacks. Default: made from the secret, new ones every hour. */
  fastOpenKeys?: CookieKeys
}

/** An active OPEN (RFC 9293 §3.9.1.1). */
export interface ConnectOptions {
  address: string
  /** 1 to 65,535. */
  port: number
  /** One of the stack's own (RFC 9293 MUST-43); chosen by the destination when absent (MUST-44). */
  localAddress?: string
  /** Chosen when absent or 0. */
  localPort?: number
  /**
   * TCP Fast Open (RFC 7413): what is given to `send` before the SYN goes out, goes out on it, if the server gave us a
   * cookie before; if not, the SYN asks for one. The server may be given that data twice (§6.1). Default false.
   */
  fastOpen?: boolean
  /** Default: the stack's. */
  congestionControl?: CongestionControlChoice
}

/** A UDP port. */
export interface BindOptions {
  /** Default: that of `address`, or else of the stack's first address. */
  family?: 4 | 6
  /** One of the stack's own; absent: all of the family. */
  address?: string
  /** Absent or 0: a free one. */
  port?: number
  /** Octets that may wait to be received, 256 for each datagram included; further datagrams are dropped. Default 212,992. */
  receiveBuffer?: number
}
