import type { Instant } from '../../wire/instant.ts'
import { seqDistance, seqLessOrEqual } from '../seq.ts'
import { giveBack, KEPT_CAPACITY, NO_RING, type SentRing, takeRing } from './sent-ring.ts'

/** The most entries: at 15 octets each, 983 kB. */
export const MOST_SEGMENTS = 65_536

/** New data waits when there are as many, so that what must be split can be. */
const MOST_IN_FLIGHT = MOST_SEGMENTS - 1024

export const FIRST_CAPACITY = 8

/**
 * What was sent, in order of sequence: where each entry ends, when it was last sent, marks, and how many segments it stands
 * for. A ring of typed arrays; nothing is made for an entry.
 */
export class SentEntries {
  /** Where the first entry begins: SND.UNA. */
  start = 0
  /** Entries; those are numbered from 0. */
  count = 0
  private ring: SentRing = NO_RING
  protected ends: Uint32Array = NO_RING.ends
  protected times: Float64Array = NO_RING.times
  protected marks: Uint8Array = NO_RING.marks
  protected pieces: Uint16Array = NO_RING.pieces
  protected head = 0
  protected mask = 0
  /** The capacity that the last flight needed. */
  protected wanted: number = FIRST_CAPACITY

  get isFull(): boolean {
    return this.count >= MOST_IN_FLIGHT
  }

  /** So many more may be sent before it is full. */
  get room(): number {
    return MOST_IN_FLIGHT - this.count
  }

  get canSplit(): boolean {
    return this.count < MOST_SEGMENTS
  }

  /** Where the last entry ends: SND.NXT. */
  get end(): number {
    return this.count === 0 ? this.start : this.endOf(this.count - 1)
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

  protected marksOf(i: number): number {
    return this.marks[(this.head + i) & this.mask]!
  }

  /** Room for one more. */
  protected reserve(): void {
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

  /** Doubles entry `i`: the shorter side moves by one. */
  protected open(i: number): void {
    if (i < this.count >> 1) {
      this.head = (this.head - 1) & this.mask
      for (let k = 0; k <= i; k++) this.move(k + 1, k)
    } else {
      for (let k = this.count; k > i; k--) this.move(k - 1, k)
    }
    this.count++
  }

  /** Takes entry `i` out: the shorter side moves by one. */
  protected close(i: number): void {
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
  protected release(): void {
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
}
