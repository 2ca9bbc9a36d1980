import type { Instant } from '../wire/instant.ts'
import { WindowUse } from './congestion/window-use.ts'
import type { Connection } from './connection.ts'
import { Marks } from './marks.ts'

const NEVER: Instant = Number.POSITIVE_INFINITY
const LONG_AGO: Instant = Number.NEGATIVE_INFINITY

/** The most that are kept for others. */
const MOST_SPARE = 128

/** What is out, since when, and until when an answer is waited for: what an idle connection does not have. */
export class Flight {
  probeDue = false
  retransmitDue = false
  retransmitAt: Instant = NEVER
  persistAt: Instant = NEVER
  probes = 0
  stalledSince: Instant = NEVER
  timedSeq = 0
  timedAt: Instant = NEVER
  timedOutAt: Instant = LONG_AGO
  sentAt: Instant = LONG_AGO
  readonly windowUse: WindowUse = new WindowUse()
  /** Whose it is, since when that has had nothing to send, and its neighbours, in the list of those that are warm. */
  owner: Connection | undefined
  idleSince: Instant = 0
  older: Flight | undefined
  newer: Flight | undefined

  /** Nothing is in it that a new one has not. */
  get isBlank(): boolean {
    return (
      this.sentAt === LONG_AGO &&
      this.owner === undefined &&
      this.timedOutAt === LONG_AGO &&
      this.timedAt === NEVER &&
      this.stalledSince === NEVER &&
      this.retransmitAt === NEVER &&
      this.persistAt === NEVER &&
      !this.probeDue &&
      !this.retransmitDue &&
      this.probes === 0 &&
      this.windowUse.isBlank
    )
  }

  /** No answer is waited for. */
  stop(): void {
    this.retransmitAt = NEVER
    this.persistAt = NEVER
  }

  /** Makes it as a new one. Nobody's list has it. */
  clear(): void {
    this.probeDue = false
    this.retransmitDue = false
    this.retransmitAt = NEVER
    this.persistAt = NEVER
    this.probes = 0
    this.stalledSince = NEVER
    this.timedAt = NEVER
    this.timedOutAt = LONG_AGO
    this.sentAt = LONG_AGO
    this.windowUse.clear()
  }
}

/** Blank ones: each handshake takes one, and most leave it as it was. */
const spare: Flight[] = []

/** Of a connection: its flight, made when there is something to note in it. Times as those of a connection that never sent. */
export abstract class FlightOwner extends Marks {
  flightIfMade: Flight | undefined

  get flight(): Flight {
    return this.flightIfMade ?? this.takeFlight()
  }

  private takeFlight(): Flight {
    this.flightIfMade = spare.pop() ?? new Flight()
    return this.flightIfMade
  }

  get windowUse(): WindowUse {
    return this.flight.windowUse
  }

  /** A zero-window probe is due; the first unacknowledged segment is, again. */
  get probeDue(): boolean {
    return this.flightIfMade?.probeDue === true
  }

  set probeDue(due: boolean) {
    if (due || this.flightIfMade !== undefined) this.flight.probeDue = due
  }

  get retransmitDue(): boolean {
    return this.flightIfMade?.retransmitDue === true
  }

  set retransmitDue(due: boolean) {
    if (due || this.flightIfMade !== undefined) this.flight.retransmitDue = due
  }

  /** When the retransmission timer runs out. */
  get retransmitAt(): Instant {
    return this.flightIfMade === undefined ? NEVER : this.flightIfMade.retransmitAt
  }

  set retransmitAt(at: Instant) {
    if (at !== NEVER || this.flightIfMade !== undefined) this.flight.retransmitAt = at
  }

  /** When the persist timer runs out. */
  get persistAt(): Instant {
    return this.flightIfMade === undefined ? NEVER : this.flightIfMade.persistAt
  }

  set persistAt(at: Instant) {
    if (at !== NEVER || this.flightIfMade !== undefined) this.flight.persistAt = at
  }

  /** How often the persist timer ran out in a row. */
  get probes(): number {
    return this.flightIfMade === undefined ? 0 : this.flightIfMade.probes
  }

  set probes(count: number) {
    if (count !== 0 || this.flightIfMade !== undefined) this.flight.probes = count
  }

  /** Since when nothing new was acknowledged: for R2. In the SYN states, when the first SYN went out. */
  get stalledSince(): Instant {
    return this.flightIfMade === undefined ? NEVER : this.flightIfMade.stalledSince
  }

  set stalledSince(at: Instant) {
    if (at !== NEVER || this.flightIfMade !== undefined) this.flight.stalledSince = at
  }

  /** The end of the segment that is being timed for the RTO, and when it was sent; NEVER when none is. */
  get timedSeq(): number {
    return this.flightIfMade === undefined ? 0 : this.flightIfMade.timedSeq
  }

  set timedSeq(seq: number) {
    this.flight.timedSeq = seq
  }

  get timedAt(): Instant {
    return this.flightIfMade === undefined ? NEVER : this.flightIfMade.timedAt
  }

  set timedAt(at: Instant) {
    if (at !== NEVER || this.flightIfMade !== undefined) this.flight.timedAt = at
  }

  /** When the retransmission timer last ran out. */
  get timedOutAt(): Instant {
    return this.flightIfMade === undefined ? LONG_AGO : this.flightIfMade.timedOutAt
  }

  set timedOutAt(at: Instant) {
    this.flight.timedOutAt = at
  }

  /** When data was last sent, for the restart after idle. */
  get sentAt(): Instant {
    return this.flightIfMade === undefined ? LONG_AGO : this.flightIfMade.sentAt
  }

  set sentAt(at: Instant) {
    this.flight.sentAt = at
  }

  /** Nothing is out. A flight that says no more than that goes to the next connection. */
  landed(): void {
    const { flightIfMade: flight } = this
    if (flight === undefined || !flight.isBlank) return
    this.flightIfMade = undefined
    if (spare.length < MOST_SPARE) spare.push(flight)
  }

  /** Nothing will be sent any more: its flight goes to another connection, too. */
  grounded(): void {
    const { flightIfMade: flight } = this
    if (flight === undefined) return
    flight.clear()
    this.landed()
  }
}
