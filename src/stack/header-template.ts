import { arenaCode, ELSEWHERE, placeOf } from '../wire/arena.ts'
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

/** WebAssembly copies headers 16 octets at a time: at their end some of the text's place. */
const LEAST_TEXT = 16

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

  /**
   * Writes `count` packets, of the segment and of those behind it, which have the text that follows: the first at into[at], each `stride`
   * octets behind the one before. There is one already so far before the first. `segment` is the one behind the last then.
   */
  writeRow(into: Uint8Array, at: number, stride: number, segment: Segment, count: number): void {
    const { length, octets } = segment
    let place = at
    for (let left = count; left > 0; ) {
      const from = segment.start % octets.length
      const unbroken = Math.min(left, Math.floor((octets.length - from) / length))
      const made = unbroken > 1 && this.writeUnbroken(into, place, stride, segment, unbroken) ? unbroken : 1
      if (made === 1) this.write(into, place, segment)
      segment.seq = (segment.seq + made * length) >>> 0
      segment.start = from + made * length
      place += made * stride
      left -= made
    }
  }

  /** The same, of text that does not wrap around the end of its ring. False where WebAssembly does not get at it. */
  private writeUnbroken(into: Uint8Array, at: number, stride: number, segment: Segment, count: number): boolean {
    const { octets, start, length, seq } = segment
    const source = placeOf(octets)
    const target = source === ELSEWHERE ? ELSEWHERE : placeOf(into)
    if (target === ELSEWHERE || length < LEAST_TEXT) return false
    const text = source + (start % octets.length)
    arenaCode().row(target + at, stride, count, 4 * this.count, 4 * this.tcp, this.sum, seq | 0, text, length)
    return true
  }
}
