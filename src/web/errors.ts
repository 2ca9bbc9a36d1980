/** What the sockets API calls its errors: a TypeError whose message begins with its name. `code` is Node's or the system's. */
export class SocketError extends TypeError {
  readonly code: string
  /** The call that failed, where it was one: `connect`, `read`, `write`, `listen`. */
  readonly syscall?: string
  /** The other end, or where it was to listen. */
  readonly address?: string
  readonly port?: number

  constructor(code: string, message: string, details: SocketErrorDetails = {}) {
    super(`SocketError: ${message}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'SocketError'
    this.code = code
    if (details.syscall !== undefined) this.syscall = details.syscall
    if (details.address !== undefined) this.address = details.address
    if (details.port !== undefined) this.port = details.port
  }
}

export interface SocketErrorDetails {
  syscall?: string
  address?: string
  port?: number
  cause?: unknown
}

/** `connect ECONNREFUSED 10.0.0.1:80`. */
export function systemError(syscall: string, code: string, address?: string, port?: number): SocketError {
  const host = address?.includes(':') === true ? `[${address}]` : address
  const where = address === undefined ? '' : ` ${host}${port === undefined ? '' : `:${port}`}`
  return new SocketError(code, `${syscall} ${code}${where}`, {
    syscall,
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
  })
}

/** The `code` of what was thrown, or `otherwise`. */
export function codeOf(error: unknown, otherwise: string): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : otherwise
}
