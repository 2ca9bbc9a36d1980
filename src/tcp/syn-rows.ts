import type { IpAddress } from '../wire/address.ts'
import { ABSENT, type Segment } from '../wire/segment.ts'
import type { HalfOpen } from './half-open.ts'
import { ECN, NO_SCALE, SACK_PERMITTED, TIMESTAMPS } from './half-open.ts'
import { RowLocals } from './row-locals.ts'

/** In place of a row; rows are numbered with 24 bits. */
export const NONE = 0xffffff

/** The most local addresses that the rows of one table can have between them. */
const MOST_LOCALS = 256

/**
 * The rows of a SYN queue as a struct of arrays: 42 octets each for IPv4, 54 for IPv6. Small fields share a word with the
 * 24-bit links between rows. All arrays have their full length from the start: the system gives memory to those pages
 * only that are touched, and rows are taken from the front.
 */
export class SynRows {
  readonly irs: Uint32Array
  readonly iss: Uint32Array
  /** TSval of the client's last segment. */
  readonly tsRecent: Uint32Array
  /** What the SYN's option said, octets, at least 1; 0 for no option. */
  readonly mss: Uint16Array
  /** When the last answer went out, ms modulo 65,536. Before the first: the upper half of its TSval. */
  readonly answered: Uint16Array
  /** When the row's life began, in ticks modulo 2^32. */
  readonly born: Uint32Array
  readonly remotePort: Uint16Array
  /** 1 for IPv4, 4 for IPv6. */
  private readonly words: 1 | 4
  private readonly remotes: Int32Array
  private readonly locals: IpAddress[] = []
  /** In place of them, where each row has a local end of its own. */
  private readonly ownLocals: RowLocals | undefined
  /** The local port of all rows; 0 where each has its own. */
  private readonly port: number
  // 24 bits of link above 8 bits of: flags; level; number of the local address; scale and key generation.
  private readonly nextFlags: Int32Array
  private readonly previousLevel: Int32Array
  private readonly nextMemberLocal: Int32Array
  private readonly previousMemberScale: Int32Array
  /** In ACKNOWLEDGED rows: the upper half of TSecr and the window of the client's ACK; made when there is the first. */
  private acks: Uint32Array | undefined

  constructor(family: 4 | 6, capacity: number, localPort: number) {
    this.words = family === 4 ? 1 : 4
    this.port = localPort
    this.ownLocals = localPort === 0 ? new RowLocals(family, capacity) : undefined
    this.irs = new Uint32Array(capacity)
    this.iss = new Uint32Array(capacity)
    this.tsRecent = new Uint32Array(capacity)
    this.mss = new Uint16Array(capacity)
    this.answered = new Uint16Array(capacity)
    this.born = new Uint32Array(capacity)
    this.remotePort = new Uint16Array(capacity)
    this.remotes = new Int32Array(this.words * capacity)
    this.nextFlags = new Int32Array(capacity)
    this.previousLevel = new Int32Array(capacity)
    this.nextMemberLocal = new Int32Array(capacity)
    this.previousMemberScale = new Int32Array(capacity)
  }

  /** Octets that each row takes. */
  get rowSize(): number {
    return 38 + 4 * this.words
  }

  /** Fills in a row from a SYN. False when there are too many local addresses to number. */
  fill(row: number, syn: Segment, iss: number, ecn: boolean, generation: number): boolean {
    const local = this.ownLocals === undefined ? this.localNumber(syn.destination) : 0
    if (local < 0) return false
    this.ownLocals?.write(row, syn.destination, syn.destinationPort)
    this.irs[row] = syn.seq
    this.iss[row] = iss
    this.tsRecent[row] = syn.tsVal
    this.mss[row] = syn.mss === ABSENT ? 0 : Math.max(syn.mss, 1)
    this.remotePort[row] = syn.sourcePort
    this.writeRemote(row, syn.source)
    this.nextFlags[row] = (syn.sackPermitted ? SACK_PERMITTED : 0) | (syn.timestamps ? TIMESTAMPS : 0) | (ecn ? ECN : 0)
    this.nextMemberLocal[row] = local
    const scale = syn.windowScale < 0 ? NO_SCALE : Math.min(syn.windowScale, 14)
    this.previousMemberScale[row] = scale | ((generation & 3) << 4)
    return true
  }

  /** Everything that the handshake has agreed on. */
  read(row: number, into: HalfOpen): void {
    this.readRemote(row, into.remote)
    into.local.copy(this.local(row))
    into.remotePort = this.remotePort[row]!
    into.localPort = this.localPort(row)
    into.irs = this.irs[row]!
    into.iss = this.iss[row]!
    into.mss = this.mss[row]!
    into.scale = this.previousMemberScale[row]! & 15
    into.sack = this.has(row, SACK_PERMITTED)
    into.ecn = this.has(row, ECN)
    into.timestamps = this.has(row, TIMESTAMPS)
    into.tsRecent = this.tsRecent[row]!
  }

  has(row: number, flag: number): boolean {
    return (this.nextFlags[row]! & flag) !== 0
  }

  set(row: number, flag: number): void {
    this.nextFlags[row]! |= flag
  }

  unset(row: number, flag: number): void {
    this.nextFlags[row]! &= ~flag
  }

  /** Under which generation of the cookie keys the row's ISS was made, modulo 4. */
  generation(row: number): number {
    return (this.previousMemberScale[row]! >>> 4) & 3
  }

  setGeneration(row: number, generation: number): void {
    this.previousMemberScale[row] = (this.previousMemberScale[row]! & ~0x30) | ((generation & 3) << 4)
  }

  /** Whether the row counts among the prefixes that had no room for one of their own. */
  isOther(row: number): boolean {
    return (this.previousMemberScale[row]! & 0x40) !== 0
  }

  setOther(row: number): void {
    this.previousMemberScale[row]! |= 0x40
  }

  /** Whether the first SYN,ACK is to carry a Fast Open cookie. */
  wantsCookie(row: number): boolean {
    return (this.previousMemberScale[row]! & 0x80) !== 0
  }

  setWantsCookie(row: number): void {
    this.previousMemberScale[row]! |= 0x80
  }

  /** The client's ACK has come, and waits: what is needed of it. */
  keepAck(row: number, ack: Segment): void {
    this.acks ??= new Uint32Array(this.irs.length)
    this.acks[row] = (ack.tsEcr & 0xffff0000) | ack.wnd
    this.tsRecent[row] = ack.tsVal
  }

  /** The window of that ACK, unscaled. */
  ackWindow(row: number): number {
    return this.acks![row]! & 0xffff
  }

  /** The upper half of the timestamp that it echoed. */
  ackTimestamp(row: number): number {
    return this.acks![row]! >>> 16
  }

  next(row: number): number {
    return this.nextFlags[row]! >>> 8
  }

  setNext(row: number, next: number): void {
    this.nextFlags[row] = (this.nextFlags[row]! & 0xff) | (next << 8)
  }

  previous(row: number): number {
    return this.previousLevel[row]! >>> 8
  }

  setPrevious(row: number, previous: number): void {
    this.previousLevel[row] = (this.previousLevel[row]! & 0xff) | (previous << 8)
  }

  level(row: number): number {
    return this.previousLevel[row]! & 0xff
  }

  /** The row is the last of its level, behind `previous`. */
  append(row: number, level: number, previous: number): void {
    this.previousLevel[row] = (previous << 8) | level
    this.nextFlags[row]! |= NONE << 8
  }

  nextMember(row: number): number {
    return this.nextMemberLocal[row]! >>> 8
  }

  previousMember(row: number): number {
    return this.previousMemberScale[row]! >>> 8
  }

  /** The row is the only one of its prefix. */
  beginRing(row: number): void {
    this.linkMembers(row, row)
  }

  /** The row is the newest of its prefix, whose oldest is `oldest`. */
  joinRing(row: number, oldest: number): void {
    const newest = this.previousMember(oldest)
    this.linkMembers(newest, row)
    this.linkMembers(row, oldest)
  }

  leaveRing(row: number): void {
    this.linkMembers(this.previousMember(row), this.nextMember(row))
  }

  private linkMembers(row: number, next: number): void {
    const { nextMemberLocal, previousMemberScale } = this
    nextMemberLocal[row] = (nextMemberLocal[row]! & 0xff) | (next << 8)
    previousMemberScale[next] = (previousMemberScale[next]! & 0xff) | (row << 8)
  }

  /** Whether the row is that of a segment's four-tuple. */
  isTuple(row: number, segment: Segment): boolean {
    return (
      this.remotePort[row] === segment.sourcePort &&
      this.localPort(row) === segment.destinationPort &&
      this.isRemote(row, segment.source) &&
      this.local(row).equals(segment.destination)
    )
  }

  localPort(row: number): number {
    return this.ownLocals?.port(row) ?? this.port
  }

  /** Borrowed until the next call. */
  local(row: number): IpAddress {
    return this.ownLocals?.address(row) ?? this.locals[this.nextMemberLocal[row]! & 0xff]!
  }

  readRemote(row: number, into: IpAddress): void {
    const { remotes } = this
    if (this.words === 1) into.set4(remotes[row]!)
    else into.set(remotes[4 * row]!, remotes[4 * row + 1]!, remotes[4 * row + 2]!, remotes[4 * row + 3]!)
  }

  private isRemote(row: number, address: IpAddress): boolean {
    const { remotes } = this
    if (this.words === 1) return remotes[row] === address.d
    return (
      remotes[4 * row + 3] === address.d &&
      remotes[4 * row + 2] === address.c &&
      remotes[4 * row + 1] === address.b &&
      remotes[4 * row] === address.a
    )
  }

  private writeRemote(row: number, address: IpAddress): void {
    const { remotes } = this
    if (this.words === 1) {
      remotes[row] = address.d
    } else {
      remotes[4 * row] = address.a
      remotes[4 * row + 1] = address.b
      remotes[4 * row + 2] = address.c
      remotes[4 * row + 3] = address.d
    }
  }

  private localNumber(address: IpAddress): number {
    for (let i = 0; i < this.locals.length; i++) if (this.locals[i]!.equals(address)) return i
    if (this.locals.length === MOST_LOCALS) return -1
    return this.locals.push(address.clone()) - 1
  }
}
