/** What drives a controller by hand: ACKs in rounds, each of a window that was used. */
import type { AckSample, CongestionControl } from '../../src/tcp/congestion/controller.ts'

export const MSS = 1000

export function ack(octets: number, given: Partial<AckSample> = {}): AckSample {
  return { octets, flight: octets, rtt: Number.NaN, una: 0, nxt: 0, limited: true, ...given }
}

const ROUND = 1_000_000

/**
 * A round of slow start, ROUND sequence numbers from `from` on, that is known as such: `count` ACKs of a segment each that
 * measure `rtt` ms; the next round is out when the last comes. Returns where that begins.
 */
export function slowStartRound(control: CongestionControl, from: number, count: number, rtt: number): number {
  const end = from + ROUND
  for (let i = 1; i < count; i++) control.acknowledged(ack(MSS, { rtt, una: from + i * MSS, nxt: end }), 0)
  control.acknowledged(ack(MSS, { rtt, una: end, nxt: end }), 0)
  return end
}

/** A network of one delay without a bottleneck: acknowledges windows, segment by segment, one round trip after they went. */
export class Rounds {
  now = 0
  private sent = 0
  private readonly control: CongestionControl
  private readonly mss: number

  constructor(control: CongestionControl, mss = MSS) {
    this.control = control
    this.mss = mss
  }

  /** One round trip of `rtt` ms in which the whole window is sent and acknowledged, `perAck` segments at a time. */
  round(rtt: number, { perAck = 1, limited = true, measured = true } = {}): void {
    const { control, mss } = this
    const flight = Math.max(Math.floor(control.cwnd / mss), 1) * mss
    const end = this.sent + flight
    for (let una = this.sent; una < end; ) {
      const octets = Math.min(perAck * mss, end - una)
      // SND.NXT as the ACK finds it.
      const nxt = una + control.cwnd
      una += octets
      // One ACK after the other within the round trip, the last at its end; what each lets out goes at once.
      const at = this.now + (rtt * (una - this.sent)) / flight
      control.acknowledged({ octets, flight, rtt: measured ? rtt : Number.NaN, una, nxt, limited }, at)
    }
    this.now += rtt
    this.sent = end
  }
}
