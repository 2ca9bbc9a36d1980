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
import { PathMtu } from './path-mtu.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { noteRead } from './receive-window.ts'
import { NOTHING_SENT, type Recovery } from './recovery/recovery.ts'
import { RetransmissionTimeout } from './rto.ts'
import { SendBuffer } from './send-buffer.ts'
import { fitSendBuffer } from './send-limit.ts'
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
  readonly receiveBuffer: ReceiveBuffer
  readonly rto: RetransmissionTimeout
  /** Shared, until something is sent. */
  recovery: Recovery = NOTHING_SENT

  /** So many pure ACKs are due. */
  acksDue = 0
  /** Takes text out of frames while nothing is unread, if there is one. */
  sink: TextSink | undefined
  /** What whoever hears the events finds its own by; the stack does not look at it. */
  owner: object | undefined
  /** Octets that came in order since the last ACK. */
  unacknowledged = 0

  /** Bits of events.ts that wait to be told. */
  events = 0
  /** The serial number of its row in TIME-WAIT; 0 before. */
  timeWaitSerial = 0
  heapIndex = -1
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
    this.local = local
    this.localPort = localPort
    this.remote = remote
    this.remotePort = remotePort
    this.tupleHash = tupleHash
    this.listener = listener
    this.current = listener === undefined ? 'CLOSED' : 'SYN-RECEIVED'
    this.sendBuffer = new SendBuffer(host.sendBuffer.initial)
    this.receiveBuffer = new ReceiveBuffer(host.receiveBuffer.initial)
    this.rto = new RetransmissionTimeout(host.config)
  }

  /** Made when it is first asked for and the peer's MSS is known. */
  get congestion(): CongestionControl | undefined {
    if (this.tcb.snd.mss > 0) this.congestionIfMade ??= this.host.newCongestionControl(this)
    return this.congestionIfMade
  }

  /** Made when data is first sent, or a router tells of it. */
  get path(): PathMtu {
    this.pathIfMade ??= new PathMtu(this)
    return this.pathIfMade
  }

  /** TIME-WAIT goes on without this object, which asks how it stands. */
  get state(): State {
    return this.timeWaitSerial === 0 ? this.current : this.stateOfRow()
  }

  /** The same as far as this object knows: it stays in TIME-WAIT. For the modules of this folder. */
  get stage(): State {
    return this.current
  }

  get localAddress(): string {
    return this.local.toString()
  }

  get remoteAddress(): string {
    return this.remote.toString()
  }

  /** Made when it is asked for: the stack trace of an Error costs more than a RST. */
  get error(): ConnectionError | undefined {
    if (this.failure === undefined) return undefined
    this.rare.error ??= errorOf(this)
    return this.rare.error
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
    const wasEmpty = this.sendBuffer.length === 0
    const taken = this.sendBuffer.push(octets, start, end)
    if (wasEmpty && taken > 0) this.host.senders++
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
    if (length > 0) noteRead(this, length)
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
    this.doneWith(this.sendBuffer.length)
    this.stopTimers()
    this.host.enteredTimeWait(this)
    this.tell(CLOSED)
  }

  /** Deletes the TCB. With `code` the connection failed. */
  finish(code: ConnectionErrorCode | undefined): void {
    const told = this.current === 'TIME-WAIT'
    if (code !== undefined) {
      const opening = this.current === 'SYN-SENT' || this.current === 'SYN-RECEIVED'
      if (opening && this.listener === undefined) this.rare.failedCall = 'connect'
      this.rare.failure = code
      this.receiveBuffer.release()
    }
    this.enter('CLOSED')
    this.doneWith(this.sendBuffer.length)
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

  /** The first `octets` of the send buffer have arrived, or never will. */
  doneWith(octets: number): void {
    if (octets > 0 && octets === this.sendBuffer.length) this.host.senders--
    this.sendBuffer.acknowledge(octets)
  }

  tellRoom(): void {
    fitSendBuffer(this)
    if (!this.wantsRoom || this.sendBuffer.room === 0) return
    this.wantsRoom = false
    this.tell(WRITABLE)
  }

  deadline(): Instant {
    const { flightIfMade: flight, delayedAckAt, recovery } = this
    const at = Math.min(delayedAckAt, recovery.timerAt, this.partsDeadline())
    return flight === undefined ? at : Math.min(at, flight.retransmitAt, flight.persistAt)
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
    this.flightIfMade?.stop()
    this.delayedAckAt = NEVER
    this.recovery.stop(this)
  }

  private stateOfRow(): State {
    return this.host.isInTimeWait(this) ? this.current : 'CLOSED'
  }

  private mayNotSend(): boolean {
    return this.finQueued || this.current === 'CLOSED' || this.current === 'TIME-WAIT'
  }
}
