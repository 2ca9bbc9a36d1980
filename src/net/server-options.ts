import type { BlockList, OnReadOpts } from 'node:net'
import type { ListenOptions as Listening } from '../tcp/listen-options.ts'
import type { DeferredAnswer, Listener } from '../tcp/listener.ts'
import type { Syn } from '../tcp/syn.ts'

/** What the core's listener takes, its address aside: queues, schedule, admission, cookies, deferral. */
export type ListenerOptions = {
  [K in Exclude<keyof Listening, 'address' | 'family' | 'port'>]?: Listening[K] | undefined
}

/**
 * An application's word on a SYN that waits for it: a SYN,ACK, a RST, or nothing. TypeScript takes an async function with
 * a single answer for one of any string: it is to say `return 'accept' as const`.
 */
export type DeferHandler = (syn: Syn) => DeferredAnswer | Promise<DeferredAnswer>

/** What node:net has not. */
export interface ServerEstabOptions extends ListenerOptions {
  /**
   * Asked about each SYN before anything is answered, so that the client hears "connected" or "connection refused" when
   * the server knows. It answers at once or through a promise, within `deferTimeout`. Where it throws, rejects, or answers
   * something else, the client is refused, with a 'drop' event. With it `admission` defaults to `admitDeferred`; a policy
   * that defers without it is answered 'accept'. The socket comes with 'connection' as ever, under the SYN's
   * `remoteAddress` and `remotePort`.
   */
  deferAccept?: DeferHandler | undefined
  /** The `onread` of each connection's socket: see that of `SocketOptions`. */
  onread?: (() => OnReadOpts) | undefined
}

/** Of `createServer` and `new Server`: as node:net has them, and its own under `estab`. */
export interface ServerOptions {
  /** Sockets keep their writable side open after the peer has ended its own. Default false: it is ended by itself. */
  allowHalfOpen?: boolean | undefined
  /** Sockets start paused: nothing is read before `resume()`. */
  pauseOnConnect?: boolean | undefined
  /** Sockets without Nagle's algorithm. Default false. */
  noDelay?: boolean | undefined
  /** Sockets with keep-alives. Default false. */
  keepAlive?: boolean | undefined
  /** Milliseconds until the first one; 0, the default, for the stack's `keepAliveIdle`. */
  keepAliveInitialDelay?: number | undefined
  /** Octets, of both sides of a socket. Default: that of Node's streams. */
  highWaterMark?: number | undefined
  /** Clients whose connections are closed at once. */
  blockList?: BlockList | undefined
  estab?: ServerEstabOptions | undefined
}

/** Of `listen`, as node:net has them. */
export interface ListenOptions {
  /** 0 or nothing: a free one. */
  port?: number | string | undefined
  /** One of the stack's addresses, or a name for `lookup`; by default all of them. */
  host?: string | undefined
  /** The most half-open connections, and the most that wait to be accepted. Default 511 and 16,384. */
  backlog?: number | undefined
  /** With the host `::`: no connections over IPv4. Default false. */
  ipv6Only?: boolean | undefined
  /** Closes the server. */
  signal?: AbortSignal | undefined
  /** Taken, and without effect: a stack belongs to one process. */
  exclusive?: boolean | undefined
  estab?: ListenerOptions | undefined
}

/** What a server has that node:net's has not. */
export interface ServerEstab {
  /** The listener in the core while it listens: its queues and counters. */
  readonly listener: Listener | undefined
}

/** The ends of a client that was turned away: data of 'drop'. */
export interface DropData {
  localAddress: string
  localPort: number
  localFamily: 'IPv4' | 'IPv6'
  remoteAddress: string
  remotePort: number
  remoteFamily: 'IPv4' | 'IPv6'
  /**
   * Where it was not `maxConnections`. `defer-failed`: `deferAccept` threw, rejected, or gave no answer that there is;
   * refused. `defer-late`: it said 'accept' when the client had reset, or its time was over, or its entry had made room
   * for another; no connection will come.
   */
  estab?: { reason: 'defer-failed' | 'defer-late'; error?: unknown }
}
