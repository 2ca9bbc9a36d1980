import { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { outOfRange } from './config.ts'
import type { Connection } from './connection.ts'
import { ListenerCounters } from './counters.ts'
import { Fifo } from './fifo.ts'
import { ACKNOWLEDGED, type HalfOpenView, SYN_ACK_DUE } from './half-open.ts'
import { SynAckSchedule, type Waits } from './syn-ack-schedule.ts'
import { NONE, SynQueue } from './syn-queue.ts'

/** The largest backlog: a row's number takes 24 bits. */
const MOST_BACKLOG = 2 ** 24

/** A passive OPEN (RFC 9293 §3.9.1.1). */
export interface ListenOptions {
  /** One of the stack's own addresses; all of them when absent (RFC 9293 MUST-43). */
  address?: string
  /** 0 to 65,535; 0 for a free one. */
  port: number
  /** The most half-open connections, 0 to 16,777,216. Default 128. */
  backlog?: number
  /** The most connections that wait to be accepted. Default: the backlog, at least 1. */
  acceptBacklog?: number
  /** The maximum number of SYN,ACK retransmissions. Default 5, or as many as `synAckWaits` has room for. */
  synAckRetries?: number
  /** The wait after each SYN,ACK, ms: one more than retransmissions, since the last ends in deletion. Default 1, 2, 4, 8, 16, 32 s. */
  synAckWaits?: Waits
}

/** What a listener needs of its endpoint. */
export interface ListenerHost {
  readonly now: Instant
  /** A SYN,ACK is due on this listener. */
  answerDue(listener: Listener): void
  /** Makes a connection of a row whose ACK came while the accept queue was full. */
  completeWaiting(listener: Listener, queue: SynQueue, row: number): void
  closeListener(listener: Listener): void
}

/**
 * LISTEN: the SYN queue, bounded by the backlog, and the accept queue, bounded apart. What happens to segments is in
 * `arrives/listen` and `arrives/half-open`; here is what the two queues hold.
 */
export class Listener {
  readonly address: IpAddress | undefined
  readonly port: number
  readonly backlog: number
  readonly acceptBacklog: number
  readonly schedule: SynAckSchedule
  readonly counters: ListenerCounters = new ListenerCounters()
  readonly queues: { readonly 4: SynQueue; readonly 6: SynQueue }
  /** Established, not yet accepted. */
  readonly acceptQueue: Fifo<Connection> = new Fifo<Connection>()
  /** Rows that have a SYN,ACK to send, and rows whose ACK waits for room: as handles. Some may be stale. */
  readonly answers: Fifo<number> = new Fifo<number>()
  private readonly waiting: Fifo<number> = new Fifo<number>()
  private readonly host: ListenerHost
  open = true
  /** `acceptable` waits to be told. */
  told = false
  /** Stands in the endpoint's list of listeners with SYN,ACKs due. */
  isDue = false

  constructor(host: ListenerHost, options: ListenOptions, address: IpAddress | undefined) {
    this.host = host
    this.address = address
    this.port = options.port
    this.backlog = integer('backlog', options.backlog ?? 128, 0)
    this.acceptBacklog = integer('acceptBacklog', options.acceptBacklog ?? Math.max(this.backlog, 1), 1)
    this.schedule = new SynAckSchedule(options.synAckRetries, options.synAckWaits)
    this.queues = { 4: new SynQueue(4, this.schedule), 6: new SynQueue(6, this.schedule) }
  }

  /** The SYN-RECEIVED timeout: how long a half-open connection lives without an answer, ms. */
  get survivalTime(): Milliseconds {
    return this.schedule.survivalTime
  }

  /** Entries of the SYN queue: never more than the backlog. */
  get halfOpen(): number {
    return this.queues[4].size + this.queues[6].size
  }

  /** Entries of the accept queue: Recv-Q of `ss -ltn`. */
  get acceptQueueLength(): number {
    return this.acceptQueue.length
  }

  /** The next connection that is established and was not accepted; undefined when there is none. */
  accept(): Connection | undefined {
    const connection = this.acceptQueue.shift()
    if (connection !== undefined) {
      this.counters.accepted++
      this.admitWaiting()
    }
    return connection
  }

  /** Ends listening: half-open and unaccepted connections are reset. Twice is once. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.host.closeListener(this)
  }

  /** The half-open connections as they stand. */
  halfOpens(now: Instant = this.host.now): HalfOpenView[] {
    return ([4, 6] as const).flatMap((family) =>
      Array.from(this.queues[family].rows(), (row) => this.view(this.queues[family], row, now)),
    )
  }

  view(queue: SynQueue, row: number, now: Instant): HalfOpenView {
    const address = new IpAddress()
    queue.readRemote(row, address)
    const remoteAddress = address.toString()
    queue.readLocal(row, address)
    return {
      remoteAddress,
      remotePort: queue.remotePort(row),
      localAddress: address.toString(),
      localPort: queue.localPort(row),
      irs: queue.irs[row]!,
      iss: queue.iss[row]!,
      retransmissions: queue.retransmissions[row]!,
      expiresIn: queue.expiry(row) - now,
      acknowledged: queue.has(row, ACKNOWLEDGED),
    }
  }

  // What follows is for the modules of this folder.

  get acceptQueueIsFull(): boolean {
    return this.acceptQueue.length >= this.acceptBacklog
  }

  nextDeadline(): Instant {
    return Math.min(this.queues[4].nextDeadline(), this.queues[6].nextDeadline())
  }

  /** Marks a row's SYN,ACK as due. False when too many wait for the link already. */
  scheduleAnswer(queue: SynQueue, row: number): boolean {
    if (queue.has(row, SYN_ACK_DUE)) return true
    if (this.answers.length >= this.backlog + 64) return false
    queue.flags[row]! |= SYN_ACK_DUE
    this.answers.push(this.handle(queue, row))
    this.host.answerDue(this)
    return true
  }

  /** The row whose SYN,ACK is due next: its queue, with the number in {@link row}; undefined when none is. */
  nextAnswer(): SynQueue | undefined {
    if (!this.open) return undefined
    for (let handle = this.answers.shift(); handle !== undefined; handle = this.answers.shift()) {
      const queue = this.resolve(handle)
      if (!queue.has(this.row, SYN_ACK_DUE)) continue
      queue.flags[this.row]! &= ~SYN_ACK_DUE
      return queue
    }
    return undefined
  }

  /** The row that {@link nextAnswer} found. */
  row: number = NONE

  /** The row's ACK has come, and there is no room. */
  keepWaiting(queue: SynQueue, row: number): void {
    if (queue.has(row, ACKNOWLEDGED)) return
    queue.flags[row]! |= ACKNOWLEDGED
    if (this.waiting.length > 2 * this.halfOpen + 64) this.forgetStale()
    this.waiting.push(this.handle(queue, row))
  }

  /** There may be room in the accept queue: those that waited for it, in the order of their ACKs. */
  private admitWaiting(): void {
    while (!this.acceptQueueIsFull) {
      const handle = this.waiting.shift()
      if (handle === undefined) return
      const queue = this.resolve(handle)
      if (queue.has(this.row, ACKNOWLEDGED)) this.host.completeWaiting(this, queue, this.row)
    }
  }

  private forgetStale(): void {
    for (let left = this.waiting.length; left > 0; left--) {
      const handle = this.waiting.shift()!
      if (this.resolve(handle).has(this.row, ACKNOWLEDGED)) this.waiting.push(handle)
    }
  }

  private handle(queue: SynQueue, row: number): number {
    return 2 * row + (queue === this.queues[6] ? 1 : 0)
  }

  private resolve(handle: number): SynQueue {
    this.row = handle >>> 1
    return (handle & 1) === 0 ? this.queues[4] : this.queues[6]
  }
}

function integer(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= MOST_BACKLOG) return value
  throw outOfRange(name, `an integer from ${least} to ${MOST_BACKLOG}`, value)
}
