import type { BlockList, LookupFunction as NodeLookup, OnReadOpts } from 'node:net'
import type { DuplexOptions } from 'node:stream'
import type { CongestionControlChoice } from '../tcp/congestion/choice.ts'

/** As `dns.lookup`: it is asked for one address, or with `all` for all of them. */
export type LookupFunction = NodeLookup

/** What of a connection is not in node:net. */
export interface EstabSocketOptions {
  /**
   * TCP Fast Open (RFC 7413): what is written before the call that connects returns to the event loop goes out on the SYN,
   * up to one segment, if the server gave this stack a cookie before; else the SYN asks for one. The server may be given
   * that data twice (§6.1), so it is for requests that bear it. Default false.
   */
  fastOpen?: boolean | undefined
  /** Default: the stack's. */
  congestionControl?: CongestionControlChoice | undefined
}

/** As node:net's. */
export interface SocketOptions extends Omit<DuplexOptions, 'signal'> {
  /** With a handle: false reads nothing. */
  readable?: boolean | undefined
  writable?: boolean | undefined
  /** Keep the writable side open after the peer has ended its own. Default false: it is ended by itself. */
  allowHalfOpen?: boolean | undefined
  /** Octets, for both sides. Default 65,536. */
  highWaterMark?: number | undefined
  /** See {@link Socket.setNoDelay}. Default false. */
  noDelay?: boolean | undefined
  /** See {@link Socket.setKeepAlive}. Default false. */
  keepAlive?: boolean | undefined
  /** Milliseconds; 0, the default, for the stack's `keepAliveIdle`. */
  keepAliveInitialDelay?: number | undefined
  /** See {@link Socket.setTypeOfService}, 0 to 255. Default 0, or the stack's `dscp`. */
  typeOfService?: number | undefined
  /** Addresses that it does not connect to: ERR_IP_BLOCKED. */
  blockList?: BlockList | undefined
  /** Destroys the socket. */
  signal?: AbortSignal | undefined
  /**
   * Memory that is read into: no chunks are made, and nothing comes by 'data'. Between callbacks all of it may be written to, also
   * beyond the octets that the next one announces. Bulk over TUN with offloads is read straight
   * into it where it has room for a whole packet, 64 KiB.
   */
  onread?: OnReadOpts | undefined
  /** Not possible here: ERR_INVALID_FD_TYPE. */
  fd?: number | undefined
  /** Of a server's: what it has accepted. */
  handle?: object | null | undefined
  /** With a handle: it starts paused. */
  pauseOnCreate?: boolean | undefined
  /** With a handle: nothing is read before it is asked for. */
  manualStart?: boolean | undefined
}

export interface ConnectOptions extends SocketOptions {
  port?: number | string | undefined
  /** An address, or a name for `lookup`. */
  host?: string | undefined
  /** Not possible here: ERR_INVALID_ARG_VALUE. */
  path?: string | undefined
  /** One of the stack's own; by default the one that the destination is reached from. */
  localAddress?: string | undefined
  localPort?: number | undefined
  /** Resolves names. Default `dns.lookup`: the machine's resolver, not this stack. */
  lookup?: LookupFunction | undefined
  family?: number | 'IPv4' | 'IPv6' | undefined
  /** For `lookup`. */
  hints?: number | undefined
  /** Try the addresses of both families (RFC 8305). Default: that of the net. */
  autoSelectFamily?: boolean | undefined
  /** How long each address is tried before the next one, ms. */
  autoSelectFamilyAttemptTimeout?: number | undefined
  /** Milliseconds, as by {@link Socket.setTimeout}. */
  timeout?: number | undefined
  estab?: EstabSocketOptions | undefined
}

/** Where an attempt to connect goes. */
export interface Destination {
  readonly address: string
  readonly family: number
}

type Normalized<Options> = [options: Options, listener: (() => void) | null]

const kNormalized = Symbol('estab.normalized')

/** The arguments of `connect` and `listen` in their many forms: options, and the listener if there is one. */
export function normalizeArgs<Options = ConnectOptions>(args: readonly unknown[]): Normalized<Options> {
  const [first, second] = args
  if (Array.isArray(first) && kNormalized in first) return first as unknown as Normalized<Options>
  const last = args.at(-1)
  const listener = typeof last === 'function' ? (last as () => void) : null
  const normalized: Normalized<Options> = [(args.length === 0 ? {} : optionsOf(first, second)) as Options, listener]
  Object.defineProperty(normalized, kNormalized, { value: true })
  return normalized
}

function optionsOf(first: unknown, second: unknown): object {
  if (typeof first === 'object' && first !== null) return first
  if (typeof first === 'string' && portOf(first) === undefined) return { path: first }
  return { port: first, ...(typeof second === 'string' ? { host: second } : {}) }
}

/** Node takes any text for a path that is not a number of 0 or more. */
function portOf(text: string): number | undefined {
  const number = Number(text)
  return number >= 0 ? number : undefined
}

export interface SocketAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

export function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}
