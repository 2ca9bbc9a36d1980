import type { Instant } from '../../wire/instant.ts'
import { seqDistance, seqLessOrEqual } from '../seq.ts'
import { FIRST_CAPACITY, SentEntries } from './sent-entries.ts'

/** With more than this, a SACK block splits no segment: a peer that reports odd pieces gets no more memory than that. */
export const MOST_WHEN_SPLIT = 4096

/** Marks of a segment. A segment that is neither SACKed nor lost is taken to be in the network. */
export const SACKED = 1
export const LOST = 2
/** Was sent more than once; more than twice. */
export const RETRANSMITTED = 4
export const OFTEN = 8

/**
 * The segments from SND.UNA to SND.NXT, in order of sequence: where each ends, when it was last sent, and what is known
 * of it: the scoreboard of RFC 6675, with the times that RFC 8985 asks for. Those that the link cut out of one are one
 * entry, until an ACK tells them apart, and so are SACKed neighbours: a long flight with few holes is few entries.
 */
export class SentSegments extends SentEntries {
  /** Octets of sequence that are SACKed, and that are lost and to be sent again. */
  sacked = 0
  lost = 0
  /** Segments that are SACKed, entries made one counted as often as they were sent. */
  sackedSegments = 0

  /** One segment is out, and no more. */
  get isSingle(): boolean {
    return this.count === 1 && !this.isSeveral(0)
  }

  /** Octets taken to be in the network: "pipe" of RFC 6675 §4, with a segment sent twice counted once. */
  get pipe(): number {
    return seqDistance(this.start, this.end) - this.sacked - this.lost
  }

  /** Nothing is out of another connection, whose first begins at `seq`. */
  begin(seq: number): void {
    this.clear(seq)
    this.wanted = FIRST_CAPACITY
  }

  /** Nothing is out; what comes next begins at `seq`. */
  clear(seq: number): void {
    this.start = seq
    this.count = 0
    this.sacked = 0
    this.lost = 0
    this.sackedSegments = 0
    this.release()
  }

  /** So many segments were sent at once and for the first time; the last ends at `end`. */
  append(end: number, now: Instant, segments = 1): void {
    this.reserve()
    const at = (this.head + this.count) & this.mask
    this.ends[at] = end
    this.times[at] = now
    this.marks[at] = 0
    this.pieces[at] = segments
    this.count++
  }

  /** As many segments of `size` octets each were sent for the first time; the last ends at `end`. */
  appendRow(end: number, size: number, count: number, now: Instant): void {
    for (let left = count - 1; left >= 0; left--) this.append((end - left * size) >>> 0, now)
  }

  /** The first entry is acknowledged. */
  removeFirst(): void {
    this.account(0, -1)
    this.start = this.ends[this.head]!
    this.head = (this.head + 1) & this.mask
    if (--this.count === 0) this.release()
  }

  /** How many of the first entries have no mark, and end no later than `ack`. */
  runUpTo(ack: number): number {
    const { ends, marks, head, mask, count } = this
    let i = 0
    while (i < count && marks[(head + i) & mask] === 0 && seqLessOrEqual(ends[(head + i) & mask]!, ack)) i++
    return i
  }

  /** The first entries, one at least, which have no mark, are acknowledged. */
  removeRun(entries: number): void {
    this.start = this.endOf(entries - 1)
    this.head = (this.head + entries) & this.mask
    this.count -= entries
    if (this.count === 0) this.release()
  }

  /** Octets before `seq`, which is inside the first entry, are acknowledged. */
  trimFirst(seq: number): void {
    this.account(0, -1)
    this.pieces[this.head] = share(this.pieces[this.head]!, seqDistance(seq, this.endOf(0)), this.lengthOf(0))
    this.start = seq
    this.account(0, 1)
  }

  /** The first lost entry; -1 when there is none. */
  findLost(): number {
    if (this.lost === 0) return -1
    const { marks, head, mask } = this
    let i = 0
    while ((marks[(head + i) & mask]! & LOST) === 0) i++
    return i
  }

  /**
   * The first entry from `i` on that is taken to be in the network, and was sent once, or no later than `at`; `count` when
   * there is none. Passes quickly over the thousands that a queue which overflowed makes one send again.
   */
  findSentBy(at: Instant, i: number): number {
    const { marks, times, head, mask, count } = this
    for (let k = i; k < count; k++) {
      const place = (head + k) & mask
      const known = marks[place]!
      if ((known & (SACKED | LOST)) === 0 && ((known & RETRANSMITTED) === 0 || times[place]! <= at)) return k
    }
    return count
  }

  markSacked(i: number): void {
    this.set(i, (this.marksOf(i) & ~LOST) | SACKED)
  }

  markLost(i: number): void {
    this.set(i, this.marksOf(i) | LOST)
  }

  /** It is in the network after all. */
  unmarkLost(i: number): void {
    this.set(i, this.marksOf(i) & ~LOST)
  }

  /** What was SACKed was dropped by the peer (RFC 2018 §8). */
  unmarkSacked(i: number): void {
    this.set(i, this.marksOf(i) & ~SACKED)
  }

  /** All that is not SACKed is lost. */
  loseAll(): void {
    for (let i = 0; i < this.count; i++) if (!this.has(i, SACKED)) this.markLost(i)
  }

  /** All that was taken for lost is in the network after all. */
  unmarkAllLost(): void {
    for (let i = 0; i < this.count; i++) if (this.has(i, LOST)) this.unmarkLost(i)
  }

  unmarkAllSacked(): void {
    for (let i = 0; i < this.count; i++) if (this.has(i, SACKED)) this.unmarkSacked(i)
  }

  /** It was sent again. */
  resent(i: number, now: Instant): void {
    const often = this.has(i, RETRANSMITTED) ? OFTEN : 0
    this.set(i, (this.marksOf(i) & ~LOST) | RETRANSMITTED | often)
    this.times[(this.head + i) & this.mask] = now
  }

  /** Makes entry `i` two, the first of which ends at `seq`, inside of it. */
  split(i: number, seq: number): void {
    this.account(i, -1)
    const length = this.lengthOf(i)
    this.reserve()
    this.open(i)
    const first = (this.head + i) & this.mask
    const second = (this.head + i + 1) & this.mask
    const all = this.pieces[first]!
    this.ends[first] = seq
    this.pieces[first] = share(all, this.lengthOf(i), length)
    this.pieces[second] = Math.max(all - this.pieces[first]!, 1)
    this.account(i, 1)
    this.account(i + 1, 1)
  }

  /** Makes entry `i` and the next, which have the same SACKED and LOST marks, one: sent when the later was. */
  join(i: number): void {
    this.account(i, -1)
    this.account(i + 1, -1)
    const first = (this.head + i) & this.mask
    const second = (this.head + i + 1) & this.mask
    this.ends[first] = this.ends[second]!
    this.times[first] = Math.max(this.times[first]!, this.times[second]!)
    this.marks[first]! |= this.marks[second]!
    this.pieces[first] = Math.min(this.pieces[first]! + this.pieces[second]!, 0xffff)
    this.close(i + 1)
    this.account(i, 1)
  }

  private set(i: number, marks: number): void {
    this.account(i, -1)
    this.marks[(this.head + i) & this.mask] = marks
    this.account(i, 1)
  }

  /** Adds entry `i` to the sums, or takes it off. */
  private account(i: number, sign: 1 | -1): void {
    const at = (this.head + i) & this.mask
    const marks = this.marks[at]!
    if ((marks & (SACKED | LOST)) === 0) return
    const octets = sign * this.lengthOf(i)
    if ((marks & SACKED) !== 0) {
      this.sacked += octets
      this.sackedSegments += sign * this.pieces[at]!
    } else {
      this.lost += octets
    }
  }
}

/** How many of the segments in `length` octets are in `part` of them; one at least. */
function share(segments: number, part: number, length: number): number {
  return segments === 1 ? 1 : Math.max(Math.round((segments * part) / length), 1)
}
