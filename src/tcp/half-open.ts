import type { Milliseconds } from '../wire/instant.ts'

/** A half-open connection as a person or a program may look at it; the queue itself keeps rows of numbers. */
export interface HalfOpenView {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** The client's initial sequence number, and ours. */
  readonly irs: number
  readonly iss: number
  /** How often the SYN,ACK was sent again by the schedule. */
  readonly retransmissions: number
  /** What is left of the entry's life, ms. */
  readonly expiresIn: Milliseconds
  /** The client's ACK has come, and the entry waits for room in the accept queue. */
  readonly acknowledged: boolean
}

/** Bits of a row. */
export const SACK_PERMITTED = 1
export const TIMESTAMPS = 2
export const WINDOW_SCALE = 4
export const ACKNOWLEDGED = 8
/** A SYN,ACK is to go out. */
export const SYN_ACK_DUE = 16
/** A SYN,ACK has gone out. */
export const ANSWERED = 32
/** What was answered last is not the first SYN,ACK: an ACK does not tell which it answers (Karn's rule). */
export const ANSWERED_AGAIN = 64
