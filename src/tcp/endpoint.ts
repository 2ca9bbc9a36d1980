import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { ACK, RST, Segment } from '../wire/segment.ts'
import { arrivesHalfOpen } from './arrives/half-open.ts'
import { arrivesListen } from './arrives/listen.ts'
import { arrivesOtherwise } from './arrives/otherwise.ts'
import { arrivesSynSent } from './arrives/syn-sent.ts'
import { asksForReincarnation } from './arrives/time-wait.ts'
import { type BufferSize, bufferSize, type TcpConfig } from './config.ts'
import type { CongestionControl } from './congestion/controller.ts'
import { Reno } from './congestion/reno.ts'
import { Connection } from './connection.ts'
import type { CookieKeys } from './cookie-keys.ts'
import type { Counters } from './counters.ts'
import { Deadlines } from './deadlines.ts'
import type { DropReason } from './drop-reason.ts'
import { callError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import type { StackEvent } from './events.ts'
import { FastOpen } from './fast-open.ts'
import { FourTupleMap, tupleHash } from './four-tuple.ts'
import type { HalfOpen } from './half-open.ts'
import { initialSequence, timestampOffset } from './isn.ts'
import { Listening } from './listening.ts'
import type { Observer } from './observer.ts'
import { windowScaleFor } from './options.ts'
import { fillReset } from './output.ts'
import { type OutputHost, OutputQueue } from './output-queue.ts'
import { fillSynAck } from './passive-open.ts'
import { PathMtus } from './path-mtu.ts'
import { EphemeralPorts } from './ports.ts'
import { resetFor } from './reply-queue.ts'
import { deriveKey, type SipKey } from './siphash.ts'
import { Syn } from './syn.ts'
import { NONE } from './syn-rows.ts'
import { TimeWaitList } from './time-wait-list.ts'
import { handleTimeouts, setTimers } from './timeouts.ts'

/** What an endpoint needs of the stack around it. */
export interface EndpointHost {
  readonly counters: Counters
  readonly observer: Observer | undefined
  readonly mtu: number
  readonly initialSequence: ((proposed: number) => number) | undefined
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
  /** Scratch for answers without a connection. */
  readonly reply: Segment = new Segment()
  /** Scratch for answers without a connection that have addresses of their own, and for a SYN as policies see it. */
  readonly synAck: Segment = new Segment()
  readonly synView: Syn = new Syn(new Segment())
  readonly listening: Listening
  readonly fastOpen: FastOpen
  readonly paths: PathMtus = new PathMtus()
  readonly sendBuffer: BufferSize
  readonly receiveBuffer: BufferSize
  /** In every state but passive SYN-RECEIVED, unless by Fast Open; TIME-WAIT included. */
  readonly connections: FourTupleMap<Connection> = new FourTupleMap<Connection>()
  /** In TIME-WAIT, the oldest first. */
  readonly timeWait: TimeWaitList = new TimeWaitList()
  private readonly host: EndpointHost
  private readonly deadlines: Deadlines<Connection> = new Deadlines<Connection>()
  private readonly output: OutputQueue
  private readonly events: EventQueue = new EventQueue()
  private readonly ports: EphemeralPorts

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
    this.ports = new EphemeralPorts(this.hashKey, config.ephemeralPorts)
  }

  get counters(): Counters {
    return this.host.counters
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
    const { source, sourcePort, destination, destinationPort } = segment
    const hash = tupleHash(this.hashKey, destination, destinationPort, source, sourcePort)
    const connection = this.connections.get(hash, destination, destinationPort, source, sourcePort)
    const listener = this.listening.listeners.get(destination, destinationPort)
    if (connection !== undefined) {
      if (listener !== undefined && asksForReincarnation(connection, segment)) {
        arrivesListen(this, listener, segment, hash, connection)
      } else {
        this.deliver(connection, segment)
      }
      return
    }
    if (listener === undefined) {
      this.arrivesClosed(segment)
      return
    }
    const queue = listener.queue(destination.family)
    const row = queue.find(hash, segment)
    if (row !== NONE) arrivesHalfOpen(this, listener, queue, row, segment)
    else arrivesListen(this, listener, segment, hash, undefined)
  }

  /** Does what the clock has made due (RFC 9293 §3.10.8). */
  advance(now: Instant): void {
    this.now = now
    for (let due = this.deadlines.takeDue(now); due !== undefined; due = this.deadlines.takeDue(now)) {
      handleTimeouts(due, now)
      if (due.state !== 'CLOSED') this.deadlines.arm(due)
    }
    this.listening.advance()
  }

  /** Fills in the next segment to be sent, with its addresses. False when nothing is due. */
  nextSegment(out: Segment, now: Instant): boolean {
    this.now = now
    out.dscp = this.config.dscp
    out.hopLimit = this.config.hopLimit
    if (!this.output.next(out)) return false
    this.counters.OutSegs++
    if (out.has(RST)) this.counters.OutRsts++
    return true
  }

  /** Not later than the next moment at which `advance` has something to do, once `nextSegment` has said that nothing is due. */
  nextDeadline(): Instant {
    return Math.min(this.deadlines.next(), this.listening.nextDeadline())
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
    if (this.isFull) throw callError('ENOBUFS', `${this.config.maxConnections} connections are open`)
    const isFree = (port: number): boolean =>
      this.connections.get(this.tupleHash(local, port, remote, remotePort), local, port, remote, remotePort) ===
      undefined
    const isUnused = (port: number): boolean => !this.listening.listeners.usesPort(port) && isFree(port)
    const port = localPort !== 0 ? localPort : this.ports.choose(local, remote, remotePort, isUnused)
    if (!isFree(port)) throw callError('EADDRINUSE', `${local}:${port} is connected to ${remote}:${remotePort} already`)
    const hash = this.tupleHash(local, port, remote, remotePort)
    const connection = new Connection(this, local, port, remote, remotePort, hash, undefined)
    connection.tcb.tsOffset = timestampOffset(this.timestampKey, local, port, remote, remotePort)
    connection.synDue = true
    connection.fastOpen = fastOpen
    connection.enter('SYN-SENT')
    this.counters.ActiveOpens++
    this.connections.add(connection)
    this.ready(connection)
    return connection
  }

  get isFull(): boolean {
    return this.connections.size - this.timeWait.size >= this.config.maxConnections
  }

  // What follows is for the modules of this folder.

  drop(reason: DropReason): void {
    this.host.drop(reason)
  }

  /** The connection may have something to send, or timers to set. */
  ready(connection: Connection): void {
    this.output.addConnection(connection)
  }

  quiet(connection: Connection): void {
    setTimers(connection, this.now)
    this.deadlines.arm(connection)
    // Only now: its last ACK has gone out.
    if (connection.state === 'TIME-WAIT') this.boundTimeWait()
  }

  notify(connection: Connection): void {
    this.events.addConnection(connection)
  }

  enteredTimeWait(connection: Connection): void {
    this.timeWait.add(connection)
    this.deadlines.arm(connection)
  }

  forget(connection: Connection): void {
    if (this.timeWait.delete(connection)) this.counters.TW++
    this.connections.delete(connection)
    this.deadlines.remove(connection)
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
    fillSynAck(this, halfOpen, 0, this.synAck)
    this.synAck.clearOptions()
    this.synAck.flags = RST | ACK
    this.synAck.seq = 0
    this.synAck.wnd = 0
    this.sendReply(this.synAck)
  }

  /** An initial sequence number, unless the host wants another. */
  chosenSequence(proposed: number): number {
    return this.host.initialSequence === undefined ? proposed : this.host.initialSequence(proposed) >>> 0
  }

  initialSequence({ local, localPort, remote, remotePort }: Connection): number {
    return this.chosenSequence(initialSequence(this.isnKey, local, localPort, remote, remotePort, this.now))
  }

  newCongestionControl(mss: number): CongestionControl {
    return new Reno(mss)
  }

  deliver(connection: Connection, segment: Segment): void {
    const verdict =
      connection.state === 'SYN-SENT'
        ? arrivesSynSent(connection, segment)
        : arrivesOtherwise(connection, segment, this.now)
    if (verdict === 'reset') this.replyReset(segment)
    if (connection.state !== 'CLOSED') this.ready(connection)
  }

  /** TIME-WAIT holds no more than its bound: the oldest go. */
  private boundTimeWait(): void {
    const { timeWait, config } = this
    for (let oldest = timeWait.oldest; oldest !== undefined; oldest = timeWait.oldest) {
      if (timeWait.size <= config.maxTimeWait) return
      this.counters.TCPTimeWaitOverflow++
      oldest.finish(undefined)
    }
  }

  /** SEGMENT ARRIVES in CLOSED (RFC 9293 §3.10.7.1). */
  private arrivesClosed(segment: Segment): void {
    if (segment.has(RST)) {
      this.drop('tcp-rst-ignored')
      return
    }
    this.drop('tcp-no-listener')
    this.replyReset(segment)
  }

  /** The hash of a four-tuple in this endpoint's tables. */
  tupleHash(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    return tupleHash(this.hashKey, local, localPort, remote, remotePort)
  }
}
