import type { Connection } from '../tcp/connection.ts'
import { codeOf } from './errors.ts'

/** Linux: a RST after the peer's FIN is a broken pipe. */
export function failureOf(connection: Connection): string | undefined {
  const { failure } = connection
  return failure === 'ECONNRESET' && connection.finReceived && !connection.finQueued ? 'EPIPE' : failure
}

/** An address that is not one host's can't be reached, says Linux. */
export function systemCode(error: unknown): string {
  const code = codeOf(error) ?? 'EINVAL'
  if (code === 'ERR_INVALID_ARG_VALUE') return 'ENETUNREACH'
  return code.startsWith('ERR_') ? 'EINVAL' : code
}
