import type { Instant } from '../wire/instant.ts'

/** The send sequence variables of RFC 9293 §3.3.1. Sequence numbers unsigned, sizes in octets. */
export class SendSequence {
  /** SND.UNA: the oldest unacknowledged number. */
  una = 0
  /** SND.NXT: the next number to be sent for the first time. */
  nxt = 0
  /** Where sending goes on: `nxt`, or before it while what a timeout declared lost is sent again. */
  resend = 0
  /** SND.WND, scaled, and the largest it ever was: MAX.SND.WND (RFC 5961 §5). */
  wnd = 0
  wndMax = 0
  /** The segment that last updated the window: its sequence and acknowledgment number. */
  wl1 = 0
  wl2 = 0
  /** Eff.snd.MSS less no options: the most octets of payload in a segment without options (RFC 9293 §3.7.1). */
  mss = 0
  /** Snd.Wind.Shift (RFC 7323 §2.3). */
  scale = 0
}

/** The receive sequence variables of RFC 9293 §3.3.1. */
export class ReceiveSequence {
  /** RCV.NXT */
  nxt = 0
  /** The right edge of the window that was offered: RCV.NXT + RCV.WND. Never moves left (RFC 9293 SHLD-14). */
  edge = 0
  /** Rcv.Wind.Shift. */
  scale = 0
  /** The longest segment text so far, octets: what "full-sized" means when ACKs are delayed (RFC 5681 §4.2). */
  mss = 0
  /** The number of the peer's FIN, once one was seen; text before it may still be missing. */
  fin = 0
  finKnown = false
}

/** The transmission control block: what RFC 9293 keeps of a connection, and RFC 7323 and 2018 beside it. */
export class Tcb {
  /** Initial send and receive sequence numbers. */
  iss = 0
  irs = 0
  readonly snd: SendSequence = new SendSequence()
  readonly rcv: ReceiveSequence = new ReceiveSequence()

  /** Snd.WS.OK: both ends offered a window scale. */
  windowScaling = false
  /** Snd.TS.OK: both ends offered timestamps. */
  timestamps = false
  /** Both ends offered SACK. */
  sack = false
  /** TS.Recent, and when it was taken. */
  tsRecent = 0
  tsRecentAt: Instant = 0
  /** What this connection's timestamp clock is ahead of the stack's. */
  tsOffset = 0
  /** Last.ACK.sent */
  lastAckSent = 0
}
