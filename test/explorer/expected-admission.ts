/** What a listener may make of a SYN and of a cookie's ACK, reckoned from what went out and came in, apart from src/. */
import { admitDeferred } from '../../src/tcp/admission.ts'
import type { Pair, Peer } from './peer.ts'
import { COOKIE_PERIOD, OVERFLOW_MEMORY } from './settings.ts'
import type { World } from './world.ts'

/**
 * - `hold`: an entry; `evict`: an entry that takes the place of another
 * - `defer`: an entry that waits for the application
 * - `cookie`: a SYN,ACK without an entry
 * - `drop`: nothing
 */
export type Admission = 'hold' | 'evict' | 'defer' | 'cookie' | 'drop'

/** What becomes of a SYN of this peer's that asks for a connection anew. */
export function expectedAdmission(world: World, peer: Peer): Admission {
  const { listener, births } = world
  if (listener === undefined) return 'drop'
  const isDeferring = listener.admission === admitDeferred
  if (births.size < listener.backlog) return isDeferring ? 'defer' : 'hold'
  if (isDeferring) return 'drop'
  const shares = sharesOf(world)
  const heaviest = Math.max(0, ...[...shares.values()].map(({ length }) => length))
  if (heaviest >= (shares.get(peer.prefix)?.length ?? 0) + 2) return 'evict'
  return listener.cookies ? 'cookie' : 'drop'
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

/**
 * The initial numbers whose ACK completes a handshake by cookie now: sent to the peer in this key period or the one
 * before, of which there was no connection yet, after a recent overflow.
 */
export function honouredPairs(world: World, peer: Peer): Pair[] {
  const { listener, now, overflowedAt } = world
  if (listener?.open !== true || !listener.cookies || now - overflowedAt > OVERFLOW_MEMORY) return []
  const isHonoured = ({ at, isCookie, completed }: Peer['offers'][number]): boolean =>
    isCookie && !completed && periodsSince(at, now) <= 1
  return peer.offers.filter(isHonoured)
}

export function periodsSince(at: number, now: number): number {
  return Math.floor(now / COOKIE_PERIOD) - Math.floor(at / COOKIE_PERIOD)
}
