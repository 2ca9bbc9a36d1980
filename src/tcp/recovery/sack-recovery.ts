import type { Instant, Milliseconds } from '../../wire/instant.ts'
import type { Segment } from '../../wire/segment.ts'
import type { Connection } from '../connection.ts'
import { seqDistance, seqLess } from '../seq.ts'
import { Delivery, echoedAt } from './delivery.ts'
import { FRto } from './f-rto.ts'
import { Prr } from './prr.ts'
import { Rack } from './rack.ts'
import { mayForward } from './resend.ts'
import { SackRoundTrip } from './sack-round-trip.ts'
import { Scoreboard } from './scoreboard.ts'
import { SACKED, SentSegments } from './sent-segments.ts'
import { Spurious } from './spurious.ts'
import { TailLossProbe } from './tlp.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY

/** What the ACK at hand says: reused for every ACK of every connection. */
const delivery: Delivery = new Delivery()

/**
 * `open`: nothing is lost, as far as is known. `reduction`: the window shrinks for a congestion mark. `recovery`: what
 * RACK has found lost is sent again, the window is PRR's. `loss`: the retransmission timer ran out.
 */
export type Phase = 'open' | 'reduction' | 'recovery' | 'loss'

type UndoCounter = 'TCPFullUndo' | 'TCPPartialUndo' | 'TCPDSACKUndo' | 'TCPLossUndo'

/**
 * Loss recovery with a peer that sends SACK blocks: RFC 6675's scoreboard, on which RACK-TLP (RFC 8985) finds what is
 * lost, PRR (RFC 9937) says how much goes out meanwhile, and F-RTO (RFC 5682), Eifel (RFC 3522, 4015) and DSACKs
 * (RFC 3708) find out that it was for nothing.
 */
export class SackRecovery {
  readonly sent: SentSegments = new SentSegments()
  readonly probe: TailLossProbe = new TailLossProbe()
  /** When the reordering window is over (RFC 8985 §6.2, step 5). */
  reorderAt: Instant = NEVER
  private readonly rack: Rack = new Rack()
  private readonly prr: Prr = new Prr()
  private readonly roundTrip: SackRoundTrip = new SackRoundTrip()
  private readonly spurious: Spurious = new Spurious()
  private readonly fRto: FRto = new FRto()
  private readonly scoreboard: Scoreboard = new Scoreboard(this.sent, this.rack, delivery)
  private phase: Phase = 'open'
  /** SND.NXT when the phase began: it ends when that is acknowledged. */
  private recover = 0

  /** For whoever asks how things stand. */
  get stage(): Phase {
    return this.phase
  }

  /** The least round-trip time lately, ms; Infinity before there was one. */
  get leastRtt(): Milliseconds {
    return this.rack.leastRtt
  }

  get inRecovery(): boolean {
    return this.phase === 'recovery'
  }

  /** New data is to go out now, be it little: as a probe, or for F-RTO. */
  get pushes(): boolean {
    return this.probe.due || this.fRto.forward > 0
  }

  get isOpen(): boolean {
    return this.phase === 'open'
  }

  /** For a connection that is established; what Fast Open has sent is out, or lost from SND.resend on. Forgets what was before. */
  start(connection: Connection): void {
    const { snd } = connection.tcb
    this.sent.begin(snd.una)
    this.rack.start(snd.una, connection.rto.srtt, connection.host.now)
    this.prr.begin(0)
    this.roundTrip.start()
    this.spurious.start()
    this.probe.forget()
    this.reorderAt = NEVER
    this.fRto.forget()
    this.phase = 'open'
    this.recover = snd.una
    if (snd.una === snd.nxt) return
    this.sent.append(snd.nxt, connection.sentAt)
    if (snd.resend !== snd.nxt) this.sent.markLost(0)
    snd.resend = snd.nxt
  }

  /** An ACK that is not older than SND.UNA was; `acked` of sequence are new to it, `octets` of them data. */
  acknowledged(connection: Connection, segment: Segment, acked: number, octets: number): void {
    const { sent, spurious, rack } = this
    const { snd } = connection.tcb
    const { counters, now } = connection.host
    const out = sent.pipe + sent.lost
    if (seqLess(this.recover, sent.start)) this.recover = sent.start
    delivery.clear(now, echoedAt(connection, segment))
    if (acked > 0) this.scoreboard.acknowledge(snd.una, this.recover, counters)
    this.scoreboard.takeBlocks(segment, this.recover, counters)
    // That of a probe tells nothing of the order.
    if (delivery.duplicate > 0 && spurious.note(delivery) && !this.probe.outstanding) rack.widen(snd.una, snd.nxt)
    if (acked > 0) this.probe.at = NEVER
    if (delivery.sacked > 0 && this.phase !== 'loss') this.roundTrip.sacked(connection, sent, delivery)
    const bare = acked === 0 && segment.sackBlocks === 0
    if (this.probe.acknowledged(segment.ack, delivery, bare) && this.phase === 'open') {
      counters.TCPLossProbeRecovery++
      connection.congestion!.reduce(out, 'loss', now)
      connection.congestion!.exitRecovery(now)
      connection.ecnIfMade?.noteReduction(snd.nxt)
    }
    rack.updateWindow(sent, this.phase === 'recovery' || this.phase === 'loss', connection.rto.srtt)
    const lost = this.detect(connection)
    this.decide(connection, acked, octets, out, lost)
  }

  /** The reordering timer, or the probe timer, ran out. */
  handleTimer(connection: Connection, now: Instant): void {
    if (this.reorderAt <= now) {
      const out = this.sent.pipe + this.sent.lost
      delivery.clear(now, Number.NaN)
      if (this.detect(connection) && this.phase !== 'loss') this.decide(connection, 0, 0, out, true)
    }
    if (this.probe.at <= now) {
      this.probe.at = NEVER
      this.probe.due = true
      connection.retransmitAt = NEVER
    }
  }

  /** The retransmission timer ran out (RFC 6298 (5.4) to (5.6), RFC 8985 §6.3, RFC 5682 §3.1 step 1). */
  timedOut(connection: Connection): void {
    const { sent, rack, probe } = this
    const { snd } = connection.tcb
    const { counters, now } = connection.host
    const out = sent.pipe + sent.lost
    const reneged = sent.count > 0 && sent.has(0, SACKED)
    if (reneged) {
      // RFC 2018 §8: who does not acknowledge what it has, has it no more.
      counters.TCPSACKReneging++
      sent.unmarkAllSacked()
      sent.loseAll()
    } else {
      rack.markOnTimeout(sent, now, counters)
    }
    const again = connection.rto.backOffs > 0
    const fresh = this.phase !== 'recovery' && !(this.phase === 'loss' && again)
    connection.congestion!.timedOut(out, !fresh, now)
    connection.ecnIfMade?.noteReduction(snd.nxt)
    if (fresh) this.spurious.begin()
    // What a recovery has yet to hear of the originals would look like an answer to them (RFC 5682 §3.1, step 1).
    this.fRto.begin(!reneged && (again || (this.phase !== 'recovery' && this.phase !== 'loss')))
    this.phase = 'loss'
    this.recover = snd.nxt
    probe.forget()
    this.reorderAt = NEVER
    connection.retransmitDue = true
  }

  /** Congestion was marked, not felt (RFC 3168 §6.1.2): the window shrinks by PRR. False while it does already. */
  congestionMarked(connection: Connection): boolean {
    if (this.phase !== 'open') return false
    const out = this.sent.pipe + this.sent.lost
    connection.congestion!.reduce(out, 'ecn', connection.host.now)
    this.spurious.forget()
    this.prr.begin(out)
    this.phase = 'reduction'
    this.recover = connection.tcb.snd.nxt
    return true
  }

  /** New sequence was sent, up to SND.NXT, in so many segments. */
  sentNew(connection: Connection, segments: number): void {
    const { nxt } = connection.tcb.snd
    this.prr.sent(seqDistance(this.sent.end, nxt))
    this.sent.append(nxt, connection.host.now, segments)
    this.fRto.sentNew()
    this.probe.at = NEVER
    if (this.probe.due) this.noteProbe(connection, false)
  }

  /** The same of `count` segments of `size` octets each, while there is nothing that they could be a probe of. */
  sentRow({ tcb, host }: Connection, size: number, count: number): void {
    this.prr.sent(count * size)
    this.sent.appendRow(tcb.snd.nxt, size, count, host.now)
    this.probe.at = NEVER
  }

  /** Entry `i` was sent again. */
  resent(connection: Connection, i: number): void {
    const { counters, now } = connection.host
    const length = this.sent.lengthOf(i)
    this.sent.resent(i, now)
    this.prr.sent(length)
    this.spurious.retransmitted(this.sent.startOf(i), now)
    counters.RetransSegs++
    if (this.probe.due) this.noteProbe(connection, true)
    else if (this.phase === 'recovery') counters.TCPFastRetrans++
    else if (this.phase === 'loss') counters.TCPSlowStartRetrans++
  }

  private noteProbe(connection: Connection, again: boolean): void {
    connection.host.counters.TCPLossProbes++
    this.probe.sent(connection.tcb.snd.nxt, again)
  }

  /** Marks what is lost by now, and sets the reordering timer. True when something is. */
  private detect(connection: Connection): boolean {
    const { counters, now } = connection.host
    const before = this.sent.lost
    const wait = this.rack.detect(this.sent, now, counters)
    this.reorderAt = wait > 0 ? now + wait : NEVER
    return this.sent.lost > before
  }

  /** What the ACK at hand, or the reordering timer, leads to: `lost` tells that something was found lost. */
  private decide(connection: Connection, acked: number, octets: number, out: number, lost: boolean): void {
    const { now } = connection.host
    const { una } = connection.tcb.snd
    const passed = !seqLess(una, this.recover)
    if (this.phase === 'open') {
      if (this.spurious.saysDuplicates()) this.undo(connection, 'TCPDSACKUndo')
    } else if (this.phase === 'loss') {
      if (this.afterTimeout(connection, acked, passed)) return
      lost ||= passed && this.sent.lost > 0
    } else if (this.spurious.saysEcho(delivery)) {
      this.undo(connection, passed ? 'TCPFullUndo' : 'TCPPartialUndo')
      return
    } else if (this.spurious.saysDuplicates()) {
      this.undo(connection, 'TCPDSACKUndo')
      return
    } else if (!passed) {
      this.reduce(connection, acked > 0 && !lost)
    } else {
      connection.congestion!.exitRecovery(now)
      this.rack.recovered()
      this.phase = 'open'
      // The window was this recovery's: it does not grow by what that has brought about.
      if (this.sent.lost === 0) return
      lost = true
    }
    if (lost && (this.phase === 'open' || this.phase === 'reduction')) this.enter(connection, out)
    else if (acked > 0 && (this.phase === 'open' || this.phase === 'loss')) {
      connection.recovery.grow(connection, octets, out, delivery.rtt)
    }
  }

  /** Something is lost: fast recovery begins (RFC 6675 §5). */
  private enter(connection: Connection, out: number): void {
    const { snd } = connection.tcb
    const { counters, now } = connection.host
    counters.TCPSackRecovery++
    if (this.phase === 'open') {
      connection.congestion!.reduce(out, 'loss', now)
      this.prr.begin(out)
      this.spurious.begin()
    }
    connection.ecnIfMade?.noteReduction(snd.nxt)
    this.phase = 'recovery'
    this.recover = snd.nxt
    this.probe.forget()
    this.reduce(connection, false)
  }

  private reduce(connection: Connection, safe: boolean): void {
    const congestion = connection.congestion!
    congestion.setWindow(
      this.prr.window(delivery.octets, this.sent.pipe, congestion.ssthresh, safe, connection.tcb.snd.mss),
    )
  }

  /** RFC 5682 §3, steps 2 and 3: true when the answers after a timeout are to what was sent before it. */
  private afterTimeout(connection: Connection, acked: number, passed: boolean): boolean {
    const { spurious, fRto } = this
    if (fRto.saysSpurious(delivery)) {
      connection.host.counters.TCPSpuriousRTOs++
      this.undo(connection, 'TCPLossUndo')
      return true
    }
    if (spurious.saysEcho(delivery) || spurious.saysDuplicates()) {
      this.undo(connection, 'TCPLossUndo')
      return true
    }
    if (passed) {
      this.rack.recovered()
      this.phase = 'open'
      fRto.forget()
    } else {
      fRto.proceed(acked, delivery, seqLess(this.recover, connection.tcb.snd.nxt), mayForward(connection, 1))
    }
    return false
  }

  /** RFC 4015 §3: back to where it was; what was taken for lost is on its way. */
  private undo(connection: Connection, counter: UndoCounter): void {
    const { counters, now } = connection.host
    this.sent.unmarkAllLost()
    if (this.phase === 'recovery' && counter !== 'TCPDSACKUndo') {
      this.rack.seeReordering(counters, 'TCPTSReorder')
      this.rack.widen(connection.tcb.snd.una, connection.tcb.snd.nxt)
    }
    connection.congestion!.undo(now)
    counters[counter]++
    this.spurious.forget()
    this.phase = 'open'
    this.fRto.forget()
  }
}
