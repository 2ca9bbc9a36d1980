/** A prime, so that the octets of two segments or buffers are never the same. */
const LENGTH = 1_048_573

/** The longest piece that `from` gives, octets. */
const PIECE = 262_144

/** The stream that the programs send and expect: this block, repeated. Octet i is the top octet of the i-th state of xorshift32. */
export class Block {
  /** The block, and as much of it again as a piece may reach beyond its end. */
  readonly #octets = Buffer.alloc(LENGTH + PIECE)

  constructor() {
    let x = 2_463_534_242
    for (let i = 0; i < LENGTH; i++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      this.#octets[i] = x >>> 24
    }
    this.#octets.copyWithin(LENGTH, 0, PIECE)
  }

  /** Octets of the stream from position `at` on, up to `most`: a view. */
  from(at: number, most: number): Buffer {
    const start = at % LENGTH
    return this.#octets.subarray(start, start + Math.min(most, PIECE))
  }

  /** Whether `chunk` is what the stream has from position `at` on. */
  matches(chunk: Buffer, at: number): boolean {
    for (let done = 0; done < chunk.length; ) {
      const start = (at + done) % LENGTH
      const length = Math.min(chunk.length - done, this.#octets.length - start)
      if (chunk.compare(this.#octets, start, start + length, done, done + length) !== 0) return false
      done += length
    }
    return true
  }
}
