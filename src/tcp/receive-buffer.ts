import { Ring } from './ring.ts'

/**
 * The most separate ranges held out of order; a peer that makes more gets them dropped, and counted. A queue that is full
 * takes every other packet of a slow start, so a path of 2000 packets makes as many ranges as half of that.
 */
export const MAX_RANGES = 1024

/**
 * What has come from the peer: in order up to `next`, waiting to be read, and behind it ranges that came too early.
 * Positions are the stream's, from 0. Storage is bounded by whoever says up to where octets are acceptable: the window.
 */
export class ReceiveBuffer {
  readonly ring: Ring = new Ring()
  /** The position of RCV.NXT: all before it has come. */
  next = 0
  /** Early ranges, disjoint, not touching, in order: from, to, from, to, ... */
  private readonly ranges: number[] = []
  /** Where the range lies that came last, for the first SACK block (RFC 2018 §4). */
  private latest = 0
  /** What came twice and has not been reported (RFC 2883): from `twiceFrom` up to `twiceTo`; nothing when they are equal. */
  private twiceFrom = 0
  private twiceTo = 0

  /** Octets in order that nobody has read. */
  get length(): number {
    return this.next - this.ring.base
  }

  get hasGaps(): boolean {
    return this.ranges.length > 0
  }

  /** Whether the next ACK has SACK blocks. */
  get hasBlocks(): boolean {
    return this.ranges.length > 0 || this.twiceFrom !== this.twiceTo
  }

  /** Position after the last octet held, in order or not. */
  get highest(): number {
    return this.ranges.length > 0 ? this.ranges[this.ranges.length - 1]! : this.next
  }

  /**
   * Stores `length` octets that belong at `position`, at or after `next`. False when they would make one range too many:
   * nothing is stored then.
   */
  store(position: number, octets: Uint8Array, start: number, length: number): boolean {
    const end = position + length
    if (position === this.next && this.ranges.length === 0) {
      this.ring.write(position, octets, start, length)
      this.next = end
      return true
    }
    if (position > this.next && !this.addRange(position, end)) return false
    if (position === this.next) this.noteOverlap(position, end)
    this.ring.write(position, octets, start, length)
    if (position === this.next) this.advance(end)
    return true
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
      into[2 * count] = (origin + this.ranges[i]!) >>> 0
      into[2 * count + 1] = (origin + this.ranges[i + 1]!) >>> 0
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
    for (let i = this.ranges.length - 2; i >= 0 && count < most; i -= 2) if (i !== first) put(i)
    return count
  }

  release(): void {
    this.ring.base = this.next
    this.ring.release()
    this.ranges.length = 0
    this.twiceFrom = this.twiceTo
  }

  private rangeAt(position: number): number {
    const at = this.endingFrom(position + 1)
    return at < this.ranges.length && this.ranges[at]! <= position ? at : -1
  }

  /** The first range that ends at `position` or behind it. */
  private endingFrom(position: number): number {
    let low = 0
    let high = this.ranges.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.ranges[2 * middle + 1]! < position) low = middle + 1
      else high = middle
    }
    return 2 * low
  }

  /** Notes the first part of what has just come that was held before. */
  private noteOverlap(from: number, to: number): void {
    const { ranges } = this
    const at = this.endingFrom(from + 1)
    if (at >= ranges.length || ranges[at]! >= to) return
    this.noteDuplicate(Math.max(from, ranges[at]!), Math.min(to, ranges[at + 1]!))
  }

  private addRange(from: number, to: number): boolean {
    const { ranges } = this
    const first = this.endingFrom(from)
    let last = first
    let low = from
    let high = to
    while (last < ranges.length && ranges[last]! <= to) {
      low = Math.min(low, ranges[last]!)
      high = Math.max(high, ranges[last + 1]!)
      last += 2
    }
    if (last === first && ranges.length >= 2 * MAX_RANGES) return false
    this.noteOverlap(from, to)
    ranges.splice(first, last - first, low, high)
    this.latest = from
    return true
  }

  /** All before `end` has come: what lay early up to there, or touches it, is in order now. */
  private advance(end: number): void {
    const { ranges } = this
    let reached = end
    let used = 0
    while (used < ranges.length && ranges[used]! <= reached) {
      reached = Math.max(reached, ranges[used + 1]!)
      used += 2
    }
    ranges.splice(0, used)
    this.next = reached
  }
}
