import type { IpAddress } from '../wire/address.ts'

/** In place of a row. */
export const NO_ROW = -1

/** Rows of a table that are found by their four-tuples; numbered from 0, below 2^24 - 1. */
export interface TupleRows {
  hashOf(row: number): number
  isTuple(row: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): boolean
}

/**
 * Rows by four-tuple: open addressing with linear probing, at most half full. A slot holds one more than the row and, in
 * its low 8 bits, bits of the hash, so that other rows are hardly ever looked at. Deleting shifts back what probed past.
 */
export class RowIndex {
  private readonly rows: TupleRows
  private slots: Int32Array = new Int32Array(1)

  constructor(rows: TupleRows) {
    this.rows = rows
  }

  get octets(): number {
    return this.slots.byteLength
  }

  find(hash: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): number {
    const { slots } = this
    const mask = slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at]!
      if (slot === 0) return NO_ROW
      const row = rowOf(slot)
      if ((slot & 0xff) === hash >>> 24 && this.rows.isTuple(row, local, localPort, remote, remotePort)) return row
    }
  }

  /** The caller knows that there is room, and no row of this tuple. */
  add(hash: number, row: number): void {
    const { slots } = this
    const mask = slots.length - 1
    let at = hash & mask
    while (slots[at] !== 0) at = (at + 1) & mask
    slots[at] = ((row + 1) << 8) | (hash >>> 24)
  }

  /** The caller knows that it is there. */
  remove(hash: number, row: number): void {
    const { slots } = this
    const mask = slots.length - 1
    let at = hash & mask
    while (rowOf(slots[at]!) !== row) at = (at + 1) & mask
    for (let next = (at + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.rows.hashOf(rowOf(slots[next]!)) & mask
      // `next` may move back to `at` unless its home lies between them.
      if (((next - home) & mask) < ((next - at) & mask)) continue
      slots[at] = slots[next]!
      at = next
    }
    slots[at] = 0
  }

  /** Room for so many rows, those that there are included. */
  resize(capacity: number): void {
    const old = this.slots
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 1)))
    for (const slot of old) if (slot !== 0) this.add(this.rows.hashOf(rowOf(slot)), rowOf(slot))
  }
}

function rowOf(slot: number): number {
  return (slot >>> 8) - 1
}
