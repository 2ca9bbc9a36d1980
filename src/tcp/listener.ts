import type { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'
import { type AdmissionPolicy, Load } from './admission.ts'
import type { TcpConfig } from './config.ts'
import { congestionControlOf } from './congestion/choice.ts'
import type { CongestionControlFactory } from './congestion/controller.ts'
import type { Connection } from './connection.ts'
import { ListenerCounters } from './counters.ts'
import { DeferredSyns } from './deferred-syns.ts'
import { DropLog, type DropView } from './drop-log.ts'
import { Fifo } from './fifo.ts'
import { ACKNOWLEDGED, DEFERRED, type HalfOpenView, SYN_ACK_DUE } from './half-open.ts'
import { viewOfRow } from './half-open-view.ts'
import { Incoming } from './incoming.ts'
import {
  acceptBacklogOf,
  acceptOverflowOf,
  admissionOf,
  backlogOf,
  cookiesOf,
  fastOpenOf,
  type ListenOptions,
} from './listen-options.ts'
import type { HandshakeKind } from './observer.ts'
import { PendingFastOpens } from './pending-fast-opens.ts'
import type { SipKey } from './siphash.ts'
import { SynAckSchedule } from './syn-ack-schedule.ts'
import { SynQueue } from './syn-queue.ts'
import { SynQueues } from './syn-queues.ts'

/** How long after its last overflow a listener takes cookies, ms: as long as the last one that went out is valid. */
export const COOKIE_LIFE: Milliseconds = 60_000

/** Rows of one use or another are told apart in a ticket above the 25 bits that name the row. */
const USE = 2 ** 25

export type DeferredAnswer = 'accept' | 'refuse' | 'ignore'

/** What a listener needs of its endpoint. */
export interface ListenerHost {
  readonly now: Instant
  readonly config: TcpConfig
  readonly hashKey: SipKey
  /** A SYN,ACK is due on this listener. */
  answerDue(listener: Listener): void
  /** Makes a connection of a row whose ACK came while the accept queue was full. */
  completeWaiting(listener: Listener, queue: SynQueue, row: number): void
  answerDeferred(listener: Listener, queue: SynQueue, row: number, answer: DeferredAnswer): void
  closeListener(listener: Listener): void
}

/**
 * LISTEN: the SYN queue, bounded by the backlog, and the accept queue, bounded apart. What happens to segments is in
 * `arrives/listen` and `arrives/half-open`; here is what the two queues hold.
 */
export class Listener {
  readonly address: IpAddress | undefined
  /** Undefined: of both. */
  readonly family: 4 | 6 | undefined
  readonly port: number
  readonly backlog: number
  readonly acceptBacklog: number
  readonly acceptOverflow: 'wait' | 'reset'
  readonly schedule: SynAckSchedule
  readonly admission: AdmissionPolicy
  /** Whether SYNs that find no room are answered with cookies. */
  readonly cookies: boolean
  /** Whether an ACK may be a cookie's without an overflow. */
  readonly alwaysCookies: boolean
  readonly congestionControl: CongestionControlFactory | undefined
  readonly counters: ListenerCounters = new ListenerCounters()
  readonly load: Load
  readonly dropLog: DropLog = new DropLog()
  /** Those in SYN-RECEIVED by Fast Open, and how many there may be. */
  readonly fastOpens: PendingFastOpens
  /** Established, or opened by Fast Open, and not yet accepted. */
  readonly acceptQueue: Fifo<Connection> = new Fifo<Connection>()
  open = true
  /** An event waits to be told. */
  told = false
  /** Stands in the endpoint's list of listeners with SYN,ACKs due. */
  isDue = false
  /** When a SYN was last answered with a cookie, or an entry evicted. */
  overflowedAt: Instant = Number.NEGATIVE_INFINITY
  /** Told of each step of a deferred row, by the ticket of its `Incoming`, on the packet path: no call into the stack. */
  onStep: ((kind: HandshakeKind, ticket: number) => void) | undefined
  private readonly host: ListenerHost
  readonly queues: SynQueues = new SynQueues((family) => this.newQueue(family))
  private deferred4: DeferredSyns | undefined
  private deferred6: DeferredSyns | undefined
  /** Rows that have a SYN,ACK to send, and rows whose ACK waits for room, as handles: some may be stale. Deferred rows, as tickets. */
  private readonly answers: Fifo<number> = new Fifo<number>()
  private readonly waiting: Fifo<number> = new Fifo<number>()
  private readonly untold: Fifo<number> = new Fifo<number>()

  constructor(host: ListenerHost, options: ListenOptions, address: IpAddress | undefined) {
    this.host = host
    this.address = address
    this.family = address?.family ?? options.family
    this.port = options.port
    this.backlog = backlogOf(options)
    this.acceptBacklog = acceptBacklogOf(options)
    this.acceptOverflow = acceptOverflowOf(options)
    this.schedule = new SynAckSchedule(options.synAckRetries, options.synAckWaits, options.deferTimeout)
    this.admission = admissionOf(options)
    const cookies = cookiesOf(options)
    this.cookies = cookies !== false
    this.alwaysCookies = cookies === 'always'
    this.fastOpens = new PendingFastOpens(fastOpenOf(options))
    this.congestionControl =
      options.congestionControl && congestionControlOf(options.congestionControl, host.config.pacing)
    this.load = new Load(this)
  }

  /** The SYN-RECEIVED timeout: how long a half-open connection lives without an answer, ms. */
  get survivalTime(): Milliseconds {
    return this.schedule.survivalTime
  }

  /** Entries of the SYN queue: never more than the backlog. */
  get halfOpen(): number {
    return this.queues.size
  }

  /** Entries of the accept queue: Recv-Q of `ss -ltn`. */
  get acceptQueueLength(): number {
    return this.acceptQueue.length
  }

  /** The next connection that is established and was not accepted; undefined when there is none. */
  accept(): Connection | undefined {
    if (!this.open) return undefined
    const connection = this.acceptQueue.shift()
    if (connection !== undefined) {
      this.counters.accepted++
      this.admitWaiting()
    }
    return connection
  }

  /** The next SYN that waits for the application's word, told once; undefined when there is none. */
  nextIncoming(): Incoming | undefined {
    for (let ticket = this.untold.shift(); ticket !== undefined; ticket = this.untold.shift()) {
      const queue = this.resolveTicket(ticket)
      if (queue !== undefined) return new Incoming(this, ticket, this.deferred(queue).read(this.queues.row, queue))
    }
    return undefined
  }

  /** Ends listening: half-open and unaccepted connections are reset. Twice is once. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.host.closeListener(this)
  }

  /** The half-open connections as they stand. */
  halfOpens(now: Instant = this.host.now): HalfOpenView[] {
    return this.queues.all.flatMap((queue) => Array.from(queue.each(), (row) => viewOfRow(queue, row, now)))
  }

  /** The last 64 segments to this port that went no further, the oldest first: what is to be asked when clients complain. */
  lastDrops(): DropView[] {
    return this.dropLog.read()
  }

  // What follows is for the modules of this folder.

  get acceptQueueIsFull(): boolean {
    return this.acceptQueue.length >= this.acceptBacklog
  }

  /** Whether an ACK without an entry may be a cookie's. */
  takesCookies(now: Instant): boolean {
    return this.alwaysCookies || (this.cookies && now - this.overflowedAt <= COOKIE_LIFE)
  }

  /** The listener is closed, and all that it owed has gone out. */
  forget(): void {
    for (const list of [this.answers, this.waiting, this.untold]) while (list.shift() !== undefined);
  }

  /** Marks a row's SYN,ACK as due. */
  scheduleAnswer(queue: SynQueue, row: number): void {
    if (queue.rows.has(row, SYN_ACK_DUE)) return
    if (this.answers.length > this.mostStale) {
      this.answers.retain((handle) => this.queues.resolve(handle).rows.has(this.queues.row, SYN_ACK_DUE))
    }
    queue.rows.set(row, SYN_ACK_DUE)
    this.answers.push(this.queues.handle(queue, row))
    this.host.answerDue(this)
  }

  /** The queue of the row whose SYN,ACK is due next, with its number in {@link SynQueues.row}; undefined when none is. */
  nextAnswer(): SynQueue | undefined {
    if (!this.open) return undefined
    for (let handle = this.answers.shift(); handle !== undefined; handle = this.answers.shift()) {
      const queue = this.queues.resolve(handle)
      if (!queue.rows.has(this.queues.row, SYN_ACK_DUE)) continue
      queue.rows.unset(this.queues.row, SYN_ACK_DUE)
      return queue
    }
    return undefined
  }

  /** The row's ACK has come, and there is no room. */
  keepWaiting(queue: SynQueue, row: number, ack: Segment): void {
    const { rows } = queue
    rows.keepAck(row, ack)
    if (rows.has(row, ACKNOWLEDGED)) return
    rows.set(row, ACKNOWLEDGED)
    if (this.waiting.length > this.mostStale) {
      this.waiting.retain((handle) => this.queues.resolve(handle).rows.has(this.queues.row, ACKNOWLEDGED))
    }
    this.waiting.push(this.queues.handle(queue, row))
  }

  /** The row waits for the application, which is to be told. */
  defer(queue: SynQueue, row: number, syn: Segment): void {
    queue.defer(row)
    this.deferred(queue).keep(row, syn)
    if (this.untold.length > this.mostStale) this.untold.retain((ticket) => this.resolveTicket(ticket) !== undefined)
    this.untold.push(this.ticket(queue, row))
  }

  /** What tells this use of a row apart from all others. */
  ticket(queue: SynQueue, row: number): number {
    return this.deferred(queue).use(row) * USE + this.queues.handle(queue, row)
  }

  answerDeferred(ticket: number, answer: DeferredAnswer): boolean {
    const queue = this.open ? this.resolveTicket(ticket) : undefined
    if (queue === undefined) return false
    this.host.answerDeferred(this, queue, this.queues.row, answer)
    return true
  }

  /** There may be room in the accept queue: for those that waited for it, in the order of their ACKs. */
  private admitWaiting(): void {
    while (!this.acceptQueueIsFull) {
      const handle = this.waiting.shift()
      if (handle === undefined) return
      const queue = this.queues.resolve(handle)
      if (queue.rows.has(this.queues.row, ACKNOWLEDGED)) this.host.completeWaiting(this, queue, this.queues.row)
    }
  }

  /** The lists hold more of rows that are gone than this only for a moment. */
  private get mostStale(): number {
    return 2 * this.halfOpen + 64
  }

  private newQueue(family: 4 | 6): SynQueue {
    return new SynQueue(family, this.backlog, this.port, this.schedule, this.host.hashKey)
  }

  private deferred(queue: SynQueue): DeferredSyns {
    if (queue.family === 4) {
      this.deferred4 ??= new DeferredSyns(this.backlog)
      return this.deferred4
    }
    this.deferred6 ??= new DeferredSyns(this.backlog)
    return this.deferred6
  }

  /** The queue of a ticket's row, with its number in {@link SynQueues.row}; undefined if it does not wait any more. */
  private resolveTicket(ticket: number): SynQueue | undefined {
    const queue = this.queues.resolve(ticket % USE)
    const { row } = this.queues
    const waits = queue.rows.has(row, DEFERRED) && this.deferred(queue).use(row) === Math.floor(ticket / USE)
    return waits ? queue : undefined
  }
}
