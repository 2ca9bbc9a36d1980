import { getSystemErrorName } from 'node:util'

/**
 * Why there is no TUN device. `code` is the kernel's name for it (`EACCES`, `EPERM`, `ENOENT`, `EBUSY`, `EINVAL`,
 * `EADDRINUSE`, ...), or `ERR_UNSUPPORTED_PLATFORM` or `ERR_FFI_UNAVAILABLE`. The message names cause and way out.
 */
export class TunError extends Error {
  override readonly name = 'TunError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The name of a negative errno: `EACCES` for -13. */
export function errnoName(errno: number): string {
  return getSystemErrorName(errno)
}
