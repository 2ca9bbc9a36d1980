import type { Interface } from '../ip/interface.ts'
import type { StackEvent } from '../tcp/events.ts'
import type { Instant } from '../wire/instant.ts'
import type { Landing } from '../wire/landing.ts'
import type { Offload } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'
import type { IpInput } from './input.ts'
import type { IpOutput } from './output.ts'
import type { Stack } from './stack.ts'

/** A stack as the driver of one of its links sees it: the five verbs, of which the last three are the stack's own. */
export class StackPort {
  readonly stack: Stack
  readonly interface: Interface
  private readonly input: IpInput
  private readonly output: IpOutput

  constructor(stack: Stack, input: IpInput, output: IpOutput, of: Interface) {
    this.stack = stack
    this.interface = of
    this.input = input
    this.output = output
  }

  receive(octets: Uint8Array, start: number, end: number, now: Instant, offload?: Offload): void {
    this.input.receive(this.interface, octets, start, end, now, offload)
  }

  landing(): Landing | 'full' | undefined {
    return this.stack.landing()
  }

  advance(now: Instant): void {
    this.stack.advance(now)
  }

  transmit(into: Uint8Array, start: number, now: Instant, offload?: Offload, payload?: Payload): number {
    this.input.settle()
    return this.output.transmit(this.interface, into, start, now, offload, payload)
  }

  nextDeadline(): Instant {
    return this.stack.nextDeadline()
  }

  nextEvent(): StackEvent | undefined {
    return this.stack.nextEvent()
  }
}
