import { CE, CWR, ECE, ECT_0, type Segment } from '../wire/segment.ts'
import type { TcpConfig } from './config.ts'
import type { Connection } from './connection.ts'
import { keepsEcn } from './cookie-code.ts'
import type { HalfOpen } from './half-open.ts'
import { seqLessOrEqual } from './seq.ts'

/** A SYN with both bits asks for ECN; a SYN,ACK with ECE alone agrees (RFC 3168 §6.1.1). */
const SETUP = ECE | CWR

/**
 * Whether the answer to a SYN agrees to ECN: only where a cookie would remember it, though there be a row, since the row may
 * be evicted. What is promised is kept.
 */
export function agreesToEcn(config: TcpConfig, { ecn, timestamps, scale, sack }: HalfOpen): boolean {
  return ecn && config.ecn !== false && timestamps && config.timestamps && keepsEcn(scale, sack)
}

/**
 * ECN (RFC 3168; RFC 9293 SHLD-8) for one connection, as a sender and as a receiver: routers mark what they would have to
 * drop, the receiver echoes the mark until the sender says that it has slowed down.
 */
export class Ecn {
  /** New data is marked as ECN-capable, and the peer's echoes are heeded. */
  private sends = false
  /** The peer's marks are echoed. */
  private receives = false
  /** A SYN without ECN has gone out: no data may be sent with it (RFC 3168 §6.1.1). */
  private fellBack = false
  /** A mark was seen, and CWR has not been since. */
  private echoing = false
  /** The next new data is to say that the window was reduced. */
  private reduced = false
  /** SND.NXT when the window was last reduced: echoes of what was sent before say nothing new. */
  private reducedAt = 0
  private isRecent = false
  private byEcho = false

  /** The bits of our SYN. Sent again it does not ask: something on the path may drop it for that (RFC 3168 §6.1.1.1). */
  askOnSyn(again: boolean): number {
    if (!again) return SETUP
    this.fellBack = true
    return 0
  }

  /** The peer's SYN,ACK, or its SYN in a simultaneous open, has come to ours. */
  learn(segment: Segment, isAnswer: boolean): void {
    this.agree((segment.flags & SETUP) === (isAnswer ? ECE : SETUP))
  }

  /** Both ends have agreed, or have not. */
  agree(agreed: boolean): void {
    this.receives = agreed
    this.sends = agreed && !this.fellBack
  }

  /** What our SYN,ACK says after an active open. */
  get answer(): number {
    return this.receives ? ECE : 0
  }

  /** The next new data says CWR: one segment, and no more (RFC 3168 §6.1.2). */
  get owesReduction(): boolean {
    return this.reduced
  }

  /** The sender's window is held where an echo has put it: no growth until what was out then is acknowledged. */
  get isHeld(): boolean {
    return this.isRecent && this.byEcho
  }

  /** The congestion window was reduced for a loss, or a timeout: that says CWR as well (RFC 3168 §6.1.2). */
  noteReduction(nxt: number): void {
    this.begin(nxt, false)
  }

  /** An ACK has moved SND.UNA, or not, with `flight` out before: is the path congested? Before recovery hears of it. */
  noteAck(connection: Connection, segment: Segment, flight: number): void {
    if (!this.sends) return
    const { snd } = connection.tcb
    if (this.isRecent && !seqLessOrEqual(snd.una, this.reducedAt)) this.isRecent = false
    // Once for a window of data, whether for a mark or a loss.
    if (this.isRecent || flight === 0 || !segment.has(ECE)) return
    if (!connection.recovery.congestionMarked(connection, flight)) return
    connection.host.counters.TCPECNReductions++
    this.begin(snd.nxt, true)
  }

  /** Text has come. At once with the ACK when a mark begins to be echoed: that is what the sender waits for. */
  noteText(connection: Connection, segment: Segment): void {
    if (!this.receives || segment.length === 0) return
    if (segment.has(CWR)) this.echoing = false
    if (segment.ecn !== CE) return
    connection.host.counters.InCEPkts++
    if (this.echoing) return
    this.echoing = true
    connection.acksDue = Math.max(connection.acksDue, 1)
  }

  /** On whatever acknowledges. */
  echo(out: Segment): void {
    if (this.echoing) out.flags |= ECE
  }

  /** On data that goes out for the first time; never on what goes again, pure ACKs, and probes (RFC 3168 §6.1.4 to §6.1.6). */
  markNewData(out: Segment): void {
    if (!this.sends || out.length === 0) return
    out.ecn = ECT_0
    if (!this.reduced) return
    this.reduced = false
    out.flags |= CWR
  }

  private begin(nxt: number, byEcho: boolean): void {
    this.reduced = this.sends
    this.reducedAt = nxt
    this.isRecent = true
    this.byEcho = byEcho
  }
}
