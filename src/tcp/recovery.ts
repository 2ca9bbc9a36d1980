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

  get inRecovery(): boolean {
    return this.active
  }

  /** A duplicate ACK (RFC 5681 §2). */
  duplicateAck(connection: Connection): void {
    const { snd } = connection.tcb
    this.duplicates++
    if (this.active) {
      connection.congestion!.duplicateAck()
    } else if (this.duplicates === DUPLICATE_ACKS && seqLess(this.recover, snd.una)) {
      this.active = true
      this.recover = snd.nxt
      connection.congestion!.enterRecovery(seqDistance(snd.una, snd.nxt), connection.host.now)
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
      congestion.acknowledged(octets, flight, connection.host.now)
    } else if (seqLess(snd.una, this.recover)) {
      congestion.partialAck(octets)
      connection.retransmitDue = true
    } else {
      this.active = false
      congestion.exitRecovery(seqDistance(snd.una, snd.nxt))
    }
  }

  /** The retransmission timer ran out: everything out is taken for lost, and duplicate ACKs of it say nothing (RFC 6582 §3.2 step 4). */
  timedOut(connection: Connection): void {
    const { snd } = connection.tcb
    const flight = seqDistance(snd.una, snd.nxt)
    connection.congestion?.timedOut(flight, connection.rto.backOffs > 0)
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
