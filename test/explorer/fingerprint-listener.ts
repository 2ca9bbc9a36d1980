// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
/** What a listener and its cookies keep to themselves, for the fingerprint. */
import type { Fifo } from '../../src/tcp/fifo.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { SynQueue } from '../../src/tcp/syn-queue.ts'
import { NONE } from '../../src/tcp/syn-rows.ts'
import type { UsedCookies } from '../../src/tcp/used-cookies.ts'
import { periodsSince } from './expected-admission.ts'
import { OVERFLOW_MEMORY } from './settings.ts'
import type { World } from './world.ts'

/**
 * The key period of the last overflow counts, and so does how long ago it was if that is about to make a difference:
 * otherwise all that happens within 30 s of the walk's does so in one period.
 */
export function overflow({ listener, now, opening, replica }: World): string {
  if (replica !== undefined) return `ahead ${replica.period - replica.ownKeys.generation}`
  if (opening.kind === 'listen' && opening.listen.cookies === 'always') return ''
  const { overflowedAt } = listener!
  if (now - overflowedAt > OVERFLOW_MEMORY) return 'no overflow'
  const periods = periodsSince(overflowedAt, now)
  return `overflow ${periods} ${periods < 2 ? '' : now - overflowedAt}`
}

/** What it will say it has, once it has looked at its keys: of this generation, the one before, and the one before that. */
export function usedCookies(used: UsedCookies, generation: number): Int32Array[] {
  const none = new Int32Array(0)
  const turns = Math.min(generation - used['generation'], 3)
  return [none, none, none, used['present'], used['past'], used['oldest']].slice(3 - turns, 6 - turns)
}

/** Who is evicted, and who next: the rows of each source prefix, the oldest first, by the number of them. */
export function prefixes(listener: Listener): string {
  return listener.queues.all.map(prefixesOf).join('/')
}

function prefixesOf({ rows, prefixes: table }: SynQueue): string {
  const parts: string[] = []
  for (let group = table['top']; group !== 0; group = table['down'][group]!) {
    for (let prefix = table['members'][group]!; prefix !== 0; prefix = table['next'][prefix]!) {
      const ports: number[] = []
      for (let left = table.count(prefix), row = table.member[prefix]!; left > 0; left--, row = rows.nextMember(row)) {
        ports.push(rows.remotePort[row]!)
      }
      parts.push(ports.join('-'))
    }
  }
  return parts.join(' ')
}

/** The rows whose ACK waits for room; for one that is gone, when its place will be taken again. */
export function waiting(listener: Listener): string {
  return items(listener['waiting'])
    .map((handle) => {
      const queue = listener.queues.resolve(handle)
      const { row } = listener.queues
      for (let free = queue['free'], turn = 0; free !== NONE; free = queue.rows.next(free), turn++) {
        if (free === row) return `free ${turn}`
      }
      return queue.rows.remotePort[row]
    })
    .join(',')
}

export function items<T>(fifo: Fifo<T>): T[] {
  const slots = fifo['slots']
  return Array.from({ length: fifo.length }, (_, i) => slots[(fifo['head'] + i) % slots.length]!)
}
