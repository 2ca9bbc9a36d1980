import type { Stack } from '../stack/stack.ts'
import type { Connection } from '../tcp/connection.ts'
import { callError } from '../tcp/errors.ts'
import { IpAddress } from '../wire/address.ts'
import { codeOf } from './errors.ts'
import { familyOf, type SocketAddress } from './options.ts'

export type Ends = Partial<SocketAddress>

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The two ends of a handle, as they were asked for and as they are. */
export class HandleEnds {
  /** IPv4 addresses are written as IPv6 ones: `::ffff:10.0.0.1`. */
  #mapped: boolean
  #address: string | undefined
  #port = 0

  constructor(mapped: boolean) {
    this.#mapped = mapped
  }

  /** Where it is to be opened from. EADDRNOTAVAIL, EADDRINUSE. */
  bind(stack: Stack, address: string, port: number): string | undefined {
    try {
      checkBind(stack, unmapped(address), port)
    } catch (error) {
      return codeOf(error) ?? 'EINVAL'
    }
    this.#address = address
    this.#port = port
    return undefined
  }

  /** The address to open to, which is written as it was given from now on. */
  reach(address: string): string {
    const target = unmapped(address)
    this.#mapped = target !== address
    return target
  }

  /** What the stack is to be told of the local end. */
  get bound(): { localAddress?: string; localPort?: number } {
    const address = this.#address && unmapped(this.#address)
    const isAny = address === undefined || address === '0.0.0.0' || address === '::'
    return { ...(isAny ? {} : { localAddress: address }), ...(this.#port > 0 ? { localPort: this.#port } : {}) }
  }

  local(connection: Connection | undefined, out: Ends): void {
    if (connection !== undefined) this.#describe(out, connection.localAddress, connection.localPort)
    else if (this.#address !== undefined) this.#describe(out, this.#address, this.#port)
  }

  peer(connection: Connection | undefined, out: Ends): void {
    if (connection !== undefined) this.#describe(out, connection.remoteAddress, connection.remotePort)
  }

  #describe(out: Ends, plain: string, port: number): void {
    const address = this.#mapped && !plain.includes(':') ? `::ffff:${plain}` : plain
    Object.assign(out, { address, family: familyOf(address), port })
  }
}

/**
 * Whether a connection can be opened from there.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE: not an address
 * @throws {Error} EADDRNOTAVAIL: somebody else's; EADDRINUSE: a server listens there
 */
function checkBind(stack: Stack, text: string, port: number): void {
  const parsed = IpAddress.parse(text)
  const address = parsed?.isUnspecified === true ? undefined : stack.addresses.own(text)
  if (port > 0 && stack.tcp.listening.listeners.conflicts(address, port)) {
    throw callError('EADDRINUSE', `${text}:${port} has a listener`)
  }
}

/** Linux: who connects to nobody's address, `0.0.0.0` or `::`, means this host. Others as they are. */
export function hereIfAny(stack: Stack, text: string): string {
  const address = IpAddress.parse(text)
  if (address?.isUnspecified !== true) return text
  const loopback = IpAddress.parse(address.family === 4 ? '127.0.0.1' : '::1')!
  if (stack.addresses.has(loopback)) return loopback.toString()
  return stack.addresses.prefixes.find((own) => own.address.family === address.family)?.address.toString() ?? text
}

/** The IPv4 address within `::ffff:10.0.0.1`; others as they are. */
function unmapped(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address
}
