/** A queue in a ring that doubles as needed and allocates nothing otherwise. Bounded by those who push. */
export class Fifo<T> {
  private slots: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined)
  private head = 0
  private count = 0

  get length(): number {
    return this.count
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow()
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = item
    this.count++
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined
    const item = this.slots[this.head]
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.count--
    return item
  }

  peek(): T | undefined {
    return this.slots[this.head]
  }

  /** Lets go of all but these; the others stay in their order. */
  retain(keep: (item: T) => boolean): void {
    for (let left = this.count; left > 0; left--) {
      const item = this.shift()!
      if (keep(item)) this.push(item)
    }
  }

  private grow(): void {
    const { slots, head, count } = this
    this.slots = new Array<T | undefined>(2 * count).fill(undefined)
    for (let i = 0; i < count; i++) this.slots[i] = slots[(head + i) & (count - 1)]
    this.head = 0
  }
}
