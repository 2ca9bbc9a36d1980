import { endianness } from 'node:os'

const MOST_RANGES = 3
const BIG_ENDIAN = endianness() === 'BE'

/**
 * Up to three ranges of memory, as the array of `struct iovec` that readv(2) gets. An address keeps nothing from collection:
 * the arrays are held here.
 */
export class ReadVector {
  readonly octets: Uint8Array
  count = 0
  readonly #words: Uint32Array
  readonly #addressOf: (octets: Uint8Array) => number
  readonly #isWide: boolean
  readonly #arrays: (Uint8Array | undefined)[] = [undefined, undefined, undefined]
  readonly #addresses: number[] = [0, 0, 0]

  /**
   * @param addressOf where the first octet of an array lies.
   * @param pointerSize octets of an address, 4 or 8.
   */
  constructor(addressOf: (octets: Uint8Array) => number, pointerSize: number) {
    this.#addressOf = addressOf
    this.#isWide = pointerSize === 8
    this.octets = new Uint8Array(2 * MOST_RANGES * pointerSize)
    this.#words = new Uint32Array(this.octets.buffer)
  }

  clear(): void {
    this.count = 0
  }

  /** Puts octets[start] up to octets[end] behind the ranges that are there. */
  add(octets: Uint8Array, start: number, end: number): void {
    const range = this.count++
    // Not of every array: one that is detached has another address, but nobody reads into its no octets.
    if (octets !== this.#arrays[range]) {
      this.#addresses[range] = this.#addressOf(octets)
      this.#arrays[range] = octets
    }
    this.#write(2 * range, this.#addresses[range]! + start)
    this.#write(2 * range + 1, end - start)
  }

  #write(at: number, value: number): void {
    if (!this.#isWide) {
      this.#words[at] = value
      return
    }
    const low = 2 * at + (BIG_ENDIAN ? 1 : 0)
    this.#words[low] = value
    this.#words[low ^ 1] = value / 0x1_0000_0000
  }
}
