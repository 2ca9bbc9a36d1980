import { leftovers } from '../transfer/leftovers.ts'
import type { World } from './world.ts'

/** More deadlines than everything that can be pending takes to end. */
const ENDLESS = 100

/**
 * The application closes all it has, the peers are silent, and time passes until nothing is due: what the stack still
 * holds then, in words; undefined if that is nothing. The world is of no use afterwards.
 */
export function leftBehind(world: World): string | undefined {
  if (world.listener?.open === true) world.call('close the listener')
  for (const peer of world.peers) if (world.owned(peer) !== undefined) world.release(peer)
  for (let count = 0; world.stack.nextDeadline() !== Number.POSITIVE_INFINITY; count++) {
    if (count === ENDLESS) return 'after close() and release() of everything the stack never comes to rest'
    world.passTime(world.stack.nextDeadline() - world.now)
  }
  const { stack, listener } = world
  const left = Object.entries(leftovers(stack, listener === undefined ? [] : [listener]))
  if (left.length === 0) return undefined
  return `after close() and release() of everything there is still ${left.map(([name, count]) => `${name}: ${count}`).join(', ')}`
}
