import type { AckSample } from './congestion/controller.ts'
import type { Connection } from './connection.ts'
import { seqAdd, seqDistance, seqLess } from './seq.ts'

/** Duplicate ACKs that make a segment a lost one (RFC 5681 §3.2). */
const DUPLICATE_ACKS = 3

/**
 * Loss recovery: what duplicate ACKs and partial ACKs say about loss, by RFC 5681 and RFC 6582. Everything that decides
 * which data is sent again, short of the retransmission timer, is here.
 */
export class Recovery {
  private duplicates = 0
  /** In fast recovery, up to this number. */
  private active = false
  private recover = 0
  private readonly sample: AckSample = { octets: 0, flight: 0, rtt: Number.NaN, una: 0, nxt: 0, limited: false }

  get inRecovery(): boolean {
    return this.active
  }

  /** A duplicate ACK (RFC 5681 §2). */
  duplicateAck(connection: Connection): void {
    const { snd } = connection.tcb
    const congestion = connection.congestion!
    this.duplicates++
    if (this.active) {
      congestion.setWindow(congestion.cwnd + snd.mss)
    } else if (this.duplicates === DUPLICATE_ACKS && seqLess(this.recover, snd.una)) {
      this.active = true
      this.recover = snd.nxt
      // The window that an echo has reduced is not reduced again for what the same congestion lost.
      if (!connection.ecn.isHeld) congestion.reduce(seqDistance(snd.una, snd.nxt), 'loss', connection.host.now)
      connection.ecn.noteReduction(snd.nxt)
      congestion.setWindow(congestion.ssthresh + DUPLICATE_ACKS * snd.mss)
      connection.retransmitDue = true
      connection.host.counters.TCPFastRetrans++
    }
  }

  /** SND.UNA has moved on by `octets`; `flight` was out before. */
  progress(connection: Connection, octets: number, flight: number): void {
    const { snd } = connection.tcb
    const congestion = connection.congestion!
    this.duplicates = 0
    if (!this.active) {
      // Pulled along, or it would be ahead again half the circle later.
      if (seqLess(this.recover, snd.una)) this.recover = seqAdd(snd.una, -1)
      const { sample } = this
      sample.octets = octets
      sample.flight = flight
      sample.rtt = connection.rto.latest
      sample.una = snd.una
      sample.nxt = snd.nxt
      sample.limited = connection.windowUse.isLimited(snd.una, flight, congestion.cwnd, congestion.ssthresh)
      if (!connection.ecn.isHeld) congestion.acknowledged(sample, connection.host.now)
    } else if (seqLess(snd.una, this.recover)) {
      congestion.setWindow(Math.max(congestion.cwnd - octets, 0) + Math.min(octets, snd.mss))
      connection.retransmitDue = true
    } else {
      this.active = false
      congestion.exitRecovery(connection.host.now)
      // RFC 6582 §3.2 step 3: no burst when little is in flight.
      const flight = Math.max(seqDistance(snd.una, snd.nxt), snd.mss)
      congestion.setWindow(Math.min(congestion.ssthresh, flight + snd.mss))
    }
  }

  /** The retransmission timer ran out: everything out is taken for lost, and duplicate ACKs of it say nothing (RFC 6582 §3.2 step 4). */
  timedOut(connection: Connection): void {
    const { snd } = connection.tcb
    const flight = seqDistance(snd.una, snd.nxt)
    connection.congestion?.timedOut(flight, connection.rto.backOffs > 0, connection.host.now)
    connection.ecn.noteReduction(snd.nxt)
    this.active = false
    this.duplicates = 0
    this.recover = snd.nxt
    connection.retransmitDue = false
    snd.resend = snd.una
  }

  /** The number from which on recovery has not been needed yet. */
  start(iss: number): void {
    this.recover = iss
  }
}
