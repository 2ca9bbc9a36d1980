import { copyOctets, EMPTY } from '../wire/octets.ts'
import { capacityFor, giveBackRing, takeRing } from './ring-pool.ts'

/**
 * Octets of a stream, kept in a ring under their position in it. Positions count from the stream's first octet and
 * never wrap (2^53 octets are enough). The ring holds positions from `base` on, and doubles its capacity as needed;
 * whoever owns it bounds what it writes, and says when nothing is held any more: then the memory is given back. The next
 * is as large as what was held needed, but not less than half as large as the last: who sends in bursts does not grow
 * anew with each.
 */
export class Ring {
  octets: Uint8Array = EMPTY
  /** The first position that is held. */
  base = 0
  /** Where that lies in `octets`. */
  private head = 0
  /** The most octets that were held at once since the ring was last empty; before, what to begin with. */
  private most = 0

  /** Where position `position` lies in `octets`. */
  placeOf(position: number): number {
    return (this.head + (position - this.base)) & (this.octets.length - 1)
  }

  /** Copies in `length` octets at `position`, which is not before `base`. */
  write(position: number, from: Uint8Array, start: number, length: number): void {
    if (length === 0) return
    const held = position + length - this.base
    if (held > this.octets.length) this.reserve(held)
    if (held > this.most) this.most = held
    const at = this.placeOf(position)
    const first = Math.min(length, this.octets.length - at)
    copyOctets(from, start, first, this.octets, at)
    if (first < length) copyOctets(from, start + first, length - first, this.octets, 0)
  }

  /** Copies out `length` octets from `position` on. */
  copy(position: number, length: number, into: Uint8Array, at: number): void {
    if (length === 0) return
    const from = this.placeOf(position)
    const first = Math.min(length, this.octets.length - from)
    copyOctets(this.octets, from, first, into, at)
    if (first < length) copyOctets(this.octets, 0, length - first, into, at + first)
  }

  /** The first `length` octets are not needed any more. */
  drop(length: number): void {
    this.head = (this.head + length) & (this.octets.length - 1)
    this.base += length
  }

  /** Nothing is held, and the next position is `position`: the memory goes to whoever needs it. */
  empty(position: number): void {
    this.base = position
    if (this.octets === EMPTY) return
    this.most = Math.max(Math.min(this.most, this.octets.length), this.octets.length / 2)
    this.head = 0
    giveBackRing(this.octets)
    this.octets = EMPTY
  }

  private reserve(size: number): void {
    const old = this.octets
    if (old === EMPTY) {
      this.octets = takeRing(capacityFor(Math.max(size, this.most)))
      this.most = 0
      return
    }
    const grown = takeRing(capacityFor(size))
    const { head } = this
    copyOctets(old, head, old.length - head, grown, 0)
    copyOctets(old, 0, head, grown, old.length - head)
    this.head = 0
    giveBackRing(old)
    this.octets = grown
  }
}
