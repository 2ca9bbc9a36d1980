import type { Instant } from '../wire/instant.ts'
import { ABSENT, ACK, type Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { segmentSize } from './options.ts'
import { seqAdd, seqDistance } from './seq.ts'

/**
 * Full segments of one connection, one behind the other, while nothing happens in between: what `sendData` would find out
 * about each of them anew. The segment is the one that was sent last, with another number and other octets; the last of
 * the send buffer, and whatever is not plain, is left to `sendData`.
 */
export class SegmentRun {
  private readonly host: ConnectionHost
  private connection: Connection | undefined
  /** So many segments more. */
  private left = 0
  private size = 0
  private segment: Segment | undefined
  private now: Instant = 0
  private pathsVersion = 0
  private read = 0

  constructor(host: ConnectionHost) {
    this.host = host
  }

  /** Something has happened, or was asked for. */
  end(): void {
    this.connection = undefined
  }

  /** `connection` has sent `segment`: perhaps more of the kind are to follow, up to `most` octets with it. */
  begin(connection: Connection, segment: Segment, most: number): void {
    if (segment.length === 0 || !isPlain(connection, segment)) return
    const { host } = this
    const { snd } = connection.tcb
    const { sent } = connection.recovery.sack!
    const offset = seqDistance(snd.una, snd.nxt)
    const size = segment.length
    // The last, which pushes or may have to wait, is not of them.
    const waiting = connection.sendBuffer.length - offset - 1
    const allowed = Math.min(snd.wnd - offset, Math.floor(connection.congestion!.cwnd) - sent.pipe)
    const left = Math.min(Math.floor(Math.min(waiting, allowed, most - size) / size), sent.room)
    if (left <= 0) return
    this.connection = connection
    this.left = left
    this.size = size
    this.segment = segment
    this.now = host.now
    this.pathsVersion = host.paths.version
    this.read = connection.receiveBuffer.base
  }

  /** Makes `out` the first of the next segments of the run, `most` at the most. Returns how many; 0 when there are none. */
  next(out: Segment, most: number): number {
    const { connection, host, size } = this
    if (connection === undefined) return 0
    if (out !== this.segment || host.now !== this.now || host.segmentation > 0 || !this.isStillPlain(connection)) {
      this.connection = undefined
      return 0
    }
    const { snd } = connection.tcb
    const count = Math.min(most, this.left)
    out.seq = snd.nxt
    out.start = connection.sendBuffer.indexOf(seqDistance(snd.una, snd.nxt))
    snd.nxt = seqAdd(snd.nxt, count * size)
    snd.resend = snd.nxt
    connection.quickAcks.acknowledged(count)
    connection.recovery.sack!.sentRow(connection, size, count)
    this.left -= count
    if (this.left === 0) this.connection = undefined
    return count
  }

  /** What changes without a word to the endpoint has not: fields of the IP header, the path's MTU, what the window depends on. */
  private isStillPlain(connection: Connection): boolean {
    if (connection.receiveBuffer.base !== this.read) return false
    return connection.ipIfMade === undefined && this.host.paths.version === this.pathsVersion
  }
}

/** A full segment of new data that says nothing of its own, of a connection of which all that follow can be the same. */
function isPlain(connection: Connection, segment: Segment): boolean {
  const { tcb, recovery, host } = connection
  const { snd } = tcb
  if (segment.flags !== ACK || segment.sackBlocks > 0 || segment.userTimeout !== ABSENT) return false
  if (segment.length !== segmentSize(connection) || seqAdd(segment.seq, segment.length) !== snd.nxt) return false
  if (snd.resend !== snd.nxt || host.segmentation > 0) return false
  if (connection.acksDue > 0 || connection.finReceived) return false
  const { sack } = recovery
  if (sack === undefined || !sack.isOpen || sack.pushes || sack.sent.lost > 0 || connection.retransmitDue) return false
  return !connection.hasRarities && connection.pathIfMade?.isUntroubled === true
}
