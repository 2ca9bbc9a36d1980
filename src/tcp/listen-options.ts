import type { Milliseconds } from '../wire/instant.ts'
import { type AdmissionPolicy, admitFairly } from './admission.ts'
import { outOfRange } from './config.ts'
import type { CongestionControlChoice } from './congestion/choice.ts'
import { invalidArgument } from './errors.ts'
import type { Waits } from './syn-ack-schedule.ts'

/** The largest backlog: a row's number takes 24 bits. */
const MOST_BACKLOG = 2 ** 24 - 2

/**
 * A passive OPEN (RFC 9293 §3.9.1.1). A number out of its range is a RangeError, ERR_OUT_OF_RANGE; a word or function that is
 * none, a TypeError, ERR_INVALID_ARG_VALUE.
 */
export interface ListenOptions {
  /** One of the stack's own addresses; all of them when absent (RFC 9293 MUST-43). Another one: EADDRNOTAVAIL. */
  address?: string
  /** Without an address: those of this family alone. Default: both. */
  family?: 4 | 6
  /** 0 to 65,535; 0 for a free one. ERR_SOCKET_BAD_PORT; EADDRINUSE where another listener has it. */
  port: number
  /** The most half-open connections, 0 to 16,777,214. Default 128. With 0 and cookies every SYN is answered with a cookie. */
  backlog?: number
  /** The most connections that wait to be accepted, 1 to 16,777,214. Default: the backlog, at least 1. */
  acceptBacklog?: number
  /**
   * What becomes of the client's ACK when that many wait: `wait` keeps its entry, which completes by itself as soon as there
   * is room, or ends with its life; `reset` deletes it, and sends a RST. Default `wait`.
   */
  acceptOverflow?: 'wait' | 'reset'
  /**
   * The maximum number of SYN,ACK retransmissions, 0 to 64 (RFC 9293 §3.8.3: R2). Default 5, or as many as `synAckWaits` has
   * room for.
   */
  synAckRetries?: number
  /**
   * The wait after each SYN,ACK, ms, each above 0: one more than retransmissions, since the last ends in deletion; or the
   * name of a preset, `linux`, `freebsd` or `rfc9293` (RFC 9293 MUST-23: R2 of a SYN is at least 3 minutes, which only this
   * one reaches); or a function of the retransmission's number, 0 for the first SYN,ACK. Their sum, at most 16 hours, is
   * `Listener.survivalTime`. Default 1, 2, 4, 8, 16, 32 s.
   */
  synAckWaits?: Waits
  /**
   * What becomes of a SYN that asks for a connection: an entry, a cookie, a RST, nothing, or the application's word. It runs
   * on the packet path for each such SYN (see {@link AdmissionPolicy}). Default `admitFairly`.
   */
  admission?: AdmissionPolicy
  /**
   * SYN cookies for SYNs that find no room (RFC 4987 §3.6). Default true; without them, such a SYN is dropped, and nobody is
   * evicted. An ACK is taken for a cookie's for 60 s after the listener's last overflow or, with `always`, at any time: for
   * replicas that share `StackOptions.cookieKeys` and complete each other's handshakes. A forged one passes once in 2^24 / 3
   * tries, with timestamps 2^48 / 3. A cookie makes one connection on each stack; replicas do not tell each other.
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
  /**
   * How long a SYN that the policy defers waits for the application, ms, above 0 and at most 16 hours; then it is dropped
   * without an answer. Default: as long as a half-open connection lives.
   */
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

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function cookiesOf(options: ListenOptions): boolean | 'always' {
  const cookies = options.cookies ?? true
  if (typeof cookies === 'boolean' || cookies === 'always') return cookies
  throw invalidArgument(`cookies is true, false or "always", not ${String(cookies)}`)
}

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function admissionOf(options: ListenOptions): AdmissionPolicy {
  const policy = options.admission ?? admitFairly
  if (typeof policy === 'function') return policy
  throw invalidArgument(`admission is a function, such as admitFairly, not ${String(policy)}`)
}

function integer(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= MOST_BACKLOG) return value
  throw outOfRange(name, `an integer from ${least} to ${MOST_BACKLOG}`, value)
}
