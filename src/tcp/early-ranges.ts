/**
 * What came too early: ranges of a stream, disjoint, not touching, in order. Found by binary search; those in front, which
 * go first, leave their places empty until half of all are. Memory: 16 octets for each range, twice that at the worst.
 */
export class EarlyRanges {
  /** from, to, from, to, ... */
  private readonly edges: number[] = []
  /** Where in `edges` the first range is. */
  private head = 0

  get count(): number {
    return (this.edges.length - this.head) / 2
  }

  /** Where range `i` begins, and where it ends. */
  from(i: number): number {
    return this.edges[this.head + 2 * i]!
  }

  to(i: number): number {
    return this.edges[this.head + 2 * i + 1]!
  }

  /** The first range that ends at or behind `position`; `count` when none does. */
  find(position: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.to(middle) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Adds `from` up to `to`, and joins what it touches. False when that would make more than `most` ranges: nothing is added. */
  add(from: number, to: number, most: number): boolean {
    const first = this.find(from)
    const { count } = this
    let last = first
    while (last < count && this.from(last) <= to) last++
    if (last === first) {
      if (count >= most) return false
      this.edges.splice(this.head + 2 * first, 0, from, to)
      return true
    }
    const low = Math.min(from, this.from(first))
    const high = Math.max(to, this.to(last - 1))
    const at = this.head + 2 * first
    if (last > first + 1) this.edges.splice(at + 2, 2 * (last - first - 1))
    this.edges[at] = low
    this.edges[at + 1] = high
    return true
  }

  /** All before `end` has come: takes out what lies before it, or touches it. Returns up to where all is there. */
  advance(end: number): number {
    const { count } = this
    let reached = end
    let used = 0
    while (used < count && this.from(used) <= reached) reached = Math.max(reached, this.to(used++))
    this.head += 2 * used
    if (2 * this.head >= this.edges.length) {
      this.edges.splice(0, this.head)
      this.head = 0
    }
    return reached
  }

  clear(): void {
    this.edges.length = 0
    this.head = 0
  }
}
