import type { Milliseconds } from '../wire/instant.ts'
import type { TcpConfig } from './config.ts'

/** The clock granularity G of RFC 6298, ms. */
const GRANULARITY = 1

const AFTER_LOST_SYN: Milliseconds = 3000

/** The configuration's `rtoInitial`, `rtoMin` and `rtoMax`. */
export type RtoConfig = Pick<TcpConfig, 'rtoInitial' | 'rtoMin' | 'rtoMax'>

/** The retransmission timeout by RFC 6298 (Jacobson's estimator), with Karn's rule left to the caller: never measure a retransmission. */
export class RetransmissionTimeout {
  /** Smoothed round-trip time and its variation; -1 before the first measurement. */
  srtt: Milliseconds = -1
  rttvar: Milliseconds = 0
  private shift = 0
  private lostSyn = false
  private readonly config: RtoConfig

  constructor(config: RtoConfig) {
    this.config = config
  }

  /** The RTO as it stands, backed off. */
  get value(): Milliseconds {
    // A power takes 20 ns, and this is asked for with every segment.
    return this.shift === 0 ? this.base : Math.min(this.base * 2 ** this.shift, this.config.rtoMax)
  }

  private get base(): Milliseconds {
    const { rtoInitial, rtoMin, rtoMax } = this.config
    if (this.srtt < 0) return Math.min(this.lostSyn ? Math.max(rtoInitial, AFTER_LOST_SYN) : rtoInitial, rtoMax)
    return Math.min(Math.max(this.srtt + Math.max(GRANULARITY, 4 * this.rttvar), rtoMin), rtoMax)
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
    this.shift = 0
  }

  /** The timer ran out (RFC 6298 (5.5)). */
  backOff(): void {
    if (this.value < this.config.rtoMax) this.shift++
  }

  /** The SYN had to be sent again and nothing is measured yet: data starts at 3 s (RFC 6298 (5.7)). */
  afterLostSyn(): void {
    if (this.srtt >= 0) return
    this.lostSyn = true
    this.shift = 0
  }
}
