import { Chance } from '../../src/sim/chance.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { Milliseconds } from '../../src/wire/instant.ts'
import type { FlowPlan } from './flow.ts'
import type { EndName, EndOptions, RigOptions } from './harness.ts'

/** One connection of a scenario. */
export interface Transfer {
  family: 4 | 6
  opener: EndName
  opensAt: Milliseconds
  /** What each end does: octets differ by connection and direction. */
  plans: Record<EndName, FlowPlan>
}

/** What one seed stands for. */
export interface Scenario {
  rig: RigOptions
  backlog: number
  acceptBacklog: number
  /** Whether a full SYN queue answers with cookies; else it drops. */
  cookies: boolean
  /** How long every SYN is deferred; undefined when none is. */
  deferPause: Milliseconds | undefined
  /** How long connections wait to be accepted. */
  acceptPause: Milliseconds
  transfers: Transfer[]
}

/** A line as bad as the lines of this test are: delays of 5 to 20 ms, beside what is lost, doubled and damaged. */
export const BAD_LINE = { delay: 5, jitter: 15, loss: 0.05, duplicate: 0.05, reorder: 0.1, corrupt: 0.01 }

export function scenario(seed: number): Scenario {
  const chance = new Chance(seed)
  const mtus = { a: pick(chance, MTUS), b: pick(chance, MTUS) }
  // IPv6 asks for links of 1280 octets at least.
  const families: (4 | 6)[] = Math.min(mtus.a, mtus.b) < 1280 ? [4] : pick(chance, [[4], [6], [4, 6]])
  const cookies = chance.chance(0.6)
  return {
    rig: {
      seed,
      mtu: Math.max(mtus.a, mtus.b),
      impairment: BAD_LINE,
      a: endOptions(chance, mtus.a),
      b: endOptions(chance, mtus.b),
    },
    backlog: pick(chance, [1, 2, 1 + chance.below(8)]),
    acceptBacklog: 1 + chance.below(4),
    cookies,
    deferPause: pick(chance, [undefined, undefined, undefined, chance.below(700)]),
    acceptPause: pick(chance, [0, 0, chance.below(1500)]),
    transfers: Array.from({ length: 1 + chance.below(6) }, () => transfer(chance, pick(chance, families), cookies)),
  }
}

const MTUS = [576, 576, 1280, 1500, 1500, 4000, 9000]
const BUFFERS = [2000, 8192, 30_000, 65_535, 200_000, 524_288]
const MB = 1_000_000

export function endOptions(chance: Chance, mtu: number): EndOptions {
  const tcp: Partial<TcpConfig> = {
    timestamps: chance.chance(0.7),
    sack: chance.chance(0.7),
    windowScale: chance.chance(0.7),
    sendBuffer: pick(chance, BUFFERS),
    receiveBuffer: chance.chance(0.5) ? pick(chance, BUFFERS) : { initial: pick(chance, BUFFERS), max: 1_000_000 },
    delayedAck: pick(chance, [0, 1, 40, 200]),
    quickAcks: pick(chance, [0, 2, 16]),
  }
  return { mtu, tcp, secret: chance.bytes(32) }
}

function transfer(chance: Chance, family: 4 | 6, cookies: boolean): Transfer {
  const streams = { a: chance.bytes(size(chance)), b: chance.bytes(size(chance)) }
  // Who closes: one end when it has sent all, and the other then or later; or both at once.
  const close = pick<Record<EndName, FlowPlan['close']>>(chance, [
    { a: 'sent', b: 'ended' },
    { a: 'ended', b: 'sent' },
    { a: 'sent', b: 'sent' },
  ])
  const opener = pick<EndName>(chance, ['a', 'b'])
  // The ACK of a cookie that is lost has nobody who would ask for it again (RFC 4987 §3.6).
  if (cookies && streams[opener].length === 0) streams[opener] = Uint8Array.of(7)
  return {
    family,
    opener,
    opensAt: pick(chance, [0, 0, chance.below(2000)]),
    plans: {
      a: plan(chance.fork(), streams.a, streams.b, close.a),
      b: plan(chance.fork(), streams.b, streams.a, close.b),
    },
  }
}

/** From one octet, or none, to megabytes. */
function size(chance: Chance): number {
  return pick(chance, [0, 1, 2 + chance.below(3000), chance.below(100_000), chance.below(MB), chance.below(3 * MB)])
}

/** An application that does everything at once, or in small portions, or with pauses that fill the peer's window. */
export function plan(chance: Chance, send: Uint8Array, expect: Uint8Array, close: FlowPlan['close']): FlowPlan {
  const most = pick(chance, [send.length > 50_000 ? 1000 : 10, 5000, 65_536])
  const least = pick(chance, [expect.length > 50_000 ? 1000 : 10, 5000, 65_536])
  return {
    send,
    expect,
    writeSize: () => 1 + chance.below(most),
    readSize: () => 1 + chance.below(least),
    writePause: pauses(chance),
    readPause: pauses(chance),
    close,
    noDelay: chance.chance(0.3),
  }
}

/** Never a pause; short ones, often; or seldom one so long that the peer's window closes. */
function pauses(chance: Chance): () => Milliseconds {
  const [often, longest] = pick(chance, [
    [0, 0],
    [0, 0],
    [0.05, 20],
    [0.003, 5000],
  ] as const)
  return () => (often > 0 && chance.chance(often) ? chance.below(longest) : 0)
}

export function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[chance.below(from.length)]!
}
