import { copyOctets, EMPTY } from '../wire/octets.ts'

const FIRST_CAPACITY = 4096

/**
 * Octets of a stream, kept in a ring under their position in it. Positions count from the stream's first octet and
 * never wrap (2^53 octets are enough). The ring holds positions `base` up to `base + capacity`, and doubles its
 * capacity as needed; whoever owns it bounds what it writes.
 */
export class Ring {
  octets: Uint8Array = EMPTY
  /** The first position that is held. */
  base = 0

  /** Where position `position` lies in `octets`. */
  indexOf(position: number): number {
    return this.octets.length === 0 ? 0 : position % this.octets.length
  }

  /** Copies in `length` octets at `position`, which is not before `base`. */
  write(position: number, from: Uint8Array, start: number, length: number): void {
    if (length === 0) return
    this.reserve(position + length - this.base)
    const at = this.indexOf(position)
    const first = Math.min(length, this.octets.length - at)
    copyOctets(from, start, first, this.octets, at)
    if (first < length) copyOctets(from, start + first, length - first, this.octets, 0)
  }

  /** Copies out `length` octets from `position` on. */
  read(position: number, length: number, into: Uint8Array, at: number): void {
    const from = this.indexOf(position)
    const first = Math.min(length, this.octets.length - from)
    copyOctets(this.octets, from, first, into, at)
    if (first < length) copyOctets(this.octets, 0, length - first, into, at + first)
  }

  /** Forgets everything, the memory too. */
  release(): void {
    this.octets = EMPTY
  }

  private reserve(size: number): void {
    const old = this.octets
    if (size <= old.length) return
    let capacity = Math.max(old.length, FIRST_CAPACITY)
    while (capacity < size) capacity *= 2
    const grown = new Uint8Array(capacity)
    if (old.length > 0) {
      // Every octet moves to its place under the new modulus.
      const from = this.base % old.length
      const to = this.base % capacity
      copyWrapped(old, from, old.length - from, grown, to)
      copyWrapped(old, 0, from, grown, (to + old.length - from) % capacity)
    }
    this.octets = grown
  }
}

function copyWrapped(from: Uint8Array, start: number, length: number, into: Uint8Array, at: number): void {
  const first = Math.min(length, into.length - at)
  copyOctets(from, start, first, into, at)
  copyOctets(from, start + first, length - first, into, 0)
}
