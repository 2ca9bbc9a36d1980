import { halfSipHash, type SipKey } from '../tcp/siphash.ts'
import type { IpAddress } from '../wire/address.ts'

const COUNTERS = 64

/**
 * Identifications of packets that are sent in fragments: RFC 7739 §5.3, a counter for each group of destinations, from a
 * place that nobody can foretell, so that a stranger neither guesses one nor learns how much is sent to others.
 */
export class Identifications {
  private readonly key: SipKey
  private readonly counters: Uint32Array = new Uint32Array(COUNTERS)
  private readonly words: Int32Array = new Int32Array(8)

  constructor(key: SipKey) {
    this.key = key
  }

  /** 32 bits; IPv4 takes the lower 16. */
  next(source: IpAddress, destination: IpAddress): number {
    const { words } = this
    words[0] = source.a
    words[1] = source.b
    words[2] = source.c
    words[3] = source.d
    words[4] = destination.a
    words[5] = destination.b
    words[6] = destination.c
    words[7] = destination.d
    const hash = halfSipHash(this.key, words, 8) >>> 0
    const counter = hash % COUNTERS
    this.counters[counter]!++
    return (hash + this.counters[counter]!) >>> 0
  }
}
