import { ADDRCONFIG, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { validAttemptTimeout } from './auto-select-family.ts'
import { socketError } from './errors.ts'
import { openOneOf } from './happy-eyeballs.ts'
import {
  invalidAddressFamily,
  invalidArgType,
  invalidArgValue,
  invalidIpAddress,
  ipBlocked,
  missingArgs,
} from './node-errors.ts'
import type { ConnectOptions, Destination } from './options.ts'
import { connectError, type SocketCore } from './socket-core.ts'
import { SocketFace } from './socket-face.ts'
import { validateBoolean, validateFunction, validateNumber, validatePort, validateString } from './validate.ts'

/** The two ends of an attempt to connect, as they were asked for. */
export interface Opening {
  readonly options: ConnectOptions
  readonly host: string
  readonly port: number
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** ms */
  readonly attemptTimeout: number
}

/** Begins to connect. Mistakes in the arguments throw; everything else comes as 'error', later. */
export function openSocket(socket: SocketFace, core: SocketCore, options: ConnectOptions): void {
  if (options.port === undefined && options.path == null) throw missingArgs('options', 'port', 'path')
  // An earlier connection has ended: its peer's end forbade to write.
  if (socket.write !== SocketFace.prototype.write) socket.write = SocketFace.prototype.write
  if (socket.destroyed) core.revive()
  if (core.handle === undefined) core.newHandle()
  core.onActive()
  core.wishes = options.estab ?? {}
  socket.connecting = true
  if (options.path) refusePath(options.path)
  const { autoSelectFamily } = options
  const opening = checked(options, core)
  const family = isIP(opening.host)
  if (family !== 0) {
    process.nextTick(() => {
      if (socket.connecting) openOne(socket, core, opening, { address: opening.host, family })
    })
    return
  }
  if (options.lookup != null) validateFunction(options.lookup, 'options.lookup')
  socket._host = opening.host
  lookUp(socket, core, opening, autoSelectFamily ?? core.context.family.enabled)
}

function refusePath(path: unknown): never {
  validateString(path, 'options.path')
  throw invalidArgValue('options.path', path, 'is a UNIX path: this stack speaks TCP, so give port and host')
}

function checked(options: ConnectOptions, core: SocketCore): Opening {
  const { localAddress, localPort, port, autoSelectFamily, autoSelectFamilyAttemptTimeout: given } = options
  const host = options.host || 'localhost'
  if (localAddress && isIP(localAddress) === 0) throw invalidIpAddress(localAddress)
  if (localPort) validateNumber(localPort, 'options.localPort')
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw invalidArgType('options.port', ['number', 'string'], port)
  }
  const checkedPort = validatePort(port)
  if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily')
  const attemptTimeout =
    given != null
      ? validAttemptTimeout(given, 'options.autoSelectFamilyAttemptTimeout')
      : core.context.family.attemptTimeout
  return { options, host, port: checkedPort, localAddress, localPort, attemptTimeout }
}

/** Binds, where that is asked for, and sends the SYN. */
export function openOne(
  socket: SocketFace,
  core: SocketCore,
  opening: Opening,
  { address, family }: Destination,
): void {
  const { port } = opening
  const handle = core.handle!
  const local = bindTo(opening, family)
  if (local !== undefined) {
    const code = handle.bind(local.address, local.port)
    if (code !== undefined) {
      socket.destroy(socketError('bind', code, local.address, local.port))
      return
    }
  }
  if (core.blockList?.check(address, family === 6 ? 'ipv6' : 'ipv4')) {
    socket.destroy(ipBlocked(address))
    return
  }
  socket.emit('connectionAttempt', address, port, family)
  const { localAddress, localPort } = opening
  const bound = localAddress && localPort ? { address: localAddress, port: localPort } : undefined
  core.onConnected = (code) => {
    if (code === undefined) {
      core.connected()
      return
    }
    socket.connecting = false
    const error = connectError(code, address, port, bound)
    socket.emit('connectionAttemptFailed', address, port, family, error)
    socket.destroy(error)
  }
  const code = handle.connect(address, port, core.wishes)
  if (code === undefined) core.opened()
  else socket.destroy(socketError('connect', code, address, port, unboundEnd(local, family)))
}

/** Where an attempt starts, if that was said; the family decides what `any` is. */
export function bindTo(opening: Opening, family: number): { address: string; port: number } | undefined {
  const { localAddress, localPort } = opening
  if (!localAddress && !localPort) return undefined
  return { address: localAddress || anyAddress(family), port: localPort ?? 0 }
}

/** How Node names the local end of an attempt that the system has refused. */
export function unboundEnd(local: { address: string; port: number } | undefined, family: number): string {
  return local === undefined ? `${anyAddress(family)}:0` : `${local.address}:${local.port}`
}

function anyAddress(family: number): string {
  return family === 6 ? '::' : '0.0.0.0'
}

function lookUp(socket: SocketFace, core: SocketCore, opening: Opening, several: boolean): void {
  const { options, host } = opening
  const family = familyOf(options.family)
  const one = family === 4 || family === 6
  const hints = options.hints || (one ? 0 : ADDRCONFIG)
  const lookup = (options.lookup ?? core.context.lookup) as (
    host: string,
    options: object,
    callback: (error: Error | null, found: unknown, family?: unknown) => void,
  ) => void
  if (!one && !opening.localAddress && several) {
    lookup(host, { family, hints, all: true }, (error, found) => {
      if (socket.connecting) foundSeveral(socket, core, opening, error, found as LookupAddress[])
    })
    return
  }
  lookup(host, { family, hints }, (error, address, found) => {
    socket.emit('lookup', error, address, found, host)
    if (!socket.connecting) return
    const wrong = error ?? unusable(address, found, options)
    if (wrong) {
      fail(socket, wrong)
      return
    }
    core.onActive()
    openOne(socket, core, opening, { address: address as string, family: found as 4 | 6 })
  })
}

function familyOf(family: ConnectOptions['family']): number | undefined {
  if (family === 'IPv4') return 4
  return family === 'IPv6' ? 6 : family
}

/** Nobody listens yet while `createConnection` runs. */
function fail(socket: SocketFace, error: Error): void {
  process.nextTick(() => socket.destroy(error))
}

function unusable(address: unknown, family: unknown, { host, port }: ConnectOptions): Error | undefined {
  if (isIP(address as string) === 0) return invalidIpAddress(address)
  return family === 4 || family === 6 ? undefined : invalidAddressFamily(family, host, port)
}

function foundSeveral(
  socket: SocketFace,
  core: SocketCore,
  opening: Opening,
  error: Error | null,
  found: LookupAddress[],
): void {
  const { host, options } = opening
  if (error) {
    socket.emit('lookup', error, undefined, undefined, host)
    fail(socket, error)
    return
  }
  const usable: Destination[] = []
  for (const { address, family } of found) {
    socket.emit('lookup', error, address, family, host)
    // A listener may have destroyed it.
    if (!socket.connecting) return
    const known = usable.some((other) => other.address === address)
    if (!known && isIP(address) !== 0 && (family === 4 || family === 6)) usable.push({ address, family })
  }
  if (usable.length === 0) {
    const wrong = unusable(found[0]?.address, found[0]?.family, options)
    if (wrong) fail(socket, wrong)
    return
  }
  core.onActive()
  const order = alternating(usable)
  if (order.length === 1) openOne(socket, core, opening, order[0]!)
  else openOneOf(socket, core, opening, order)
}

/** The families in turn, that of the first address first (RFC 8305 §4). */
function alternating(usable: readonly Destination[]): Destination[] {
  const first = usable.filter(({ family }) => family === usable[0]!.family)
  const second = usable.filter(({ family }) => family !== usable[0]!.family)
  const order: Destination[] = []
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const destination of [first[i], second[i]]) if (destination !== undefined) order.push(destination)
  }
  return order
}
