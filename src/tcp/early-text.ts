import { EarlyRanges } from './early-ranges.ts'

/** What a receive buffer holds beyond a gap, and what came twice: what SACK blocks tell. Positions are the stream's. */
export class EarlyText {
  readonly ranges: EarlyRanges = new EarlyRanges()
  /** Where the range lies that came last, for the first SACK block (RFC 2018 §4). */
  private latest = 0
  /** What came twice and has not been reported (RFC 2883): from `twiceFrom` up to `twiceTo`; nothing when they are equal. */
  private twiceFrom = 0
  private twiceTo = 0

  /** Whether the next ACK has SACK blocks. */
  get hasBlocks(): boolean {
    return this.ranges.count > 0 || this.twiceFrom !== this.twiceTo
  }

  /** Octets from `from` up to `to` came. False when they would make more than `most` ranges: they are not noted then. */
  add(from: number, to: number, most: number): boolean {
    // What is refused overlaps nothing.
    this.noteOverlap(from, to)
    if (!this.ranges.add(from, to, most)) return false
    this.latest = from
    return true
  }

  /** All before `end` has come, from `from` on just now. Returns up to where all is there. */
  advance(from: number, end: number): number {
    this.noteOverlap(from, end)
    return this.ranges.advance(end)
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
}
