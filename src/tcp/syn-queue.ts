import { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { CWR, ECE, type Segment } from '../wire/segment.ts'
import { tupleHash } from './four-tuple.ts'
import { ANSWERED, ANSWERED_AGAIN, DEFERRED, type HalfOpen } from './half-open.ts'
import { OTHERS, PrefixTable } from './prefix-table.ts'
import type { SipKey } from './siphash.ts'
import type { SynAckSchedule } from './syn-ack-schedule.ts'
import { NONE, SynRows } from './syn-rows.ts'
import { TupleIndex } from './tuple-index.ts'

/** Ticks of `born` in a millisecond: a binary fraction, so that instants of whole ms are exact. */
const TICKS = 64

const remote = new IpAddress()

/**
 * Half-open connections of one address family. A row is found by its four-tuple; at each back-off level all rows wait
 * equally long, so a level is a FIFO and its head is due first; rows of one source prefix (/24, /48) form a ring. Every
 * call is O(1), and none makes an object.
 */
export class SynQueue {
  readonly rows: SynRows
  readonly prefixes: PrefixTable
  /** Rows in use: never more than the capacity. */
  size = 0
  readonly family: 4 | 6
  private readonly capacity: number
  private readonly schedule: SynAckSchedule
  private readonly key: SipKey
  private readonly index: TupleIndex
  private readonly heads: Int32Array
  private readonly tails: Int32Array
  /** Rows from here on were never used; before, the free ones are linked. */
  private untouched = 0
  private free = NONE
  /** The latest instant that the queue was told: `born` is some ticks before it. */
  private latest: Instant = 0

  /** @param localPort 0: any; then each row has a local end of its own. */
  constructor(family: 4 | 6, capacity: number, localPort: number, schedule: SynAckSchedule, key: SipKey) {
    this.family = family
    this.capacity = capacity
    this.schedule = schedule
    this.key = key
    this.rows = new SynRows(family, capacity, localPort)
    this.index = new TupleIndex(this.rows, capacity)
    this.prefixes = new PrefixTable(capacity, family, key)
    this.heads = new Int32Array(schedule.levels).fill(NONE)
    this.tails = new Int32Array(schedule.levels).fill(NONE)
  }

  /** The row of a segment's four-tuple, or NONE. */
  find(hash: number, segment: Segment): number {
    return this.size === 0 ? NONE : this.index.find(hash, segment)
  }

  /** A row for this SYN, whose four-tuple has none yet; NONE if there is no room. */
  insert(hash: number, syn: Segment, iss: number, generation: number, now: Instant): number {
    const { rows } = this
    if (this.size === this.capacity) return NONE
    const fresh = this.free === NONE
    const row = fresh ? this.untouched : this.free
    const nextFree = fresh ? NONE : rows.next(row)
    const ecn = (syn.flags & (ECE | CWR)) === (ECE | CWR)
    if (!rows.fill(row, syn, iss, ecn, generation)) return NONE
    if (fresh) this.untouched++
    else this.free = nextFree
    this.size++
    this.joinPrefix(row, syn.source)
    this.begin(row, 0, now)
    const homeless = this.index.add(hash, row)
    if (homeless !== NONE) this.remove(homeless)
    return homeless === row ? NONE : row
  }

  remove(row: number): void {
    const { rows } = this
    this.unlink(row)
    rows.readRemote(row, remote)
    this.index.remove(this.hash(row), row)
    this.leavePrefix(row, remote)
    rows.unset(row, 0xff)
    rows.setNext(row, this.free)
    this.free = row
    this.size--
  }

  /** Everything that a row's handshake has agreed on. */
  read(row: number, into: HalfOpen): void {
    this.rows.read(row, into)
  }

  hash(row: number): number {
    const { rows } = this
    rows.readRemote(row, remote)
    return tupleHash(this.key, rows.local(row), rows.localPort(row), remote, rows.remotePort[row]!)
  }

  /** A row whose wait is over by `now`, or NONE. */
  due(now: Instant): number {
    this.latest = Math.max(this.latest, now)
    for (let level = 0; level < this.heads.length; level++) {
      const row = this.heads[level]!
      if (row !== NONE && this.deadline(row) <= now) return row
    }
    return NONE
  }

  /** Any row, or NONE. */
  get any(): number {
    for (let level = 0; level < this.heads.length; level++) if (this.heads[level] !== NONE) return this.heads[level]!
    return NONE
  }

  nextDeadline(): Instant {
    let next = Number.POSITIVE_INFINITY
    if (this.size === 0) return next
    for (let level = 0; level < this.heads.length; level++) {
      const row = this.heads[level]!
      if (row !== NONE) next = Math.min(next, this.deadline(row))
    }
    return next
  }

  /** The row's wait is over: to the next level. False if there is none. */
  backOff(row: number): boolean {
    const level = this.rows.level(row) + 1
    if (level > this.schedule.retries || this.rows.has(row, DEFERRED)) return false
    this.unlink(row)
    this.append(row, level)
    return true
  }

  /** The row was deferred, and the application has said yes; its life has not begun. */
  wasAccepted(row: number): boolean {
    return this.rows.level(row) === this.schedule.deferLevel && !this.rows.has(row, DEFERRED)
  }

  /** The life of a deferred row begins. */
  undefer(row: number, now: Instant): void {
    this.unlink(row)
    this.begin(row, 0, now)
  }

  /** The row waits for the application's word, for as long as the schedule says. */
  defer(row: number): void {
    this.unlink(row)
    this.rows.set(row, DEFERRED)
    this.append(row, this.schedule.deferLevel)
  }

  /** The end of the row's present wait: counted from the beginning of its life, however late anybody was. */
  deadline(row: number): Instant {
    return this.bornAt(row) + this.schedule.ends[this.rows.level(row)]!
  }

  /** When the row will be deleted. */
  expiry(row: number): Instant {
    return this.rows.level(row) === this.schedule.deferLevel
      ? this.deadline(row)
      : this.bornAt(row) + this.schedule.survivalTime
  }

  /** When the row's life began. */
  bornAt(row: number): Instant {
    const latest = Math.floor(this.latest * TICKS)
    return (latest - ((latest - this.rows.born[row]!) >>> 0)) / TICKS
  }

  /** Retransmissions by the schedule. */
  retransmissions(row: number): number {
    return this.rows.level(row) === this.schedule.deferLevel ? 0 : this.rows.level(row)
  }

  /** An answer to the client goes out at `now`. */
  noteAnswer(row: number, now: Instant): void {
    const { rows } = this
    rows.set(row, rows.has(row, ANSWERED) ? ANSWERED_AGAIN : ANSWERED)
    rows.answered[row] = Math.floor(now)
  }

  /** Milliseconds since the last answer, modulo 65,536. */
  sinceAnswer(row: number, now: Instant): number {
    return (Math.floor(now) - this.rows.answered[row]!) & 0xffff
  }

  /** The oldest row of the prefix that holds most, or NONE. */
  get heaviestOldest(): number {
    const prefix = this.prefixes.heaviest
    return prefix === 0 ? NONE : this.prefixes.member[prefix]!
  }

  /** Rows of this address's prefix. */
  prefixCount(address: IpAddress): number {
    const v4 = this.family === 4
    const prefix = v4 ? this.prefixes.find(address.d >>> 8, 0) : this.prefixes.find(address.a, address.b >>> 16)
    return this.prefixes.count(prefix)
  }

  /** All rows, level by level, the one that is due first before the others. */
  *each(): Generator<number> {
    for (const head of this.heads) for (let row = head; row !== NONE; row = this.rows.next(row)) yield row
  }

  private begin(row: number, level: number, now: Instant): void {
    this.latest = Math.max(this.latest, now)
    this.rows.born[row] = (now * TICKS) >>> 0
    this.append(row, level)
  }

  private append(row: number, level: number): void {
    const { rows } = this
    const tail = this.tails[level]!
    rows.append(row, level, tail)
    if (tail === NONE) this.heads[level] = row
    else rows.setNext(tail, row)
    this.tails[level] = row
  }

  private unlink(row: number): void {
    const { rows } = this
    const level = rows.level(row)
    const before = rows.previous(row)
    const after = rows.next(row)
    if (before === NONE) this.heads[level] = after
    else rows.setNext(before, after)
    if (after === NONE) this.tails[level] = before
    else rows.setPrevious(after, before)
  }

  /** The ring of a prefix begins with its oldest row. */
  private joinPrefix(row: number, address: IpAddress): void {
    const { rows, prefixes } = this
    const v4 = this.family === 4
    const prefix = v4 ? prefixes.increment(address.d >>> 8, 0) : prefixes.increment(address.a, address.b >>> 16)
    if (prefix === OTHERS) rows.setOther(row)
    if (prefixes.count(prefix) === 1) {
      prefixes.member[prefix] = row
      rows.beginRing(row)
    } else {
      rows.joinRing(row, prefixes.member[prefix]!)
    }
  }

  private leavePrefix(row: number, address: IpAddress): void {
    const { rows, prefixes } = this
    const v4 = this.family === 4
    const own = v4 ? prefixes.find(address.d >>> 8, 0) : prefixes.find(address.a, address.b >>> 16)
    const prefix = rows.isOther(row) ? OTHERS : own
    if (prefixes.member[prefix] === row) prefixes.member[prefix] = rows.nextMember(row)
    rows.leaveRing(row)
    prefixes.decrement(prefix)
  }
}
