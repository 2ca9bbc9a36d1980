import { halfSipHash, type SipKey } from './siphash.ts'

/** The most source prefixes told apart; the rows of further ones count as those of one prefix together. */
export const MOST_PREFIXES = 32_768

/** In place of a prefix or a group. */
const NONE = 0
/** The prefix that stands for all those for which there was no room. */
export const OTHERS = 1

const words = new Int32Array(2)

/**
 * How many rows each source prefix holds, and which prefix holds most: prefixes of one count form a group, groups are
 * linked in the order of their counts, and a count changes by one. So every call is O(1). Bounded by MOST_PREFIXES.
 */
export class PrefixTable {
  /** A row of each prefix, for whoever keeps the rows. */
  readonly member: Int32Array
  private readonly key: SipKey
  private readonly first: Int32Array
  private readonly second: Int32Array
  /** The prefix's group, and its neighbours in it; of a free prefix, `next` is the next free one. */
  private readonly group: Uint16Array
  private readonly next: Uint16Array
  private readonly previous: Uint16Array
  /** Open addressing, at most three quarters full. */
  private readonly index: Uint16Array
  private free = OTHERS + 1
  private used = 0

  /** Groups: their count, a prefix of theirs, and the groups of the next larger and the next smaller count. */
  private readonly counts: Int32Array
  private readonly members: Uint16Array
  private readonly up: Uint16Array
  private readonly down: Uint16Array
  private freeGroup = 1
  private top = NONE
  private bottom = NONE

  /** For at most `rows` rows altogether; prefixes of one word for IPv4, of two for IPv6. */
  constructor(rows: number, family: 4 | 6, key: SipKey) {
    const capacity = Math.min(rows, MOST_PREFIXES)
    this.key = key
    this.member = new Int32Array(capacity + 2)
    this.first = new Int32Array(capacity + 2)
    this.second = new Int32Array(family === 4 ? 0 : capacity + 2)
    this.group = new Uint16Array(capacity + 2)
    this.next = new Uint16Array(capacity + 2)
    this.previous = new Uint16Array(capacity + 2)
    this.index = new Uint16Array(Math.ceil((capacity * 4) / 3) + 2)
    // Counts that differ add up to the rows at the least, so there are few of them.
    const groups = Math.min(capacity + 1, Math.ceil(Math.sqrt(2 * rows)) + 2)
    this.counts = new Int32Array(groups + 2)
    this.members = new Uint16Array(groups + 2)
    this.up = new Uint16Array(groups + 2)
    this.down = new Uint16Array(groups + 2)
    for (let i = this.free; i <= capacity + 1; i++) this.next[i] = i + 1
    for (let i = this.freeGroup; i < groups + 1; i++) this.up[i] = i + 1
  }

  /** Prefixes that hold rows. */
  get active(): number {
    return this.used
  }

  /** The prefix of these words, or 0. */
  find(first: number, second: number): number {
    return this.findFrom(this.home(first, second), first, second)
  }

  private findFrom(home: number, first: number, second: number): number {
    for (let at = home; ; at = at + 1 === this.index.length ? 0 : at + 1) {
      const prefix = this.index[at]!
      if (prefix === NONE) return NONE
      if (this.first[prefix] === first && (this.second.length === 0 || this.second[prefix] === second)) return prefix
    }
  }

  /** Rows that a prefix holds. */
  count(prefix: number): number {
    const group = this.group[prefix]!
    return group === NONE ? 0 : this.counts[group]!
  }

  /** The prefix that holds most rows, or one of them; 0 if there are none. */
  get heaviest(): number {
    return this.members[this.top]!
  }

  get heaviestCount(): number {
    return this.counts[this.top]!
  }

  /** One row more for these words: their prefix, or OTHERS when the table is full. */
  increment(first: number, second: number): number {
    const home = this.home(first, second)
    let prefix = this.findFrom(home, first, second)
    if (prefix === NONE) prefix = this.add(home, first, second)
    const group = this.group[prefix]!
    if (group === NONE) this.used++
    const count = group === NONE ? 1 : this.counts[group]! + 1
    const above = group === NONE ? this.bottom : this.up[group]!
    if (above !== NONE && this.counts[above] === count) {
      this.leave(prefix, group)
      this.join(prefix, above)
    } else if (group !== NONE && this.isAlone(prefix)) {
      this.counts[group] = count
    } else {
      const fresh = this.newGroup(count, group, above)
      this.leave(prefix, group)
      this.join(prefix, fresh)
    }
    return prefix
  }

  /** One row less. A prefix without rows is forgotten. */
  decrement(prefix: number): void {
    const group = this.group[prefix]!
    const count = this.counts[group]! - 1
    const below = this.down[group]!
    if (count === 0) {
      this.leave(prefix, group)
      this.group[prefix] = NONE
      this.used--
      if (prefix !== OTHERS) this.remove(prefix)
    } else if (below !== NONE && this.counts[below] === count) {
      this.leave(prefix, group)
      this.join(prefix, below)
    } else if (this.isAlone(prefix)) {
      this.counts[group] = count
    } else {
      const fresh = this.newGroup(count, below, group)
      this.leave(prefix, group)
      this.join(prefix, fresh)
    }
  }

  private isAlone(prefix: number): boolean {
    return this.next[prefix] === NONE && this.previous[prefix] === NONE
  }

  private leave(prefix: number, group: number): void {
    if (group === NONE) return
    const before = this.previous[prefix]!
    const after = this.next[prefix]!
    if (before === NONE) this.members[group] = after
    else this.next[before] = after
    if (after !== NONE) this.previous[after] = before
    if (this.members[group] === NONE) this.removeGroup(group)
  }

  private join(prefix: number, group: number): void {
    const head = this.members[group]!
    this.group[prefix] = group
    this.previous[prefix] = NONE
    this.next[prefix] = head
    if (head !== NONE) this.previous[head] = prefix
    this.members[group] = prefix
  }

  private newGroup(count: number, below: number, above: number): number {
    const group = this.freeGroup
    this.freeGroup = this.up[group]!
    this.counts[group] = count
    this.members[group] = NONE
    this.down[group] = below
    this.up[group] = above
    if (below === NONE) this.bottom = group
    else this.up[below] = group
    if (above === NONE) this.top = group
    else this.down[above] = group
    return group
  }

  private removeGroup(group: number): void {
    const below = this.down[group]!
    const above = this.up[group]!
    if (below === NONE) this.bottom = above
    else this.up[below] = above
    if (above === NONE) this.top = below
    else this.down[above] = below
    this.up[group] = this.freeGroup
    this.freeGroup = group
  }

  private add(home: number, first: number, second: number): number {
    const prefix = this.free
    if (prefix >= this.first.length) return OTHERS
    this.free = this.next[prefix]!
    this.next[prefix] = NONE
    this.previous[prefix] = NONE
    this.first[prefix] = first
    if (this.second.length > 0) this.second[prefix] = second
    let at = home
    while (this.index[at] !== NONE) at = at + 1 === this.index.length ? 0 : at + 1
    this.index[at] = prefix
    return prefix
  }

  private remove(prefix: number): void {
    const { index } = this
    const size = index.length
    let at = this.homeOf(prefix)
    while (index[at] !== prefix) at = at + 1 === size ? 0 : at + 1
    for (let next = at + 1 === size ? 0 : at + 1; index[next] !== NONE; next = next + 1 === size ? 0 : next + 1) {
      const home = this.homeOf(index[next]!)
      // `next` may move back to `at` unless its home lies between them.
      if ((next - home + size) % size < (next - at + size) % size) continue
      index[at] = index[next]!
      at = next
    }
    index[at] = NONE
    this.next[prefix] = this.free
    this.free = prefix
  }

  private homeOf(prefix: number): number {
    return this.home(this.first[prefix]!, this.second.length === 0 ? 0 : this.second[prefix]!)
  }

  private home(first: number, second: number): number {
    words[0] = first
    words[1] = second
    return Math.floor(((halfSipHash(this.key, words, 2) >>> 0) / 2 ** 32) * this.index.length)
  }
}
