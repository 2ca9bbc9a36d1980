import type { Segment } from '../wire/segment.ts'
import { NONE, type SynRows } from './syn-rows.ts'

/** How far a row may stand from its home; with a secret hash and a load of four fifths, nothing comes near it. */
const MOST_DISTANCE = 255

/**
 * Rows by four-tuple: open addressing in the Robin Hood manner, 5 octets a row. A slot holds a row and, in its low 8
 * bits, one more than the row's distance from its home: enough to tell most other rows without looking at them, to stop
 * early where there is none, and to delete by shifting back without hashing again.
 */
export class TupleIndex {
  private readonly rows: SynRows
  private readonly slots: Int32Array

  constructor(rows: SynRows, capacity: number) {
    this.rows = rows
    this.slots = new Int32Array(Math.ceil((capacity * 5) / 4) + 1)
  }

  find(hash: number, segment: Segment): number {
    const { slots } = this
    let at = this.home(hash)
    for (let distance = 1; ; distance++) {
      const slot = slots[at]!
      const other = slot & 0xff
      if (other < distance) return NONE
      if (other === distance && this.rows.isTuple(slot >>> 8, segment)) return slot >>> 8
      at = at + 1 === slots.length ? 0 : at + 1
    }
  }

  /** Returns NONE, or a row that found no place any more. */
  add(hash: number, row: number): number {
    const { slots } = this
    let at = this.home(hash)
    let carried = (row << 8) | 1
    for (;;) {
      const slot = slots[at]!
      if (slot === 0) {
        slots[at] = carried
        return NONE
      }
      if ((slot & 0xff) < (carried & 0xff)) {
        slots[at] = carried
        carried = slot
      }
      if ((carried & 0xff) === MOST_DISTANCE) return carried >>> 8
      carried++
      at = at + 1 === slots.length ? 0 : at + 1
    }
  }

  remove(hash: number, row: number): void {
    const { slots } = this
    let at = this.home(hash)
    for (let distance = 1; slots[at]! >>> 8 !== row || slots[at] === 0; distance++) {
      if ((slots[at]! & 0xff) < distance) return
      at = at + 1 === slots.length ? 0 : at + 1
    }
    for (;;) {
      const next = at + 1 === slots.length ? 0 : at + 1
      if ((slots[next]! & 0xff) <= 1) break
      slots[at] = slots[next]! - 1
      at = next
    }
    slots[at] = 0
  }

  private home(hash: number): number {
    return Math.floor(((hash >>> 0) / 2 ** 32) * this.slots.length)
  }
}
