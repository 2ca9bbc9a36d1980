import type { DropReason } from './drop-reason.ts'

/**
 * What a stack has counted. Names that Linux users know are kept (`nstat -az`, RFC 4022). Every frame that comes in is
 * counted once as `received`, and once either as `accepted` or under one reason of `drops`, so that
 * received = accepted + the sum of the drops of frames.
 */
export class Counters {
  /** Frames in, and those that did what they came for. */
  received = 0
  accepted = 0
  /** Frames out. */
  transmitted = 0

  ActiveOpens = 0
  PassiveOpens = 0
  /** Handshakes that failed: from SYN-SENT or SYN-RECEIVED to CLOSED or back to LISTEN. */
  AttemptFails = 0
  /** Resets of connections from ESTABLISHED or CLOSE-WAIT. */
  EstabResets = 0
  /** Connections in ESTABLISHED or CLOSE-WAIT now. */
  CurrEstab = 0
  InSegs = 0
  OutSegs = 0
  RetransSegs = 0
  InErrs = 0
  InCsumErrors = 0
  OutRsts = 0
  /** Retransmission timers that ran out; SYN and SYN,ACK among the segments sent again. */
  TCPTimeouts = 0
  TCPSynRetrans = 0
  TCPFastRetrans = 0
  TCPChallengeACK = 0
  TCPSYNChallenge = 0
  /** Answers left out because one had been sent lately. */
  TCPACKSkippedSeq = 0
  TCPACKSkippedSynRecv = 0
  TCPReqQFullDrop = 0
  ListenOverflows = 0
  /** SYNs and ACKs that a listener did not act upon, of whatever cause. */
  ListenDrops = 0
  /** RSTs that ended a half-open entry. */
  EmbryonicRsts = 0
  OutOfWindowIcmps = 0
  PAWSEstab = 0
  /** Connections that passed through TIME-WAIT to its end; that were recycled for a new one; that the bound cut short. */
  TW = 0
  TWRecycled = 0
  TCPTimeWaitOverflow = 0
  /** Zero-window probes sent. */
  TCPWinProbe = 0
  /** Connections that were given up because nothing was acknowledged for too long. */
  TCPAbortOnTimeout = 0

  /** Answers without a connection that found the queue to the link full; SYN,ACKs that did, and go out at their next wait. */
  ReplyQueueFull = 0
  SynAckQueueFull = 0

  /** By reason; a reason that never occurred is absent. */
  readonly drops: Partial<Record<DropReason, number>> = {}

  drop(reason: DropReason): void {
    this.drops[reason] = (this.drops[reason] ?? 0) + 1
  }

  /** A copy, for a report or a comparison. */
  snapshot(): Readonly<Omit<Counters, 'drop' | 'snapshot'>> {
    return { ...this, drops: { ...this.drops } }
  }
}

/** What one listener has counted. Every SYN that came is held, answered otherwise or dropped; every one held ends in one of the others. */
export class ListenerCounters {
  /** SYNs that asked for a connection anew. */
  syns = 0
  /** SYNs that became an entry of the SYN queue. */
  held = 0
  /** SYNs dropped since the SYN queue was full. */
  queueFull = 0
  /** Entries that became a connection; that were reset by the client; whose life ended; that close() ended. */
  completed = 0
  reset = 0
  expired = 0
  closed = 0
  /** Connections handed to the application. */
  accepted = 0
  synAcks = 0
  synAckRetransmissions = 0
  /** SYNs of an entry that came again, with the same or with another ISN. */
  duplicates = 0
  /** ACKs that had to wait since the accept queue was full. */
  acceptQueueFull = 0
}
