import type { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH } from '../wire/ip.ts'
import type { Segment } from '../wire/segment.ts'
import { TCP_HEADER_LENGTH } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import { segmentSize } from './options.ts'
import { seqAdd, seqLess, seqLessOrEqual } from './seq.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The most destinations that are remembered; the oldest goes when a further one comes. */
export const MOST_PATHS = 4096
/** How long a smaller MTU is believed before the larger is tried again (RFC 1191 §6.3, RFC 8201 §4: 10 minutes). */
export const PATH_LIFE: Milliseconds = 600_000
/** Octets of IP packet that nearly every path carries (RFC 8899 §5.1.2: BASE_PLPMTU), and that every IPv6 path does. */
const BASE_IPV4 = 1200
export const LEAST_IPV6 = 1280
/** RFC 1191 §7: what MTUs there are, for routers that do not name theirs. */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]

/** The largest usual MTU below one that was too large. */
export function plateauBelow(mtu: number): number {
  return PLATEAUS.find((plateau) => plateau < mtu) ?? 68
}

interface Entry {
  mtu: number
  expiresAt: Instant
}

/** The MTUs of paths, by destination, that routers have told of; at most {@link MOST_PATHS}, each for ten minutes. */
export class PathMtus {
  /** Moves on with every change, so that a connection need not look for its own. */
  version = 0
  private readonly entries: Map<string, Entry> = new Map()

  get size(): number {
    return this.entries.size
  }

  find(remote: IpAddress, now: Instant): Entry | undefined {
    if (this.entries.size === 0) return undefined
    const key = remote.toString()
    const entry = this.entries.get(key)
    if (entry === undefined || now < entry.expiresAt) return entry
    this.entries.delete(key)
    return undefined
  }

  learn(remote: IpAddress, mtu: number, now: Instant): void {
    const key = remote.toString()
    this.entries.delete(key)
    if (this.entries.size >= MOST_PATHS) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest)
        break
      }
    }
    this.entries.set(key, { mtu, expiresAt: now + PATH_LIFE })
    this.version++
  }
}

/**
 * The path MTU of one connection: that of the link, or what a router has told of the path (RFC 1191, RFC 8201), or what
 * still got through where routers say nothing (RFC 4821). It decides SND.MSS. A black hole is probed with one segment of
 * the full size after ten minutes, with data that is sent again in smaller segments if the probe is lost.
 */
export class PathMtu {
  /** Octets of IP packet; 0 before the handshake. */
  mtu = 0
  /** What the peer takes, whatever the path is like. */
  private peerMss = 0
  private version = -1
  private expiresAt: Instant = NEVER
  /** Beyond this the path is a black hole. */
  private ceiling = NEVER
  private probeAt: Instant = NEVER
  private probing = false
  private probeSeq = 0
  private probeEnd = 0

  constructor(connection: Connection) {
    if (connection.tcb.snd.mss > 0) this.begin(connection)
  }

  /** It tells no more than the link and the peer's SYN do. */
  isPlain({ tcb }: Connection): boolean {
    return this.ceiling === NEVER && this.expiresAt === NEVER && tcb.snd.mss === this.peerMss
  }

  /** No black hole is known of, and none is looked for. */
  get isUntroubled(): boolean {
    return this.ceiling === NEVER && this.probeAt === NEVER
  }

  /** SND.MSS is what the peer's SYN and our link allow. */
  begin(connection: Connection): void {
    this.peerMss = connection.tcb.snd.mss
    this.refresh(connection)
  }

  /** To be called before anything is cut into segments. */
  update(connection: Connection): void {
    const { host, tcb } = connection
    if (this.probing && seqLessOrEqual(this.probeEnd, tcb.snd.una)) this.probeArrived(connection)
    if (this.version !== host.paths.version || host.now >= this.expiresAt) this.refresh(connection)
  }

  /**
   * RFC 1191 §6.4: what is in flight did not get through, and goes out again at once in smaller segments; it was not
   * congestion: as many segments may be in flight as before (RFC 5681 §3.1).
   */
  reduced(connection: Connection): void {
    const { snd } = connection.tcb
    const before = snd.mss
    this.refresh(connection)
    if (snd.mss >= before || snd.una === snd.nxt || connection.state === 'SYN-RECEIVED') return
    connection.recovery.resendAll(connection)
    connection.timedAt = NEVER
    connection.host.ready(connection)
  }

  /** The retransmission timer ran out, so many times in a row for the segment at SND.UNA. */
  timedOut(connection: Connection, timeouts: number): void {
    const { host, remote } = connection
    const { blackHoleTimeouts } = host.config
    if (blackHoleTimeouts === 0 || timeouts % blackHoleTimeouts !== 0) return
    if (connection.sendBuffer.length < segmentSize(connection)) return
    const least = remote.family === 4 ? host.config.minPathMtu : LEAST_IPV6
    if (this.mtu <= least) return
    const base = remote.family === 4 ? BASE_IPV4 : LEAST_IPV6
    this.ceiling = Math.max(least, this.mtu > base ? base : least)
    this.probeAt = host.now + PATH_LIFE
    host.counters.PathBlackHoles++
    this.refresh(connection)
  }

  /** The size of the next segment of new data, behind `offset` that are in flight: that of a probe, where one is due and could go at once. */
  sizeOfNext(connection: Connection, size: number, offset: number): number {
    if (this.probeAt === NEVER) return size
    const { host, remote, tcb } = connection
    if (host.now < this.probeAt || this.probing || tcb.snd.resend !== tcb.snd.nxt) return size
    const larger = size + Math.min(this.peerMss, mssOf(host.mtu, remote)) - tcb.snd.mss
    const room = Math.min(connection.sendBuffer.length, tcb.snd.wnd, connection.congestion!.cwnd)
    return room - offset >= larger ? larger : size
  }

  /** Data goes out, in segments of at most `size` octets. */
  sending(connection: Connection, { seq, length }: Segment, size: number): void {
    if (this.ceiling === NEVER) return
    const { tcb, host } = connection
    const end = seqAdd(seq, length)
    if (this.probing) {
      if (!seqLess(seq, this.probeEnd) || !seqLess(this.probeSeq, end)) return
      this.probing = false
      this.probeAt = host.now + PATH_LIFE
      host.counters.TCPMTUPFail++
    } else if (seq === tcb.snd.nxt && size > segmentSize(connection)) {
      this.probing = true
      this.probeSeq = seq
      this.probeEnd = end
    }
  }

  private probeArrived(connection: Connection): void {
    this.probing = false
    this.ceiling = NEVER
    this.probeAt = NEVER
    connection.host.counters.TCPMTUPSuccess++
    this.refresh(connection)
  }

  private refresh(connection: Connection): void {
    const { host, remote, tcb } = connection
    const entry = host.paths.find(remote, host.now)
    this.version = host.paths.version
    this.expiresAt = entry?.expiresAt ?? NEVER
    this.mtu = Math.min(host.mtu, entry?.mtu ?? host.mtu, this.ceiling)
    // RFC 9293 MUST-16
    if (this.peerMss === 0) return
    tcb.snd.mss = Math.min(this.peerMss, mssOf(this.mtu, remote))
    connection.congestionIfMade?.setMss(tcb.snd.mss)
  }
}

function mssOf(mtu: number, remote: IpAddress): number {
  return mtu - (remote.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH) - TCP_HEADER_LENGTH
}
