import type { Connection } from './connection.ts'
import type { ConnectionError } from './errors.ts'
import type { Incoming } from './incoming.ts'
import type { Listener } from './listener.ts'

/** Something beside TCP that has news: a UDP socket, an echo. */
export interface Notice {
  /** Tells whoever watches it. For whoever takes the event. */
  deliver(): void
}

/**
 * What an application is told. One object is reused: it is valid until the next call of `nextEvent`.
 *
 * - `acceptable`: the listener's accept queue holds a connection.
 * - `deferred`: a SYN waits for the application's word; `incoming` is the application's to keep.
 * - `connected`: an active open is done.
 * - `urgent`: the peer has told of urgent data, or of more of it (RFC 9293 MUST-32): `urgentLeft`.
 * - `readable`: there are octets to read, or the peer's FIN was reached.
 * - `writable`: `send` took less than it was offered, and would take more now.
 * - `trouble`: delivery is in trouble, though not at its end (RFC 9293 §3.9.1.8): `connection.trouble.last` says how.
 * - `closed`: both directions are done, or cut off by `error` (RFC 9293 MUST-12). The last event of a connection.
 * - `notice`: something beside TCP has news: `notice.deliver()` tells whoever watches it.
 */
export type StackEvent =
  | { type: 'acceptable'; listener: Listener }
  | { type: 'deferred'; listener: Listener; incoming: Incoming }
  | { type: 'connected' | 'urgent' | 'readable' | 'writable' | 'trouble'; connection: Connection }
  | { type: 'closed'; connection: Connection; error: ConnectionError | undefined }
  | { type: 'notice'; notice: Notice }

/** Bits of what a connection has to tell, in the order in which it is told. */
export const CONNECTED = 1
export const URGENT = 2
export const READABLE = 4
export const WRITABLE = 8
export const TROUBLE = 16
export const CLOSED = 32
