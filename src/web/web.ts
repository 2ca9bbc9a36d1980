import { Driver } from '../host/driver.ts'
import { PageTime } from '../host/page-time.ts'
import { RealTime } from '../host/real-time.ts'
import type { RouteOptions } from '../ip/routes.ts'
import type { Link } from '../link/link.ts'
import { createLoopback } from '../link/loopback.ts'
import type { Scheduler } from '../link/scheduler.ts'
import { createWire, type WireOptions } from '../link/wire.ts'
import { Dispatcher } from '../net/dispatcher.ts'
import { Stack } from '../stack/stack.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { Observer } from '../tcp/observer.ts'
import { IpAddress } from '../wire/address.ts'
import { type AnySocketAddress, parseAddress } from './address.ts'
import { SocketError, systemError } from './errors.ts'
import { Listener, type ListenOptions } from './listener.ts'
import type { Socket, SocketOptions, Tls } from './socket.ts'
import { TcpSocket } from './tcp-socket.ts'
import { missingTls, TlsSocket } from './tls-socket.ts'

export type { AnySocketAddress, SocketAddress } from './address.ts'
export { SocketError } from './errors.ts'
export type { Listener, ListenOptions } from './listener.ts'
export type { SecureTransportKind, Socket, SocketInfo, SocketOptions, Streams, Tls, TlsOptions } from './socket.ts'

export interface WebNetOptions {
  link: Link
  /** The stack's own address in CIDR notation: `10.0.0.2/24`. */
  address?: string
  /** Several of them, of both families. */
  addresses?: readonly string[]
  /** On an Ethernet link: the stack's own address, as in `02:00:00:00:00:01`. Default: a local one, by chance. */
  mac?: string
  /** Where packets go that are for none of the stack's own networks. Default: on a link of IP packets, to that link. */
  routes?: readonly RouteOptions[]
  /** Names to addresses. Default: `localhost` is the stack itself, any other is ENOTFOUND. */
  lookup?: (hostname: string) => string | Promise<string>
  /** For `secureTransport` 'on' and 'starttls'. Default: those are refused. */
  tls?: Tls
  /** Default: this machine's clock and timers. */
  scheduler?: Scheduler
  /** At least 32 random octets. Default: fresh ones, from `crypto`. */
  secret?: Uint8Array
  tcp?: Partial<TcpConfig>
  observer?: Observer
}

/** TCP as Web Streams over a stack of its own. Its functions need no `this`. */
export interface WebNet extends AsyncDisposable {
  readonly stack: Stack
  readonly driver: Driver<Stack>
  /** Opens a connection. What is wrong with the arguments is thrown, everything else rejects the socket's promises. */
  connect(address: AnySocketAddress, options?: SocketOptions): Socket
  /** Listens at once. @throws {SocketError} EADDRINUSE, EADDRNOTAVAIL, ERR_SOCKET_BAD_PORT */
  listen(options?: ListenOptions | number): Listener
  /** Resolves when no connection is left, but those in TIME-WAIT. */
  drained(): Promise<void>
  /** Resets every connection and closes the link. */
  close(): void
}

/** A TCP/IP host on a link. Nothing that it needs is Node's: it runs in a page and in a worker. */
export function createWebNet(options: WebNetOptions): WebNet {
  const { link, tcp, observer, mac, routes, tls } = options
  const addresses = options.addresses ?? (options.address === undefined ? [] : [options.address])
  if (addresses.length === 0) throw new SocketError('ERR_MISSING_ARGS', 'a net needs an address, as in 10.0.0.2/24')
  const stack = new Stack({
    addresses,
    secret: options.secret ?? crypto.getRandomValues(new Uint8Array(32)),
    mtu: link.mtu,
    offload: link.offload,
    medium: link.medium,
    ...(mac === undefined ? {} : { mac }),
    ...(routes === undefined ? {} : { routes }),
    ...(tcp === undefined ? {} : { tcp }),
    ...(observer === undefined ? {} : { observer }),
  })
  const driver = new Driver(stack, link, options.scheduler ?? createClock())
  // Announcements wait.
  if (link.medium === 'ethernet') driver.touch()
  const dispatcher = new Dispatcher(() => driver, addresses.some((address) => address.includes(':')) ? '::' : '0.0.0.0')
  // Its events are heard from the beginning.
  void dispatcher.driver
  const lookup = options.lookup ?? ((hostname: string) => ownAddress(stack, hostname))
  const close = (): void => {
    dispatcher.abortAll()
    driver.close()
  }
  return {
    stack,
    driver,
    connect: (address, options = {}) => connect(dispatcher, address, options, tls, lookup),
    listen: (options = {}) => new Listener(dispatcher, typeof options === 'number' ? { port: options } : options),
    drained: () => dispatcher.drained(),
    close,
    [Symbol.asyncDispose]: async () => close(),
  }
}

export interface WebPairOptions extends Omit<WebNetOptions, 'link' | 'address' | 'addresses' | 'secret'> {
  wire?: WireOptions
}

/** Two hosts on a wire within this page: 10.0.0.1 and fd00::1, 10.0.0.2 and fd00::2. */
export function createWebPair(options: WebPairOptions = {}): [WebNet, WebNet] {
  const { wire, scheduler = createClock(), ...rest } = options
  const [a, b] = createWire(scheduler, { offload: true, ...wire })
  return [
    createWebNet({ ...rest, scheduler, link: a, addresses: ['10.0.0.1/24', 'fd00::1/64'] }),
    createWebNet({ ...rest, scheduler, link: b, addresses: ['10.0.0.2/24', 'fd00::2/64'] }),
  ]
}

/** One host that talks to itself: 127.0.0.1, ::1, `localhost`. */
export function createWebLoopback(options: Omit<WebPairOptions, 'wire'> = {}): WebNet {
  const { scheduler = createClock() } = options
  return createWebNet({
    ...options,
    scheduler,
    link: createLoopback(scheduler),
    addresses: ['127.0.0.1/8', '::1/128'],
  })
}

/** Node's timers where there are any, else those of a page. */
function createClock(): Scheduler {
  return 'setImmediate' in globalThis ? new RealTime() : new PageTime()
}

function connect(
  dispatcher: Dispatcher,
  to: AnySocketAddress,
  options: SocketOptions,
  tls: Tls | undefined,
  lookup: NonNullable<WebNetOptions['lookup']>,
): Socket {
  const { hostname, port } = parseAddress(to)
  const { secureTransport = 'off' } = options
  if (!['off', 'on', 'starttls'].includes(secureTransport)) {
    throw new SocketError(
      'ERR_INVALID_ARG_VALUE',
      `secureTransport is "off", "on" or "starttls", not ${secureTransport}`,
    )
  }
  if (secureTransport !== 'off' && tls === undefined) throw missingTls()
  const socket = new TcpSocket(dispatcher, options, { tls, hostname })
  if (IpAddress.parse(hostname) !== undefined) socket.open(hostname, port)
  else {
    Promise.resolve(hostname)
      .then(lookup)
      .then(
        (address) => socket.open(address, port),
        (error) => socket.fail(error),
      )
  }
  return secureTransport === 'on' ? new TlsSocket(socket, tls, hostname, options) : socket
}

function ownAddress(stack: Stack, hostname: string): string {
  if (hostname === 'localhost') return stack.addresses.prefixes[0]!.address.toString()
  throw systemError('lookup', 'ENOTFOUND', hostname)
}
