import { arenaOctets } from '../wire/arena.ts'
import { copySummed, foldChecksum, pseudoHeaderSum, sumWord } from '../wire/checksum.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, type IpHeader, Protocol } from '../wire/ip.ts'
import { EMPTY, viewOf } from '../wire/octets.ts'
import { ACK, CE, PSH, type Segment } from '../wire/segment.ts'
import { TCP_HEADER_LENGTH } from '../wire/tcp.ts'

/** Octets of text that are gathered at most. */
const MOST = 65_536

/** Text of fewer octets than that is no bulk. */
const LEAST = 512

/** Words of the longest headers: IPv6's, and TCP's with all options. */
const MOST_WORDS = 25

/** What need not be the same in all segments, by word: identification and checksum of IPv4. */
const IPV4_MASKS = [-1, 0xffff, ~0xffff, -1, -1]
/** And of TCP: sequence number, PSH, checksum. */
const TCP_MASKS = [-1, 0, -1, ~(PSH << 16), 0xffff]

/** Where the sequence number stands in the TCP header, octets. */
const SEQ = 4

/**
 * Text of segments that come one right behind the other, gathered to be processed as one: what a link with segmentation
 * offload does before it hands over a frame. A segment belongs to the train if it continues the one before, and its headers
 * are the same but for what tells segments of a train apart; it is copied and summed in one pass then, and that is all.
 */
export class TextTrain {
  /** Segments that were taken, and not handed over. */
  frames = 0
  private octets: Uint8Array = EMPTY
  private length = 0
  /** The headers that all have; no words when there is no train. */
  private readonly words: Int32Array = new Int32Array(MOST_WORDS)
  private readonly masks: Int32Array = new Int32Array(MOST_WORDS)
  private count = 0
  private ipWords = 0
  private pseudo = 0
  /** Octets of each packet, and of its text. */
  private total = 0
  private size = 0
  /** The number that the next has; signed, as V8 keeps it without a box. */
  private next = 0

  get isOpen(): boolean {
    return this.count > 0
  }

  get isFull(): boolean {
    return this.length + this.size > MOST
  }

  /** A packet has come that is not of the train: nothing waits any more. */
  end(): void {
    this.count = 0
  }

  /** This segment is about to be processed by itself: what continues it may be a train with headers like its. */
  follow(octets: Uint8Array, ip: IpHeader, segment: Segment): void {
    const isNext = (segment.seq | 0) === this.next
    this.next = (segment.seq + segment.length) | 0
    if (!isNext || segment.length < LEAST || (segment.flags & ~PSH) !== ACK) return
    if (segment.sackBlocks > 0 || segment.segmentSize > 0 || segment.ecn === CE) return
    const ipLength = ip.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    if (ip.payloadStart - ip.start !== ipLength) return
    this.ipWords = ipLength >> 2
    this.total = ip.payloadEnd - ip.start
    this.size = segment.length
    this.pseudo = pseudoHeaderSum(ip.source, ip.destination, Protocol.TCP, this.total - ipLength)
    this.copyHeaders(octets, ip.start, (segment.start - ip.start) >> 2)
    if (this.octets === EMPTY) this.octets = arenaOctets(MOST)
  }

  /** Takes the packet at octets[start] up to octets[end]; false if it is not the next of the train, or not whole. */
  takes(octets: Uint8Array, start: number, end: number): boolean {
    const { count, size, ipWords, words, masks } = this
    if (end - start !== this.total || count === 0) return false
    const view = viewOf(octets)
    if (view.getInt32(start + 4 * ipWords + SEQ) !== this.next) return false
    let sum = 0
    for (let i = 0; i < ipWords; i++) {
      const word = view.getInt32(start + 4 * i)
      if (((word ^ words[i]!) & masks[i]!) !== 0) return false
      sum = (sum + sumWord(word)) | 0
    }
    // RFC 1122 §3.2.1.2
    if (ipWords === IPV4_HEADER_LENGTH >> 2 && foldChecksum(sum) !== 0) return false
    sum = this.pseudo
    for (let i = ipWords; i < count; i++) {
      const word = view.getInt32(start + 4 * i)
      if (((word ^ words[i]!) & masks[i]!) !== 0) return false
      sum = (sum + sumWord(word)) | 0
    }
    // RFC 9293 MUST-3
    if (foldChecksum(sum + copySummed(octets, start + 4 * count, size, this.octets, this.length)) !== 0) return false
    this.length += size
    this.next = (this.next + size) | 0
    this.frames++
    return true
  }

  /** Makes `segment`, which is the last that was processed, the one that all gathered ones are together. */
  handOver(segment: Segment): void {
    const { length, size, frames } = this
    segment.flags = ACK
    segment.seq = (this.next - length) >>> 0
    segment.octets = this.octets
    segment.start = 0
    segment.length = length
    segment.segmentSize = frames > 1 ? size : 0
    this.length = 0
    this.frames = 0
  }

  private copyHeaders(octets: Uint8Array, start: number, count: number): void {
    const { words, masks, ipWords } = this
    const view = viewOf(octets)
    for (let i = 0; i < count; i++) words[i] = view.getInt32(start + 4 * i)
    masks.fill(-1, 0, count)
    if (ipWords === IPV4_HEADER_LENGTH >> 2) for (let i = 0; i < ipWords; i++) masks[i] = IPV4_MASKS[i]!
    for (let i = 0; i < TCP_HEADER_LENGTH >> 2; i++) masks[ipWords + i] = TCP_MASKS[i]!
    this.count = count
  }
}
