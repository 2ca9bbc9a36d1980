import { SocketError } from './errors.ts'

/** Where to connect to. */
export interface SocketAddress {
  /** An address of IPv4 or IPv6, or a name for `lookup`. */
  hostname: string
  /** 1 to 65,535. */
  port: number
}

/** An address, or `hostname:port`; IPv6 in brackets there: `[fd00::1]:80`. */
export type AnySocketAddress = SocketAddress | string

/** @throws {SocketError} ERR_INVALID_ARG_VALUE, ERR_SOCKET_BAD_PORT */
export function parseAddress(address: AnySocketAddress): SocketAddress {
  if (typeof address !== 'string') {
    const hostname = unbracketed(String(address.hostname))
    if (hostname === '') throw invalid(address.hostname)
    return { hostname, port: validPort(address.port, 1) }
  }
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, Math.max(colon, 0))
  const port = address.slice(colon + 1)
  // Where an address of IPv6 stands without brackets, no colon is the last one.
  const isClear = host !== '' && (!host.includes(':') || (host.startsWith('[') && host.endsWith(']')))
  if (!isClear || !/^\d+$/.test(port)) throw invalid(address)
  return { hostname: unbracketed(host), port: validPort(Number(port), 1) }
}

/** @throws {SocketError} ERR_SOCKET_BAD_PORT */
export function validPort(port: number, least: 0 | 1): number {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port
  throw new SocketError('ERR_SOCKET_BAD_PORT', `a port is an integer from ${least} to 65535, not ${String(port)}`)
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function joinAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function invalid(address: unknown): SocketError {
  return new SocketError(
    'ERR_INVALID_ARG_VALUE',
    `"${String(address)}" is no address: "host:port" is, or { hostname, port }`,
  )
}
