import type { Instant } from '../wire/instant.ts'

// Numbers of 32 bits are kept signed: V8 keeps those in their fields, and half of the others in boxes of 16 octets beside them.

/** The send sequence variables of RFC 9293 §3.3.1. Sequence numbers unsigned, sizes in octets. */
export class SendSequence {
  private unaWord = 0
  private nxtWord = 0
  private resendWord = 0
  private wl1Word = 0
  private wl2Word = 0
  /** SND.WND, scaled, and the largest it ever was: MAX.SND.WND (RFC 5961 §5). */
  wnd = 0
  wndMax = 0
  /** Eff.snd.MSS less no options: the most octets of payload in a segment without options (RFC 9293 §3.7.1). */
  mss = 0
  /** Snd.Wind.Shift (RFC 7323 §2.3). */
  scale = 0

  /** SND.UNA: the oldest unacknowledged number. */
  get una(): number {
    return this.unaWord >>> 0
  }

  set una(value: number) {
    this.unaWord = value | 0
  }

  /** SND.NXT: the next number to be sent for the first time. */
  get nxt(): number {
    return this.nxtWord >>> 0
  }

  set nxt(value: number) {
    this.nxtWord = value | 0
  }

  /** Where sending goes on: `nxt`, or before it while what a timeout declared lost is sent again. */
  get resend(): number {
    return this.resendWord >>> 0
  }

  set resend(value: number) {
    this.resendWord = value | 0
  }

  /** The segment that last updated the window: its sequence number, and its acknowledgment number. */
  get wl1(): number {
    return this.wl1Word >>> 0
  }

  set wl1(value: number) {
    this.wl1Word = value | 0
  }

  get wl2(): number {
    return this.wl2Word >>> 0
  }

  set wl2(value: number) {
    this.wl2Word = value | 0
  }
}

/** The receive sequence variables of RFC 9293 §3.3.1. */
export class ReceiveSequence {
  private nxtWord = 0
  private edgeWord = 0
  private finWord = 0
  /** Rcv.Wind.Shift. */
  scale = 0
  /** The longest segment text so far, octets: what "full-sized" means when ACKs are delayed (RFC 5681 §4.2). */
  mss = 0
  /** A FIN of the peer's was seen. */
  finKnown = false

  /** RCV.NXT */
  get nxt(): number {
    return this.nxtWord >>> 0
  }

  set nxt(value: number) {
    this.nxtWord = value | 0
  }

  /** The right edge of the window that was offered: RCV.NXT + RCV.WND. Never moves left (RFC 9293 SHLD-14). */
  get edge(): number {
    return this.edgeWord >>> 0
  }

  set edge(value: number) {
    this.edgeWord = value | 0
  }

  /** The number of the peer's FIN; text before it may still be missing. */
  get fin(): number {
    return this.finWord >>> 0
  }

  set fin(value: number) {
    this.finWord = value | 0
  }
}

/** The transmission control block: what RFC 9293 keeps of a connection, and RFC 7323 and 2018 beside it. */
export class Tcb {
  private issWord = 0
  private irsWord = 0
  private tsRecentWord = 0
  private tsRecentSecond = 0
  private tsOffsetWord = 0
  private lastAckSentWord = 0
  readonly snd: SendSequence = new SendSequence()
  readonly rcv: ReceiveSequence = new ReceiveSequence()

  /** Snd.WS.OK: both ends offered a window scale. */
  windowScaling = false
  /** Snd.TS.OK: both ends offered timestamps. */
  timestamps = false
  /** Both ends offered SACK. */
  sack = false

  /** The initial send sequence number, and the initial receive sequence number. */
  get iss(): number {
    return this.issWord >>> 0
  }

  set iss(value: number) {
    this.issWord = value | 0
  }

  get irs(): number {
    return this.irsWord >>> 0
  }

  set irs(value: number) {
    this.irsWord = value | 0
  }

  /** TS.Recent */
  get tsRecent(): number {
    return this.tsRecentWord >>> 0
  }

  set tsRecent(value: number) {
    this.tsRecentWord = value | 0
  }

  /** When TS.Recent was taken, to the second. */
  get tsRecentAt(): Instant {
    return this.tsRecentSecond * 1000
  }

  set tsRecentAt(now: Instant) {
    this.tsRecentSecond = Math.floor(now / 1000)
  }

  /** What this connection's timestamp clock is ahead of the stack's. */
  get tsOffset(): number {
    return this.tsOffsetWord >>> 0
  }

  set tsOffset(value: number) {
    this.tsOffsetWord = value | 0
  }

  /** Last.ACK.sent */
  get lastAckSent(): number {
    return this.lastAckSentWord >>> 0
  }

  set lastAckSent(value: number) {
    this.lastAckSentWord = value | 0
  }
}
