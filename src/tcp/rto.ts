import type { Milliseconds } from '../wire/instant.ts'

/** The clock granularity G of RFC 6298, ms. */
const GRANULARITY = 1

/** The retransmission timeout by RFC 6298 (Jacobson's estimator), with Karn's rule left to the caller: never measure a retransmission. */
export class RetransmissionTimeout {
  /** Smoothed round-trip time and its variation; -1 before the first measurement. */
  srtt: Milliseconds = -1
  rttvar: Milliseconds = 0
  /** What the last ACK of new data measured, ms; NaN when it measured nothing. */
  latest: Milliseconds = Number.NaN
  private base: Milliseconds
  private shift = 0
  private readonly least: Milliseconds
  private readonly most: Milliseconds

  constructor(initial: Milliseconds, least: Milliseconds, most: Milliseconds) {
    this.base = initial
    this.least = least
    this.most = most
  }

  /** The RTO as it stands, backed off. */
  get value(): Milliseconds {
    return Math.min(this.base * 2 ** this.shift, this.most)
  }

  /** How often the timer has been doubled since the last measurement. */
  get backOffs(): number {
    return this.shift
  }

  /** A round-trip time has been measured (RFC 6298 (2.2) and (2.3)). */
  sample(rtt: Milliseconds): void {
    if (this.srtt < 0) {
      this.srtt = rtt
      this.rttvar = rtt / 2
    } else {
      this.rttvar += (Math.abs(this.srtt - rtt) - this.rttvar) / 4
      this.srtt += (rtt - this.srtt) / 8
    }
    const rto = this.srtt + Math.max(GRANULARITY, 4 * this.rttvar)
    this.base = Math.min(Math.max(rto, this.least), this.most)
    this.shift = 0
  }

  /** The timer ran out (RFC 6298 (5.5)). */
  backOff(): void {
    if (this.value < this.most) this.shift++
  }

  /** The SYN had to be sent again and nothing is measured yet: data starts at 3 s (RFC 6298 (5.7)). */
  afterLostSyn(): void {
    if (this.srtt >= 0) return
    this.base = Math.min(Math.max(this.base, 3000), this.most)
    this.shift = 0
  }
}
