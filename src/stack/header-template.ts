import { foldChecksum, pseudoHeaderSum, sumWord } from '../wire/checksum.ts'
import { type IpHeader, Protocol } from '../wire/ip.ts'
import { viewOf } from '../wire/octets.ts'
import type { Segment } from '../wire/segment.ts'
import { writePayloadSummed } from '../wire/tcp.ts'

/** Words of the longest headers: IPv6's, and TCP's with all options. */
const MOST_WORDS = 25

/** Words of the TCP header. */
const SEQ = 1
const CHECKSUM = 4

/** The headers of a segment, of which those of the next differ in nothing but sequence number and checksum. */
export class HeaderTemplate {
  private readonly words: Int32Array = new Int32Array(MOST_WORDS)
  private count = 0
  private tcp = 0
  /** Of the pseudo-header, and of the TCP header without sequence number and checksum. */
  private sum = 0

  get isEmpty(): boolean {
    return this.count === 0
  }

  clear(): void {
    this.count = 0
  }

  /** Keeps the headers at into[at] up to into[textAt]; TCP's begins at into[tcpAt]. */
  keep(
    into: Uint8Array,
    at: number,
    tcpAt: number,
    textAt: number,
    { source, destination }: IpHeader,
    text: number,
  ): void {
    const { words } = this
    const view = viewOf(into)
    const count = (textAt - at) >> 2
    const tcp = (tcpAt - at) >> 2
    for (let i = 0; i < count; i++) words[i] = view.getInt32(at + 4 * i)
    words[tcp + SEQ] = 0
    words[tcp + CHECKSUM]! &= 0xffff
    let sum = pseudoHeaderSum(source, destination, Protocol.TCP, textAt - tcpAt + text)
    for (let i = tcp; i < count; i++) sum = (sum + sumWord(words[i]!)) | 0
    this.sum = sum
    this.tcp = tcp
    this.count = count
  }

  /** Writes the segment's packet at into[at]; returns its octets. */
  write(into: Uint8Array, at: number, segment: Segment): number {
    const { words, count } = this
    const view = viewOf(into)
    for (let i = 0; i < count; i++) view.setInt32(at + 4 * i, words[i]!)
    const tcpAt = at + 4 * this.tcp
    const seq = segment.seq | 0
    view.setInt32(tcpAt + 4 * SEQ, seq)
    // RFC 9293 MUST-2
    const sum = this.sum + sumWord(seq) + writePayloadSummed(into, at + 4 * count, segment)
    view.setUint16(tcpAt + 4 * CHECKSUM, foldChecksum(sum))
    return 4 * count + segment.length
  }
}
