import { IpAddress } from '../wire/address.ts'
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
  /** No SYN,ACK has gone out: the application has yet to answer. */
  readonly deferred: boolean
}

/** In place of a window scale: the client offered none. */
export const NO_SCALE = 15

/**
 * What a handshake has agreed on so far: the one form in which a row of the SYN queue and a cookie yield a half-open
 * connection. One object is reused; it is borrowed until the next is read.
 */
export class HalfOpen {
  readonly remote: IpAddress = new IpAddress()
  readonly local: IpAddress = new IpAddress()
  remotePort = 0
  localPort = 0
  irs = 0
  iss = 0
  /** What the SYN's option said, octets; 0 for no option. */
  mss = 0
  /** 0 to 14, or NO_SCALE. */
  scale: number = NO_SCALE
  sack = false
  ecn = false
  timestamps = false
  /** TSval of the client's last segment. */
  tsRecent = 0
}

/** Bits of a row. */
export const SACK_PERMITTED = 0x0001
export const TIMESTAMPS = 0x0002
export const ECN = 0x0004
export const ACKNOWLEDGED = 0x0008
/** A SYN,ACK is to go out. */
export const SYN_ACK_DUE = 0x0010
/** A SYN,ACK has gone out. */
export const ANSWERED = 0x0020
/** What was answered last is not the first SYN,ACK: an ACK does not tell which it answers (Karn's rule). */
export const ANSWERED_AGAIN = 0x0040
/** The application has yet to say whether there will be a SYN,ACK. */
export const DEFERRED = 0x0080
