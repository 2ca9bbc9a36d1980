import type { IpAddress } from '../wire/address.ts'
import type { Segment } from '../wire/segment.ts'
import { decodeBare, decodeStamped } from './cookie-code.ts'
import type { CookieKeys } from './cookie-keys.ts'
import { tupleWords } from './four-tuple.ts'
import type { HalfOpen } from './half-open.ts'
import { type SipKey, sipHash24, sipHashHigh, sipWords } from './siphash.ts'

/** Beside the code among what is signed: the client has timestamps. */
const STAMPED = 0x10000

/**
 * SYN cookies (RFC 4987 §3.6): everything that a half-open connection is, in what the client sends back.
 *
 *     with timestamps      ISS    |            MAC, low 32            |
 *                          TSval  |  MAC, next 16  |     code 16      |      48 bits of MAC
 *
 *     without              ISS    |         MAC, low 24      | code 8 |      24 bits of MAC
 *
 * The MAC is SipHash-2-4 of four-tuple, client's ISN and code under a key that is in use for 30 s. Three keys are
 * honoured, so a forged ACK is taken for a cookie's once in 2^48 / 3, or 2^24 / 3, tries.
 */
export class SynCookies {
  readonly keys: CookieKeys
  /** What {@link sign} made: ISS and, with timestamps, TSval. */
  iss = 0
  tsVal = 0
  /** The generation of the key that {@link verify} found. */
  verifiedGeneration = 0

  constructor(keys: CookieKeys) {
    this.keys = keys
  }

  /** Signs with `key` what the client at the other end of the four-tuple sent. */
  sign(
    key: SipKey,
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    irs: number,
    code: number,
    stamped: boolean,
  ): void {
    const count = tupleWords(sipWords, local, localPort, remote, remotePort)
    sipWords[count - 1] = irs
    sipWords[count] = stamped ? code | STAMPED : code
    const low = sipHash24(key, sipWords, count + 1)
    this.iss = stamped ? low : ((low & 0xffffff00) | code) >>> 0
    this.tsVal = (((sipHashHigh() & 0xffff) << 16) | code) >>> 0
  }

  /**
   * Whether an ACK answers a SYN,ACK whose numbers are a cookie under one of the keys; if so, `into` is what the cookie
   * says. The segment is the client's third, or any that begins right after its SYN.
   */
  verify(segment: Segment, into: HalfOpen): boolean {
    const { keys } = this
    const { generation } = keys
    return (
      this.verifyWith(keys.current, generation, segment, into) ||
      this.verifyWith(keys.previous, generation - 1, segment, into) ||
      this.verifyWith(keys.next, generation + 1, segment, into)
    )
  }

  private verifyWith(key: SipKey, generation: number, segment: Segment, into: HalfOpen): boolean {
    const { source, sourcePort, destination, destinationPort, timestamps } = segment
    const irs = (segment.seq - 1) >>> 0
    const iss = (segment.ack - 1) >>> 0
    const code = timestamps ? segment.tsEcr & 0xffff : iss & 0xff
    this.sign(key, destination, destinationPort, source, sourcePort, irs, code, timestamps)
    if (this.iss !== iss || (timestamps && this.tsVal !== segment.tsEcr)) return false
    if (!timestamps) decodeBare(code, into)
    else if (!decodeStamped(code, into)) return false
    this.verifiedGeneration = generation
    into.remote.copy(source)
    into.local.copy(destination)
    into.remotePort = sourcePort
    into.localPort = destinationPort
    into.irs = irs
    into.iss = iss
    into.timestamps = timestamps
    into.tsRecent = segment.tsVal
    return true
  }
}
