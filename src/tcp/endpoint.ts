import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { piecesOf, RST, Segment } from '../wire/segment.ts'
import { ActiveOpens } from './active-opens.ts'
import { arrives } from './arrives/arrives.ts'
import { arrivesOtherwise } from './arrives/otherwise.ts'
import { arrivesSynSent } from './arrives/syn-sent.ts'
import { type BufferSize, bufferSize, type TcpConfig } from './config.ts'
import { congestionControlOf } from './congestion/choice.ts'
import type { CongestionControl, CongestionControlFactory } from './congestion/controller.ts'
import type { Connection } from './connection.ts'
import type { CookieKeys } from './cookie-keys.ts'
import type { Counters } from './counters.ts'
import { Deadlines } from './deadlines.ts'
import type { DropReason } from './drop-reason.ts'
import { EventQueue } from './event-queue.ts'
import type { StackEvent } from './events.ts'
import { FastOpen } from './fast-open.ts'
import { fillReset } from './fill-segment.ts'
import { FourTupleMap, tupleHash } from './four-tuple.ts'
import type { HalfOpen } from './half-open.ts'
import { initialSequence } from './isn.ts'
import type { Listener } from './listener.ts'
import { Listening } from './listening.ts'
import { NextText } from './next-text.ts'
import type { Observer } from './observer.ts'
import { windowScaleFor } from './options.ts'
import { type OutputHost, OutputQueue } from './output-queue.ts'
import { fillRefusal } from './passive-open.ts'
import { PathMtus } from './path-mtu.ts'
import { resetFor } from './reply-queue.ts'
import { deriveKey, type SipKey } from './siphash.ts'
import { Syn } from './syn.ts'
import { TimeWait } from './time-wait.ts'
import { handleTimeouts, setTimers } from './timeouts.ts'
import { isResting, isWarm, WarmList } from './warm-list.ts'

/** What an endpoint needs of the stack around it. */
export interface EndpointHost {
  readonly counters: Counters
  readonly observer: Observer | undefined
  readonly mtu: number
  readonly initialSequence: ((proposed: number) => number) | undefined
  /** The stack's own. */
  readonly addresses: { has(address: IpAddress): boolean }
  /** The frame at hand goes no further, or not all of it. */
  drop(reason: DropReason): void
  /** Segments to that address go unanswered (RFC 1122 §3.3.1.4). */
  doubtPath(remote: IpAddress): void
}

/**
 * TCP for one host: finds whom a segment is for, and knows what is due. Pure: it is told segments, calls and the time,
 * and asked for segments, events and the next deadline.
 */
export class Endpoint implements OutputHost {
  readonly config: TcpConfig
  readonly hashKey: SipKey
  readonly isnKey: SipKey
  readonly timestampKey: SipKey
  readonly receiveScale: number
  /** The window of a SYN,ACK (RFC 7323 §2.2: never scaled), octets. */
  readonly initialWindow: number
  /** The last instant it was told. */
  now: Instant = 0
  segmentation = 0
  /** Scratch for answers without a connection. */
  readonly reply: Segment = new Segment()
  /** Scratch for answers without a connection that have addresses of their own, and for a SYN as policies see it. */
  readonly synAck: Segment = new Segment()
  readonly synView: Syn = new Syn(new Segment())
  readonly listening: Listening
  readonly fastOpen: FastOpen
  readonly paths: PathMtus = new PathMtus()
  readonly nextText: NextText = new NextText()
  readonly sendBuffer: BufferSize
  readonly receiveBuffer: BufferSize
  senders = 0
  /** In every state but TIME-WAIT and, unless by Fast Open, passive SYN-RECEIVED. */
  readonly connections: FourTupleMap<Connection> = new FourTupleMap<Connection>()
  readonly timeWait: TimeWait = new TimeWait(this)
  private readonly warm: WarmList = new WarmList()
  private readonly host: EndpointHost
  private readonly deadlines: Deadlines<Connection> = new Deadlines<Connection>()
  private readonly output: OutputQueue
  private readonly events: EventQueue = new EventQueue()
  private readonly opens: ActiveOpens
  /** The listener that the segment at hand is for, as long as nothing is known to be wrong with that; and the segment. */
  private addressed: Listener | undefined
  private segmentAtHand: Segment
  private readonly congestionControl: CongestionControlFactory

  constructor(host: EndpointHost, config: TcpConfig, secret: Uint8Array, keys: CookieKeys, fastOpenKeys: CookieKeys) {
    this.host = host
    this.config = config
    this.hashKey = deriveKey(secret, 0)
    this.isnKey = deriveKey(secret, 1)
    this.timestampKey = deriveKey(secret, 2)
    this.sendBuffer = bufferSize(config.sendBuffer)
    this.receiveBuffer = bufferSize(config.receiveBuffer)
    this.receiveScale = windowScaleFor(this.receiveBuffer.max)
    this.initialWindow = Math.min(this.receiveBuffer.initial, 65_535)
    this.output = new OutputQueue(this)
    this.listening = new Listening(this, this.output, this.events, keys)
    this.fastOpen = new FastOpen(fastOpenKeys)
    this.congestionControl = congestionControlOf(config.congestionControl, config.pacing)
    this.opens = new ActiveOpens(this)
    this.segmentAtHand = this.reply
  }

  get counters(): Counters {
    return this.host.counters
  }

  isOwn(address: IpAddress): boolean {
    return this.host.addresses.has(address)
  }

  get observer(): Observer | undefined {
    return this.host.observer
  }

  get mtu(): number {
    return this.host.mtu
  }

  /** SEGMENT ARRIVES (RFC 9293 §3.10.7): to its connection, its half-open row, its listener, or nobody. */
  receive(segment: Segment, now: Instant): void {
    this.now = now
    this.segmentAtHand = segment
    this.output.interrupt()
    this.addressed = this.listening.anywhere.listenerFor(segment.destination, segment.destinationPort)
    arrives(this, segment, this.addressed)
    this.addressed = undefined
  }

  /** Does what the clock has made due (RFC 9293 §3.10.8). */
  advance(now: Instant): void {
    this.output.interrupt()
    this.now = now
    for (let due = this.deadlines.takeDue(now); due !== undefined; due = this.deadlines.takeDue(now)) {
      handleTimeouts(due, now)
      if (due.state !== 'CLOSED') this.deadlines.arm(due)
    }
    this.timeWait.advance(now)
    this.warm.advance(now)
    this.listening.advance()
  }

  /**
   * Fills in the next segment to be sent, with its addresses; one that stands for several if the link cuts packets of up
   * to `segmentation` octets. False when nothing is due.
   */
  nextSegment(out: Segment, now: Instant, segmentation = 0): boolean {
    this.now = now
    this.segmentation = segmentation
    out.dscp = this.config.dscp
    out.hopLimit = this.config.hopLimit
    if (!this.output.next(out)) return false
    this.counters.OutSegs += piecesOf(out)
    if (out.has(RST)) this.counters.OutRsts++
    return true
  }

  /**
   * Right behind `nextSegment`: makes `out`, which that has filled in, the next segment, if it differs in number and text alone. Returns how
   * many of the kind follow each other, `most` at the most, which are all taken for sent.
   */
  nextOfRun(out: Segment, now: Instant, most: number): number {
    if (now !== this.now) return 0
    const count = this.output.nextOfRun(out, most)
    this.counters.OutSegs += count
    return count
  }

  /** The segment that was filled in last is the one before with another sequence number and other text, as long. */
  get repeats(): boolean {
    return this.output.repeats
  }

  /** Not later than the next moment at which `advance` has something to do, once `nextSegment` has said that nothing is due. */
  nextDeadline(): Instant {
    const connections = Math.min(this.deadlines.next(), this.timeWait.nextDeadline(), this.warm.nextDeadline())
    return Math.min(connections, this.listening.nextDeadline())
  }

  nextEvent(): StackEvent | undefined {
    return this.events.next()
  }

  /**
   * Active OPEN: the SYN goes out with the next segments. `localPort` 0 is a free one; `fastOpen`: by Fast Open (RFC 7413),
   * if the server does it.
   * @throws {Error} EADDRINUSE: this four-tuple is in use; EADDRNOTAVAIL: no port is free; ENOBUFS: too many connections
   */
  connect(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number, fastOpen: boolean): Connection {
    return this.opens.connect(local, localPort, remote, remotePort, fastOpen)
  }

  get isFull(): boolean {
    return this.connections.size >= this.config.maxConnections
  }

  // What follows is for the modules of this folder.

  drop(reason: DropReason): void {
    this.host.drop(reason)
    const { addressed } = this
    if (addressed === undefined) return
    addressed.dropLog.record(reason, this.segmentAtHand, addressed.halfOpen, addressed.acceptQueueLength, this.now)
    // The first reason counts.
    this.addressed = undefined
  }

  /** The connection may have something to send, or timers to set. */
  ready(connection: Connection): void {
    this.output.addConnection(connection)
  }

  quiet(connection: Connection): void {
    if (connection.timeWaitSerial !== 0) {
      // Only now: its last ACK has gone out.
      this.timeWait.bound(this.config.maxTimeWait)
      return
    }
    if (connection.stage === 'CLOSED') return
    setTimers(connection, this.now)
    this.deadlines.arm(connection)
    connection.landed()
    if (isWarm(connection) && isResting(connection)) this.warm.touch(connection, this.now)
  }

  notify(connection: Connection): void {
    this.events.addConnection(connection)
  }

  enteredTimeWait(connection: Connection): void {
    this.output.interrupt()
    this.detach(connection)
    this.timeWait.enter(connection)
  }

  isInTimeWait(connection: Connection): boolean {
    return this.timeWait.has(connection)
  }

  forget(connection: Connection): void {
    this.output.interrupt()
    if (connection.timeWaitSerial === 0) this.detach(connection)
    else this.timeWait.forget(connection)
  }

  private detach(connection: Connection): void {
    this.connections.delete(connection)
    this.nextText.forget(connection)
    this.deadlines.remove(connection)
    this.warm.remove(connection)
    connection.grounded()
  }

  doubtPath(connection: Connection): void {
    this.counters.PathsInDoubt++
    this.host.doubtPath(connection.remote)
  }

  resetPeer(connection: Connection): void {
    fillReset(connection, this.reply)
    this.sendReply(this.reply)
  }

  replyReset(segment: Segment): void {
    resetFor(segment, this.reply)
    this.sendReply(this.reply)
  }

  sendReply(reply: Segment): void {
    this.output.addReply(reply)
  }

  /** The SYN,ACK of a cookie. */
  replySynAck(halfOpen: HalfOpen, tsVal: number): void {
    this.output.addSynAck(halfOpen, tsVal)
  }

  /** The RST for a SYN that was deferred. */
  refuse(halfOpen: HalfOpen): void {
    fillRefusal(this, halfOpen, this.synAck)
    this.sendReply(this.synAck)
  }

  /** An initial sequence number, unless the host wants another. */
  chosenSequence(proposed: number): number {
    return this.host.initialSequence === undefined ? proposed : this.host.initialSequence(proposed) >>> 0
  }

  initialSequence({ local, localPort, remote, remotePort }: Connection): number {
    return this.chosenSequence(initialSequence(this.isnKey, local, localPort, remote, remotePort, this.now))
  }

  newCongestionControl({ congestionControl, listener, tcb }: Connection): CongestionControl {
    return (congestionControl ?? listener?.congestionControl ?? this.congestionControl)(tcb.snd.mss)
  }

  deliver(connection: Connection, segment: Segment): void {
    const verdict =
      connection.stage === 'SYN-SENT' ? arrivesSynSent(connection, segment) : arrivesOtherwise(connection, segment)
    if (verdict === 'reset') this.replyReset(segment)
    if (connection.stage !== 'CLOSED') this.ready(connection)
  }

  /** The hash of a four-tuple in this endpoint's tables. */
  tupleHash(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    return tupleHash(this.hashKey, local, localPort, remote, remotePort)
  }
}
