/**
 * Seeded pseudo-random numbers: sfc32 (Chris Doty-Humphrey, PractRand), whose state is mixed out of the seed by
 * splitmix32. 32-bit integer arithmetic only, so one seed gives one sequence on every machine. Not for secrets.
 */
export class Chance {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any whole number; its lower 53 bits count. */
  constructor(seed: number) {
    const mix = splitmix32(seed | 0)
    this.#a = mix()
    this.#b = mix() ^ Math.floor(seed / 2 ** 32)
    this.#c = mix()
    for (let i = 0; i < 12; i++) this.#word()
  }

  /** 0 up to, and without, 1. */
  next(): number {
    return (this.#word() >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to n - 1. `n`: 1 to 2^32. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** True with probability `p`: never for 0, always for 1. It takes one number whatever `p` is. */
  chance(p: number): boolean {
    return this.next() < p
  }

  bytes(n: number): Uint8Array {
    const octets = new Uint8Array(n)
    for (let i = 0; i < n; i++) octets[i] = this.#word()
    return octets
  }

  /** A sequence of its own: what is drawn from one does not move the other. */
  fork(): Chance {
    return new Chance(this.#word() * 2 ** 21 + (this.#word() >>> 11))
  }

  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }
}

function splitmix32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let word = state ^ (state >>> 16)
    word = Math.imul(word, 0x21f0aaad)
    word ^= word >>> 15
    word = Math.imul(word, 0x735a2d97)
    return word ^ (word >>> 15)
  }
}
