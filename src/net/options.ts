import type { LookupFunction } from 'node:net'

export interface SocketOptions {
  /** Keep the writable side open after the peer has ended its own. Default false: it is ended by itself. */
  allowHalfOpen?: boolean | undefined
  /** Octets, for both sides. Default 65,536. */
  highWaterMark?: number | undefined
  /** See {@link Socket.setNoDelay}. Default false. */
  noDelay?: boolean | undefined
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
}

export interface SocketAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

export function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** The listener's bounds, beside node:net's own `backlog`. */
export interface ListenerOptions {
  /** The most half-open connections at once: entries of the SYN queue. Default 128. */
  backlog?: number | undefined
  /** The most connections that wait to be accepted. Default: the backlog. */
  acceptBacklog?: number | undefined
  /** Retransmissions of a SYN-ACK. Default 5. */
  synAckRetries?: number | undefined
  /** Milliseconds to wait after each SYN-ACK, one more than there are retries. Default 1000, 2000, 4000, ... */
  synAckWaits?: readonly number[] | undefined
}

export interface ServerOptions extends SocketOptions, ListenerOptions {
  /** Sockets start paused: nothing is read before `resume()`. */
  pauseOnConnect?: boolean | undefined
}

export interface ListenOptions extends ListenerOptions {
  /** 0 or nothing: a free one. */
  port?: number | string | undefined
  /** One of the stack's addresses; by default all of them. */
  host?: string | undefined
}
