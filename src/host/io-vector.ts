import { endianness } from 'node:os'
import type { Landing } from '../wire/landing.ts'
import type { Payload } from '../wire/payload.ts'

/** Pieces at the most: a header, and a payload that wraps around the end of its ring. */
const MOST_PIECES = 3

const BIG_ENDIAN = endianness() === 'BE'

/**
 * The `struct iovec` array of a `readv` or `writev`: an address and a length for each piece.
 *
 * An address is a bare number, which keeps nothing from collection: whoever fills in the vector holds its arrays until the
 * call that reads it has returned. An array's address does not change as long as it lives.
 */
export class IoVector {
  /** In words of 32 bits, one or two for each number: those of 64 would be BigInts, objects of the heap. */
  readonly words = new Uint32Array(4 * MOST_PIECES)
  readonly #addressOf: (octets: Uint8Array) => number
  readonly #isWide: boolean
  readonly #addresses = new WeakMap<Uint8Array, number>()

  /**
   * @param addressOf where an array's first octet lies.
   * @param pointerSize octets of an address, 4 or 8.
   */
  constructor(addressOf: (octets: Uint8Array) => number, pointerSize: number) {
    this.#addressOf = addressOf
    this.#isWide = pointerSize === 8
  }

  /** octets[start] up to octets[end], and `payload`. Returns the number of pieces. */
  fill(octets: Uint8Array, start: number, end: number, payload: Payload): number {
    this.#put(0, this.#address(octets) + start, end - start)
    const { octets: ring, start: from, length } = payload
    const address = this.#address(ring)
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
    const address = this.#address(into)
    const behind = textAt + landing.length
    this.#put(0, address, textAt)
    this.#put(1, this.#address(landing.octets) + landing.start, landing.length)
    if (behind >= into.length) return 2
    this.#put(2, address + behind, into.length - behind)
    return 3
  }

  #address(octets: Uint8Array): number {
    let address = this.#addresses.get(octets)
    if (address === undefined) {
      address = this.#addressOf(octets)
      this.#addresses.set(octets, address)
    }
    return address
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
