import { Chance } from '../../../src/sim/chance.ts'
import type { LineOptions } from '../../../src/sim/line-options.ts'
import type { NetworkLinkOptions } from '../../../src/sim/network-link.ts'
import { DEFAULT_CONFIG } from '../../../src/tcp/config.ts'
import type { Milliseconds } from '../../../src/wire/instant.ts'
import type { FlowPlan } from '../../transfer/flow.ts'
import type { EndName, EndOptions } from '../../transfer/harness.ts'
import { endOptions, pick, plan } from '../../transfer/scenario.ts'

/** What lies between the two hosts. */
export type Topology = 'cable' | 'switch' | 'routers' | 'nat'

export interface SeedTransfer {
  opener: EndName
  opensAt: Milliseconds
  plans: Record<EndName, FlowPlan>
}

/** What one seed stands for: every impairment at once, in a strength of its own. */
export interface SeedScenario {
  topology: Topology
  family: 4 | 6
  ends: Record<EndName, EndOptions>
  /** Of the links from a to b, one for each. */
  links: NetworkLinkOptions[]
  /** Which of them goes down, when, and how often. */
  flap: { link: number; up: Milliseconds; down: Milliseconds; times: number }
  /** When the hosts are cut off from each other, and for how long. */
  partition: { at: Milliseconds; lasts: Milliseconds }
  /** When the link in the middle begins to take no longer packets than these, octets. */
  narrowing: { at: Milliseconds; mtu: number } | undefined
  transfers: SeedTransfer[]
}

/** Whether the stack learns the path's MTU from routers; if not, a path that narrows is the end of a transfer. */
const LEARNS_PATH_MTU = 'minPathMtu' in DEFAULT_CONFIG

const LINKS: Record<Topology, number> = { cable: 1, switch: 2, routers: 3, nat: 2 }

export function seedScenario(seed: number): SeedScenario {
  const chance = new Chance(seed)
  const topology = pick<Topology>(chance, ['cable', 'cable', 'switch', 'routers', 'nat'])
  const mtus = { a: pick(chance, MTUS), b: pick(chance, MTUS) }
  const family = topology === 'nat' || Math.min(mtus.a, mtus.b) < 1280 ? 4 : pick(chance, [4, 6] as const)
  const worst = chance.below(LINKS[topology])
  return {
    topology,
    family,
    ends: { a: endOptions(chance, mtus.a), b: endOptions(chance, mtus.b) },
    links: Array.from({ length: LINKS[topology] }, (_, i) => (i === worst ? badLink(chance) : fairLink(chance))),
    flap: {
      link: chance.below(LINKS[topology]),
      up: 50 + chance.below(3000),
      down: 20 + chance.below(800),
      times: 1 + chance.below(3),
    },
    narrowing: narrowing(chance, topology, family),
    partition: { at: chance.below(4000), lasts: 50 + chance.below(1500) },
    transfers: Array.from({ length: 1 + chance.below(3) }, () => transfer(chance, topology)),
  }
}

const MTUS = [576, 1280, 1500, 1500, 1500, 9000]

function narrowing(chance: Chance, topology: Topology, family: 4 | 6): SeedScenario['narrowing'] {
  const at = chance.below(4000)
  const mtu = pick(chance, family === 4 ? [576, 1000, 1400] : [1280, 1400])
  return topology === 'routers' && LEARNS_PATH_MTU ? { at, mtu } : undefined
}

function badLink(chance: Chance): NetworkLinkOptions {
  return { forward: badLine(chance), backward: badLine(chance) }
}

/**
 * Damage is done on one link only: the second flip of a bit could undo what the first did to the checksum, and what came
 * through would be no fault of TCP's.
 */
function badLine(chance: Chance): LineOptions {
  return {
    delay: pick(chance, [0, 1, 5 + chance.below(20), 20 + chance.below(100)]),
    jitter: chance.below(15),
    loss: pick(chance, [0.01 + chance.next() * 0.06, { enter: 0.01, leave: 0.5 + chance.next() * 0.4, bad: 0.6 }]),
    duplicate: 0.01 + chance.next() * 0.04,
    reorder: 0.02 + chance.next() * 0.08,
    holdBack: 1 + chance.below(20),
    corrupt: 0.002 + chance.next() * 0.01,
    ...bottleneck(chance),
  }
}

function fairLink(chance: Chance): NetworkLinkOptions {
  const line = (): LineOptions => ({ delay: chance.below(10), loss: 0.005, reorder: 0.01, duplicate: 0.005 })
  return { forward: line(), backward: line() }
}

/** From 1 to 100 Mbit/s, with a queue that is often too short. */
function bottleneck(chance: Chance): LineOptions {
  const rate = 1_000_000 * pick(chance, [1, 1 + chance.below(10), 10 + chance.below(90)])
  const packets = 5 + chance.below(60)
  return { rate, queue: chance.chance(0.4) ? { discipline: 'codel', packets } : { packets } }
}

function transfer(chance: Chance, topology: Topology): SeedTransfer {
  const streams = { a: chance.bytes(size(chance)), b: chance.bytes(size(chance)) }
  const close = pick<Record<EndName, FlowPlan['close']>>(chance, [
    { a: 'sent', b: 'ended' },
    { a: 'ended', b: 'sent' },
    { a: 'sent', b: 'sent' },
  ])
  // Nobody gets in through a NAT.
  const opener = topology === 'nat' ? 'a' : pick<EndName>(chance, ['a', 'b'])
  // An ACK of the SYN,ACK that is lost, and then every SYN,ACK, leaves an opener that has nothing to say open for ever.
  if (streams[opener].length === 0) streams[opener] = Uint8Array.of(7)
  return {
    opener,
    opensAt: pick(chance, [0, 0, chance.below(2000)]),
    plans: {
      a: plan(chance.fork(), streams.a, streams.b, close.a),
      b: plan(chance.fork(), streams.b, streams.a, close.b),
    },
  }
}

/** From one octet, or none, to some hundred thousand. */
function size(chance: Chance): number {
  return pick(chance, [
    0,
    1,
    2 + chance.below(3000),
    chance.below(30_000),
    chance.below(100_000),
    chance.below(400_000),
  ])
}
