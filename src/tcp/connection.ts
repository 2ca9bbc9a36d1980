import type { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { abortConnection, closeConnection, releaseConnection } from './closing.ts'
import type { CongestionControl } from './congestion/controller.ts'
import type { ConnectionHost } from './connection-host.ts'
import { ConnectionParts } from './connection-parts.ts'
import type { Waiting } from './deadlines.ts'
import { type ConnectionError, type ConnectionErrorCode, callError, errorOf } from './errors.ts'
import { CLOSED, WRITABLE } from './events.ts'
import type { TupleEntry } from './four-tuple.ts'
import type { KeepAliveOptions } from './keep-alive.ts'
import type { Listener } from './listener.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { Recovery } from './recovery/recovery.ts'
import { RetransmissionTimeout } from './rto.ts'
import { SendBuffer } from './send-buffer.ts'
import { isTransition, type State } from './state.ts'
import { Tcb } from './tcb.ts'
import type { TextSink } from './text-sink.ts'
import { noteTransition } from './transition.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/**
 * One connection in any state but LISTEN and, Fast Open apart, passive SYN-RECEIVED: the user calls of RFC 9293 §3.9.1, and the state
 * that segments (`arrives/`), the clock (`timeouts`) and sending (`output`) share. The user calls send nothing
 * themselves: they mark what is due.
 */
export class Connection extends ConnectionParts implements Waiting, TupleEntry {
  /** Ours, from the first segment to the last (RFC 9293 MUST-45). */
  readonly local: IpAddress
  readonly localPort: number
  readonly remote: IpAddress
  readonly remotePort: number
  readonly tupleHash: number
  /** The listener that this was opened on; undefined after an active open (RFC 9293 MUST-11). */
  readonly listener: Listener | undefined

  readonly tcb: Tcb = new Tcb()
  readonly sendBuffer: SendBuffer
  readonly receiveBuffer: ReceiveBuffer = new ReceiveBuffer()
  readonly rto: RetransmissionTimeout
  readonly recovery: Recovery = new Recovery()

  /** What is due: a SYN or SYN,ACK; so many pure ACKs; a zero-window probe; the first unacknowledged segment again. */
  synDue = false
  acksDue = 0
  probeDue = false
  retransmitDue = false

  /** Opened by Fast Open (RFC 7413), or to be. */
  fastOpen = false

  /** CLOSE was called; the FIN has been sent; it has been acknowledged. */
  finQueued = false
  finSent = false
  finAcked = false
  /** The peer's FIN was reached: RCV.NXT is behind it. */
  finReceived = false
  /** Takes text out of frames while nothing is unread, if there is one. */
  sink: TextSink | undefined
  /** The application reads no more. */
  released = false

  retransmitAt: Instant = NEVER
  persistAt: Instant = NEVER
  delayedAckAt: Instant = NEVER
  /** The end of FIN-WAIT-2 after `release`. */
  closeAt: Instant = NEVER
  /** How often the persist timer ran out in a row. */
  probes = 0
  /** Since when nothing new was acknowledged: for R2. In the SYN states, when the first SYN went out. */
  stalledSince: Instant = NEVER
  /** Octets that came in order since the last ACK. */
  unacknowledged = 0
  /** The end of the segment that is being timed for the RTO, and when it was sent; NEVER when none is. */
  timedSeq = 0
  timedAt: Instant = NEVER
  /** When the retransmission timer last ran out. */
  timedOutAt: Instant = Number.NEGATIVE_INFINITY
  /** When the last answer went out to a segment that may be forged (RFC 5961 §7). */
  challengedAt: Instant = Number.NEGATIVE_INFINITY
  /** When data was last sent, for the restart after idle. */
  sentAt: Instant = Number.NEGATIVE_INFINITY
  /** An ICMP error that may explain a later timeout (RFC 9293 MUST-56), for the application to read (SHLD-25). */
  softError: ConnectionErrorCode | undefined
  softErrorAt: Instant = Number.NEGATIVE_INFINITY

  /** Bits of events.ts that wait to be told. */
  events = 0
  /** `send` took less than it was offered. */
  wantsRoom = false
  isReady = false
  /** The serial number of its row in TIME-WAIT; 0 before. */
  timeWaitSerial = 0
  heapIndex = -1
  heapKey: Instant = NEVER

  /** Send no small segments while data is in flight (Nagle, RFC 9293 SHLD-7), or do: RFC 9293 MUST-17. */
  noDelay = false
  /** Why the connection ended, when it did not end by closing, and in which part of its life. */
  failure: ConnectionErrorCode | undefined
  failedCall: 'connect' | 'read' = 'read'
  private madeError: ConnectionError | undefined
  private current: State

  constructor(
    host: ConnectionHost,
    local: IpAddress,
    localPort: number,
    remote: IpAddress,
    remotePort: number,
    tupleHash: number,
    listener: Listener | undefined,
  ) {
    super(host)
    const { config } = host
    this.local = local
    this.localPort = localPort
    this.remote = remote
    this.remotePort = remotePort
    this.tupleHash = tupleHash
    this.listener = listener
    this.current = listener === undefined ? 'CLOSED' : 'SYN-RECEIVED'
    this.sendBuffer = new SendBuffer(host.sendBuffer.initial)
    this.rto = new RetransmissionTimeout(config.rtoInitial, config.rtoMin, config.rtoMax)
  }

  /** Made when it is first asked for and the peer's MSS is known. */
  get congestion(): CongestionControl | undefined {
    if (this.tcb.snd.mss > 0) this.congestionIfMade ??= this.host.newCongestionControl(this)
    return this.congestionIfMade
  }

  /** TIME-WAIT goes on without this object, which asks how it stands. */
  get state(): State {
    return this.timeWaitSerial !== 0 && !this.host.isInTimeWait(this) ? 'CLOSED' : this.current
  }

  get localAddress(): string {
    return this.local.toString()
  }

  get remoteAddress(): string {
    return this.remote.toString()
  }

  /** Made when it is asked for: the stack trace of an Error costs more than a RST. */
  get error(): ConnectionError | undefined {
    this.madeError ??= errorOf(this)
    return this.madeError
  }

  /** Octets that can be read now. */
  get readable(): number {
    return this.receiveBuffer.length
  }

  /** All that will ever come has been read. */
  get ended(): boolean {
    return this.readable === 0 && (this.finReceived || this.current === 'CLOSED')
  }

  /** Octets that `send` would take now. */
  get writable(): number {
    return this.mayNotSend() ? 0 : this.sendBuffer.room
  }

  /**
   * SEND: takes octets[start] up to octets[end], or as much of it as there is room for, copies it, and returns how many
   * octets it took; a `writable` event says when there is room for more. All data is pushed (RFC 9293 MUST-61).
   * @throws {ConnectionError} the connection was cut off
   * @throws {Error} EPIPE: `close` was called before
   */
  send(octets: Uint8Array, start = 0, end: number = octets.length): number {
    if (this.mayNotSend())
      throw this.error ?? callError('EPIPE', 'the connection is closing: nothing can be sent on it')
    const taken = this.sendBuffer.push(octets, start, end)
    if (taken < end - start) this.wantsRoom = true
    if (taken > 0) this.host.ready(this)
    return taken
  }

  /** SEND with the URGENT flag: as `send`, and all up to here is urgent (RFC 9293 MUST-30). */
  sendUrgent(octets: Uint8Array, start = 0, end: number = octets.length): number {
    const taken = this.send(octets, start, end)
    if (taken > 0) this.urgent.mark(this)
    return taken
  }

  /** Octets to be read up to the end of what the peer called urgent, those to come included (RFC 9293 MUST-33). */
  get urgentLeft(): number {
    return this.urgentIfMade?.left(this) ?? 0
  }

  /** RECEIVE: copies up to `end - start` octets to into[start]; returns how many, 0 when there are none now. */
  receive(into: Uint8Array, start = 0, end: number = into.length): number {
    const length = this.receiveBuffer.read(into, start, end)
    if (length > 0) this.window.consumed(this, length)
    return length
  }

  /** CLOSE: nothing more will be sent; a FIN goes out behind what was. Receiving goes on (half-close). Twice is once. */
  close(): void {
    closeConnection(this)
  }

  /**
   * The application is done with both directions: what was sent is still delivered, for as long as `linger` says, and a
   * FIN behind it; what was not read, and what still comes, is answered with RST (RFC 9293 §3.6.1, MAY-1, SHLD-3).
   */
  release(): void {
    releaseConnection(this)
  }

  /** ABORT: the peer gets a RST, and everything queued is forgotten. Twice is once. */
  abort(): void {
    abortConnection(this)
  }

  /**
   * Keep-alives with these times, or none (RFC 9293 MUST-24).
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  setKeepAlive(options: KeepAliveOptions | false): void {
    if (options === false) this.keepAliveIfMade?.stop()
    else this.keepAlive.start(options, this.host.config, this.host.now)
    this.host.ready(this)
  }

  /** While corked, nothing but full segments goes out, or what has waited for 200 ms. */
  setCork(on: boolean): void {
    this.cork.set(on)
    this.host.ready(this)
  }

  // What follows is for the modules of this folder.

  /** The only writer of the state. */
  enter(state: State): void {
    const from = this.current
    if (!isTransition(from, state)) throw new Error(`no transition from ${from} to ${state}`)
    this.current = state
    noteTransition(this, from, state)
  }

  /** To TIME-WAIT: everything has been said by both sides. Its last ACK is still this object's to send. */
  enterTimeWait(): void {
    this.enter('TIME-WAIT')
    this.sendBuffer.release()
    this.stopTimers()
    this.host.enteredTimeWait(this)
    this.tell(CLOSED)
  }

  /** Deletes the TCB. With `code` the connection failed. */
  finish(code: ConnectionErrorCode | undefined): void {
    const told = this.current === 'TIME-WAIT'
    if (code !== undefined) {
      const opening = this.current === 'SYN-SENT' || this.current === 'SYN-RECEIVED'
      if (opening && this.listener === undefined) this.failedCall = 'connect'
      this.failure = code
      this.receiveBuffer.release()
    }
    this.enter('CLOSED')
    this.sendBuffer.release()
    this.stopTimers()
    this.synDue = false
    this.acksDue = 0
    this.host.forget(this)
    if (!told) this.tell(CLOSED)
  }

  tell(event: number): void {
    const waits = this.events !== 0
    this.events |= event
    if (!waits) this.host.notify(this)
  }

  tellRoom(): void {
    this.sendBuffer.grow(this.congestionIfMade?.cwnd ?? 0, this.host.sendBuffer)
    if (!this.wantsRoom || this.sendBuffer.room === 0) return
    this.wantsRoom = false
    this.tell(WRITABLE)
  }

  deadline(): Instant {
    const { retransmitAt, persistAt, delayedAckAt, closeAt, recovery } = this
    return Math.min(retransmitAt, persistAt, delayedAckAt, closeAt, recovery.timerAt, this.partsDeadline())
  }

  isTuple(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): boolean {
    return (
      this.remotePort === remotePort &&
      this.localPort === localPort &&
      this.remote.equals(remote) &&
      this.local.equals(local)
    )
  }

  stopTimers(): void {
    this.stopParts()
    this.retransmitAt = NEVER
    this.persistAt = NEVER
    this.delayedAckAt = NEVER
    this.closeAt = NEVER
    this.recovery.stop()
  }

  private mayNotSend(): boolean {
    return this.finQueued || this.current === 'CLOSED' || this.current === 'TIME-WAIT'
  }
}
