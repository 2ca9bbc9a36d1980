import { EarlyText } from './early-text.ts'
import { Ring } from './ring.ts'

/**
 * The most separate ranges held out of order; a peer that makes more gets them dropped, and counted. A window larger than
 * 1 MiB may hold one for each KiB: a queue that overflows in slow start drops every second segment of a window.
 */
export const MAX_RANGES = 1024

/** The bound for a buffer of `limit` octets: at 32 octets a range, no more than a 32nd of it beyond the least. */
export function mostRanges(limit: number): number {
  return Math.max(MAX_RANGES, limit >> 10)
}

/**
 * What has come from the peer: in order up to `next`, waiting to be read, and behind it ranges that came too early.
 * Positions are the stream's, from 0. Storage is bounded by whoever says up to where octets are acceptable: the window.
 */
export class ReceiveBuffer extends Ring {
  /** The position of RCV.NXT: all before it has come. */
  next = 0
  /** The most octets that are held unread or out of order: it grows with what is read, and never shrinks (RFC 9293 SHLD-14). */
  limit: number
  /** Made with the first gap, and gone once there is nothing to tell of it. */
  private early: EarlyText | undefined

  constructor(limit: number) {
    super()
    this.limit = limit
  }

  /** Octets in order that nobody has read. */
  get length(): number {
    return this.next - this.base
  }

  get room(): number {
    return this.limit - this.length
  }

  /** Nothing is held, in order or not. */
  get isEmpty(): boolean {
    return this.next === this.base && !this.hasGaps
  }

  get hasGaps(): boolean {
    return this.early !== undefined && this.early.ranges.count > 0
  }

  /** Whether the next ACK has SACK blocks. */
  get hasBlocks(): boolean {
    return this.early?.hasBlocks === true
  }

  /** Position after the last octet held, in order or not. */
  get highest(): number {
    const ranges = this.early?.ranges
    return ranges !== undefined && ranges.count > 0 ? ranges.to(ranges.count - 1) : this.next
  }

  /**
   * Stores `length` octets that belong at `position`, at or after `next`. False when they would make more than `most`
   * ranges: nothing is stored then.
   */
  store(position: number, octets: Uint8Array, start: number, length: number, most: number = MAX_RANGES): boolean {
    const end = position + length
    if (position > this.next) {
      this.early ??= new EarlyText()
      if (!this.early.add(position, end, most)) return false
      this.write(position, octets, start, length)
      return true
    }
    this.write(position, octets, start, length)
    this.next = this.hasGaps ? this.early!.advance(position, end) : end
    return true
  }

  /** So many octets came in order and were read at once, while nothing was held. */
  pass(octets: number): void {
    this.next += octets
    this.empty(this.next)
  }

  /** Octets from position `from` up to `to` came that were there before: the next ACK is to say so (RFC 2883 §4). */
  noteDuplicate(from: number, to: number): void {
    this.early ??= new EarlyText()
    this.early.noteDuplicate(from, to)
  }

  /** Copies up to `end - start` octets out to the application; returns how many. */
  read(into: Uint8Array, start: number, end: number): number {
    const length = Math.min(end - start, this.length)
    this.copy(this.base, length, into, start)
    if (length === this.length && !this.hasGaps) this.empty(this.next)
    else this.drop(length)
    if (this.early?.hasBlocks === false) this.early = undefined
    return length
  }

  /**
   * The ranges as SACK blocks (RFC 2018 §4, RFC 2883 §4): writes up to `most` pairs of sequence numbers, made from positions by
   * adding `origin`; returns the number of pairs.
   */
  blocks(into: Uint32Array, most: number, origin: number): number {
    return this.early?.blocks(into, most, origin) ?? 0
  }

  release(): void {
    this.empty(this.next)
    this.early = undefined
  }
}
