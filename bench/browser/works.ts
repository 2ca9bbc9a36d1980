import type { Scheduler } from '../../src/link/scheduler.ts'
import { pumpBulk, wireBulk } from '../bulk.ts'
import { PumpHandshakes, wireHandshakes } from '../handshakes.ts'
import { byTurns, type Sample } from '../measure.ts'

export interface WorkFigures {
  readonly work: string
  readonly figures: Sample
}

/** What runs in a page as it does in Node: two stacks in this process. */
export async function inProcess(scheduler: Scheduler, short: boolean): Promise<WorkFigures[]> {
  const octets = short ? 1e8 : 5e8
  const connections = short ? 10_000 : 50_000
  const pump = new PumpHandshakes(64)
  const figures = await byTurns(short ? 3 : 5, {
    'bulk without a link, MTU 1500, Gbit/s': () => pumpBulk(octets, 1500),
    'bulk without a link, MTU 65,535, Gbit/s': () => pumpBulk(octets, 65_535),
    'bulk over the wire, MTU 1500, Gbit/s': () => wireBulk(octets, scheduler, { mtu: 1500 }),
    'bulk over the wire, MTU 65,535, Gbit/s': () => wireBulk(octets, scheduler, { mtu: 65_535 }),
    'the same, no checksums, Gbit/s': () => wireBulk(octets, scheduler, { mtu: 65_535, offload: true }),
    'open, accept, close without a link, 64 at once, a second': () => pump.rate(connections),
    'the same over the wire, a second': () => wireHandshakes(connections, 64, scheduler),
  })
  return Object.entries(figures).map(([work, figures]) => ({ work, figures }))
}
