import { ABSENT, CWR, ECE, type Segment, SYN } from '../wire/segment.ts'
import type { TcpConfig } from './config.ts'
import { encodeBare, encodeStamped, keepsEcn } from './cookie-code.ts'
import { type HalfOpen, NO_SCALE } from './half-open.ts'
import { acceptedMss, offeredMss } from './options.ts'
import type { SipKey } from './siphash.ts'
import type { SynCookies } from './syn-cookie.ts'

/** What signing needs of an endpoint. */
export interface SigningHost {
  readonly config: TcpConfig
  readonly mtu: number
  readonly listening: { readonly cookies: SynCookies }
}

/** What a SYN asks for, before there is an ISS. */
export function halfOpenOf(syn: Segment, into: HalfOpen): void {
  into.remote.copy(syn.source)
  into.local.copy(syn.destination)
  into.remotePort = syn.sourcePort
  into.localPort = syn.destinationPort
  into.irs = syn.seq
  into.mss = syn.mss === ABSENT ? 0 : Math.max(syn.mss, 1)
  into.scale = syn.windowScale === ABSENT ? NO_SCALE : Math.min(syn.windowScale, 14)
  into.sack = syn.sackPermitted
  into.ecn = (syn.flags & (ECE | CWR)) === (ECE | CWR)
  into.timestamps = syn.timestamps
  into.tsRecent = syn.tsVal
}

/** The reverse: the client's SYN once more, as far as a half-open connection remembers it. */
export function synOf(halfOpen: HalfOpen, into: Segment): void {
  into.clear()
  into.source.copy(halfOpen.remote)
  into.destination.copy(halfOpen.local)
  into.sourcePort = halfOpen.remotePort
  into.destinationPort = halfOpen.localPort
  into.flags = halfOpen.ecn ? SYN | ECE | CWR : SYN
  into.seq = halfOpen.irs
  into.mss = halfOpen.mss === 0 ? ABSENT : halfOpen.mss
  into.windowScale = halfOpen.scale === NO_SCALE ? ABSENT : halfOpen.scale
  into.sackPermitted = halfOpen.sack
  into.timestamps = halfOpen.timestamps
  into.tsVal = halfOpen.tsRecent
}

/** TSval of a row's first SYN,ACK, whose upper half was kept. */
export function firstTimestamp(host: SigningHost, halfOpen: HalfOpen, upper: number): number {
  return ((upper << 16) | stampedCode(host, halfOpen)) >>> 0
}

function stampedCode(host: SigningHost, halfOpen: HalfOpen): number {
  const { remote, scale, sack } = halfOpen
  const mss = acceptedMss(halfOpen.mss === 0 ? ABSENT : halfOpen.mss, offeredMss(host.mtu, remote), remote)
  return encodeStamped(mss, scale, sack, halfOpen.ecn && keepsEcn(scale, sack))
}

/** Makes the cookie of a half-open connection: its ISS and TSval, in `listening.cookies`. */
export function signHandshake(host: SigningHost, halfOpen: HalfOpen, key: SipKey): void {
  const { remote, local, remotePort, localPort, irs, scale, sack } = halfOpen
  const mss = acceptedMss(halfOpen.mss === 0 ? ABSENT : halfOpen.mss, offeredMss(host.mtu, remote), remote)
  const stamped = host.config.timestamps && halfOpen.timestamps
  const ecn = halfOpen.ecn && keepsEcn(scale, sack)
  const code = stamped ? encodeStamped(mss, scale, sack, ecn) : encodeBare(mss, scale, sack)
  host.listening.cookies.sign(key, local, localPort, remote, remotePort, irs, code, stamped)
}

/**
 * TSval of a row's SYN,ACK: that of its cookie, so the same each time, as long as the key is there. After two rotations
 * it is another, which is no cookie's; clients take no timestamp from a SYN,ACK that repeats one.
 */
export function rowTimestamp(host: SigningHost, halfOpen: HalfOpen, generation: number): number {
  const { cookies } = host.listening
  const { keys } = cookies
  signHandshake(host, halfOpen, ((keys.generation - generation) & 3) === 1 ? keys.previous : keys.current)
  return cookies.tsVal
}
