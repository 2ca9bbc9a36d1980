import { EarlyRanges } from './early-ranges.ts'
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
export class ReceiveBuffer {
  readonly ring: Ring = new Ring()
  /** The position of RCV.NXT: all before it has come. */
  next = 0
  private readonly ranges: EarlyRanges = new EarlyRanges()
  /** Where the range lies that came last, for the first SACK block (RFC 2018 §4). */
  private latest = 0
  /** What came twice and has not been reported (RFC 2883): from `twiceFrom` up to `twiceTo`; nothing when they are equal. */
  private twiceFrom = 0
  private twiceTo = 0

  /** Octets in order that nobody has read. */
  get length(): number {
    return this.next - this.ring.base
  }

  /** Nothing is held, in order or not. */
  get isEmpty(): boolean {
    return this.next === this.ring.base && this.ranges.count === 0
  }

  get hasGaps(): boolean {
    return this.ranges.count > 0
  }

  /** Whether the next ACK has SACK blocks. */
  get hasBlocks(): boolean {
    return this.ranges.count > 0 || this.twiceFrom !== this.twiceTo
  }

  /** Position after the last octet held, in order or not. */
  get highest(): number {
    return this.ranges.count > 0 ? this.ranges.to(this.ranges.count - 1) : this.next
  }

  /**
   * Stores `length` octets that belong at `position`, at or after `next`. False when they would make more than `most`
   * ranges: nothing is stored then.
   */
  store(position: number, octets: Uint8Array, start: number, length: number, most: number = MAX_RANGES): boolean {
    const end = position + length
    if (position === this.next && this.ranges.count === 0) {
      this.ring.write(position, octets, start, length)
      this.next = end
      return true
    }
    if (position > this.next && !this.addRange(position, end, most)) return false
    if (position === this.next) this.noteOverlap(position, end)
    this.ring.write(position, octets, start, length)
    if (position === this.next) this.next = this.ranges.advance(end)
    return true
  }

  /** So many octets came in order and were read at once, while nothing was held. */
  pass(octets: number): void {
    this.next += octets
    this.ring.base = this.next
  }

  /** Octets from position `from` up to `to` came that were there before: the next ACK is to say so (RFC 2883 §4). */
  noteDuplicate(from: number, to: number): void {
    if (this.twiceFrom === this.twiceTo || from > this.twiceTo || to < this.twiceFrom) {
      this.twiceFrom = from
      this.twiceTo = to
    } else {
      this.twiceFrom = Math.min(this.twiceFrom, from)
      this.twiceTo = Math.max(this.twiceTo, to)
    }
  }

  /** Copies up to `end - start` octets out to the application; returns how many. */
  read(into: Uint8Array, start: number, end: number): number {
    const length = Math.min(end - start, this.length)
    this.ring.read(this.ring.base, length, into, start)
    this.ring.base += length
    return length
  }

  /**
   * The ranges as SACK blocks (RFC 2018 §4): the one that came last first, the others from the highest down; before
   * them, once, what came twice, and next the range that it lies in (RFC 2883 §4). Writes up to `most` pairs of sequence numbers, made from positions by adding `origin`; returns the number of pairs.
   */
  blocks(into: Uint32Array, most: number, origin: number): number {
    let count = 0
    const put = (i: number): void => {
      into[2 * count] = (origin + this.ranges.from(i)) >>> 0
      into[2 * count + 1] = (origin + this.ranges.to(i)) >>> 0
      count++
    }
    if (this.twiceFrom !== this.twiceTo) {
      into[0] = (origin + this.twiceFrom) >>> 0
      into[1] = (origin + this.twiceTo) >>> 0
      count = 1
      const around = this.rangeAt(this.twiceFrom)
      if (around >= 0) this.latest = this.twiceFrom
      this.twiceFrom = this.twiceTo
    }
    const first = this.rangeAt(this.latest)
    if (first >= 0) put(first)
    for (let i = this.ranges.count - 1; i >= 0 && count < most; i--) if (i !== first) put(i)
    return count
  }

  release(): void {
    this.ring.base = this.next
    this.ring.release()
    this.ranges.clear()
    this.twiceFrom = this.twiceTo
  }

  private rangeAt(position: number): number {
    const i = this.ranges.find(position + 1)
    return i < this.ranges.count && this.ranges.from(i) <= position ? i : -1
  }

  /** Notes the first part of what has just come that was held before. */
  private noteOverlap(from: number, to: number): void {
    const { ranges } = this
    const i = ranges.find(from + 1)
    if (i < ranges.count && ranges.from(i) < to) {
      this.noteDuplicate(Math.max(from, ranges.from(i)), Math.min(to, ranges.to(i)))
    }
  }

  private addRange(from: number, to: number, most: number): boolean {
    // What is refused overlaps nothing.
    this.noteOverlap(from, to)
    if (!this.ranges.add(from, to, most)) return false
    this.latest = from
    return true
  }
}
