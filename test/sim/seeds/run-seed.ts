import assert from 'node:assert/strict'
import type { BareHost } from '../../../src/sim/host.ts'
import type { LineCounters } from '../../../src/sim/line.ts'
import { type Attachable, Network } from '../../../src/sim/network.ts'
import type { NetworkLink } from '../../../src/sim/network-link.ts'
import type { Counters } from '../../../src/tcp/counters.ts'
import type { Milliseconds } from '../../../src/wire/instant.ts'
import type { Flow, Progress } from '../../transfer/flow.ts'
import { assertAccounted, End, type EndName } from '../../transfer/harness.ts'
import { leftovers } from '../../transfer/leftovers.ts'
import { type SeedScenario, seedScenario } from './scenario.ts'

const PORT = 7000
const FIRST_PORT = 50_000

/** The timers double no further than `rtoMax`, 60 s. A stall of four times that is more losses in a row than chance has. */
const LONGEST_STALL: Milliseconds = 240_000
/**
 * A timer that has doubled k times from r has waited for r (1 + 2 + ... + 2^k), which is less than twice what it stands
 * at. To it come the way there and back through full queues, a delayed ACK, and a second between two looks.
 */
const ALLOWANCE: Milliseconds = 4000
/** The probes of a window that a reader has closed have a back-off of their own; it begins with the reader's pause. */
const MOST_PERSIST: Milliseconds = 60_000
const LONGEST_PAUSE: Milliseconds = 5000

/** What a run was: enough to see that it repeats, and that it met what it was to meet. */
export interface SeedOutcome {
  digest: string
  /** Virtual time, ms. */
  took: Milliseconds
  octets: number
  lines: LineCounters[]
  counters: Counters[]
}

/** A run that failed: its message says how to repeat it and shows the last packets. */
export class SeedFailure extends Error {
  readonly seed: number
  readonly trace: string

  constructor(seed: number, scenario: SeedScenario, network: Network, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const at = (network.clock.now() / 1000).toFixed(4)
    super(`seed ${seed} (${scenario.topology}, IPv${scenario.family}), at ${at} s: ${why}`, { cause })
    this.seed = seed
    this.trace = network.recorder.trace()
  }
}

/** @throws {SeedFailure} */
export function runSeed(seed: number, traceLimit = 60): SeedOutcome {
  const scenario = seedScenario(seed)
  const network = new Network({ seed, traceLimit, recordLimit: 0 })
  try {
    return run(network, scenario)
  } catch (error) {
    throw new SeedFailure(seed, scenario, network, error)
  }
}

interface World {
  network: Network
  scenario: SeedScenario
  hosts: Record<EndName, BareHost>
  ends: Record<EndName, End>
}

function run(network: Network, scenario: SeedScenario): SeedOutcome {
  const hosts = { a: host(network, 'a', scenario), b: host(network, 'b', scenario) }
  const links = build(network, scenario, hosts)
  links[scenario.flap.link]!.flap(scenario.flap)
  const { narrowing } = scenario
  if (narrowing !== undefined) network.clock.at(narrowing.at, () => links[1]!.set({ mtu: narrowing.mtu }))
  network.clock.at(scenario.partition.at, () => {
    const partition = network.partition([hosts.a], [hosts.b])
    network.clock.at(scenario.partition.at + scenario.partition.lasts, () => partition.heal())
  })
  const ends = { a: end('a', hosts.a), b: end('b', hosts.b) }
  const world = { network, scenario, hosts, ends }
  const flows = (): Flow[] => [...ends.a.flows.values(), ...ends.b.flows.values()]
  transferAll(world, flows)
  const received = flows().reduce((sum, flow) => sum + flow.received, 0)
  const took = network.clock.now()
  finish(world)
  return {
    digest: network.recorder.digest,
    took,
    octets: received,
    lines: links.flatMap(({ forward, backward }) => [forward.counters, backward.counters]),
    counters: [hosts.a.stack.counters, hosts.b.stack.counters],
  }
}

function host(network: Network, name: EndName, { topology, ends }: SeedScenario): BareHost {
  const { mtu = 1500, tcp = {} } = ends[name]
  const n = name === 'a' ? 1 : 2
  const four = topology === 'nat' ? [`192.168.0.${n}/24`] : [`10.0.0.${n}/24`]
  const outside = topology === 'nat' && name === 'b' ? ['203.0.113.2/24'] : four
  return network.bareHost(name, { mtu, tcp, addresses: [...outside, ...(mtu < 1280 ? [] : [`fd00::${n}/64`])] })
}

function build(network: Network, { topology, links }: SeedScenario, { a, b }: World['hosts']): NetworkLink[] {
  const between: Record<SeedScenario['topology'], () => [Attachable, Attachable][]> = {
    cable: () => [],
    switch: () => {
      const device = network.switch('s')
      return [[device, device]]
    },
    routers: () => {
      const [first, second] = [network.router('r'), network.router('q')]
      return [
        [first, first],
        [second, second],
      ]
    },
    nat: () => {
      const nat = network.nat('n', { address: '203.0.113.1' })
      return [[nat, nat.outside]]
    },
  }
  const ways: [Attachable, Attachable][] = [[a, a], ...between[topology](), [b, b]]
  return links.map((options, i) => network.link(ways[i]![1], ways[i + 1]![0], options))
}

function end(name: EndName, { stack, driver }: BareHost): End {
  return new End(name, stack, driver)
}

/** Opens every connection, and runs until all is sent, read and closed. */
function transferAll({ network, scenario, hosts, ends }: World, flows: () => Flow[]): void {
  const { transfers, family } = scenario
  const progress: Progress[] = transfers.map(() => ({ at: 0 }))
  for (const end of [ends.a, ends.b]) {
    end.listen({ port: PORT })
    end.onAcceptable = (listener) => {
      for (let connection = listener.accept(); connection !== undefined; connection = listener.accept()) {
        const i = connection.remotePort - FIRST_PORT
        end.start(connection, transfers[i]!.plans[end.name], progress[i]!)
      }
    }
  }
  for (const [i, { opener, opensAt, plans }] of transfers.entries()) {
    const to = hosts[opener === 'a' ? 'b' : 'a'].interface.addresses.find((address) => address.family === family)!
    network.clock.at(opensAt, () => {
      const connection = ends[opener].stack.connect({ address: String(to), port: PORT, localPort: FIRST_PORT + i })
      ends[opener].start(connection, plans[opener], progress[i]!)
    })
  }
  const done = (): boolean => {
    const all = flows()
    return all.length === 2 * transfers.length && all.every((flow) => flow.done)
  }
  let lookAt = 0
  while (!done()) {
    assert.ok(network.clock.step(), 'nothing is left to happen, and it is not done')
    const now = network.clock.now()
    if (now < lookAt) continue
    lookAt = now + 1000
    for (const flow of flows()) flow.look()
    for (const flow of flows()) if (!flow.done) checkStall(flow, flows(), now)
  }
}

/** No stall is longer than the timers of its two ends allow. */
function checkStall(flow: Flow, flows: Flow[], now: number): void {
  const ends = flows.filter(({ progress }) => progress === flow.progress)
  const rto = Math.max(...ends.map(({ connection }) => connection.rto.value))
  const probes = Math.max(...ends.map(({ connection }) => connection.probes))
  const probing = probes > 0 ? 2 * Math.min(rto * 2 ** probes, MOST_PERSIST) + LONGEST_PAUSE : 0
  // Before both ends are open, it is the SYN,ACK's waits that count: 1, 2, 4, ... seconds.
  const atMost = ends.length < 2 || rto >= flow.connection.host.config.rtoMax
  const own = atMost ? LONGEST_STALL : 2 * rto + probing + ALLOWANCE
  const allowed = Math.min(own, LONGEST_STALL)
  const stall = now - flow.progress.at
  assert.ok(stall <= allowed, `${ends.join('; ')}: a stall of ${stall} ms, where the RTO allows ${allowed}`)
}

/** Closes the listeners, lets TIME-WAIT pass, and sees that nothing is left anywhere. */
function finish({ network, ends, hosts }: World): void {
  for (const end of [ends.a, ends.b]) {
    for (const listener of end.listeners) listener.close()
    end.driver.touch()
  }
  network.clock.run()
  assert.equal(network.clock.pending, 0, 'timers are left')
  for (const end of [ends.a, ends.b]) {
    assert.deepEqual(leftovers(end.stack, end.listeners), {}, `host ${end.name} keeps something`)
    assertAccounted(hosts[end.name].stack)
  }
}
