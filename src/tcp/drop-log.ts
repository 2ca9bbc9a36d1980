import { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import type { Segment } from '../wire/segment.ts'
import type { DropReason } from './drop-reason.ts'

/** How many drops are remembered. */
export const LAST_DROPS = 64

/** A segment that went no further. */
export interface DropView {
  readonly at: Instant
  readonly reason: DropReason
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Entries of the SYN queue, and of the accept queue, when it was dropped. */
  readonly halfOpen: number
  readonly acceptQueue: number
}

/** Two addresses of four words, ports, lengths of both queues. */
const WORDS = 11
const LOCAL = 4
const PORTS = 8
const HALF_OPEN = 9
const ACCEPT_QUEUE = 10

/** The last drops of one listener, in a ring: a flood of what is dropped makes no objects, and its memory is bounded. */
export class DropLog {
  private words: Int32Array | undefined
  private readonly times: Float64Array = new Float64Array(LAST_DROPS)
  private readonly reasons: DropReason[] = []
  private next = 0

  record(reason: DropReason, segment: Segment, halfOpen: number, acceptQueue: number, now: Instant): void {
    this.words ??= new Int32Array(LAST_DROPS * WORDS)
    const { words, next } = this
    const at = next * WORDS
    write(words, at, segment.source)
    write(words, at + LOCAL, segment.destination)
    words[at + PORTS] = (segment.sourcePort << 16) | segment.destinationPort
    words[at + HALF_OPEN] = halfOpen
    words[at + ACCEPT_QUEUE] = acceptQueue
    this.times[next] = now
    this.reasons[next] = reason
    this.next = next + 1 === LAST_DROPS ? 0 : next + 1
  }

  /** The oldest first, at most 64. */
  read(): DropView[] {
    const { length } = this.reasons
    const oldest = length < LAST_DROPS ? 0 : this.next
    return this.reasons.map((_, i) => this.view((oldest + i) % length))
  }

  private view(index: number): DropView {
    const words = this.words!
    const at = index * WORDS
    const ports = words[at + PORTS]!
    return {
      at: this.times[index]!,
      reason: this.reasons[index]!,
      remoteAddress: read(words, at),
      remotePort: ports >>> 16,
      localAddress: read(words, at + LOCAL),
      localPort: ports & 0xffff,
      halfOpen: words[at + HALF_OPEN]!,
      acceptQueue: words[at + ACCEPT_QUEUE]!,
    }
  }
}

function write(words: Int32Array, at: number, { a, b, c, d }: IpAddress): void {
  words[at] = a
  words[at + 1] = b
  words[at + 2] = c
  words[at + 3] = d
}

function read(words: Int32Array, at: number): string {
  const address = new IpAddress()
  address.set(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
  return address.toString()
}
