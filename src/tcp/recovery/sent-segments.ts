import type { Instant } from '../../wire/instant.ts'
import { seqDistance, seqLessOrEqual } from '../seq.ts'
import { giveBack, KEPT_CAPACITY, NO_RING, type SentRing, takeRing } from './sent-ring.ts'

/** The most entries: at 15 octets each, 983 kB. */
export const MOST_SEGMENTS = 65_536

/** New data waits when there are as many, so that what must be split can be. */
const MOST_IN_FLIGHT = MOST_SEGMENTS - 1024

/** With more than this, a SACK block splits no segment: a peer that reports odd pieces gets no more memory than that. */
export const MOST_WHEN_SPLIT = 4096

const FIRST_CAPACITY = 8

/** Marks of a segment. A segment that is neither SACKed nor lost is taken to be in the network. */
export const SACKED = 1
export const LOST = 2
/** Was sent more than once; more than twice. */
export const RETRANSMITTED = 4
export const OFTEN = 8

/**
 * The segments from SND.UNA to SND.NXT, in order of sequence: where each ends, when it was last sent, and what is known
 * of it: the scoreboard of RFC 6675, with the times that RFC 8985 asks for. Those that the link cut out of one are one
 * entry, until an ACK tells them apart, and so are SACKed neighbours: a long flight with few holes is few entries. A ring of typed arrays; nothing is made for a segment.
 */
export class SentSegments {
  /** Where the first entry begins: SND.UNA. */
  start = 0
  /** Entries; those are numbered from 0. */
  count = 0
  /** Octets of sequence that are SACKed, and that are lost and to be sent again. */
  sacked = 0
  lost = 0
  /** Segments that are SACKed, entries made one counted as often as they were sent. */
  sackedSegments = 0
  private ring: SentRing = NO_RING
  private ends: Uint32Array = NO_RING.ends
  private times: Float64Array = NO_RING.times
  private marks: Uint8Array = NO_RING.marks
  private pieces: Uint16Array = NO_RING.pieces
  private head = 0
  private mask = 0
  /** The capacity that the last flight needed. */
  private wanted = FIRST_CAPACITY

  get isFull(): boolean {
    return this.count >= MOST_IN_FLIGHT
  }

  /** One segment is out, and no more. */
  get isSingle(): boolean {
    return this.count === 1 && !this.isSeveral(0)
  }

  get canSplit(): boolean {
    return this.count < MOST_SEGMENTS
  }

  /** Where the last entry ends: SND.NXT. */
  get end(): number {
    return this.count === 0 ? this.start : this.endOf(this.count - 1)
  }

  /** Octets taken to be in the network: "pipe" of RFC 6675 §4, with a segment sent twice counted once. */
  get pipe(): number {
    return seqDistance(this.start, this.end) - this.sacked - this.lost
  }

  endOf(i: number): number {
    return this.ends[(this.head + i) & this.mask]!
  }

  startOf(i: number): number {
    return i === 0 ? this.start : this.endOf(i - 1)
  }

  lengthOf(i: number): number {
    return seqDistance(this.startOf(i), this.endOf(i))
  }

  sentAt(i: number): Instant {
    return this.times[(this.head + i) & this.mask]!
  }

  /** Entry `i` stands for more than one segment. */
  isSeveral(i: number): boolean {
    return this.pieces[(this.head + i) & this.mask]! > 1
  }

  has(i: number, marks: number): boolean {
    return (this.marks[(this.head + i) & this.mask]! & marks) !== 0
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

  /** The first entry is acknowledged. */
  removeFirst(): void {
    this.account(0, -1)
    this.start = this.ends[this.head]!
    this.head = (this.head + 1) & this.mask
    if (--this.count === 0) this.release()
  }

  /** Octets before `seq`, which is inside the first entry, are acknowledged. */
  trimFirst(seq: number): void {
    this.account(0, -1)
    this.pieces[this.head] = share(this.pieces[this.head]!, seqDistance(seq, this.endOf(0)), this.lengthOf(0))
    this.start = seq
    this.account(0, 1)
  }

  /** The entry that `seq` is in; `count` if it is at or behind the end. `seq` is not before the start. */
  find(seq: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (seqLessOrEqual(this.endOf(middle), seq)) low = middle + 1
      else high = middle
    }
    return low
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

  private marksOf(i: number): number {
    return this.marks[(this.head + i) & this.mask]!
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

  /** Doubles entry `i`: the shorter side moves by one. */
  private open(i: number): void {
    if (i < this.count >> 1) {
      this.head = (this.head - 1) & this.mask
      for (let k = 0; k <= i; k++) this.move(k + 1, k)
    } else {
      for (let k = this.count; k > i; k--) this.move(k - 1, k)
    }
    this.count++
  }

  /** Takes entry `i` out: the shorter side moves by one. */
  private close(i: number): void {
    if (i < this.count >> 1) {
      for (let k = i; k > 0; k--) this.move(k - 1, k)
      this.head = (this.head + 1) & this.mask
    } else {
      for (let k = i; k < this.count - 1; k++) this.move(k + 1, k)
    }
    this.count--
  }

  private move(from: number, to: number): void {
    const source = (this.head + from) & this.mask
    const target = (this.head + to) & this.mask
    this.ends[target] = this.ends[source]!
    this.times[target] = this.times[source]!
    this.marks[target] = this.marks[source]!
    this.pieces[target] = this.pieces[source]!
  }

  /** Nothing is out: an idle connection holds no ring. */
  private release(): void {
    if (this.ring === NO_RING) return
    giveBack(this.ring)
    this.use(NO_RING)
  }

  private use(ring: SentRing): void {
    this.ring = ring
    this.ends = ring.ends
    this.times = ring.times
    this.marks = ring.marks
    this.pieces = ring.pieces
    this.head = 0
    this.mask = Math.max(ring.capacity - 1, 0)
  }

  /** Room for one more. */
  private reserve(): void {
    const { head, mask, count, ring } = this
    if (count < ring.capacity) return
    const larger = takeRing(ring.capacity === 0 ? this.wanted : 2 * ring.capacity)
    const { ends, times, marks, pieces } = ring
    for (let i = 0; i < count; i++) {
      const from = (head + i) & mask
      larger.ends[i] = ends[from]!
      larger.times[i] = times[from]!
      larger.marks[i] = marks[from]!
      larger.pieces[i] = pieces[from]!
    }
    this.release()
    this.use(larger)
    this.wanted = Math.min(larger.capacity, KEPT_CAPACITY)
  }
}

/** How many of the segments in `length` octets are in `part` of them; one at least. */
function share(segments: number, part: number, length: number): number {
  return segments === 1 ? 1 : Math.max(Math.round((segments * part) / length), 1)
}
