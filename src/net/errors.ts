import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** An error as node:net gives it: `code` and `errno` of the system, the call that failed and the peer's address. */
export interface SocketError extends Error {
  code: string
  errno?: number
  syscall: string
  address?: string
  port?: number
}

/**
 * `connect ECONNREFUSED 10.0.0.1:80`: message, errno, code, syscall, address and port as node:net has them.
 * @param local what the message says of the local end: `0.0.0.0:0`
 */
export function socketError(
  syscall: string,
  code: string,
  address?: string,
  port?: number,
  local?: string,
): SocketError {
  const where = address === undefined ? '' : ` ${address}${port ? `:${port}` : ''}`
  const bound = local === undefined ? '' : ` - Local (${local})`
  const error = errnoException(syscall, code, `${where}${bound}`)
  if (address !== undefined) error.address = address
  if (port) error.port = port
  return error
}

/** `read ECONNRESET`: a call of the system's that has failed. */
export function errnoException(syscall: string, code: string, details = ''): SocketError {
  const error = new Error(`${syscall} ${code}${details}`) as SocketError
  const errno = (constants.errno as Record<string, number>)[code]
  if (errno !== undefined) error.errno = -errno
  error.code = code
  error.syscall = syscall
  return error
}

/** The `code` that Node's errors carry, or undefined. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** A mistake in a call: thrown at once, with a code of Node's. */
export function argumentError(Kind: typeof TypeError | typeof RangeError, code: string, message: string): Error {
  return Object.assign(new Kind(message), { code })
}

/** The port as a number; strings of digits are taken, as by node:net. Throws ERR_SOCKET_BAD_PORT. */
export function validPort(port: unknown, least: 0 | 1): number {
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= 65_535) return number
  throw argumentError(RangeError, 'ERR_SOCKET_BAD_PORT', `port must be ${least} to 65535, not ${String(port)}`)
}

/** Milliseconds. Throws ERR_OUT_OF_RANGE. */
export function validTimeout(timeout: number): number {
  if (timeout >= 0 && Number.isFinite(timeout)) return timeout
  throw argumentError(RangeError, 'ERR_OUT_OF_RANGE', `timeout must be 0 or more milliseconds, not ${timeout}`)
}

/**
 * `listen EADDRINUSE: address already in use 127.0.0.1:80`: how node:net words what a call that came back at once has to say;
 * with port 0 the address stands alone.
 */
export function listenError(code: string, address: string | undefined, port: number): SocketError {
  const errno = (constants.errno as Record<string, number>)[code] ?? 0
  const meaning = getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error'
  const where = address === undefined ? '' : port > 0 ? ` ${address}:${port}` : ` ${address}`
  const error = new Error(`listen ${code}: ${meaning}${where}`) as SocketError
  error.code = code
  error.errno = -errno
  error.syscall = 'listen'
  if (address !== undefined) error.address = address
  if (port > 0) error.port = port
  return error
}
