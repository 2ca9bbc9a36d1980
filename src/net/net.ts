import { randomBytes } from 'node:crypto'
import { Driver } from '../host/driver.ts'
import { RealTime } from '../host/real-time.ts'
import type { RouteOptions } from '../ip/routes.ts'
import type { Link } from '../link/link.ts'
import type { Scheduler } from '../link/scheduler.ts'
import { Stack } from '../stack/stack.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { CookieKeys } from '../tcp/cookie-keys.ts'
import type { Observer } from '../tcp/observer.ts'
import { DatagramSocket, type DatagramSocketOptions } from './dgram.ts'
import { Dispatcher } from './dispatcher.ts'
import { argumentError } from './errors.ts'
import { type ConnectOptions, type LookupFunction, normalizeArgs, type ServerOptions } from './options.ts'
import { type PingOptions, type Pong, ping } from './ping.ts'
import { Server } from './server.ts'
import { makeSocketClass, type Socket, type SocketConstructor } from './socket.ts'

export interface NetOptions {
  link: Link
  /** The stack's own address in CIDR notation: `10.0.0.2/24`. */
  address?: string
  /** Several of them, of both families. */
  addresses?: readonly string[]
  /** On an Ethernet link: the stack's own address, as in `02:00:00:00:00:01`. Default: a local one, by chance. */
  mac?: string
  /** Where packets go that are for none of the stack's own networks. Default: on a link of IP packets, to that link. */
  routes?: readonly RouteOptions[]
  /** Default: the machine's clock. */
  scheduler?: Scheduler
  /** At least 32 random octets. Default: fresh ones of the system's. */
  secret?: Uint8Array
  /** Resolves names that sockets connect to. Default `dns.lookup`: the machine's resolver. */
  lookup?: LookupFunction
  tcp?: Partial<TcpConfig>
  observer?: Observer
  /** Keys of SYN cookies that are shared with other stacks. Default: the stack's own. */
  cookieKeys?: CookieKeys
  /** Keys of Fast Open cookies that are shared with other stacks. Default: the stack's own. */
  fastOpenKeys?: CookieKeys
}

type ConnectArguments = [ConnectOptions | number | string, ...(string | (() => void) | undefined)[]]

/** The shape of node:net over a stack of its own. Its functions need no `this`, so they can be passed on. */
export interface Net {
  readonly stack: Stack
  readonly driver: Driver<Stack>
  readonly Socket: SocketConstructor
  /** The same as `Socket`. */
  readonly Stream: SocketConstructor
  createServer(options: ServerOptions, onConnection?: (socket: Socket) => void): Server
  createServer(onConnection?: (socket: Socket) => void): Server
  /** `connect(port, host?, onConnect?)` or `connect({ port, host, ... }, onConnect?)`. */
  connect(...args: ConnectArguments): Socket
  /** The same as `connect`. */
  createConnection(...args: ConnectArguments): Socket
  /** A UDP socket, not yet bound. */
  createUdpSocket(options?: DatagramSocketOptions): DatagramSocket
  /** An ICMP echo request: resolves with its answer. */
  ping(address: string, options?: PingOptions): Promise<Pong>
  /** Resolves when no connection is left, but those in TIME-WAIT. */
  drained(): Promise<void>
  /** Resets every connection and closes the link. */
  close(): void
}

/** A TCP/IP host on a link. */
export function createNet(options: NetOptions): Net {
  const { link, tcp, observer, cookieKeys, fastOpenKeys, mac, routes } = options
  const addresses = options.addresses ?? (options.address === undefined ? [] : [options.address])
  if (addresses.length === 0)
    throw argumentError(TypeError, 'ERR_MISSING_ARGS', 'a net needs an address, as in 10.0.0.2/24')
  const stack = new Stack({
    addresses,
    secret: options.secret ?? randomBytes(32),
    mtu: link.mtu,
    offload: link.offload,
    medium: link.medium,
    ...(mac === undefined ? {} : { mac }),
    ...(routes === undefined ? {} : { routes }),
    ...(tcp === undefined ? {} : { tcp }),
    ...(observer === undefined ? {} : { observer }),
    ...(cookieKeys === undefined ? {} : { cookieKeys }),
    ...(fastOpenKeys === undefined ? {} : { fastOpenKeys }),
  })
  const driver = new Driver(stack, link, options.scheduler ?? new RealTime())
  // Announcements wait.
  if (link.medium === 'ethernet') driver.touch()
  const dispatcher = new Dispatcher(() => driver, addresses.some((address) => address.includes(':')) ? '::' : '0.0.0.0')

  // Its events are heard from the beginning.
  void dispatcher.driver

  const Socket = makeSocketClass(dispatcher, { lookup: options.lookup })
  const connect = (...args: ConnectArguments): Socket => {
    const normalized = normalizeArgs(args)
    const [options] = normalized
    const socket = new Socket(options)
    if (options.timeout) socket.setTimeout(options.timeout)
    return socket.connect(normalized as ConnectOptions)
  }
  return {
    stack,
    driver,
    Socket,
    Stream: Socket,
    createServer: (first?: ServerOptions | ((socket: Socket) => void), second?: (socket: Socket) => void) =>
      typeof first === 'function'
        ? new Server(dispatcher, Socket, {}, first)
        : new Server(dispatcher, Socket, first, second),
    connect,
    createConnection: connect,
    createUdpSocket: (options) => new DatagramSocket(dispatcher, options),
    ping: (address, options) => ping(dispatcher, address, options),
    drained: () => dispatcher.drained(),
    close: () => {
      dispatcher.abortAll()
      driver.close()
    },
  }
}
