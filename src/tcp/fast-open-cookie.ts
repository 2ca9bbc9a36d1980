import type { IpAddress } from '../wire/address.ts'
import { readInt32, writeUint32 } from '../wire/octets.ts'
import type { Segment } from '../wire/segment.ts'
import type { CookieKeys } from './cookie-keys.ts'
import { type SipKey, sipHash24, sipHashHigh } from './siphash.ts'

/** Octets of a cookie of ours. */
const COOKIE_LENGTH = 8

const words = new Int32Array(8)

/**
 * Fast Open cookies as a server makes them (RFC 7413 §4.1.2): SipHash-2-4 of the client's address and ours under a key
 * that changes. One is valid under the previous key, too, and under the next, so that replicas need not rotate at the
 * same moment. Nothing is kept for a client.
 */
export class FastOpenCookies {
  readonly keys: CookieKeys

  constructor(keys: CookieKeys) {
    this.keys = keys
  }

  /** GetCookie: puts the cookie of the host that `synAck` goes to into it. */
  offer(synAck: Segment): void {
    const low = hash(this.keys.current, synAck.source, synAck.destination)
    synAck.cookieLength = COOKIE_LENGTH
    writeUint32(synAck.cookie, 0, low)
    writeUint32(synAck.cookie, 4, sipHashHigh())
  }

  /** IsCookieValid: whether the cookie on `syn` is one that we gave to the host that it comes from. */
  verify(syn: Segment): boolean {
    const { keys } = this
    if (syn.cookieLength !== COOKIE_LENGTH) return false
    return matches(keys.current, syn) || matches(keys.previous, syn) || matches(keys.next, syn)
  }
}

function matches(key: SipKey, syn: Segment): boolean {
  const low = hash(key, syn.destination, syn.source) ^ readInt32(syn.cookie, 0)
  return (low | (sipHashHigh() ^ readInt32(syn.cookie, 4))) === 0
}

function hash(key: SipKey, local: IpAddress, remote: IpAddress): number {
  if (remote.family === 4) {
    words[0] = remote.d
    words[1] = local.d
    return sipHash24(key, words, 2)
  }
  words[0] = remote.a
  words[1] = remote.b
  words[2] = remote.c
  words[3] = remote.d
  words[4] = local.a
  words[5] = local.b
  words[6] = local.c
  words[7] = local.d
  return sipHash24(key, words, 8)
}
