import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { ABSENT, type Segment } from '../wire/segment.ts'
import { SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE } from './half-open.ts'
import type { SynAckSchedule } from './syn-ack-schedule.ts'

/** In place of a row. */
export const NONE = -1

const FIRST_CAPACITY = 64

/**
 * Half-open connections of one address family: rows in a struct of arrays, no object for each. A row is found by its
 * four-tuple through open addressing. At each back-off level every row waits equally long, so a level is a FIFO and
 * its head is due first: timers need no heap. Bounded by the listener's backlog, which the listener keeps.
 */
export class SynQueue {
  /** Rows in use. */
  size = 0
  irs: Uint32Array = new Uint32Array(0)
  iss: Uint32Array = new Uint32Array(0)
  tsRecent: Uint32Array = new Uint32Array(0)
  /** As it stood on the SYN or, once the row is ACKNOWLEDGED, on the ACK. */
  wnd: Uint16Array = new Uint16Array(0)
  /** What the SYN's option said; 0 for no option. */
  mss: Uint16Array = new Uint16Array(0)
  windowScale: Uint8Array = new Uint8Array(0)
  flags: Uint8Array = new Uint8Array(0)
  /** Retransmissions by the schedule: the back-off level. */
  retransmissions: Uint8Array = new Uint8Array(0)
  /** The end of the present wait. */
  deadline: Float64Array = new Float64Array(0)
  /** When the last SYN,ACK, or other answer, went out. */
  answeredAt: Float64Array = new Float64Array(0)

  private readonly schedule: SynAckSchedule
  /** 1 for IPv4, 4 for IPv6. */
  private readonly words: 1 | 4
  private addresses: Int32Array = new Int32Array(0)
  private ports: Int32Array = new Int32Array(0)
  private hashes: Int32Array = new Int32Array(0)
  /** Neighbours in the row's level; of a free row, `next` is the next free one. */
  private next: Int32Array = new Int32Array(0)
  private previous: Int32Array = new Int32Array(0)
  private free = NONE
  /** Open addressing, at most half full: a row plus one, or 0. */
  private index: Int32Array = new Int32Array(2 * FIRST_CAPACITY)
  private readonly heads: Int32Array
  private readonly tails: Int32Array

  constructor(family: 4 | 6, schedule: SynAckSchedule) {
    this.words = family === 4 ? 1 : 4
    this.schedule = schedule
    this.heads = new Int32Array(schedule.waits.length).fill(NONE)
    this.tails = new Int32Array(schedule.waits.length).fill(NONE)
  }

  /** The row of a segment's four-tuple, or NONE. */
  find(hash: number, segment: Segment): number {
    const mask = this.index.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const row = this.index[at]! - 1
      if (row === NONE) return NONE
      if (this.hashes[row] === hash && this.isTuple(row, segment)) return row
    }
  }

  /** A row for this SYN, whose four-tuple has none yet. */
  insert(hash: number, syn: Segment, iss: number, now: Instant): number {
    if (this.free === NONE) this.grow()
    const row = this.free
    this.free = this.next[row]!
    this.size++
    this.hashes[row] = hash
    this.writeAddress(2 * row, syn.source)
    this.writeAddress(2 * row + 1, syn.destination)
    this.ports[row] = (syn.sourcePort << 16) | syn.destinationPort
    this.irs[row] = syn.seq
    this.iss[row] = iss
    this.wnd[row] = syn.wnd
    this.mss[row] = syn.mss === ABSENT ? 0 : syn.mss
    this.windowScale[row] = syn.windowScale === ABSENT ? 0 : syn.windowScale
    this.tsRecent[row] = syn.tsVal
    this.flags[row] =
      (syn.sackPermitted ? SACK_PERMITTED : 0) |
      (syn.timestamps ? TIMESTAMPS : 0) |
      (syn.windowScale === ABSENT ? 0 : WINDOW_SCALE)
    this.retransmissions[row] = 0
    this.answeredAt[row] = Number.NEGATIVE_INFINITY
    this.deadline[row] = now + this.schedule.waits[0]!
    this.append(row)
    this.addToIndex(row)
    return row
  }

  remove(row: number): void {
    this.unlink(row)
    this.removeFromIndex(row)
    this.flags[row] = 0
    this.next[row] = this.free
    this.free = row
    this.size--
  }

  /** A row whose wait is over by `now`, or NONE. */
  due(now: Instant): number {
    for (let level = 0; level < this.heads.length; level++) {
      const row = this.heads[level]!
      if (row !== NONE && this.deadline[row]! <= now) return row
    }
    return NONE
  }

  /** Any row, or NONE. */
  first(): number {
    return this.due(Number.POSITIVE_INFINITY)
  }

  nextDeadline(): Instant {
    let next = Number.POSITIVE_INFINITY
    if (this.size === 0) return next
    for (let level = 0; level < this.heads.length; level++) {
      const row = this.heads[level]!
      if (row !== NONE && this.deadline[row]! < next) next = this.deadline[row]!
    }
    return next
  }

  /** The row's wait is over: to the next level, whose wait counts from the end of this one, however late it is. False if there is none. */
  backOff(row: number): boolean {
    const level = this.retransmissions[row]! + 1
    if (level >= this.heads.length) return false
    this.unlink(row)
    this.retransmissions[row] = level
    this.deadline[row]! += this.schedule.waits[level]!
    this.append(row)
    return true
  }

  /** When the row will be deleted. */
  expiry(row: number): Instant {
    let at = this.deadline[row]!
    for (let level = this.retransmissions[row]! + 1; level < this.heads.length; level++)
      at += this.schedule.waits[level]!
    return at
  }

  readRemote(row: number, into: IpAddress): void {
    this.readAddress(2 * row, into)
  }

  readLocal(row: number, into: IpAddress): void {
    this.readAddress(2 * row + 1, into)
  }

  remotePort(row: number): number {
    return this.ports[row]! >>> 16
  }

  localPort(row: number): number {
    return this.ports[row]! & 0xffff
  }

  hash(row: number): number {
    return this.hashes[row]!
  }

  has(row: number, flag: number): boolean {
    return (this.flags[row]! & flag) !== 0
  }

  /** All rows, the one that is due first at each level before the others. */
  *rows(): Generator<number> {
    for (const head of this.heads) for (let row = head; row !== NONE; row = this.next[row]!) yield row
  }

  private isTuple(row: number, segment: Segment): boolean {
    return (
      this.ports[row] === ((segment.sourcePort << 16) | segment.destinationPort) &&
      this.isAddress(2 * row, segment.source) &&
      this.isAddress(2 * row + 1, segment.destination)
    )
  }

  private isAddress(place: number, address: IpAddress): boolean {
    const at = place * this.words
    if (this.words === 1) return this.addresses[at] === address.d
    return (
      this.addresses[at + 3] === address.d &&
      this.addresses[at + 2] === address.c &&
      this.addresses[at + 1] === address.b &&
      this.addresses[at] === address.a
    )
  }

  private writeAddress(place: number, address: IpAddress): void {
    const at = place * this.words
    if (this.words === 1) {
      this.addresses[at] = address.d
    } else {
      this.addresses[at] = address.a
      this.addresses[at + 1] = address.b
      this.addresses[at + 2] = address.c
      this.addresses[at + 3] = address.d
    }
  }

  private readAddress(place: number, into: IpAddress): void {
    const at = place * this.words
    const v4 = this.words === 1
    into.a = v4 ? 0 : this.addresses[at]!
    into.b = v4 ? 0 : this.addresses[at + 1]!
    into.c = v4 ? 0xffff : this.addresses[at + 2]!
    into.d = this.addresses[v4 ? at : at + 3]!
  }

  private append(row: number): void {
    const level = this.retransmissions[row]!
    const tail = this.tails[level]!
    this.previous[row] = tail
    this.next[row] = NONE
    if (tail === NONE) this.heads[level] = row
    else this.next[tail] = row
    this.tails[level] = row
  }

  private unlink(row: number): void {
    const level = this.retransmissions[row]!
    const before = this.previous[row]!
    const after = this.next[row]!
    if (before === NONE) this.heads[level] = after
    else this.next[before] = after
    if (after === NONE) this.tails[level] = before
    else this.previous[after] = before
  }

  private addToIndex(row: number): void {
    const mask = this.index.length - 1
    let at = this.hashes[row]! & mask
    while (this.index[at] !== 0) at = (at + 1) & mask
    this.index[at] = row + 1
  }

  private removeFromIndex(row: number): void {
    const { index, hashes } = this
    const mask = index.length - 1
    let at = hashes[row]! & mask
    while (index[at] !== row + 1) at = (at + 1) & mask
    for (let next = (at + 1) & mask; index[next] !== 0; next = (next + 1) & mask) {
      const home = hashes[index[next]! - 1]! & mask
      // `next` may move back to `at` unless its home lies between them.
      if (((next - home) & mask) < ((next - at) & mask)) continue
      index[at] = index[next]!
      at = next
    }
    index[at] = 0
  }

  /** Twice the rows, and an index to match. */
  private grow(): void {
    const old = this.irs.length
    const capacity = Math.max(FIRST_CAPACITY, 2 * old)
    this.irs = enlarged(this.irs, new Uint32Array(capacity))
    this.iss = enlarged(this.iss, new Uint32Array(capacity))
    this.tsRecent = enlarged(this.tsRecent, new Uint32Array(capacity))
    this.wnd = enlarged(this.wnd, new Uint16Array(capacity))
    this.mss = enlarged(this.mss, new Uint16Array(capacity))
    this.windowScale = enlarged(this.windowScale, new Uint8Array(capacity))
    this.flags = enlarged(this.flags, new Uint8Array(capacity))
    this.retransmissions = enlarged(this.retransmissions, new Uint8Array(capacity))
    this.deadline = enlarged(this.deadline, new Float64Array(capacity))
    this.answeredAt = enlarged(this.answeredAt, new Float64Array(capacity))
    this.addresses = enlarged(this.addresses, new Int32Array(2 * this.words * capacity))
    this.ports = enlarged(this.ports, new Int32Array(capacity))
    this.hashes = enlarged(this.hashes, new Int32Array(capacity))
    this.next = enlarged(this.next, new Int32Array(capacity))
    this.previous = enlarged(this.previous, new Int32Array(capacity))
    for (let row = capacity - 1; row >= old; row--) {
      this.next[row] = this.free
      this.free = row
    }
    this.index = new Int32Array(2 * capacity)
    for (const row of this.rows()) this.addToIndex(row)
  }
}

function enlarged<T extends { set(from: T): void }>(old: T, grown: T): T {
  grown.set(old)
  return grown
}
