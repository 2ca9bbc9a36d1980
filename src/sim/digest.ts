import { readInt32 } from '../wire/octets.ts'

/**
 * A running hash of 64 bits, in two lanes of 32-bit integer arithmetic: the same on every machine. It tells runs apart
 * that differ by accident, and keeps nobody out who means harm.
 */
export class Digest {
  #a = 0x6a09e667
  #b = 0xbb67ae85 | 0
  readonly #double = new DataView(new ArrayBuffer(8))

  /** 32 bits of it. */
  get word(): number {
    return (this.#a ^ this.#b) >>> 0
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }

  integer(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x9e3779b1)
    this.#a = (a << 13) | (a >>> 19)
    const b = Math.imul(this.#b + word, 0x85ebca6b)
    this.#b = (b << 17) | (b >>> 15)
  }

  /** All 64 bits of it. */
  number(value: number): void {
    this.#double.setFloat64(0, value)
    this.integer(this.#double.getInt32(0))
    this.integer(this.#double.getInt32(4))
  }

  octets(octets: Uint8Array, start: number, end: number): void {
    let i = start
    for (; i + 4 <= end; i += 4) this.integer(readInt32(octets, i))
    for (; i < end; i++) this.integer(octets[i]!)
    this.integer(end - start)
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.integer(text.charCodeAt(i))
    this.integer(text.length)
  }
}
