import type { Instant, Milliseconds } from '../../wire/instant.ts'
import type { Counters } from '../counters.ts'
import { seqLess } from '../seq.ts'
import type { Delivery } from './delivery.ts'
import { LOST, RETRANSMITTED, SACKED, type SentSegments } from './sent-segments.ts'

/** Segments SACKed that make waiting for reordered ones pointless as long as none was seen (RFC 8985 §6.2). */
const DUPLICATE_THRESHOLD = 3

/** Recoveries after which a widened reordering window is narrow again (RFC 8985 §6.2, step 4). */
const PERSISTENCE = 16

/** How long a least round-trip time counts, ms: five minutes, as in Linux. */
const LEAST_RTT_LIFE: Milliseconds = 300_000

/** Less than this, ms, is no time to wait for: what rounding leaves over must not set a timer for the present. */
const INSTANTLY: Milliseconds = 0.001

/**
 * Recent acknowledgment (RFC 8985 §6): what was sent well before something that has come is lost. Names are the RFC's:
 * RACK.xmit_ts and RACK.end_seq are `sentAt` and `end`, RACK.reo_wnd is `reorderingWindow`.
 */
export class Rack {
  /** Of all segments known to have come, when the one sent last was sent, and where it ends. */
  sentAt: Instant = Number.NEGATIVE_INFINITY
  end = 0
  rtt: Milliseconds = 0
  reorderingWindow: Milliseconds = 0
  private reorderingSeen = false
  leastRtt: Milliseconds = Number.POSITIVE_INFINITY
  private leastRttAt: Instant = 0
  /** RACK.fack: the highest that has come. */
  highest = 0
  private multiplier = 1
  private persistence = 0
  /** The window was widened, which it does once before this number is acknowledged. */
  private inRound = false
  private roundEnd = 0

  /** Anew. @param rtt the round-trip time of the handshake; negative when it measured none */
  start(una: number, rtt: Milliseconds, now: Instant): void {
    this.sentAt = Number.NEGATIVE_INFINITY
    this.end = una
    this.rtt = 0
    this.reorderingWindow = 0
    this.reorderingSeen = false
    this.leastRtt = rtt < 0 ? Number.POSITIVE_INFINITY : rtt
    this.leastRttAt = rtt < 0 ? 0 : now
    this.highest = una
    this.multiplier = 1
    this.persistence = 0
    this.inRound = false
    this.roundEnd = 0
  }

  /** Steps 1 to 3: a segment has come, which ends at `end` and was last sent at `sentAt`. */
  delivered(
    end: number,
    sentAt: Instant,
    again: boolean,
    cumulative: boolean,
    delivery: Delivery,
    counters: Counters,
  ): void {
    const { now, echoedAt } = delivery
    const rtt = now - sentAt
    if (again) {
      // Sent twice: the answer may be to the first. The echo tells when the ACK moves SND.UNA; an ACK with SACK blocks
      // alone echoes what came before the gap.
      if (rtt < this.leastRtt || (cumulative && echoedAt < Math.floor(sentAt))) return
    } else if (rtt <= this.leastRtt || now - this.leastRttAt > LEAST_RTT_LIFE) {
      this.leastRtt = rtt
      this.leastRttAt = now
    }
    if (sentAt > this.sentAt || (sentAt === this.sentAt && seqLess(this.end, end))) {
      this.sentAt = sentAt
      this.end = end
      this.rtt = rtt
    }
    if (seqLess(this.highest, end)) this.highest = end
    else if (!again && end !== this.highest) this.seeReordering(counters, 'TCPSACKReorder')
  }

  /** Segments overtake each other on this path, from now on known. */
  seeReordering(counters: Counters, how: 'TCPSACKReorder' | 'TCPTSReorder'): void {
    if (!this.reorderingSeen) counters[how]++
    this.reorderingSeen = true
  }

  /** Step 4, a part: something was sent again for nothing. The window was too narrow, which counts once each round trip. */
  widen(una: number, nxt: number): void {
    // Where nothing overtakes, it was the path that sent twice, or an ACK that was lost.
    if (!this.reorderingSeen) return
    if (this.inRound && seqLess(una, this.roundEnd)) return
    this.inRound = true
    this.roundEnd = nxt
    this.multiplier++
    this.persistence = PERSISTENCE
  }

  /** Step 4, a part: a recovery is over. */
  recovered(): void {
    if (--this.persistence <= 0) this.multiplier = 1
  }

  /** Step 4: how long to wait for what may have been overtaken. */
  updateWindow(sent: SentSegments, inRecovery: boolean, srtt: Milliseconds): void {
    if (this.inRound && !seqLess(sent.start, this.roundEnd)) this.inRound = false
    // Pulled along, or it would be ahead again half the circle later.
    if (seqLess(this.highest, sent.start)) this.highest = sent.start
    if (!this.reorderingSeen && (inRecovery || sent.sackedSegments >= DUPLICATE_THRESHOLD)) {
      this.reorderingWindow = 0
    } else {
      const least = this.leastRtt === Number.POSITIVE_INFINITY ? 0 : this.leastRtt
      this.reorderingWindow = Math.min((this.multiplier * least) / 4, Math.max(srtt, 0))
    }
  }

  /**
   * Step 5: marks what is lost. Returns how long it takes until all that is in doubt will be, ms; 0 when nothing is.
   */
  detect(sent: SentSegments, now: Instant, counters: Counters): Milliseconds {
    let wait = 0
    for (let i = sent.findSentBy(this.sentAt, 0); i < sent.count; i = sent.findSentBy(this.sentAt, i + 1)) {
      if (!this.isBefore(sent.sentAt(i), sent.endOf(i))) {
        // Those behind were sent later still, and so was what was sent again.
        if (!sent.has(i, RETRANSMITTED)) break
        continue
      }
      const left = sent.sentAt(i) + this.rtt + this.reorderingWindow - now
      if (left < INSTANTLY) this.lose(sent, i, counters)
      else if (left > wait) wait = left
    }
    return wait
  }

  /** RFC 8985 §6.3: the retransmission timer ran out; the first is lost, and what was sent no later than it takes to know. */
  markOnTimeout(sent: SentSegments, now: Instant, counters: Counters): void {
    for (let i = 0; i < sent.count; i++) {
      if (sent.has(i, SACKED | LOST)) continue
      const left = sent.sentAt(i) + this.rtt + this.reorderingWindow - now
      if (i === 0 || left < INSTANTLY) this.lose(sent, i, counters)
    }
  }

  private lose(sent: SentSegments, i: number, counters: Counters): void {
    if (sent.has(i, RETRANSMITTED)) counters.TCPLostRetransmit++
    sent.markLost(i)
  }

  /** Whether that was sent before what has come. */
  private isBefore(sentAt: Instant, end: number): boolean {
    return sentAt < this.sentAt || (sentAt === this.sentAt && seqLess(end, this.end))
  }
}
