import { Stack, type StackOptions } from '../src/stack/stack.ts'
import type { Instant } from '../src/wire/instant.ts'

const LONGEST_FRAME = 65_535

export const ADDRESSES = { a: '10.0.0.1', b: '10.0.0.2' } as const

export function makeStack(name: 'a' | 'b', options: Partial<StackOptions> = {}): Stack {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i + (name === 'a' ? 1 : 101))
  return new Stack({ addresses: [`${ADDRESSES[name]}/24`], secret, ...options })
}

/** Two stacks without a link between them: what one transmits the other receives, in the same call, from the same buffer. */
export class Pump {
  readonly a: Stack
  readonly b: Stack
  now: Instant = 0
  private readonly frame: Uint8Array = new Uint8Array(LONGEST_FRAME)

  constructor(options: Partial<StackOptions> = {}) {
    this.a = makeStack('a', options)
    this.b = makeStack('b', options)
  }

  /** Carries frames until neither has any; returns their number. */
  run(): number {
    let all = 0
    for (let frames = -1; frames !== 0; all += frames) frames = this.carry(this.a, this.b) + this.carry(this.b, this.a)
    return all
  }

  /** To the next moment at which one of them has something to do. */
  sleep(): void {
    this.now = Math.max(this.now, Math.min(this.a.nextDeadline(), this.b.nextDeadline()))
    this.a.advance(this.now)
    this.b.advance(this.now)
  }

  private carry(from: Stack, to: Stack): number {
    const { frame, now } = this
    for (let frames = 0; ; frames++) {
      const length = from.transmit(frame, 0, now)
      if (length === 0) return frames
      to.receive(frame, 0, length, now)
    }
  }
}
