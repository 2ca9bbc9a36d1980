import { arenaOctets } from '../wire/arena.ts'
import { EMPTY } from '../wire/octets.ts'

/** Log2 of the smallest and of the largest capacity that is kept, octets: that of the largest buffer by default. */
const LEAST = 12
const MOST = 23
export const FIRST_CAPACITY: number = 2 ** LEAST

/** Octets from which on segments out of a ring are worth the arena's room. */
const LEAST_IN_ARENA = 16_384

/** Of each capacity so many octets are kept, or one ring if that is larger: 23 MiB in all. */
const MOST_KEPT = 2 ** 20

/** Rings that nobody uses, by the logarithm of their capacity. */
const spare: Uint8Array[][] = Array.from({ length: MOST - LEAST + 1 }, () => [])

/**
 * Memory for `capacity` octets of a stream, a power of two from {@link FIRST_CAPACITY} on. To make a ring costs more than
 * to fill it: they go from one connection to the next, so that an idle connection can be without.
 */
export function takeRing(capacity: number): Uint8Array {
  return spare[31 - Math.clz32(capacity) - LEAST]?.pop() ?? makeRing(capacity)
}

function makeRing(capacity: number): Uint8Array {
  return capacity < LEAST_IN_ARENA ? new Uint8Array(capacity) : arenaOctets(capacity)
}

export function giveBackRing(ring: Uint8Array): void {
  if (ring === EMPTY) return
  const rings = spare[31 - Math.clz32(ring.length) - LEAST]
  if (rings !== undefined && rings.length < Math.max(1, MOST_KEPT / ring.length)) rings.push(ring)
}

/** The least power of two that is a capacity and not less than `octets`. */
export function capacityFor(octets: number): number {
  return octets <= FIRST_CAPACITY ? FIRST_CAPACITY : 2 ** (32 - Math.clz32(octets - 1))
}
