import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'
import type { Connection } from './connection.ts'
import type { Endpoint } from './endpoint.ts'
import { callError } from './errors.ts'
import type { EventQueue } from './event-queue.ts'
import { Listener, type ListenerHost, type ListenOptions } from './listener.ts'
import { Listeners } from './listeners.ts'
import type { HandshakeKind } from './observer.ts'
import type { OutputQueue } from './output-queue.ts'
import { connectionOf, establishFromRow } from './passive-open.ts'
import { NONE, type SynQueue } from './syn-queue.ts'

/** The passive side of an endpoint: its listeners, and what becomes of their half-open rows. */
export class Listening implements ListenerHost {
  readonly listeners: Listeners = new Listeners()
  private readonly endpoint: Endpoint
  private readonly output: OutputQueue
  private readonly events: EventQueue

  constructor(endpoint: Endpoint, output: OutputQueue, events: EventQueue) {
    this.endpoint = endpoint
    this.output = output
    this.events = events
  }

  get now(): Instant {
    return this.endpoint.now
  }

  /**
   * Passive OPEN (RFC 9293 §3.10.1).
   * @throws {Error} EADDRINUSE; EADDRNOTAVAIL if no port is free
   * @throws {RangeError} ERR_OUT_OF_RANGE for an option
   */
  listen(options: ListenOptions, address: IpAddress | undefined): Listener {
    const port = options.port === 0 ? this.freeListenPort(address) : options.port
    // RFC 9293 MUST-41, MUST-42: other listeners count, connections of the port do not.
    if (this.listeners.conflicts(address, port)) {
      throw callError('EADDRINUSE', `port ${port} of ${address ?? 'this stack'} has a listener already`)
    }
    const listener = new Listener(this, { ...options, port }, address)
    this.listeners.add(listener)
    return listener
  }

  answerDue(listener: Listener): void {
    this.output.addListener(listener)
  }

  /** A SYN,ACK for this row; where too many wait for the link, the row stays, and its next wait brings the next try. */
  answer(listener: Listener, queue: SynQueue, row: number): void {
    if (!listener.scheduleAnswer(queue, row)) this.endpoint.counters.SynAckQueueFull++
  }

  /** The client's ACK is in: the row becomes a connection, to which the same segment is given, text and FIN included. */
  complete(listener: Listener, queue: SynQueue, row: number, segment: Segment): void {
    if (this.endpoint.isFull) {
      this.endpoint.drop('connection-table-full')
      this.endpoint.counters.ListenDrops++
      return
    }
    this.endpoint.deliver(this.promote(listener, queue, row), segment)
  }

  completeWaiting(listener: Listener, queue: SynQueue, row: number): void {
    if (this.endpoint.isFull) return
    const window = queue.wnd[row]!
    const connection = this.promote(listener, queue, row)
    establishFromRow(connection, window)
    this.endpoint.ready(connection)
  }

  closeListener(listener: Listener): void {
    this.listeners.delete(listener)
    this.output.addClosing(listener)
  }

  observeRow(kind: HandshakeKind, listener: Listener, queue: SynQueue, row: number): void {
    const { observer } = this.endpoint
    if (observer?.handshake === undefined) return
    observer.handshake(kind, listener, listener.view(queue, row, this.endpoint.now), this.endpoint.now)
  }

  /** Retransmits SYN,ACKs whose wait is over, and deletes the rows whose last one is. */
  advance(): void {
    for (const listener of this.listeners.all) {
      this.advanceRows(listener, listener.queues[4])
      this.advanceRows(listener, listener.queues[6])
    }
  }

  nextDeadline(): Instant {
    let next = Number.POSITIVE_INFINITY
    for (const listener of this.listeners.all) next = Math.min(next, listener.nextDeadline())
    return next
  }

  private promote(listener: Listener, queue: SynQueue, row: number): Connection {
    const connection = connectionOf(this.endpoint, listener, queue, row)
    listener.counters.completed++
    this.endpoint.counters.PassiveOpens++
    this.observeRow('completed', listener, queue, row)
    queue.remove(row)
    this.endpoint.connections.add(connection)
    listener.acceptQueue.push(connection)
    this.events.addListener(listener)
    return connection
  }

  private advanceRows(listener: Listener, queue: SynQueue): void {
    for (let row = queue.due(this.endpoint.now); row !== NONE; row = queue.due(this.endpoint.now)) {
      this.endpoint.counters.TCPTimeouts++
      if (queue.backOff(row)) {
        this.answer(listener, queue, row)
      } else {
        listener.counters.expired++
        this.endpoint.counters.AttemptFails++
        this.observeRow('expired', listener, queue, row)
        queue.remove(row)
      }
    }
  }

  private freeListenPort(address: IpAddress | undefined): number {
    const [first, last] = this.endpoint.config.ephemeralPorts
    for (let port = first; port <= last; port++) if (!this.listeners.conflicts(address, port)) return port
    throw callError('EADDRNOTAVAIL', `no port from ${first} to ${last} is free to listen on`)
  }
}
