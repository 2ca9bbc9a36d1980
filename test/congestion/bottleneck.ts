import { Chance } from '../../src/sim/chance.ts'
import type { AckSample, CongestionControl } from '../../src/tcp/congestion/controller.ts'

/** A bottleneck with a drop-tail queue. Times in ms, sizes in segments. */
export interface Bottleneck {
  /** Segments each ms. */
  rate: number
  /** The round trip without a queue. */
  rtt: number
  queue: number
  /** Probability that a segment is lost beside. */
  loss?: number
  seed?: number
}

const TIMEOUT = 300

interface Sent {
  index: number
  at: number
  /** When its ACK comes; Infinity for a segment that is lost. */
  ackAt: number
}

/**
 * A bulk sender whose loss recovery is ideal: a segment counts as lost when one that went after it is acknowledged, and is
 * sent again at once, within the window that the controller has set. What remains is the controller's own doing.
 */
export class Flow {
  delivered = 0
  lost = 0
  reductions = 0
  timeouts = 0
  readonly control: CongestionControl
  private readonly mss: number
  private inFlight: Sent[] = []
  private next = 0
  private recover = -1
  private readonly sample: AckSample = { octets: 0, flight: 0, rtt: 0, una: 0, nxt: 0, limited: true }

  constructor(control: CongestionControl, mss: number) {
    this.control = control
    this.mss = mss
  }

  /** When it is heard of next: an ACK, or the retransmission timer. */
  get nextAt(): number {
    const first = this.inFlight.find(({ ackAt }) => ackAt < Number.POSITIVE_INFINITY)
    return first?.ackAt ?? (this.inFlight.at(-1)?.at ?? 0) + TIMEOUT
  }

  fill(now: number, path: Path): void {
    while ((this.inFlight.length + 1) * this.mss <= this.control.cwnd) {
      this.inFlight.push({ index: this.next++, at: now, ackAt: path.send(now) })
    }
  }

  hear(now: number): void {
    const { control, sample, mss, inFlight } = this
    const flight = inFlight.length
    const acknowledged = inFlight.findIndex(({ ackAt }) => ackAt < Number.POSITIVE_INFINITY)
    if (acknowledged < 0) {
      this.timeouts++
      this.lost += flight
      this.inFlight = []
      control.timedOut(flight * mss, false, now)
      return
    }
    const { index, at } = inFlight[acknowledged]!
    inFlight.splice(0, acknowledged + 1)
    this.delivered++
    this.lost += acknowledged
    if (acknowledged > 0 && index > this.recover) {
      this.reductions++
      this.recover = this.next - 1
      control.reduce(flight * mss, 'loss', now)
      control.exitRecovery(now)
    } else if (index > this.recover) {
      sample.octets = mss
      sample.flight = flight * mss
      sample.rtt = now - at
      sample.una = ((index + 1) * mss) >>> 0
      sample.nxt = (this.next * mss) >>> 0
      control.acknowledged(sample, now)
    }
  }
}

class Path {
  private free = 0
  private readonly options: Bottleneck
  private readonly chance: Chance

  constructor(options: Bottleneck) {
    this.options = options
    this.chance = new Chance(options.seed ?? 1)
  }

  send(now: number): number {
    const { rate, rtt, queue, loss = 0 } = this.options
    if ((this.free - now) * rate > queue || this.chance.chance(loss)) return Number.POSITIVE_INFINITY
    this.free = Math.max(this.free, now) + 1 / rate
    return this.free + rtt
  }
}

/** Runs flows over one bottleneck for so many ms; each begins at its moment. */
export function share(flows: readonly { flow: Flow; from: number }[], options: Bottleneck, until: number): void {
  const path = new Path(options)
  const waiting = [...flows]
  const running: Flow[] = []
  for (let now = 0; now < until; ) {
    let earliest: Flow | undefined
    let at = Math.min(...waiting.map(({ from }) => from))
    for (const flow of running) {
      if (flow.nextAt >= at) continue
      earliest = flow
      at = flow.nextAt
    }
    now = at
    if (earliest === undefined) {
      const i = waiting.findIndex(({ from }) => from === at)
      earliest = waiting.splice(i, 1)[0]!.flow
      running.push(earliest)
    } else {
      earliest.hear(now)
    }
    earliest.fill(now, path)
  }
}
