import type { LookupFunction } from 'node:net'
import type { KeepAliveOptions } from '../tcp/keep-alive.ts'
import type { ListenOptions as Listening } from '../tcp/listen-options.ts'
import type { DeferredAnswer } from '../tcp/listener.ts'
import type { Syn } from '../tcp/syn.ts'

export interface SocketOptions {
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
}

export interface ConnectOptions extends SocketOptions {
  port: number | string
  /** An address, or a name for `lookup`. */
  host?: string | undefined
  /** One of the stack's own; by default the one that the destination is reached from. */
  localAddress?: string | undefined
  localPort?: number | undefined
  /** Resolves names. Default `dns.lookup`: the machine's resolver, not this stack. */
  lookup?: LookupFunction | undefined
  family?: 0 | 4 | 6 | undefined
  /** Milliseconds, as by {@link Socket.setTimeout}. */
  timeout?: number | undefined
  /**
   * TCP Fast Open (RFC 7413): what is written before the call that connects returns to the event loop goes out on the SYN,
   * up to one segment, if the server gave this stack a cookie before; else the SYN asks for one. The server may be given
   * that data twice (§6.1), so it is for requests that bear it. Default false.
   */
  fastOpen?: boolean | undefined
}

export interface SocketAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

/** The times that node:net gives its sockets: ten keep-alives, a second apart. */
export function keepAliveTimes(initialDelay: number): KeepAliveOptions {
  return { interval: 1000, count: 10, ...(initialDelay > 0 ? { idle: initialDelay } : {}) }
}

export function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** What the core's listener takes, `address` and `port` aside: queues, schedule, admission, cookies, deferral. */
export type ListenerOptions = { [K in Exclude<keyof Listening, 'address' | 'port'>]?: Listening[K] | undefined }

/**
 * An application's word on a SYN that waits for it: a SYN,ACK, a RST, or nothing. TypeScript takes an async function with
 * a single answer for one of any string: it is to say `return 'accept' as const`.
 */
export type DeferHandler = (syn: Syn) => DeferredAnswer | Promise<DeferredAnswer>

export interface ServerOptions extends SocketOptions, ListenerOptions {
  /**
   * Asked about each SYN before anything is answered, so that the client hears "connected" or "connection refused" when
   * the server knows. It answers at once or through a promise, within `deferTimeout`. Where it throws, rejects, or answers
   * something else, the client is refused, with a 'drop' event. With it `admission` defaults to `admitDeferred`; a policy
   * that defers without it is answered 'accept'. The socket comes with 'connection' as ever, under the SYN's
   * `remoteAddress` and `remotePort`.
   */
  deferAccept?: DeferHandler | undefined
  /** Sockets start paused: nothing is read before `resume()`. */
  pauseOnConnect?: boolean | undefined
}

export interface ListenOptions extends ListenerOptions {
  /** 0 or nothing: a free one. */
  port?: number | string | undefined
  /** One of the stack's addresses; by default all of them. */
  host?: string | undefined
}
