import type { Milliseconds } from '../wire/instant.ts'
import type { AdmissionPolicy } from './admission.ts'
import { outOfRange } from './config.ts'
import type { CongestionControlChoice } from './congestion/choice.ts'
import { invalidArgument } from './errors.ts'
import type { Waits } from './syn-ack-schedule.ts'

/** The largest backlog: a row's number takes 24 bits. */
const MOST_BACKLOG = 2 ** 24 - 2

/** A passive OPEN (RFC 9293 §3.9.1.1). */
export interface ListenOptions {
  /** One of the stack's own addresses; all of them when absent (RFC 9293 MUST-43). */
  address?: string
  /** 0 to 65,535; 0 for a free one. */
  port: number
  /** The most half-open connections, 0 to 16,777,214. Default 128. */
  backlog?: number
  /** The most connections that wait to be accepted. Default: the backlog, at least 1. */
  acceptBacklog?: number
  /** What becomes of the client's ACK when that many wait: its entry waits for room, or is reset. Default `wait`. */
  acceptOverflow?: 'wait' | 'reset'
  /** The maximum number of SYN,ACK retransmissions. Default 5, or as many as `synAckWaits` has room for. */
  synAckRetries?: number
  /**
   * The wait after each SYN,ACK, ms: one more than retransmissions, since the last ends in deletion; or the name of a
   * preset; or a function of the retransmission's number. Default 1, 2, 4, 8, 16, 32 s.
   */
  synAckWaits?: Waits
  /** What becomes of a SYN. Default `admitFairly`. */
  admission?: AdmissionPolicy
  /**
   * SYN cookies for SYNs that find no room (RFC 4987). Default true; without them, such a SYN is dropped. An ACK is
   * taken for a cookie's for 60 s after the listener's last overflow or, with `always`, at any time: for replicas that
   * complete each other's handshakes.
   */
  cookies?: boolean | 'always'
  /**
   * TCP Fast Open (RFC 7413): the most connections that may be in SYN-RECEIVED by it at once, 0 to 16,777,214. Default 0:
   * off. The application reads what came on a client's SYN before the handshake is over, and must bear to read it twice:
   * a SYN that is duplicated beyond the life of its connection opens another (§6.1).
   */
  fastOpen?: number
  /** Of its connections. Default: the stack's. */
  congestionControl?: CongestionControlChoice
  /** How long a deferred SYN waits for the application, ms. Default: as long as a half-open connection lives. */
  deferTimeout?: Milliseconds
}

/** Half-open connections at the most. @throws {RangeError} ERR_OUT_OF_RANGE */
export function backlogOf(options: ListenOptions): number {
  return integer('backlog', options.backlog ?? 128, 0)
}

/** Unaccepted connections at the most. @throws {RangeError} ERR_OUT_OF_RANGE */
export function acceptBacklogOf(options: ListenOptions): number {
  return integer('acceptBacklog', options.acceptBacklog ?? Math.max(backlogOf(options), 1), 1)
}

/** Connections in SYN-RECEIVED by Fast Open at the most. @throws {RangeError} ERR_OUT_OF_RANGE */
export function fastOpenOf(options: ListenOptions): number {
  return integer('fastOpen', options.fastOpen ?? 0, 0)
}

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function acceptOverflowOf(options: ListenOptions): 'wait' | 'reset' {
  const policy = options.acceptOverflow ?? 'wait'
  if (policy !== 'wait' && policy !== 'reset')
    throw invalidArgument(`acceptOverflow is "wait" or "reset", not ${policy}`)
  return policy
}

function integer(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= MOST_BACKLOG) return value
  throw outOfRange(name, `an integer from ${least} to ${MOST_BACKLOG}`, value)
}
