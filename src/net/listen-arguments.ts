import { invalidArgValue, type NodeError, nodeError } from './node-errors.ts'
import { ServerHandle } from './server-handle.ts'
import type { ListenerOptions, ListenOptions } from './server-options.ts'
import { validateAbortSignal, validatePort } from './validate.ts'

/** What a call of `listen` asks for: a port here, or to take over what another server listens with. */
export type ListenTarget =
  | { handle: ServerHandle; backlog: number }
  | { handle?: undefined; port: number; host: string | undefined; backlog: number; ipv6Only: boolean }

/**
 * @throws {TypeError} ERR_INVALID_ARG_VALUE, ERR_INVALID_ARG_TYPE; ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for descriptors and paths
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
export function listenTarget(args: readonly unknown[], given: ListenOptions): ListenTarget {
  const backlogOfArgs = toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2]) || 0
  const outer = given as Record<string, unknown>
  const inner = (outer._handle || outer.handle || outer) as Record<string, unknown>
  if (inner instanceof ServerHandle) return { handle: inner, backlog: backlogOfArgs }
  if (inner.signal !== undefined) validateAbortSignal(inner.signal, 'options.signal')
  if (typeof inner.fd === 'number' && inner.fd >= 0) {
    throw unavailable('file descriptors')
  }
  const port = isPortOmitted(args, inner) ? 0 : inner.port
  if (typeof port === 'number' || typeof port === 'string') {
    return {
      port: validatePort(port, 'options.port'),
      host: inner.host ? (inner.host as string) : undefined,
      backlog: Number(inner.backlog || backlogOfArgs),
      ipv6Only: inner.ipv6Only === true,
    }
  }
  if (inner.path && isPipeName(inner.path)) throw unavailable('UNIX domain sockets')
  if ('port' in inner || 'path' in inner) throw invalidArgValue('options', inner)
  throw invalidArgValue('options', inner, 'must have the property "port" or "path"')
}

/** `listen()`, `listen(null)`, `listen(callback)` and `listen({ port: undefined })`: any port that is free. */
function isPortOmitted(args: readonly unknown[], options: Record<string, unknown>): boolean {
  if (args.length === 0 || typeof args[0] === 'function' || options.port === null) return true
  return options.port === undefined && 'port' in options
}

/** What stands for a number that is at least 0; false for all else. */
function toNumber(value: unknown): number | false {
  const number = typeof value === 'symbol' ? Number.NaN : Number(value)
  return number >= 0 ? number : false
}

/** What node:net takes for a path: text that is no port. */
function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === false
}

/** What node:net has and this stack can't have. */
function unavailable(what: string): NodeError {
  const message = `${what} are the operating system's, not this stack's: use listen({ port, host })`
  return nodeError(TypeError, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', message)
}

/** node:net's backlog; and what waits to be accepted is not kept from it longer than the event loop's turn lasts. */
const DEFAULTS: ListenerOptions = { backlog: 511, acceptBacklog: 16_384 }

/** The core's options of a server: those of the call, those that it was made with, and defaults where none has a backlog. */
export function listenerOptions(
  backlog: number,
  call: ListenerOptions | undefined,
  made: ListenerOptions | undefined,
): ListenerOptions {
  const options = { ...defined(made), ...defined(call), ...(backlog > 0 ? { backlog } : {}) }
  return options.backlog === undefined ? { ...DEFAULTS, ...options } : options
}

/** The same without the keys whose value is undefined. */
function defined(record: ListenerOptions | undefined): ListenerOptions {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([, value]) => value !== undefined))
}
