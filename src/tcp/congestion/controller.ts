import type { Instant } from '../../wire/instant.ts'

/**
 * How much may be in flight. One is made for each connection; sizes in octets. Told of what loss recovery sees, it
 * answers with `cwnd`; it never touches the connection.
 */
export interface CongestionControl {
  readonly name: string
  /** The congestion window. */
  readonly cwnd: number
  readonly ssthresh: number
  /** `octets` of new data were acknowledged outside of loss recovery; `flight` was outstanding before. */
  acknowledged(octets: number, flight: number, now: Instant): void
  /** A segment is taken for lost, with `flight` outstanding: loss recovery starts. */
  enterRecovery(flight: number, now: Instant): void
  /** In recovery: another segment has left the network (a duplicate ACK). */
  duplicateAck(): void
  /** In recovery: `octets` were acknowledged, but not all that was out when it started. */
  partialAck(octets: number): void
  /** All that was out when recovery started is acknowledged; `flight` is outstanding. */
  exitRecovery(flight: number): void
  /** The retransmission timer ran out with `flight` outstanding; `again` when it had run out for this data before. */
  timedOut(flight: number, again: boolean): void
  /** Nothing was sent for longer than an RTO (RFC 5681 §4.1). */
  restartAfterIdle(): void
}

export type CongestionControlFactory = (mss: number) => CongestionControl
