import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import type { Connection } from './connection.ts'
import { NO_ROW, RowIndex, type TupleRows } from './row-index.ts'

/** The most rows: an index names them with 24 bits. */
export const MOST_ROWS: number = 2 ** 24 - 2
const FIRST_CAPACITY = 64

/** A row is one line of the cache: 16 words of 32 bits. The first two are the instant at which its time is over. */
const WORDS = 16
const INSTANTS = WORDS / 2
const OLDER = 2
const NEWER = 3
const HASH = 4
const SERIAL = 5
const PORTS = 6
const SND_NXT = 7
const RCV_NXT = 8
/** MAX.SND.WND in units of the peer's scale above RCV.WND in units of ours. */
const WINDOWS = 9
const TS_RECENT = 10
const TS_OFFSET = 11
/** When the last answer went out to a segment that may be forged, ms modulo 2^32. */
const CHALLENGED = 12
/** The two scales, 4 bits each, and the marks. */
const FLAGS = 13
const LOCAL = 14
const REMOTE = 15

/** The words of two addresses of IPv6 but the last, which stands in the row. */
const WIDE = 6

const STAMPED = 0x100
const WAS_CHALLENGED = 0x200
const IS_WIDE = 0x400

/**
 * Connections in TIME-WAIT: what the state still needs of them, a row of 64 octets each, 88 with IPv6, and 8 to 16 of
 * index; no object is left. All wait equally long, so the rows form one FIFO, and its head is due first. Rows are found
 * by four-tuple; the connection itself, which its application may hold for as long as it likes, knows its row's serial
 * number. The memory is given back when the last row goes.
 */
export class TimeWaitRows implements TupleRows {
  private capacity = 0
  private words: Int32Array = new Int32Array(0)
  private instants: Float64Array = new Float64Array(0)
  /** Addresses of IPv6, made when there is the first. */
  private wide: Int32Array | undefined
  private readonly index: RowIndex = new RowIndex(this)
  private count = 0
  private first = NO_ROW
  private last = NO_ROW
  /** Rows from here on were never used; before, the free ones are linked. */
  private untouched = 0
  private free = NO_ROW
  private serial = 0

  get size(): number {
    return this.count
  }

  /** Octets that it takes. */
  get octets(): number {
    return this.words.byteLength + (this.wide?.byteLength ?? 0) + this.index.octets
  }

  get oldest(): number {
    return this.first
  }

  /** When the oldest one's time is over; Infinity when there is none. */
  nextDeadline(): Instant {
    return this.first === NO_ROW ? Number.POSITIVE_INFINITY : this.expiry(this.first)
  }

  /** The row of a four-tuple, or NO_ROW. */
  find(hash: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    if (this.count === 0) return NO_ROW
    return this.index.find(hash, local, localPort, remote, remotePort)
  }

  /** The row of this connection, or NO_ROW if its time is over. */
  rowOf(connection: Connection): number {
    const { tupleHash, local, localPort, remote, remotePort, timeWaitSerial } = connection
    const row = this.find(tupleHash, local, localPort, remote, remotePort)
    return row !== NO_ROW && this.words[row * WORDS + SERIAL] === timeWaitSerial ? row : NO_ROW
  }

  /**
   * A row for a connection whose four-tuple has none, until `expiry`; `wnd` is the window field of what it sends. Returns the
   * row's serial number, never 0. The caller keeps them below {@link MOST_ROWS}.
   */
  add(connection: Connection, wnd: number, expiry: Instant): number {
    const { tcb, tupleHash, localPort, remotePort } = connection
    const row = this.take()
    const at = row * WORDS
    const { words } = this
    this.serial = (this.serial + 1) | 0 || 1
    const mostSent = Math.min(Math.ceil(tcb.snd.wndMax / (1 << tcb.snd.scale)), 65_535)
    words[at + HASH] = tupleHash
    words[at + SERIAL] = this.serial
    words[at + PORTS] = (remotePort << 16) | localPort
    words[at + SND_NXT] = tcb.snd.nxt
    words[at + RCV_NXT] = tcb.rcv.nxt
    words[at + WINDOWS] = (mostSent << 16) | wnd
    words[at + TS_RECENT] = tcb.tsRecent
    words[at + TS_OFFSET] = tcb.tsOffset
    words[at + FLAGS] = (tcb.snd.scale << 4) | tcb.rcv.scale | (tcb.timestamps ? STAMPED : 0)
    this.noteChallenge(row, connection.challengedAt)
    this.writeAddresses(row, connection.local, connection.remote)
    this.append(row, expiry)
    this.index.add(tupleHash, row)
    this.count++
    return this.serial
  }

  /** Its time begins anew. */
  restart(row: number, expiry: Instant): void {
    this.unlink(row)
    this.append(row, expiry)
  }

  remove(row: number): void {
    this.unlink(row)
    this.index.remove(this.hashOf(row), row)
    this.words[row * WORDS + SERIAL] = 0
    this.words[row * WORDS + NEWER] = this.free
    this.free = row
    if (--this.count === 0) this.giveBack()
  }

  hashOf(row: number): number {
    return this.words[row * WORDS + HASH]!
  }

  expiry(row: number): Instant {
    return this.instants[row * INSTANTS]!
  }

  serialOf(row: number): number {
    return this.words[row * WORDS + SERIAL]!
  }

  /** SND.NXT, which is SND.UNA: all has been acknowledged. */
  sndNxt(row: number): number {
    return this.words[row * WORDS + SND_NXT]! >>> 0
  }

  rcvNxt(row: number): number {
    return this.words[row * WORDS + RCV_NXT]! >>> 0
  }

  /** SEG.WND of what is sent. */
  windowField(row: number): number {
    return this.words[row * WORDS + WINDOWS]! & 0xffff
  }

  /** RCV.WND, octets. */
  rcvWnd(row: number): number {
    return this.windowField(row) << (this.words[row * WORDS + FLAGS]! & 15)
  }

  /** MAX.SND.WND, octets. */
  sndWndMax(row: number): number {
    return (this.words[row * WORDS + WINDOWS]! >>> 16) << ((this.words[row * WORDS + FLAGS]! >>> 4) & 15)
  }

  /** Snd.TS.OK */
  timestamps(row: number): boolean {
    return (this.words[row * WORDS + FLAGS]! & STAMPED) !== 0
  }

  /** TS.Recent: as old as the row at most, since the peer's FIN brought it. */
  tsRecent(row: number): number {
    return this.words[row * WORDS + TS_RECENT]! >>> 0
  }

  setTsRecent(row: number, tsVal: number): void {
    this.words[row * WORDS + TS_RECENT] = tsVal
  }

  /** What its timestamp clock is ahead of the stack's. */
  tsOffset(row: number): number {
    return this.words[row * WORDS + TS_OFFSET]! >>> 0
  }

  /** Milliseconds since the last answer to a segment that may be forged; Infinity when there was none. */
  sinceChallenge(row: number, now: Instant): number {
    const at = row * WORDS
    if ((this.words[at + FLAGS]! & WAS_CHALLENGED) === 0) return Number.POSITIVE_INFINITY
    return ((Math.floor(now) >>> 0) - this.words[at + CHALLENGED]!) >>> 0
  }

  /** An answer to a segment that may be forged goes out at `now`; -Infinity for never. */
  noteChallenge(row: number, now: Instant): void {
    if (now === Number.NEGATIVE_INFINITY) return
    this.words[row * WORDS + CHALLENGED] = Math.floor(now) >>> 0
    this.words[row * WORDS + FLAGS]! |= WAS_CHALLENGED
  }

  isTuple(row: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): boolean {
    const at = row * WORDS
    const { words } = this
    if (words[at + PORTS] !== ((remotePort << 16) | localPort)) return false
    if (words[at + REMOTE] !== remote.d || words[at + LOCAL] !== local.d) return false
    const wide = (words[at + FLAGS]! & IS_WIDE) !== 0
    if (!wide) return remote.family === 4
    return isAddress(this.wide!, row * WIDE, local) && isAddress(this.wide!, row * WIDE + WIDE / 2, remote)
  }

  private writeAddresses(row: number, local: IpAddress, remote: IpAddress): void {
    const at = row * WORDS
    this.words[at + LOCAL] = local.d
    this.words[at + REMOTE] = remote.d
    if (remote.family === 4) return
    this.words[at + FLAGS]! |= IS_WIDE
    this.wide ??= new Int32Array(this.capacity * WIDE)
    writeAddress(this.wide, row * WIDE, local)
    writeAddress(this.wide, row * WIDE + WIDE / 2, remote)
  }

  private append(row: number, expiry: Instant): void {
    const { words, last } = this
    this.instants[row * INSTANTS] = expiry
    words[row * WORDS + OLDER] = last
    words[row * WORDS + NEWER] = NO_ROW
    if (last === NO_ROW) this.first = row
    else words[last * WORDS + NEWER] = row
    this.last = row
  }

  private unlink(row: number): void {
    const { words } = this
    const older = words[row * WORDS + OLDER]!
    const newer = words[row * WORDS + NEWER]!
    if (older === NO_ROW) this.first = newer
    else words[older * WORDS + NEWER] = newer
    if (newer === NO_ROW) this.last = older
    else words[newer * WORDS + OLDER] = older
  }

  private take(): number {
    if (this.free !== NO_ROW) {
      const row = this.free
      this.free = this.words[row * WORDS + NEWER]!
      return row
    }
    if (this.untouched === this.capacity) this.grow()
    return this.untouched++
  }

  private grow(): void {
    this.capacity = Math.min(Math.max(2 * this.capacity, FIRST_CAPACITY), MOST_ROWS)
    const words = new Int32Array(this.capacity * WORDS)
    words.set(this.words)
    this.words = words
    this.instants = new Float64Array(words.buffer)
    if (this.wide !== undefined) {
      const wide = new Int32Array(this.capacity * WIDE)
      wide.set(this.wide)
      this.wide = wide
    }
    this.index.resize(this.capacity)
  }

  /** Nothing waits any more: what is larger than the first capacity goes. */
  private giveBack(): void {
    this.free = NO_ROW
    this.untouched = 0
    if (this.capacity <= FIRST_CAPACITY) return
    this.capacity = 0
    this.words = new Int32Array(0)
    this.instants = new Float64Array(0)
    this.wide = undefined
    this.index.resize(0)
  }
}

function isAddress(words: Int32Array, at: number, address: IpAddress): boolean {
  return words[at] === address.a && words[at + 1] === address.b && words[at + 2] === address.c
}

function writeAddress(words: Int32Array, at: number, address: IpAddress): void {
  words[at] = address.a
  words[at + 1] = address.b
  words[at + 2] = address.c
}
