import { codeOf } from '../net/errors.ts'

/** A mistake, or a want, that the user can mend: what is wrong, and the way out. No stack trace is shown. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly ways: readonly string[]

  constructor(message: string, ...ways: string[]) {
    super(message)
    this.ways = ways
  }
}

/** The way out for whoever can't have a TUN device. */
export const WITHOUT_TUN = 'Or: --link embedded, which needs neither root nor a device.'

/** Codes that need no more than a sentence: those of connections. */
const SENTENCES: Record<string, string> = {
  ECONNREFUSED: 'connection refused: nobody listens there',
  ECONNRESET: 'connection reset by the other side',
  ETIMEDOUT: 'timed out: no answer',
  EHOSTUNREACH: 'no route to that host',
  ENETUNREACH: 'no route to that network',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be resolved',
  ENETDOWN: 'the link is gone',
}

/** The lines to show for an error: its cause, then the ways out. */
export function explain(error: unknown): string[] {
  if (error instanceof UserError) return [error.message, ...error.ways]
  const code = codeOf(error)
  const sentence = code === undefined ? undefined : SENTENCES[code]
  const message = error instanceof Error ? error.message : String(error)
  if (sentence !== undefined) return [`${where(error)}${sentence}`]
  if (code !== undefined) return [message]
  // Nobody foresaw this one, so it needs all that it has to tell.
  return [`internal error: ${error instanceof Error ? (error.stack ?? message) : message}`]
}

function where(error: unknown): string {
  const { address, port, hostname } = error as { address?: string; port?: number; hostname?: string }
  if (hostname !== undefined) return `${hostname}: `
  if (address === undefined) return ''
  return port === undefined ? `${address}: ` : `${address} port ${port}: `
}

/** Writes an error to stderr and ends the process with status 1. */
export function fail(error: unknown): never {
  const [cause, ...ways] = explain(error)
  process.stderr.write(`estab: ${cause}\n${ways.map((way) => `  ${way}\n`).join('')}`)
  process.exit(1)
}
