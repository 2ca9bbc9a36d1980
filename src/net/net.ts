import { randomBytes } from 'node:crypto'
import { Driver } from '../host/driver.ts'
import { ProcessHold } from '../host/process-hold.ts'
import { RealTime } from '../host/real-time.ts'
import type { RouteOptions } from '../ip/routes.ts'
import type { Link } from '../link/link.ts'
import type { Scheduler } from '../link/scheduler.ts'
import { Stack } from '../stack/stack.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { CookieKeys } from '../tcp/cookie-keys.ts'
import type { Observer } from '../tcp/observer.ts'
import { type DgramModule, makeDgramModule } from './dgram.ts'
import { Dispatcher } from './dispatcher.ts'
import { argumentError } from './errors.ts'
import { Forward, type ForwardHandler, type ForwardOptions } from './forward.ts'
import { makeNetModule, type NetModule } from './net-module.ts'
import type { LookupFunction } from './options.ts'
import { type PingOptions, type Pong, ping } from './ping.ts'

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
  tcp?: Partial<TcpConfig>
  observer?: Observer
  /** Resolves the names that sockets and servers are given. Default: `dns.lookup`, the machine's resolver. */
  lookup?: LookupFunction
  /** Keys of SYN cookies that are shared with other stacks. Default: the stack's own. */
  cookieKeys?: CookieKeys
  /** Keys of Fast Open cookies that are shared with other stacks. Default: the stack's own. */
  fastOpenKeys?: CookieKeys
}

/** node:net over a stack of its own, and what node:net has not. Its functions need no `this`, so they can be passed on. */
export interface Net extends NetModule {
  readonly stack: Stack
  readonly driver: Driver<Stack>
  /** UDP: node:dgram over this stack. */
  readonly dgram: DgramModule
  /**
   * Answers TCP for every address that the link brings connections for, and every port that has no server: `handler` accepts,
   * refuses or ignores each one. So a stack is the gateway of guests, and carries their connections on as it likes.
   */
  forward(handler: ForwardHandler, options?: ForwardOptions): Forward
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
  const { scheduler = new RealTime() } = options
  const driver = new Driver(stack, link, scheduler)
  // Announcements wait.
  if (link.medium === 'ethernet') driver.touch()
  const anyAddress = addresses.some((address) => address.includes(':')) ? '::' : '0.0.0.0'
  // In virtual time the process lives as long as whoever moves the clock.
  const hold = scheduler instanceof RealTime ? new ProcessHold() : undefined
  const dispatcher = new Dispatcher(() => driver, anyAddress, { hold, lookup: options.lookup })
  // Its events are heard from the beginning.
  void dispatcher.driver
  return netOf(dispatcher)
}

/** The net of a dispatcher, whose stack is made when it is used first. */
export function netOf(dispatcher: Dispatcher): Net {
  const module = makeNetModule(dispatcher)
  return Object.defineProperties(
    {
      ...module,
      dgram: makeDgramModule(dispatcher),
      forward: (handler: ForwardHandler, options?: ForwardOptions) =>
        new Forward(dispatcher, module.Socket, handler, options),
      ping: (address: string, options?: PingOptions) => ping(dispatcher, address, options),
      drained: () => dispatcher.drained(),
      close: () => {
        dispatcher.abortAll()
        dispatcher.driver.close()
      },
    },
    {
      stack: { get: () => dispatcher.driver.stack, enumerable: true },
      driver: { get: () => dispatcher.driver, enumerable: true },
    },
  ) as Net
}
