/** Why a connection ended other than by closing: Node's codes. */
export type ConnectionErrorCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'

/** The end of a connection that failed, or was cut off. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError'
  readonly code: ConnectionErrorCode
  /** `connect` until the handshake is over, then `read`. */
  readonly syscall: 'connect' | 'read'
  /** The peer's. */
  readonly address: string
  readonly port: number

  constructor(code: ConnectionErrorCode, syscall: 'connect' | 'read', address: string, port: number) {
    const host = address.includes(':') ? `[${address}]` : address
    super(`${syscall} ${code} ${host}:${port}`)
    this.code = code
    this.syscall = syscall
    this.address = address
    this.port = port
  }
}

/** What a connection that has failed is to say of it. */
interface Failed {
  readonly failure: ConnectionErrorCode | undefined
  readonly failedCall: 'connect' | 'read'
  readonly remoteAddress: string
  readonly remotePort: number
}

export function errorOf(connection: Failed): ConnectionError | undefined {
  const { failure, failedCall } = connection
  if (failure === undefined) return undefined
  return new ConnectionError(failure, failedCall, connection.remoteAddress, connection.remotePort)
}

/** An Error with a code of Node's, for a call that can't be done as things stand. */
export function callError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

/** A TypeError with Node's code, for an argument of the wrong kind. */
export function invalidArgument(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** @throws {RangeError} ERR_SOCKET_BAD_PORT: not an integer from `least` to 65,535 */
export function checkPort(port: number, least: 0 | 1): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return
  const error = new RangeError(`a port is an integer from ${least} to 65535. Received ${port}`)
  throw Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
}
