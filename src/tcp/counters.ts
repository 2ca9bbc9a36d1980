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
  /** Connections that went from ESTABLISHED or CLOSE-WAIT straight to CLOSED. */
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
  /** Segments sent again in fast recovery; after a timeout; sent again and lost again. */
  TCPFastRetrans = 0
  TCPSlowStartRetrans = 0
  TCPLostRetransmit = 0
  /** Fast recoveries, with SACK blocks and without. */
  TCPSackRecovery = 0
  TCPRenoRecovery = 0
  /** Tail loss probes sent, and those that made good a loss. */
  TCPLossProbes = 0
  TCPLossProbeRecovery = 0
  /** First signs of reordering on a path, by SACK blocks and by timestamps. */
  TCPSACKReorder = 0
  TCPTSReorder = 0
  /** Reports of duplicates: received, and made of what came again after it had been acknowledged. */
  TCPDSACKRecv = 0
  TCPDSACKOldSent = 0
  /** SACK blocks that cannot be; peers that dropped what they had reported. */
  TCPSACKDiscard = 0
  TCPSACKReneging = 0
  /** Recoveries undone, as nothing was lost: by timestamps at the end and before it, by duplicates, after a timeout. */
  TCPFullUndo = 0
  TCPPartialUndo = 0
  TCPDSACKUndo = 0
  TCPLossUndo = 0
  /** Timeouts that F-RTO found spurious. */
  TCPSpuriousRTOs = 0
  TCPChallengeACK = 0
  TCPSYNChallenge = 0
  /** Answers left out because one had been sent lately: challenge ACKs; ACKs of what is out of the window; of old duplicates by PAWS. */
  TCPACKSkippedChallenge = 0
  TCPACKSkippedSeq = 0
  TCPACKSkippedPAWS = 0
  TCPACKSkippedSynRecv = 0
  TCPReqQFullDrop = 0
  TCPReqQFullDoCookies = 0
  SyncookiesSent = 0
  SyncookiesRecv = 0
  SyncookiesFailed = 0
  ListenOverflows = 0
  /** SYNs and ACKs that a listener did not act upon, of whatever cause. */
  ListenDrops = 0
  /** RSTs that ended a half-open entry. */
  EmbryonicRsts = 0
  OutOfWindowIcmps = 0
  /** Active opens whose data on the SYN was taken; was not, or not all of it, or the SYN was not answered. */
  TCPFastOpenActive = 0
  TCPFastOpenActiveFail = 0
  /** Passive opens by a valid cookie; SYNs whose cookie was not valid, or that found no room to be opened at once. */
  TCPFastOpenPassive = 0
  TCPFastOpenPassiveFail = 0
  /** SYNs that asked for Fast Open when the listener's bound was reached; SYNs that asked for a cookie. */
  TCPFastOpenListenOverflow = 0
  TCPFastOpenCookieReqd = 0
  PAWSEstab = 0
  /** Connections that passed through TIME-WAIT to its end; that were recycled for a new one; that the bound cut short. */
  TW = 0
  TWRecycled = 0
  TCPTimeWaitOverflow = 0
  /** Segments that came marked by a router (ECN); reductions of the congestion window for a mark that was echoed. */
  InCEPkts = 0
  TCPECNReductions = 0
  /** Zero-window probes and keep-alives sent. */
  TCPWinProbe = 0
  TCPKeepAlive = 0
  /** Times that a router told of a smaller path MTU; that a full size turned out to be swallowed; that it got through again later, or not. */
  PathMtuReductions = 0
  PathBlackHoles = 0
  TCPMTUPSuccess = 0
  TCPMTUPFail = 0
  /** Retransmissions from R1 on, for each of which the network was asked for another way. */
  PathsInDoubt = 0
  /** Connections that were given up because nothing was acknowledged for too long. */
  TCPAbortOnTimeout = 0

  /** Fragments that came; packets put together of them; packets, or fragments, that could not be; of those, by time. */
  IpReasmReqds = 0
  IpReasmOKs = 0
  IpReasmFails = 0
  IpReasmTimeout = 0
  Ip6ReasmReqds = 0
  Ip6ReasmOKs = 0
  Ip6ReasmFails = 0
  Ip6ReasmTimeout = 0
  /** Packets that were sent in fragments, and those fragments. */
  IpFragOKs = 0
  IpFragCreates = 0
  Ip6FragOKs = 0
  Ip6FragCreates = 0
  /** Packets that were forwarded. */
  IpForwDatagrams = 0
  Ip6OutForwDatagrams = 0
  /** Datagrams given to sockets; for a port without one; that were malformed, or found no room; of the latter, each. */
  UdpInDatagrams = 0
  UdpNoPorts = 0
  UdpInErrors = 0
  UdpInCsumErrors = 0
  UdpRcvbufErrors = 0
  UdpOutDatagrams = 0
  /** Packets of ours that had no route. */
  IpOutNoRoutes = 0
  /** ICMP errors that were not sent since others had been lately. */
  IcmpOutRateLimitGlobal = 0
  /** Packets of ours, TCP aside, that found the queue to their link full. */
  PacketQueueFull = 0
  /** Neighbours that did not answer; packets that waited for one and had to go; neighbours that made room for others. */
  NeighResFailed = 0
  NeighUnresDiscards = 0
  NeighForcedGCRuns = 0

  /** Answers without a connection that found the queue to the link full. */
  ReplyQueueFull = 0

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

/**
 * What one listener has counted. Every SYN that asks for a connection anew is counted in `syns`, and once by what became
 * of it:
 *
 *     syns = held + fastOpened + cookied + refused + ignored + queueFull
 *     held + cookieHeld = completed + reset + expired + evicted + acceptReset + deferRefused + deferIgnored + deferExpired + closed
 *                         + the entries that there are
 *     fastOpened = fastOpenCompleted + fastOpenFailed + the connections in SYN-RECEIVED by Fast Open
 */
export class ListenerCounters {
  syns = 0
  /** Got an entry of the SYN queue; were opened at once by a Fast Open cookie; were answered with a cookie; refused and ignored by the policy; found no room. */
  held = 0
  fastOpened = 0
  cookied = 0
  refused = 0
  ignored = 0
  queueFull = 0
  /** Entries that became a connection. */
  completed = 0
  /** Entries that the client reset; whose life ended; that made room for a fairer share; that close() ended. */
  reset = 0
  expired = 0
  evicted = 0
  closed = 0
  /** Entries that were reset since the accept queue was full and the policy says so. */
  acceptReset = 0
  /** SYNs that were deferred, and what the application said, or that it said nothing in time. */
  deferred = 0
  deferAccepted = 0
  deferRefused = 0
  deferIgnored = 0
  deferExpired = 0
  /** ACKs that a cookie made a connection; that got an entry to wait in, since the accept queue was full; that no key had signed; that had made a connection before. */
  cookieCompleted = 0
  cookieHeld = 0
  cookieFailed = 0
  cookieReplayed = 0
  /** Of those that were opened at once: the client's ACK came; it reset, did not answer in time, or the application closed. */
  fastOpenCompleted = 0
  fastOpenFailed = 0
  /** Connections handed to the application. */
  accepted = 0
  synAcks = 0
  synAckRetransmissions = 0
  /** SYNs of an entry that came again, with the same ISN; with another. */
  duplicates = 0
  otherIsn = 0
  /** ICMP errors about a SYN,ACK of ours, which change nothing. */
  softErrors = 0
  /** ACKs that found the accept queue full. */
  acceptQueueFull = 0
}
