/** What a listener may make of a SYN and of a cookie's ACK, reckoned from what went out and came in, apart from src/. */
import { admitDeferred } from '../../src/tcp/admission.ts'
import type { Offer, Peer } from './peer.ts'
import { admitPickily } from './policies.ts'
import { COOKIE_PERIOD, OVERFLOW_MEMORY } from './settings.ts'
import type { World } from './world.ts'

/**
 * - `hold`: an entry; `evict`: an entry that takes the place of another
 * - `defer`: an entry that waits for the application
 * - `cookie`: a SYN,ACK without an entry
 * - `refuse`: a RST, and `ignore`: nothing, by the policy
 * - `drop`: nothing, for want of room
 */
export type Admission = 'hold' | 'evict' | 'defer' | 'cookie' | 'refuse' | 'ignore' | 'drop'

/** What becomes of a SYN of this peer's that asks for a connection anew. */
export function expectedAdmission(world: World, peer: Peer): Admission {
  const { listener, births } = world
  if (listener === undefined) return 'drop'
  if (listener.admission === admitPickily) {
    if (births.size > 0) return 'ignore'
    return listener.acceptQueueLength > 0 ? 'refuse' : 'hold'
  }
  const isDeferring = listener.admission === admitDeferred
  if (births.size < listener.backlog) return isDeferring ? 'defer' : 'hold'
  if (isDeferring) return 'ignore'
  const shares = sharesOf(world)
  const heaviest = Math.max(0, ...[...shares.values()].map(({ length }) => length))
  // Who loses an entry has a cookie to come back with: without cookies, none does.
  if (!listener.cookies) return 'drop'
  return heaviest >= (shares.get(peer.prefix)?.length ?? 0) + 2 ? 'evict' : 'cookie'
}

/** Those who may lose their entry to a fairer share: the oldest of a prefix of which none has more. */
export function possibleVictims(world: World): Peer[] {
  const shares = [...sharesOf(world).values()]
  const heaviest = Math.max(...shares.map(({ length }) => length))
  return shares.filter(({ length }) => length === heaviest).map(([oldest]) => oldest!)
}

/** Who has an entry, by source prefix, the oldest first. */
function sharesOf({ births }: World): Map<string, Peer[]> {
  const shares = new Map<string, Peer[]>()
  for (const peer of births.keys()) shares.set(peer.prefix, [...(shares.get(peer.prefix) ?? []), peer])
  return shares
}

/** Whether an ACK may be a cookie's: SYNs found no room lately. */
function takesCookies({ listener, now, opening, overflowedAt }: World): boolean {
  if (listener?.open !== true || opening.kind !== 'listen' || opening.listen.cookies === false) return false
  return opening.listen.cookies === 'always' || now - overflowedAt <= OVERFLOW_MEMORY
}

/**
 * What an ACK of this peer's may be the cookie of: the initial numbers that it was sent in this key period or the one
 * before, or by a replica in the next. Undefined if no ACK is taken for a cookie's.
 */
export function cookiesOf(world: World, peer: Peer): readonly Offer[] | undefined {
  if (!takesCookies(world)) return undefined
  return peer.offers.filter(({ period, isCookie }) => isCookie && Math.abs(world.period - period) <= 1)
}

export function periodsSince(at: number, now: number): number {
  return Math.floor(now / COOKIE_PERIOD) - Math.floor(at / COOKIE_PERIOD)
}
