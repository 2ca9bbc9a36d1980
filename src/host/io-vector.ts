import { endianness } from 'node:os'
import type { Landing } from '../wire/landing.ts'
import type { Payload } from '../wire/payload.ts'

/** Pieces at the most: a header, and a payload that wraps around the end of its ring. */
const MOST_PIECES = 3

const BIG_ENDIAN = endianness() === 'BE'

/**
 * Where arrays lie in memory. An address is a bare number, which keeps nothing from collection: whoever asks for it holds
 * the array until the call that reads there has returned. It does not change as long as the array lives.
 */
export class Addresses {
  readonly #addressOf: (octets: Uint8Array) => number
  readonly #known = new WeakMap<Uint8Array, number>()

  /** @param addressOf where an array's first octet lies. */
  constructor(addressOf: (octets: Uint8Array) => number) {
    this.#addressOf = addressOf
  }

  of(octets: Uint8Array): number {
    let address = this.#known.get(octets)
    if (address === undefined) {
      address = this.#addressOf(octets)
      this.#known.set(octets, address)
    }
    return address
  }
}

/** The `struct iovec` array of a `readv` or `writev`: an address and a length for each piece. See {@link Addresses} for how long it is good. */
export class IoVector {
  /** In words of 32 bits, one or two for each number: those of 64 would be BigInts, objects of the heap. */
  readonly words = new Uint32Array(4 * MOST_PIECES)
  readonly #addresses: Addresses
  readonly #isWide: boolean

  /** @param pointerSize octets of an address, 4 or 8. */
  constructor(addresses: Addresses, pointerSize: number) {
    this.#addresses = addresses
    this.#isWide = pointerSize === 8
  }

  /** octets[start] up to octets[end], and `payload`. Returns the number of pieces. */
  fill(octets: Uint8Array, start: number, end: number, payload: Payload): number {
    this.#put(0, this.#addresses.of(octets) + start, end - start)
    const { octets: ring, start: from, length } = payload
    const address = this.#addresses.of(ring)
    const head = Math.min(length, ring.length - from)
    this.#put(1, address + from, head)
    if (head === length) return 2
    this.#put(2, address, length - head)
    return 3
  }

  /**
   * into[0] up to into[textAt], the place that `landing` names, and what is left of `into` behind as many octets as that.
   * Returns the number of pieces.
   */
  scatter(into: Uint8Array, textAt: number, landing: Landing): number {
    const address = this.#addresses.of(into)
    const behind = textAt + landing.length
    this.#put(0, address, textAt)
    this.#put(1, this.#addresses.of(landing.octets) + landing.start, landing.length)
    if (behind >= into.length) return 2
    this.#put(2, address + behind, into.length - behind)
    return 3
  }

  #put(piece: number, address: number, length: number): void {
    this.#write(2 * piece, address)
    this.#write(2 * piece + 1, length)
  }

  #write(at: number, value: number): void {
    if (!this.#isWide) {
      this.words[at] = value
      return
    }
    const low = 2 * at + (BIG_ENDIAN ? 1 : 0)
    this.words[low] = value % 0x1_0000_0000
    this.words[low ^ 1] = value / 0x1_0000_0000
  }
}
