import type { CookieKeys } from './cookie-keys.ts'

/** The most completed handshakes remembered for each of three generations; beyond that the oldest is forgotten early. */
const MOST_USED = 131_072
const LEAST_CAPACITY = 1024
const NOTHING = new Int32Array(0)

/**
 * Which handshakes have become a connection, so that an ACK that is sent again makes no second one out of its cookie:
 * the hash of the four-tuple and our ISS, for as many rotations of the keys as a cookie is honoured for. That is two if
 * a replica which had rotated before us signed it. Bounded. Of what other stacks made connections of, nothing is known.
 */
export class UsedCookies {
  /** Generations that were cut short since too many handshakes were completed: replays of those cookies go unnoticed. */
  forgotten = 0
  private readonly keys: CookieKeys
  private present: Int32Array = NOTHING
  private past: Int32Array = NOTHING
  private oldest: Int32Array = NOTHING
  private count = 0
  private generation: number

  constructor(keys: CookieKeys) {
    this.keys = keys
    this.generation = keys.generation
  }

  has(hash: number, iss: number): boolean {
    this.turn()
    const word = iss | 0
    return find(this.present, hash, word) || find(this.past, hash, word) || find(this.oldest, hash, word)
  }

  add(hash: number, iss: number): void {
    this.turn()
    if (this.count === MOST_USED) {
      this.forgotten++
      this.retire()
    }
    // Two words a slot, at most half of the slots in use.
    if (4 * (this.count + 1) > this.present.length) this.grow()
    insert(this.present, hash, iss | 0)
    this.count++
  }

  private turn(): void {
    const turns = Math.min(this.keys.generation - this.generation, 3)
    this.generation = this.keys.generation
    for (let left = turns; left > 0; left--) this.retire()
  }

  private retire(): void {
    this.oldest = this.past
    this.past = this.present
    this.present = NOTHING
    this.count = 0
  }

  private grow(): void {
    const old = this.present
    this.present = new Int32Array(Math.max(4 * LEAST_CAPACITY, 2 * old.length))
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] !== 0 || old[at + 1] !== 0) insert(this.present, old[at]!, old[at + 1]!)
    }
  }
}

function find(slots: Int32Array, hash: number, iss: number): boolean {
  if (slots.length === 0) return false
  for (let at = home(slots, hash); slots[at] !== 0 || slots[at + 1] !== 0; at = (at + 2) & (slots.length - 1)) {
    if (slots[at] === hash && slots[at + 1] === iss) return true
  }
  return false
}

function insert(slots: Int32Array, hash: number, iss: number): void {
  let at = home(slots, hash)
  while (slots[at] !== 0 || slots[at + 1] !== 0) at = (at + 2) & (slots.length - 1)
  slots[at] = hash
  slots[at + 1] = iss
}

function home(slots: Int32Array, hash: number): number {
  return (hash << 1) & (slots.length - 1)
}
