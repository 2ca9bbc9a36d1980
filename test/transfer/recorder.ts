import { createHash, type Hash } from 'node:crypto'
import type { Direction } from '../../src/link/tap.ts'
import type { Instant } from '../../src/wire/instant.ts'
import { printPacket } from '../../src/wire/print.ts'

/** How many frames a trace goes back. */
const LAST = 60

interface Kept {
  at: Instant
  end: string
  direction: Direction
  swallowed: boolean
  octets: Uint8Array
}

/**
 * Every frame that two stacks sent or got: a digest of all of them, instants included, and the last ones as text. Two
 * runs with the same digest put the same octets on the wire at the same moments.
 */
export class Recorder {
  frames = 0
  private readonly hash: Hash = createHash('sha256')
  private readonly header = new Float64Array(2)
  private readonly headerOctets = new Uint8Array(this.header.buffer)
  private readonly last: Kept[] = []

  frame(
    end: string,
    direction: Direction,
    octets: Uint8Array,
    from: number,
    to: number,
    swallowed: boolean,
    at: Instant,
  ): void {
    const kept: Kept = { at, end, direction, swallowed, octets: octets.slice(from, to) }
    this.header[0] = at
    this.header[1] = (end === 'a' ? 0 : 1) + (direction === 'inward' ? 2 : 0)
    this.hash.update(this.headerOctets).update(kept.octets)
    this.last[this.frames++ % LAST] = kept
  }

  digest(): string {
    return this.hash.copy().digest('hex')
  }

  /** The last frames, one a line. */
  trace(): string {
    const first = Math.max(0, this.frames - LAST)
    return Array.from({ length: this.frames - first }, (_, i) => line(this.last[(first + i) % LAST]!)).join('\n')
  }
}

function line({ at, end, direction, swallowed, octets }: Kept): string {
  const what = direction === 'outward' ? (swallowed ? 'loses' : 'sends') : 'gets '
  return `${(at / 1000).toFixed(4).padStart(10)}  ${end} ${what} ${printPacket(octets, 0, octets.length)}`
}
