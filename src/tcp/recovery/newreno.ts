import type { Connection } from '../connection.ts'
import { seqAdd, seqDistance, seqLess } from '../seq.ts'
import type { SendSequence } from '../tcb.ts'

/** Duplicate ACKs that make a segment a lost one (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

/** Loss recovery with a peer that sends no SACK blocks: what duplicate ACKs and partial ACKs say, by RFC 5681 and RFC 6582. */
export class NewReno {
  private duplicates = 0
  /** In fast recovery, up to this number. */
  private active = false
  private recover: number

  get inRecovery(): boolean {
    return this.active
  }

  /** Before `una` recovery has not been needed. */
  constructor(una: number) {
    this.recover = seqAdd(una, -1)
  }

  /** What may be in flight beyond the window: a segment for each of the first two duplicate ACKs (RFC 3042). */
  beyondWindow({ una, mss }: SendSequence): number {
    if (this.active || !seqLess(this.recover, una)) return 0
    return Math.min(this.duplicates, DUPLICATE_ACKS - 1) * mss
  }

  /** A duplicate ACK (RFC 5681 §2). */
  duplicateAck(connection: Connection): void {
    const { snd } = connection.tcb
    const congestion = connection.congestion!
    this.duplicates++
    if (this.active) {
      congestion.setWindow(congestion.cwnd + snd.mss)
    } else if (this.duplicates === DUPLICATE_ACKS && seqLess(this.recover, snd.una)) {
      const flight = seqDistance(snd.una, snd.nxt)
      this.active = true
      this.recover = snd.nxt
      // RFC 5681 §3.2 step 2: what limited transmit has let out is not counted.
      // The window that an echo has reduced is not reduced again for what the same congestion lost.
      if (connection.ecnIfMade?.isHeld !== true) {
        congestion.reduce(Math.min(flight, Math.max(congestion.cwnd, snd.mss)), 'loss', connection.host.now)
      }
      connection.ecnIfMade?.noteReduction(snd.nxt)
      congestion.setWindow(congestion.ssthresh + DUPLICATE_ACKS * snd.mss)
      connection.retransmitDue = true
      connection.host.counters.TCPRenoRecovery++
      connection.host.counters.TCPFastRetrans++
    }
  }

  /** SND.UNA has moved on by `octets`; `flight` was out before. `rtt` in ms; NaN for none. */
  progress(connection: Connection, octets: number, flight: number, rtt: number): void {
    const { snd } = connection.tcb
    const congestion = connection.congestion!
    this.duplicates = 0
    if (!this.active) {
      // Pulled along, or it would be ahead again half the circle later.
      if (seqLess(this.recover, snd.una)) this.recover = seqAdd(snd.una, -1)
      connection.recovery.grow(connection, octets, flight, rtt)
    } else if (seqLess(snd.una, this.recover)) {
      // RFC 6582 §3.2 step 3
      const deflated = Math.max(congestion.cwnd - octets, 0) + Math.min(octets, snd.mss)
      congestion.setWindow(Math.max(deflated, snd.mss))
      connection.retransmitDue = true
    } else {
      this.active = false
      congestion.exitRecovery(connection.host.now)
      const left = seqDistance(snd.una, snd.nxt)
      congestion.setWindow(Math.min(congestion.ssthresh, Math.max(left, snd.mss) + snd.mss))
    }
  }

  /** The retransmission timer ran out: everything out is taken for lost, and duplicate ACKs of it say nothing (RFC 6582 §3.2 step 4). */
  timedOut(connection: Connection): void {
    const { snd } = connection.tcb
    const flight = seqDistance(snd.una, snd.nxt)
    connection.congestion!.timedOut(flight, connection.rto.backOffs > 0, connection.host.now)
    connection.ecnIfMade?.noteReduction(snd.nxt)
    this.active = false
    this.duplicates = 0
    this.recover = snd.nxt
    connection.retransmitDue = false
    snd.resend = snd.una
  }

  /** Congestion was marked, not felt (RFC 3168 §6.1.2). False while the window shrinks already. */
  congestionMarked(connection: Connection, flight: number): boolean {
    if (this.active) return false
    connection.congestion!.reduce(flight, 'ecn', connection.host.now)
    connection.congestion!.exitRecovery(connection.host.now)
    return true
  }
}
