import type { Drivable } from '../../src/host/driver.ts'
import type { Instant } from '../../src/wire/instant.ts'
import type { Offload } from '../../src/wire/offload.ts'

export interface FakeEvent {
  readonly number: number
}

/** A stack whose frames, events and deadline a test sets, and which writes down what is done to it. */
export class FakeStack implements Drivable {
  readonly log: string[] = []
  /** Each is a frame to be sent, by its first octet and its length. */
  readonly outgoing: { number: number; length: number }[] = []
  readonly events: FakeEvent[] = []
  deadline: Instant = Number.POSITIVE_INFINITY
  onReceive: (number: number) => void = () => {}
  onAdvance: (now: Instant) => void = () => {
    this.deadline = Number.POSITIVE_INFINITY
  }

  queue(...numbers: number[]): void {
    for (const number of numbers) this.outgoing.push({ number, length: 40 })
  }

  receive(octets: Uint8Array, start: number, _end: number, now: Instant): void {
    this.log.push(`receive ${octets[start]} at ${now}`)
    this.onReceive(octets[start]!)
  }

  advance(now: Instant): void {
    this.log.push(`advance ${now}`)
    this.onAdvance(now)
  }

  transmit(into: Uint8Array, start: number, _now: Instant, offload?: Offload): number {
    const next = this.outgoing.shift()
    if (next === undefined) return 0
    this.log.push(`transmit ${next.number}`)
    into.fill(next.number, start, start + next.length)
    if (offload !== undefined) offload.checksumPartial = false
    return next.length
  }

  nextDeadline(): Instant {
    return this.deadline
  }

  nextEvent(): FakeEvent | undefined {
    return this.events.shift()
  }
}
