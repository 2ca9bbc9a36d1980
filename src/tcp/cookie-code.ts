import { type HalfOpen, NO_SCALE } from './half-open.ts'

/**
 * What a cookie remembers of a SYN's options, as a number.
 *
 * With timestamps there are 16 bits for it, and every MSS from 88 to 1460 is exact (a larger one becomes 1460):
 *
 *     0 .. 43,935         mss + 1373 * (scale + 16 * sack)       no ECN; scale 15 is none
 *     43,936 .. 64,530    mss + 1373 * scale                     ECN, with SACK and a scale
 *
 * ECN without either of the two is not agreed to in a cookie's SYN,ACK, so that nothing is promised and forgotten.
 *
 * Without timestamps there are 8 bits: an MSS class in 3, the scale in 4, SACK in 1. A class is never above the MSS.
 */
export const LEAST_MSS = 88
const MOST_MSS = 1460
const MSS_VALUES = MOST_MSS - LEAST_MSS + 1
const PLAIN_CODES = MSS_VALUES * 32
const ALL_CODES = PLAIN_CODES + MSS_VALUES * 15

/** The MSS classes: minimum, RFC 9293's default, tunnels, IPv6 and PPPoE over Ethernet, Ethernet. */
export const MSS_CLASSES: readonly number[] = [LEAST_MSS, 536, 1200, 1360, 1400, 1440, 1452, MOST_MSS]

/** Whether a cookie with timestamps keeps ECN for this SYN. */
export function keepsEcn(scale: number, sack: boolean): boolean {
  return sack && scale !== NO_SCALE
}

/** 16 bits. `mss` is what will be used, at least 88. */
export function encodeStamped(mss: number, scale: number, sack: boolean, ecn: boolean): number {
  const index = Math.min(mss, MOST_MSS) - LEAST_MSS
  if (ecn && keepsEcn(scale, sack)) return PLAIN_CODES + index + MSS_VALUES * scale
  return index + MSS_VALUES * (scale + (sack ? 16 : 0))
}

/** False for a number that no SYN has. */
export function decodeStamped(code: number, into: HalfOpen): boolean {
  if (code >= ALL_CODES) return false
  into.ecn = code >= PLAIN_CODES
  const rest = into.ecn ? code - PLAIN_CODES : code
  const options = Math.floor(rest / MSS_VALUES)
  into.mss = LEAST_MSS + (rest % MSS_VALUES)
  into.scale = options & 15
  into.sack = into.ecn || options >= 16
  return true
}

/** 8 bits. */
export function encodeBare(mss: number, scale: number, sack: boolean): number {
  let index = MSS_CLASSES.length - 1
  while (index > 0 && MSS_CLASSES[index]! > mss) index--
  return (index << 5) | (scale << 1) | (sack ? 1 : 0)
}

export function decodeBare(code: number, into: HalfOpen): void {
  into.mss = MSS_CLASSES[code >>> 5]!
  into.scale = (code >>> 1) & 15
  into.sack = (code & 1) !== 0
  into.ecn = false
}
