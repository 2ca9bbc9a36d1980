import type { TcpConfig } from '../tcp/config.ts'
import type { CongestionControlChoice } from '../tcp/congestion/choice.ts'
import type { CookieKeys } from '../tcp/cookie-keys.ts'
import type { Observer } from '../tcp/observer.ts'
import type { OffloadCapability } from '../wire/offload.ts'

export interface StackOptions {
  /** The stack's own addresses in CIDR notation: `['10.77.0.2/24', 'fd77::2/64']`. */
  addresses: readonly string[]
  /** At least 32 octets that nobody else knows, new for each stack: keys of the initial sequence numbers and hash tables. */
  secret: Uint8Array
  /** The longest IP packet that the link takes, octets, 576 (1280 with IPv6) to 65,535. Default 1500. */
  mtu?: number
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
