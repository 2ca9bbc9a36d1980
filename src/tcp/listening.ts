import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { Segment } from '../wire/segment.ts'
import { Anywhere } from './anywhere.ts'
import type { TcpConfig } from './config.ts'
import type { Connection } from './connection.ts'
import type { CookieKeys } from './cookie-keys.ts'
import type { Endpoint } from './endpoint.ts'
import { callError } from './errors.ts'
import type { EventQueue } from './event-queue.ts'
import { ANSWERED, ANSWERED_AGAIN, DEFERRED, HalfOpen } from './half-open.ts'
import { viewOf, viewOfRow } from './half-open-view.ts'
import type { ListenOptions } from './listen-options.ts'
import { type DeferredAnswer, Listener, type ListenerHost } from './listener.ts'
import { Listeners } from './listeners.ts'
import type { HandshakeKind } from './observer.ts'
import type { OutputQueue } from './output-queue.ts'
import { beginFastOpen } from './passive-fast-open.ts'
import { connectionOf, establishFromRow } from './passive-open.ts'
import { seqAdd } from './seq.ts'
import { signHandshake, synOf } from './signed-handshake.ts'
import type { SipKey } from './siphash.ts'
import { SynCookies } from './syn-cookie.ts'
import type { SynQueue } from './syn-queue.ts'
import { NONE } from './syn-rows.ts'
import { UsedCookies } from './used-cookies.ts'

/** The passive side of an endpoint: its listeners, and what becomes of their half-open connections. */
export class Listening implements ListenerHost {
  readonly listeners: Listeners = new Listeners()
  readonly anywhere: Anywhere = new Anywhere(this)
  readonly cookies: SynCookies
  readonly used: UsedCookies
  /** Scratch: the half-open connection at hand. */
  readonly halfOpen: HalfOpen = new HalfOpen()
  private readonly syn: Segment = new Segment()
  private readonly endpoint: Endpoint
  private readonly output: OutputQueue
  private readonly events: EventQueue

  constructor(endpoint: Endpoint, output: OutputQueue, events: EventQueue, keys: CookieKeys) {
    this.endpoint = endpoint
    this.output = output
    this.events = events
    this.cookies = new SynCookies(keys)
    this.used = new UsedCookies(keys)
  }

  get now(): Instant {
    return this.endpoint.now
  }

  get config(): TcpConfig {
    return this.endpoint.config
  }

  get hashKey(): SipKey {
    return this.endpoint.hashKey
  }

  /**
   * Passive OPEN (RFC 9293 §3.10.1).
   * @throws {Error} EADDRINUSE; EADDRNOTAVAIL if no port is free
   * @throws {RangeError} ERR_OUT_OF_RANGE for an option
   */
  listen(options: ListenOptions, address: IpAddress | undefined): Listener {
    const family = address?.family ?? options.family
    const port =
      options.port === 0 ? this.listeners.freePort(this.config.ephemeralPorts, address, family) : options.port
    // RFC 9293 MUST-41, MUST-42: other listeners count, connections of the port do not.
    if (this.listeners.conflicts(address, port, family)) {
      throw callError('EADDRINUSE', `port ${port} of ${address ?? 'this stack'} has a listener already`)
    }
    const listener = new Listener(this, { ...options, port }, address)
    this.listeners.add(listener)
    return listener
  }

  get hasConnections(): boolean {
    return this.endpoint.connections.size > 0
  }

  isOwn(address: IpAddress): boolean {
    return this.endpoint.isOwn(address)
  }

  closeListener(listener: Listener): void {
    this.listeners.delete(listener)
    this.output.addClosing(listener)
  }

  /** Does for all rows what is due. */
  advance(): void {
    this.cookies.keys.update(this.now)
    for (const listener of this.listeners.all)
      for (const queue of listener.queues.all) this.advanceRows(listener, queue)
  }

  nextDeadline(): Instant {
    let next = Number.POSITIVE_INFINITY
    for (const listener of this.listeners.all) next = Math.min(next, listener.queues.nextDeadline())
    return next
  }

  answerDue(listener: Listener): void {
    this.output.addListener(listener)
  }

  /** The row waits for the application's word. */
  defer(listener: Listener, queue: SynQueue, row: number, syn: Segment): void {
    listener.defer(queue, row, syn)
    listener.counters.deferred++
    this.observeRow('deferred', listener, queue, row)
    this.events.addListener(listener)
  }

  answerDeferred(listener: Listener, queue: SynQueue, row: number, answer: DeferredAnswer): void {
    const { counters } = listener
    if (answer === 'accept') {
      counters.deferAccepted++
      // Its life begins when the SYN,ACK goes out: nobody knows here what time it is.
      queue.rows.unset(row, DEFERRED)
      listener.scheduleAnswer(queue, row)
      return
    }
    if (answer === 'refuse') {
      counters.deferRefused++
      queue.read(row, this.halfOpen)
      this.endpoint.refuse(this.halfOpen)
    } else {
      counters.deferIgnored++
    }
    this.endpoint.counters.AttemptFails++
    this.observeRow(answer === 'refuse' ? 'refused' : 'ignored', listener, queue, row)
    queue.remove(row)
  }

  /** A deferred row that was accepted is answered now as if its SYN had come now: its ISS is to be a cookie of today. */
  beginDeferred(queue: SynQueue, row: number): void {
    const { keys } = this.cookies
    keys.update(this.now)
    queue.undefer(row, this.now)
    queue.read(row, this.halfOpen)
    signHandshake(this.endpoint, this.halfOpen, keys.current)
    queue.rows.iss[row] = this.endpoint.chosenSequence(this.cookies.iss)
    queue.rows.answered[row] = this.cookies.tsVal >>> 16
    queue.rows.setGeneration(row, keys.generation)
  }

  /** Room for one more: the oldest row of the source prefix that holds most goes. False if there is none to go. */
  evict(listener: Listener): boolean {
    const queue = listener.queues.heaviest
    const row = queue?.heaviestOldest ?? NONE
    if (queue === undefined || row === NONE) return false
    listener.counters.evicted++
    listener.overflowedAt = this.now
    this.observeRow('evicted', listener, queue, row)
    queue.remove(row)
    return true
  }

  /** The client's ACK is in: the row becomes a connection, to which the same segment is given, text and FIN included. */
  complete(listener: Listener, queue: SynQueue, row: number, segment: Segment): void {
    if (!this.hasRoom()) return
    this.endpoint.deliver(this.promoteRow(listener, queue, row, segment.tsEcr), segment)
  }

  /** The same for a row whose ACK had to wait for room in the accept queue. */
  completeWaiting(listener: Listener, queue: SynQueue, row: number): void {
    if (this.endpoint.isFull) return
    // Beyond all that was sent: what the row remembers is the upper half of it.
    const tsVal = ((queue.rows.ackTimestamp(row) + 1) << 16) >>> 0
    const window = queue.rows.ackWindow(row)
    const connection = this.promoteRow(listener, queue, row, tsVal)
    // The wait was ours: it is no round trip.
    connection.timedAt = Number.POSITIVE_INFINITY
    establishFromRow(connection, window)
    this.endpoint.ready(connection)
  }

  /** The client's ACK has turned out to be a cookie's, which `halfOpen` was read from. */
  completeCookie(listener: Listener, segment: Segment): void {
    if (!this.hasRoom()) return
    listener.counters.cookieCompleted++
    this.observe('cookie-completed', listener)
    this.endpoint.deliver(this.promote(listener, segment.tsEcr), segment)
  }

  /**
   * The ACK of a cookie, which `halfOpen` was read from, has found the accept queue full: an entry to wait in, as if the
   * SYN had found room. A client that says nothing by itself would never come again. Without room for an entry its next
   * segment is the next try.
   */
  holdCookie(listener: Listener, segment: Segment, hash: number): void {
    if (listener.halfOpen >= listener.backlog) return
    const { halfOpen, cookies, now } = this
    synOf(halfOpen, this.syn)
    const queue = listener.queues.of(halfOpen.remote.family)
    const row = queue.insert(hash, this.syn, halfOpen.iss, cookies.verifiedGeneration, now)
    if (row === NONE) return
    // When its SYN,ACK went out is not known: no round trip is to be measured by it (Karn).
    queue.noteAnswer(row, now)
    queue.noteAnswer(row, now)
    listener.counters.cookieHeld++
    this.endpoint.counters.SyncookiesRecv++
    listener.keepWaiting(queue, row, segment)
    this.observeRow('waiting', listener, queue, row)
  }

  /** Whether the table of connections takes one more; if not, the segment at hand is dropped. */
  hasRoom(): boolean {
    if (!this.endpoint.isFull) return true
    this.endpoint.drop('connection-table-full')
    this.endpoint.counters.ListenDrops++
    return false
  }

  /** A SYN with a valid Fast Open cookie: what `halfOpen` says of it becomes a connection at once (RFC 7413 §4.2.2). */
  openFast(listener: Listener, syn: Segment): void {
    listener.counters.fastOpened++
    this.endpoint.counters.TCPFastOpenPassive++
    this.observe('fast-opened', listener)
    const connection = this.promote(listener, this.cookies.tsVal)
    beginFastOpen(connection, syn)
    this.endpoint.ready(connection)
  }

  observeRow(kind: HandshakeKind, listener: Listener, queue: SynQueue, row: number): void {
    listener.onStep?.(kind, listener.ticket(queue, row))
    const { observer } = this.endpoint
    if (observer?.handshake === undefined) return
    observer.handshake(kind, listener, viewOfRow(queue, row, this.now), this.now)
  }

  /** A step of a handshake without an entry: `halfOpen` is what it is about. */
  observe(kind: HandshakeKind, listener: Listener): void {
    const { observer } = this.endpoint
    if (observer?.handshake === undefined) return
    observer.handshake(kind, listener, viewOf(this.halfOpen), this.now)
  }

  /** The same of an ACK that is no cookie's: the numbers are those that it would be one of. */
  observeStray(kind: HandshakeKind, listener: Listener, ack: Segment): void {
    if (this.endpoint.observer?.handshake === undefined) return
    const { halfOpen } = this
    halfOpen.remote.copy(ack.source)
    halfOpen.local.copy(ack.destination)
    halfOpen.remotePort = ack.sourcePort
    halfOpen.localPort = ack.destinationPort
    halfOpen.irs = seqAdd(ack.seq, -1)
    halfOpen.iss = seqAdd(ack.ack, -1)
    this.observe(kind, listener)
  }

  private promoteRow(listener: Listener, queue: SynQueue, row: number, tsVal: number): Connection {
    const { rows } = queue
    queue.read(row, this.halfOpen)
    const answeredOnce = rows.has(row, ANSWERED) && !rows.has(row, ANSWERED_AGAIN)
    const answeredAt = queue.bornAt(row)
    listener.counters.completed++
    this.observeRow('completed', listener, queue, row)
    queue.remove(row)
    const connection = this.promote(listener, tsVal)
    // Karn: an ACK of a SYN,ACK that went out more than once measures nothing (RFC 6298 §3, (5.7)).
    if (answeredOnce) connection.timedAt = answeredAt
    else connection.rto.afterLostSyn()
    return connection
  }

  /** A connection of what `halfOpen` says, in the accept queue; it is given its segment next. */
  private promote(listener: Listener, tsVal: number): Connection {
    const connection = connectionOf(this.endpoint, listener, this.halfOpen, tsVal)
    if (listener.cookies) this.used.add(connection.tupleHash, this.halfOpen.iss)
    this.endpoint.counters.PassiveOpens++
    this.endpoint.connections.add(connection)
    listener.acceptQueue.push(connection)
    this.events.addListener(listener)
    return connection
  }

  private advanceRows(listener: Listener, queue: SynQueue): void {
    for (let row = queue.due(this.now); row !== NONE; row = queue.due(this.now)) {
      if (queue.wasAccepted(row)) {
        this.beginDeferred(queue, row)
        continue
      }
      this.endpoint.counters.TCPTimeouts++
      if (queue.backOff(row)) {
        listener.scheduleAnswer(queue, row)
        continue
      }
      if (queue.rows.has(row, DEFERRED)) listener.counters.deferExpired++
      else listener.counters.expired++
      this.endpoint.counters.AttemptFails++
      this.observeRow('expired', listener, queue, row)
      queue.remove(row)
    }
  }
}
