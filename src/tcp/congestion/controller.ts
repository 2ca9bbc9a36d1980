import type { Instant, Milliseconds } from '../../wire/instant.ts'

/** What one ACK of new data says. One record is reused: it is borrowed until the call returns. */
export interface AckSample {
  /** Octets newly acknowledged, cumulatively and by SACK. */
  octets: number
  /** Octets that were in flight before. */
  flight: number
  /** The round-trip time that it measured, ms; NaN when it measured none. */
  rtt: Milliseconds
  /** SND.UNA behind this ACK, and SND.NXT: they tell rounds apart. */
  una: number
  nxt: number
  /** The congestion window was what held sending back (RFC 7661): only then does the ACK say that more would fit. */
  limited: boolean
}

/**
 * How much may be in flight. One is made for each connection; sizes in octets, not always whole ones. Loss recovery tells
 * it what has happened and asks for `cwnd`; it never touches the connection. Hot path: allocates nothing for an ACK.
 */
export interface CongestionControl {
  readonly name: string
  /** The congestion window: one segment at least. */
  readonly cwnd: number
  /** Below it slow start, from it on congestion avoidance: Infinity before the first loss, then two segments at least. */
  readonly ssthresh: number
  /** New data was acknowledged outside of recovery. */
  acknowledged(sample: AckSample, now: Instant): void
  /**
   * The path is congested, with `flight` outstanding: a loss was found, or a mark was echoed. Lowers `ssthresh`; `cwnd` is
   * the caller's by `setWindow` from here to `exitRecovery`. Once for a window of data: the caller sees to it.
   */
  reduce(flight: number, cause: 'loss' | 'ecn', now: Instant): void
  /** The window while recovery lasts; less than a segment becomes one. */
  setWindow(octets: number): void
  /** Recovery is over: `cwnd` is `ssthresh`. */
  exitRecovery(now: Instant): void
  /**
   * The retransmission timer ran out with `flight` outstanding: slow start from one segment. `again` when it had run out for
   * this data before, which says nothing new about the path (RFC 5681 §3.1).
   */
  timedOut(flight: number, again: boolean, now: Instant): void
  /** The last reduction, or the last timeout that was not `again`, was for nothing: back to what was before. Twice is once. */
  undo(now: Instant): void
  /** Nothing was sent for longer than an RTO (RFC 5681 §4.1). */
  restartAfterIdle(now: Instant): void
  /** Segments carry `mss` octets from now on. */
  setMss(mss: number): void
}

/** @param mss octets of payload in a full segment */
export type CongestionControlFactory = (mss: number) => CongestionControl
