import type { Instant, Milliseconds } from '../../wire/instant.ts'

/** What an ACK of new data says to congestion control. */
export interface AckSample {
  /** Octets of data that it acknowledges. */
  octets: number
  /** Octets that were outstanding before. */
  flight: number
  /** The round-trip time that it measures; NaN for none. */
  rtt: Milliseconds
  /** SND.UNA after it, and SND.NXT. */
  una: number
  nxt: number
  /** The congestion window was what kept data back. */
  limited: boolean
}

/**
 * How much may be in flight. One is made for each connection; sizes in octets. Told of what loss recovery sees, it
 * answers with `cwnd`; it never touches the connection.
 */
export interface CongestionControl {
  readonly name: string
  /** The congestion window. */
  readonly cwnd: number
  /** Infinity before the first loss. */
  readonly ssthresh: number
  /** New data was acknowledged outside of fast recovery. */
  acknowledged(sample: AckSample, now: Instant): void
  /** A congestion event, once a window, with `flight` outstanding: sets `ssthresh`; `cwnd` is loss recovery's until `exitRecovery`. */
  reduce(flight: number, cause: 'loss' | 'ecn', now: Instant): void
  /** The window that loss recovery wants while it lasts. */
  setWindow(octets: number): void
  /** Loss recovery is over: `cwnd` is `ssthresh`. */
  exitRecovery(now: Instant): void
  /** The retransmission timer ran out with `flight` outstanding; `again` when a reduction for this data was made before. */
  timedOut(flight: number, again: boolean, now: Instant): void
  /** The last reduction was for nothing (RFC 4015). */
  undo(now: Instant): void
  /** Nothing was sent for longer than an RTO (RFC 5681 §4.1). */
  restartAfterIdle(now: Instant): void
}

export type CongestionControlFactory = (mss: number) => CongestionControl
