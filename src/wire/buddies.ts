/** 2^order blocks, given out in pieces of a power of two: halves of one piece, buddies, are made one again when both are free. */
export class Buddies {
  private readonly order: number
  /** Of each block that begins a piece: log2 of its blocks, and whether it is free. */
  private readonly orders: Uint8Array
  private readonly isFree: Uint8Array
  /** No piece of this order, or a higher one, is free. */
  private exhausted: number

  constructor(order: number) {
    this.order = order
    this.orders = new Uint8Array(1 << order)
    this.isFree = new Uint8Array(1 << order)
    this.orders[0] = order
    this.isFree[0] = 1
    this.exhausted = order + 1
  }

  /** The first block of a piece of 2^order; -1 if there is none. */
  take(order: number): number {
    if (order >= this.exhausted) return -1
    const { orders, isFree } = this
    const found = this.find(order)
    if (found < 0) {
      this.exhausted = order
      return -1
    }
    while (orders[found]! > order) {
      const half = --orders[found]!
      orders[found + (1 << half)] = half
      isFree[found + (1 << half)] = 1
    }
    isFree[found] = 0
    return found
  }

  /** The piece that begins with this block is not used any more. */
  giveBack(block: number): void {
    const { orders, isFree } = this
    let at = block
    for (let order = orders[at]!; order < this.order; order++) {
      const buddy = at ^ (1 << order)
      if (isFree[buddy] === 0 || orders[buddy] !== order) break
      isFree[buddy] = 0
      at = Math.min(at, buddy)
      orders[at] = order + 1
    }
    isFree[at] = 1
    this.exhausted = Math.max(this.exhausted, orders[at]! + 1)
  }

  /** The smallest free piece that is not smaller than 2^order. */
  private find(order: number): number {
    const { orders, isFree } = this
    let found = -1
    for (let at = 0; at < orders.length; at += 1 << orders[at]!) {
      if (isFree[at] === 0 || orders[at]! < order) continue
      if (found < 0 || orders[at]! < orders[found]!) found = at
    }
    return found
  }
}
