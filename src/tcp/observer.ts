import type { Instant } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import type { DropReason } from './drop-reason.ts'
import type { HalfOpenView } from './half-open.ts'
import type { Listener } from './listener.ts'
import type { State } from './state.ts'

/** A step in the life of a half-open entry. */
export type HandshakeKind =
  /** A SYN came and was given an entry. */
  | 'syn-received'
  /** The SYN,ACK went out: at once, again by the schedule, or again since the client's SYN came again. */
  | 'syn-ack-sent'
  | 'syn-ack-retransmitted'
  /** The client's ACK came while the accept queue was full: the entry waits for room. */
  | 'waiting'
  /** The client's ACK made it a connection. */
  | 'completed'
  /** The last wait is over. */
  | 'expired'
  /** The client reset it. */
  | 'reset'
  /** A SYN found no room and was answered with a cookie; the client's ACK made that a connection. No entry is kept. */
  | 'cookie-sent'
  | 'cookie-completed'
  /** An ACK to a listener that takes cookies was signed by no key; had made a connection before. No entry is kept. */
  | 'cookie-failed'
  | 'cookie-replayed'
  /** A SYN with a Fast Open cookie became a connection at once; the client's ACK came; or that connection ended before. No entry is kept. */
  | 'fast-opened'
  | 'fast-completed'
  | 'fast-failed'
  /** The entry made room for one of a lighter source prefix. Its client's ACK still completes the handshake. */
  | 'evicted'
  /** The entry waits for the application's word; that was to refuse, or to say nothing. */
  | 'deferred'
  | 'refused'
  | 'ignored'
  /** The listener was closed. */
  | 'closed'

/** What an inspector may watch. Each method is optional; what is absent costs nothing. None may call back into the stack. */
export interface Observer {
  /** A connection has changed its state. */
  state?(connection: Connection, from: State, to: State, now: Instant): void
  /** A half-open entry has taken a step; `entry` is as it stands after it, or as it stood last. */
  handshake?(kind: HandshakeKind, listener: Listener, entry: HalfOpenView, now: Instant): void
  /** A frame or an answer was dropped. */
  drop?(reason: DropReason, now: Instant): void
}
