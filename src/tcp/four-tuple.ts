import type { IpAddress } from '../wire/address.ts'
import { halfSipHash, type SipKey } from './siphash.ts'

const words = new Int32Array(10)

/** Lays out a four-tuple as words for hashing: 4 words for IPv4, 10 for IPv6. Returns their number, always even. */
export function tupleWords(
  into: Int32Array,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): number {
  const ports = (remotePort << 16) | localPort
  if (remote.family !== 4) return tupleWords6(into, local, remote, ports)
  into[0] = remote.d
  into[1] = local.d
  into[2] = ports
  into[3] = 0
  return 4
}

function tupleWords6(into: Int32Array, local: IpAddress, remote: IpAddress, ports: number): number {
  into[0] = remote.a
  into[1] = remote.b
  into[2] = remote.c
  into[3] = remote.d
  into[4] = local.a
  into[5] = local.b
  into[6] = local.c
  into[7] = local.d
  into[8] = ports
  into[9] = 0
  return 10
}

/** The hash of a four-tuple for tables, a signed word; strangers can't choose collisions without the key. */
export function tupleHash(
  key: SipKey,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
): number {
  return halfSipHash(key, words, tupleWords(words, local, localPort, remote, remotePort) - 1)
}

/** A table's entry: knows its hash and whether a four-tuple is its own. */
export interface TupleEntry {
  readonly tupleHash: number
  isTuple(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): boolean
}

const LEAST_CAPACITY = 64

/**
 * Entries by four-tuple: open addressing with linear probing over a word array of hashes, at most half full, so that a
 * miss touches no object. Deleting shifts back what probed past, so there are no tombstones to pile up.
 */
export class FourTupleMap<T extends TupleEntry> {
  private hashes: Int32Array = new Int32Array(LEAST_CAPACITY)
  private entries: (T | undefined)[] = new Array<T | undefined>(LEAST_CAPACITY).fill(undefined)
  private count = 0
  /** What was found last: segments of one connection come in a row. */
  private recent: T | undefined

  get size(): number {
    return this.count
  }

  /** The entry that was found last, if this is its four-tuple: what a hash would be spent on. */
  again(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): T | undefined {
    const { recent } = this
    return recent?.isTuple(local, localPort, remote, remotePort) === true ? recent : undefined
  }

  get(hash: number, local: IpAddress, localPort: number, remote: IpAddress, remotePort: number): T | undefined {
    const mask = this.hashes.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = this.entries[at]
      if (entry === undefined) return undefined
      if (this.hashes[at] === hash && entry.isTuple(local, localPort, remote, remotePort)) {
        this.recent = entry
        return entry
      }
    }
  }

  /** The caller knows that there is no entry of this tuple. */
  add(entry: T): void {
    if (2 * (this.count + 1) > this.hashes.length) this.resize(2 * this.hashes.length)
    this.place(entry)
    this.count++
  }

  delete(entry: T): boolean {
    const mask = this.hashes.length - 1
    let at = entry.tupleHash & mask
    while (this.entries[at] !== entry) {
      if (this.entries[at] === undefined) return false
      at = (at + 1) & mask
    }
    this.count--
    if (this.recent === entry) this.recent = undefined
    for (let next = (at + 1) & mask; this.entries[next] !== undefined; next = (next + 1) & mask) {
      const home = this.hashes[next]! & mask
      // `next` may move back to `at` unless its home lies between them.
      if (((next - home) & mask) < ((next - at) & mask)) continue
      this.entries[at] = this.entries[next]
      this.hashes[at] = this.hashes[next]!
      at = next
    }
    this.entries[at] = undefined
    return true
  }

  *[Symbol.iterator](): Generator<T> {
    for (const entry of this.entries) if (entry !== undefined) yield entry
  }

  private place(entry: T): void {
    const mask = this.hashes.length - 1
    let at = entry.tupleHash & mask
    while (this.entries[at] !== undefined) at = (at + 1) & mask
    this.hashes[at] = entry.tupleHash
    this.entries[at] = entry
  }

  private resize(capacity: number): void {
    const old = this.entries
    this.hashes = new Int32Array(capacity)
    this.entries = new Array<T | undefined>(capacity).fill(undefined)
    for (const entry of old) if (entry !== undefined) this.place(entry)
  }
}
