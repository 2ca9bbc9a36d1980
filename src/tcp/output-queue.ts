import { IpAddress } from '../wire/address.ts'
import { ACK, RST, type Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import { Fifo } from './fifo.ts'
import { fillReset } from './fill-segment.ts'
import { ANSWERED, HalfOpen } from './half-open.ts'
import type { Listener } from './listener.ts'
import type { HandshakeKind } from './observer.ts'
import { mayHaveMore, nextSegment } from './output.ts'
import { fillSynAck, type PassiveOpenHost } from './passive-open.ts'
import { ReplyQueue } from './reply-queue.ts'
import { SegmentRun } from './segment-run.ts'
import { seqAdd } from './seq.ts'
import { firstTimestamp, rowTimestamp } from './signed-handshake.ts'
import type { SynCookies } from './syn-cookie.ts'
import type { SynQueue } from './syn-queue.ts'
import { NONE } from './syn-rows.ts'

export interface OutputHost extends PassiveOpenHost {
  readonly listening: {
    readonly cookies: SynCookies
    beginDeferred(queue: SynQueue, row: number): void
    observeRow(kind: HandshakeKind, listener: Listener, queue: SynQueue, row: number): void
  }
  /** All that the connection had to send is sent. */
  quiet(connection: Connection): void
}

/** Segments of connections that go out in a row while SYN,ACKs wait. */
const BURST = 32

/**
 * Octets that a connection sends in a row while others wait: as many as go in one frame where the link cuts it. Who reads
 * them is woken once, not for each segment, and so is whoever reads what the next one sends.
 */
const TURN = 65_536

/**
 * Whose turn it is to send: answers without a connection first, then the connections in turn, a segment each, then SYN,ACKs,
 * then what closed listeners owe. SYN,ACKs come after what the same peers wait for: a process of theirs is busy with that
 * by then, and need not be woken for a handshake that gives it nothing to do.
 */
export class OutputQueue {
  private readonly host: OutputHost
  private readonly replies: ReplyQueue
  private readonly due: Fifo<Listener> = new Fifo<Listener>()
  private readonly closing: Fifo<Listener> = new Fifo<Listener>()
  private readonly ready: Fifo<Connection> = new Fifo<Connection>()
  private readonly run: SegmentRun
  /** The segment that was filled in last is of a run. */
  repeats = false
  private burst = 0
  private readonly halfOpen: HalfOpen = new HalfOpen()
  // The addresses of a segment that has no connection: others are the connection's own, and not to be written to.
  private readonly source: IpAddress = new IpAddress()
  private readonly destination: IpAddress = new IpAddress()

  constructor(host: OutputHost) {
    this.host = host
    this.replies = new ReplyQueue(host.config.maxReplies)
    this.run = new SegmentRun(host)
  }

  /** What is to be sent has to be looked at anew. */
  interrupt(): void {
    this.run.end()
  }

  addReply(reply: Segment): void {
    this.run.end()
    if (!this.replies.push(reply)) this.host.counters.ReplyQueueFull++
  }

  /** The SYN,ACK of a cookie, without the detour by a segment: under a flood it is the hottest path there is. */
  addSynAck(halfOpen: HalfOpen, tsVal: number): void {
    this.run.end()
    if (!this.replies.pushSynAck(this.host, halfOpen, tsVal)) this.host.counters.ReplyQueueFull++
  }

  addListener(listener: Listener): void {
    this.run.end()
    if (listener.isDue) return
    listener.isDue = true
    this.due.push(listener)
  }

  addClosing(listener: Listener): void {
    this.run.end()
    this.closing.push(listener)
  }

  addConnection(connection: Connection): void {
    this.run.end()
    if (connection.isReady) return
    connection.isReady = true
    this.ready.push(connection)
  }

  /** Fills in the next segment. False when nothing is due. */
  next(out: Segment): boolean {
    this.repeats = this.run.next(out, 1) > 0
    if (this.repeats) return true
    out.source = this.source
    out.destination = this.destination
    if (this.replies.shift(out)) return true
    if (this.burst < BURST && this.nextOfConnections(out)) {
      this.burst++
      return true
    }
    this.burst = 0
    return this.nextSynAck(out) || this.nextOfClosing(out) || this.nextOfConnections(out)
  }

  /** Makes `out` the next segment of the run: the first of as many as are returned, `most` at the most. */
  nextOfRun(out: Segment, most: number): number {
    return this.run.next(out, most)
  }

  private nextSynAck(out: Segment): boolean {
    for (let listener = this.due.peek(); listener !== undefined; listener = this.due.peek()) {
      const queue = listener.nextAnswer()
      if (queue !== undefined) {
        this.sendSynAck(listener, queue, listener.queues.row, out)
        return true
      }
      listener.isDue = false
      this.due.shift()
    }
    return false
  }

  private sendSynAck(listener: Listener, queue: SynQueue, row: number, out: Segment): void {
    const { host, halfOpen } = this
    const again = queue.rows.has(row, ANSWERED)
    if (queue.wasAccepted(row)) host.listening.beginDeferred(queue, row)
    queue.read(row, halfOpen)
    const tsVal = !halfOpen.timestamps
      ? 0
      : again
        ? rowTimestamp(host, halfOpen, queue.rows.generation(row))
        : firstTimestamp(host, halfOpen, queue.rows.answered[row]!)
    fillSynAck(host, halfOpen, tsVal, out)
    if (!again && queue.rows.wantsCookie(row)) host.fastOpen.cookies.offer(out)
    queue.noteAnswer(row, host.now)
    listener.counters.synAcks++
    if (again) {
      listener.counters.synAckRetransmissions++
      host.counters.RetransSegs++
      host.counters.TCPSynRetrans++
    }
    host.listening.observeRow(again ? 'syn-ack-retransmitted' : 'syn-ack-sent', listener, queue, row)
  }

  /** A RST for each half-open and each unaccepted connection of a listener that was closed (RFC 9293 §3.10.4, §3.10.5). */
  private nextOfClosing(out: Segment): boolean {
    for (let listener = this.closing.peek(); listener !== undefined; listener = this.closing.peek()) {
      for (const queue of listener.queues.all) {
        const row = queue.any
        if (row === NONE) continue
        this.resetRow(listener, queue, row, out)
        return true
      }
      for (
        let connection = listener.acceptQueue.shift();
        connection !== undefined;
        connection = listener.acceptQueue.shift()
      ) {
        if (connection.state === 'CLOSED' || connection.state === 'TIME-WAIT') continue
        fillReset(connection, out)
        connection.finish(undefined)
        return true
      }
      listener.forget()
      this.closing.shift()
    }
    return false
  }

  private resetRow(listener: Listener, queue: SynQueue, row: number, out: Segment): void {
    const { host } = this
    queue.read(row, this.halfOpen)
    fillSynAck(host, this.halfOpen, 0, out)
    out.clearOptions()
    out.flags = RST | ACK
    // To whom we have said nothing yet, as from a closed port.
    out.seq = queue.rows.has(row, ANSWERED) ? seqAdd(out.seq, 1) : 0
    out.wnd = 0
    listener.counters.closed++
    host.counters.AttemptFails++
    host.listening.observeRow('closed', listener, queue, row)
    queue.remove(row)
  }

  private nextOfConnections(out: Segment): boolean {
    for (let connection = this.ready.shift(); connection !== undefined; connection = this.ready.shift()) {
      connection.isReady = false
      if (nextSegment(connection, out)) {
        if (!mayHaveMore(connection)) {
          this.host.quiet(connection)
          return true
        }
        this.addConnection(connection)
        if (this.due.length + this.closing.length === 0) {
          this.run.begin(connection, out, this.ready.length === 1 ? Number.POSITIVE_INFINITY : TURN)
        }
        return true
      }
      this.host.quiet(connection)
    }
    return false
  }
}
