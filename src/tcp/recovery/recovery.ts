import type { Instant } from '../../wire/instant.ts'
import type { Segment } from '../../wire/segment.ts'
import type { AckSample } from '../congestion/controller.ts'
import type { Connection } from '../connection.ts'
import { NewReno } from './newreno.ts'
import { SackRecovery } from './sack-recovery.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** The most that are kept for others. */
const MOST_SPARE = 128

/** Reused for every ACK of every connection. */
const sample: AckSample = { octets: 0, flight: 0, rtt: Number.NaN, una: 0, nxt: 0, limited: false }

/**
 * Which data is lost and sent again, short of the retransmission timer: by SACK blocks where the peer sends them, else
 * by duplicate ACKs.
 */
export class Recovery {
  /** One of the two does the work: the latter where the peer takes SACK blocks. */
  readonly newReno: NewReno | undefined
  readonly sack: SackRecovery | undefined

  constructor(newReno?: NewReno, sack?: SackRecovery) {
    this.newReno = newReno
    this.sack = sack
  }

  get inRecovery(): boolean {
    return this.sack?.inRecovery ?? this.newReno?.inRecovery === true
  }

  /** The next moment at which `handleTimer` has something to do. */
  get timerAt(): Instant {
    return this.sack === undefined ? NEVER : Math.min(this.sack.reorderAt, this.sack.probe.at)
  }

  /** The connection is established. */
  start(connection: Connection): void {
    const { snd } = connection.tcb
    if (snd.una !== snd.nxt) this.prepare(connection)
  }

  /** Something is to be sent: the connection needs one of its own. */
  prepare(connection: Connection): Recovery {
    if (this !== NOTHING_SENT) return this
    const { tcb } = connection
    const recovery = tcb.sack
      ? (spare.pop() ?? new Recovery(undefined, new SackRecovery()))
      : new Recovery(new NewReno(tcb.snd.una))
    connection.recovery = recovery
    recovery.sack?.start(connection)
    return recovery
  }

  /** SND.UNA has moved on by `acked`, `octets` of them data; `flight` was out before. `rtt` in ms; NaN for none. */
  progress(connection: Connection, segment: Segment, acked: number, octets: number, flight: number, rtt: number): void {
    if (this.sack === undefined) this.newReno!.progress(connection, octets, flight, rtt)
    else this.sack.acknowledged(connection, segment, acked, octets)
  }

  /** An ACK that does not move SND.UNA; `duplicate` by RFC 5681 §2. */
  repeated(connection: Connection, segment: Segment, duplicate: boolean): void {
    if (this.sack === undefined) {
      if (duplicate) this.newReno!.duplicateAck(connection)
    } else if (duplicate || segment.sackBlocks > 0) {
      this.sack.acknowledged(connection, segment, 0, 0)
    }
  }

  timedOut(connection: Connection): void {
    if (this.sack === undefined) this.newReno!.timedOut(connection)
    else this.sack.timedOut(connection)
  }

  /** The window is to shrink for a congestion mark of ECN, with `flight` out before it was echoed; false when it does already, and that was the once a window. */
  congestionMarked(connection: Connection, flight: number): boolean {
    return this.sack?.congestionMarked(connection) ?? this.newReno!.congestionMarked(connection, flight)
  }

  /** What is out went into a closed window, or is too large for the path: it all goes out again, by no fault of congestion. */
  resendAll(connection: Connection): void {
    const { snd } = connection.tcb
    if (this.sack === undefined) snd.resend = snd.una
    else this.sack.sent.loseAll()
  }

  /** How many octets from SND.UNA on may be out, by congestion control, if the next goes `offset` after it. */
  limit(connection: Connection, offset: number, size: number): number {
    const { sack } = this
    const window = Math.floor(connection.congestion!.cwnd)
    if (sack === undefined) return window + this.newReno!.beyondWindow(connection.tcb.snd)
    if (sack.probe.due) return offset + size
    return offset + (sack.sent.isFull ? 0 : Math.max(window - sack.sent.pipe, 0))
  }

  /** Sequence up to SND.NXT was sent for the first time, in so many segments. */
  sentNew(connection: Connection, segments = 1): void {
    this.sack?.sentNew(connection, segments)
  }

  /** Tells congestion control of an ACK outside of recovery. */
  grow(connection: Connection, octets: number, flight: number, rtt: number): void {
    // A FIN alone does not make it.
    if (octets === 0 && connection.congestionIfMade === undefined) return
    const { congestion, windowUse } = connection
    const { cwnd, ssthresh } = congestion!
    const { una, nxt } = connection.tcb.snd
    sample.octets = octets
    sample.flight = flight
    sample.rtt = rtt
    sample.una = una
    sample.nxt = nxt
    sample.limited = windowUse.isLimited(una, flight, cwnd, ssthresh)
    if (connection.ecnIfMade?.isHeld !== true) congestion!.acknowledged(sample, connection.host.now)
  }

  handleTimer(connection: Connection, now: Instant): void {
    this.sack?.handleTimer(connection, now)
  }

  /** Starts the probe timer if a probe would help (RFC 8985 §7.2); `waits`: something is out, into an open window. */
  setTimers(connection: Connection, now: Instant, waits: boolean): void {
    const { sack } = this
    if (sack === undefined) return
    const { sent, probe } = sack
    if (!waits) {
      sack.reorderAt = NEVER
      probe.stop()
    } else if (sack.isOpen && sent.sacked === 0 && sent.lost === 0 && !probe.outstanding) {
      probe.arm(now, connection.rto.srtt, sent.isSingle, connection.retransmitAt)
    } else {
      probe.stop()
    }
  }

  /** Nothing is out, nor will be for long. */
  stop(connection: Connection): void {
    connection.recovery = NOTHING_SENT
    if (this.sack === undefined) return
    this.sack.sent.clear(0)
    if (spare.length < MOST_SPARE) spare.push(this)
  }
}

/** Those with SACK that nobody needs any more: 0.8 kB each, and many a connection takes one for its FIN alone. */
const spare: Recovery[] = []

/** Of all connections that have nothing out. */
export const NOTHING_SENT: Recovery = new Recovery()
