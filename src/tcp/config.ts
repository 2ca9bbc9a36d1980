import type { Milliseconds } from '../wire/instant.ts'
import { type CongestionControlChoice, congestionControlOf } from './congestion/choice.ts'

/** The longest time that a knob takes, ms: a year. */
export const LONGEST: Milliseconds = 365 * 24 * 3600 * 1000

/** Octets of a buffer: at first, and the most that it grows to by itself. */
export interface BufferSize {
  initial: number
  max: number
}

/** The largest buffer, octets: as much as a scaled window can offer (RFC 7323 §2.3). */
const MOST_BUFFER = 2 ** 30

/** The knobs of a TCP endpoint. Times in ms, sizes in octets. */
export interface TcpConfig {
  /** The most that one connection holds unacknowledged or unsent; it grows to twice the congestion window. A number is for ever. */
  sendBuffer: number | BufferSize
  /**
   * The most that one connection holds unread or out of order: bounds the window it offers. It grows to twice what the
   * application reads in a round trip. A number is for ever.
   */
  receiveBuffer: number | BufferSize
  /** Offer window scale and timestamps (RFC 7323), SACK (RFC 2018). */
  windowScale: boolean
  timestamps: boolean
  sack: boolean
  /** What decides how much may be in flight: `cubic` (RFC 9438), `newreno` (RFC 6582), or one's own. */
  congestionControl: CongestionControlChoice
  /** Spread what the congestion window lets out over the round trip, where that takes a millisecond or more. */
  pacing: boolean
  /** ECN (RFC 3168): ask for it on a SYN and agree to it, or only agree (`passive`), or neither. */
  ecn: boolean | 'passive'
  /** How long an ACK may wait for company, less than 500 (RFC 9293 MUST-40). */
  delayedAck: Milliseconds
  /** ACKs that do not wait at the beginning, after a pause, and after a gap; 0 for none (Linux: 16). */
  quickAcks: number
  /** RFC 6298: RTO before the first measurement, and its bounds. RFC 6298 (2.4) advises 1 s as the least; Linux uses 200 ms, and so do we. */
  rtoInitial: Milliseconds
  rtoMin: Milliseconds
  rtoMax: Milliseconds
  /** R2 for a SYN of ours (RFC 9293 MUST-23: at least 3 minutes): an active open fails when it is over. */
  connectTimeout: Milliseconds
  /** R2 for data (RFC 9293 SHLD-11: at least 100 s): unacknowledged that long, the connection is aborted. */
  userTimeout: Milliseconds
  /** Tell the peer of the user timeout, and heed what it tells (RFC 5482). */
  userTimeoutOption: boolean
  /** R1 (RFC 9293 SHLD-10): after so many timeouts of the same segment the application is told, and the network asked. */
  r1: number
  /** Keep-alives (RFC 9293 §3.8.4) of connections that ask for them: silence before the first, ms; between two; how many. */
  keepAliveIdle: Milliseconds
  keepAliveInterval: Milliseconds
  keepAliveCount: number
  /** Differentiated Services code point, 0 to 63, and time to live or hop limit, 1 to 255, of what is sent. */
  dscp: number
  hopLimit: number
  /** Timeouts of a full segment in a row that make its size one which the path swallows (RFC 4821 §7.7); 0 for never. */
  blackHoleTimeouts: number
  /** The least path MTU that a router, or a black hole, can bring an IPv4 connection to, 68 to 65,535 octets. IPv6: 1280. */
  minPathMtu: number
  /** Maximum segment lifetime; TIME-WAIT lasts twice as long (RFC 9293 MUST-13). RFC 9293 assumes 2 minutes, Linux and FreeBSD 30 s. */
  msl: Milliseconds
  /** A RST does not end TIME-WAIT (RFC 1337 §3, fix 1); RFC 9293 §3.10.7.4 and Linux by default let it. */
  rfc1337: boolean
  /** How long FIN-WAIT-2 lasts once the application has released the connection. */
  finWait2Timeout: Milliseconds
  /** The least time between two answers to segments that may be forged (RFC 5961 §7), for each connection and half-open entry. */
  challengeInterval: Milliseconds
  /** The most connections in TIME-WAIT; the oldest goes when a further one comes. */
  maxTimeWait: number
  /** The most connections in all other states, SYN-RECEIVED only by Fast Open or an active open; further ones are refused. */
  maxConnections: number
  /** The most answers without a connection (RST, challenge ACK) that wait for the link; further ones are dropped and counted. */
  maxReplies: number
  /** Ports for connections that name none, first and last. */
  ephemeralPorts: readonly [first: number, last: number]
}

export const DEFAULT_CONFIG: TcpConfig = {
  sendBuffer: { initial: 512 * 1024, max: 6 * 1024 * 1024 },
  receiveBuffer: { initial: 128 * 1024, max: 6 * 1024 * 1024 },
  windowScale: true,
  timestamps: true,
  sack: true,
  congestionControl: 'cubic',
  pacing: false,
  ecn: 'passive',
  delayedAck: 40,
  quickAcks: 16,
  rtoInitial: 1000,
  rtoMin: 200,
  rtoMax: 60_000,
  connectTimeout: 180_000,
  userTimeout: 300_000,
  userTimeoutOption: false,
  r1: 3,
  keepAliveIdle: 7_200_000,
  keepAliveInterval: 75_000,
  keepAliveCount: 9,
  dscp: 0,
  hopLimit: 64,
  blackHoleTimeouts: 3,
  minPathMtu: 576,
  msl: 30_000,
  rfc1337: true,
  finWait2Timeout: 60_000,
  challengeInterval: 500,
  maxTimeWait: 65_536,
  maxConnections: 1_048_576,
  maxReplies: 1024,
  ephemeralPorts: [32_768, 60_999],
}

type NumericKnob = {
  [K in keyof TcpConfig]: TcpConfig[K] extends number ? K : never
}[keyof TcpConfig]

/** A buffer that keeps its size has one number. */
export function bufferSize(size: number | BufferSize): BufferSize {
  return typeof size === 'number' ? { initial: size, max: size } : size
}

/**
 * Merges and checks.
 * @throws {RangeError} ERR_OUT_OF_RANGE: it names the knob
 * @throws {TypeError} ERR_INVALID_ARG_VALUE: no such congestion control
 */
export function tcpConfig(given: Partial<TcpConfig> = {}): TcpConfig {
  const config = { ...DEFAULT_CONFIG, ...given }
  const check = (name: keyof TcpConfig, valid: boolean, range: string): void => {
    if (!valid) throw outOfRange(`tcp.${name}`, range, config[name])
  }
  const time = (name: NumericKnob, least: number, most: number): void =>
    check(name, config[name] >= least && config[name] <= most, `${least} to ${most}`)
  const size = (name: NumericKnob, least: number, most: number): void =>
    check(
      name,
      Number.isInteger(config[name]) && config[name] >= least && config[name] <= most,
      `an integer from ${least} to ${most}`,
    )
  congestionControlOf(config.congestionControl, config.pacing)
  check('ecn', [true, false, 'passive'].includes(config.ecn), 'true, false or "passive"')
  const buffer = (name: 'sendBuffer' | 'receiveBuffer'): void => {
    const { initial, max } = bufferSize(config[name])
    const valid =
      Number.isInteger(initial) && Number.isInteger(max) && initial >= 1 && initial <= max && max <= MOST_BUFFER
    check(name, valid, `an integer from 1 to ${MOST_BUFFER}, or { initial, max } of such`)
  }
  buffer('sendBuffer')
  buffer('receiveBuffer')
  time('delayedAck', 0, 499)
  size('quickAcks', 0, 2 ** 16)
  size('r1', 1, 100)
  time('keepAliveIdle', 1, LONGEST)
  time('keepAliveInterval', 1, LONGEST)
  size('keepAliveCount', 2, 127)
  size('dscp', 0, 63)
  size('hopLimit', 1, 255)
  size('blackHoleTimeouts', 0, 100)
  size('minPathMtu', 68, 65_535)
  time('rtoMax', 1, LONGEST)
  time('rtoMin', 1, config.rtoMax)
  time('rtoInitial', config.rtoMin, config.rtoMax)
  time('connectTimeout', 1, LONGEST)
  time('userTimeout', 1, LONGEST)
  time('msl', 0, LONGEST)
  time('finWait2Timeout', 0, LONGEST)
  time('challengeInterval', 0, LONGEST)
  size('maxTimeWait', 0, 2 ** 24)
  size('maxConnections', 1, 2 ** 24)
  size('maxReplies', 1, 2 ** 20)
  const [first, last] = config.ephemeralPorts
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535
  check('ephemeralPorts', isPort(first) && isPort(last) && first <= last, 'two ports from 1 to 65535, in order')
  return config
}

/** A RangeError with Node's code, for a value that the user gave. */
export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const error = new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${String(value)}`)
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' })
}
