import type { IpAddress } from '../../src/wire/address.ts'
import type { Segment } from '../../src/wire/segment.ts'
import { ACK, FIN, RST, SYN } from './rfc9293-terms.ts'
import { after, distance } from './sequence.ts'

/** The initial sequence number of the peers, such that the first text wraps, and the one they have after a restart. */
export const ISN = 0xffff_fffd
export const OTHER_ISN: number = after(ISN, 1_000_000)

/** The most text that a peer sends. */
const MOST_TEXT = 10
export const TEXT_LENGTH = 5

/** Two initial sequence numbers that a peer knows to belong together. */
export interface Pair {
  /** The peer's, and the stack's. */
  readonly isn: number
  readonly iss: number
}

/** The numbers of a SYN,ACK, or of a SYN, of the stack's. */
export interface Offer extends Pair {
  /** When it first went out, and under which key. */
  readonly at: number
  readonly period: number
  /** Its TSval. */
  readonly tsVal: number
  /** Whether its number is a cookie, as far as one can tell. */
  readonly isCookie: boolean
  /** A connection came of it. */
  completed: boolean
}

/** What the stack has sent and the peer has not heard. Only what it would learn from is kept. */
export interface InFlight {
  readonly flags: number
  readonly seq: number
  readonly ack: number
  readonly length: number
}

/**
 * The least of a peer: what it needs to know to send what it may send. When it sends is not its affair but the
 * explorer's, and so it answers nothing of itself.
 */
export class Peer {
  /** As in a trace: '' or a letter. */
  readonly name: string
  readonly address: IpAddress
  readonly port: number
  /** Stands for the /24, or /48, that its address is in. */
  readonly prefix: string
  /** It has timestamps. */
  readonly stamped: boolean
  /** The initial numbers of the SYNs that it has sent. */
  readonly synsSent: Set<number> = new Set()
  /** What it was sent, whether that arrived or not. */
  readonly offers: Offer[] = []
  /** From the stack to the peer, the oldest first. */
  readonly inFlight: InFlight[] = []
  /** The stack's number in a SYN that reached the peer. */
  offered: number | undefined
  /** The pair of its present connection. */
  pair: Pair | undefined
  /** All pairs that it ever had. */
  readonly agreed: Pair[] = []
  /** Octets of text sent, whether a FIN was, and how much of both it knows to be acknowledged. */
  sent = 0
  finSent = false
  acknowledged = 0
  /** The next octet of the stack's stream, counted from its SYN: 1 is the first. */
  received = 1

  constructor(name: string, address: IpAddress, prefix: string, port: number, stamped = false) {
    this.name = name
    this.address = address
    this.port = port
    this.prefix = prefix
    this.stamped = stamped
  }

  /** The stack sends this segment, which has a cookie for its number or not. What tells the peer nothing new is not kept. */
  transmit(segment: Segment, now: number, period: number, isCookie: boolean): void {
    const { flags, seq, ack, length } = segment
    if ((flags & SYN) !== 0 && !this.offers.some(({ iss }) => iss === seq)) {
      const { tsVal } = segment
      this.offers.push({ isn: after(ack, -1), iss: seq, at: now, period, tsVal, isCookie, completed: false })
    }
    if ((flags & RST) !== 0) return
    const same = this.inFlight.some((other) => other.seq === seq && other.ack === ack && other.length === length)
    if (same || (segment.len === 0 && this.isKnown(ack))) return
    this.inFlight.push({ flags: flags & (SYN | ACK | FIN), seq, ack, length })
  }

  /** The TSval to echo with this acknowledgment number: that of the SYN,ACK which offered it. */
  echo(ack: number): number {
    return this.offers.find(({ iss }) => (ack - iss - 1) >>> 0 <= 0xffff)?.tsVal ?? 0
  }

  private isKnown(ack: number): boolean {
    if (this.pair === undefined) return true
    const known = this.inFlight.map((segment) => distance(this.first, segment.ack))
    return distance(this.first, ack) <= Math.max(this.acknowledged, ...known)
  }

  /** The number of its first octet of text. */
  private get first(): number {
    return after(this.pair!.isn, 1)
  }

  /** The network loses the oldest segment in flight. */
  lose(): void {
    this.inFlight.shift()
  }

  /** The network delivers everything in flight, or only as much as makes a connection of it. */
  hear(what: 'all' | 'handshake'): void {
    while (this.inFlight.length > 0 && (what === 'all' || this.pair === undefined)) this.hearOne(this.inFlight.shift()!)
  }

  private hearOne({ flags, seq, ack, length }: InFlight): void {
    if ((flags & SYN) !== 0) {
      this.offered = seq
      if ((flags & ACK) !== 0 && this.synsSent.has(after(ack, -1))) this.agree({ isn: after(ack, -1), iss: seq })
      return
    }
    if (this.pair === undefined) return
    if (after(this.pair.iss, this.received) === seq) this.received += length + ((flags & FIN) !== 0 ? 1 : 0)
    const acknowledged = distance(this.first, ack)
    if (acknowledged <= this.sequenceSent) this.acknowledged = Math.max(this.acknowledged, acknowledged)
  }

  private get sequenceSent(): number {
    return this.sent + (this.finSent ? 1 : 0)
  }

  /** Whether the peer has, or could have at once, a connection. */
  get canHaveConnection(): boolean {
    const isReply = ({ flags, ack }: InFlight): boolean =>
      (flags & SYN) !== 0 && (flags & ACK) !== 0 && this.synsSent.has(after(ack, -1))
    return this.pair !== undefined || this.inFlight.some(isReply)
  }

  /** Whether the peer knows the stack's initial number, or could at once. */
  get canKnowOffer(): boolean {
    return this.offered !== undefined || this.inFlight.some(({ flags }) => (flags & SYN) !== 0)
  }

  agree(pair: Pair): void {
    if (this.pair?.isn === pair.isn && this.pair.iss === pair.iss) return
    this.pair = pair
    this.sent = 0
    this.finSent = false
    this.acknowledged = 0
    this.received = 1
    if (!this.hasAgreed(pair)) this.agreed.push(pair)
  }

  hasAgreed(pair: Pair): boolean {
    return this.agreed.some(({ isn, iss }) => isn === pair.isn && iss === pair.iss)
  }

  /** SND.NXT of the peer, and its RCV.NXT. */
  get next(): number {
    return after(this.first, this.sequenceSent)
  }

  get ack(): number {
    return after(this.pair!.iss, this.received)
  }

  get canSendText(): boolean {
    return !this.finSent && this.sent < MOST_TEXT
  }

  /** Text and FIN that the peer does not know to have arrived, as one segment. */
  get unacknowledged(): { seq: number; length: number; fin: boolean } | undefined {
    if (this.pair === undefined || this.acknowledged >= this.sequenceSent) return undefined
    return {
      seq: after(this.first, this.acknowledged),
      length: this.sent - this.acknowledged,
      fin: this.finSent,
    }
  }

  /** The number of the FIN. */
  get finSeq(): number {
    return after(this.first, this.sent)
  }
}
