import assert from 'node:assert/strict'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Chance } from '../../src/sim/chance.ts'
import { Protocol } from '../../src/wire/ip.ts'
import { Offload } from '../../src/wire/offload.ts'
import { mutated, mutatedError, pick } from './mutate.ts'
import { fixChecksums, packet } from './packets.ts'
import { Peer, STATES } from './peer.ts'
import { STACK_ADDRESSES, World } from './world.ts'

/** `ESTAB_SEED=17` runs another one. */
const SEED = Number.parseInt(process.env.ESTAB_SEED ?? '1', 10)
const RANDOM = 10_000
const MUTATED = 100_000

/** The link says that the checksum is right: then nobody looks at it. */
const VOUCHED = new Offload()
VOUCHED.checksumValid = true

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Runs `step` so often; when it fails, the error says how to repeat it and shows the last frames. */
function repeat(world: World, steps: number, step: (i: number) => void): void {
  for (let i = 0; i < steps; i++) {
    try {
      step(i)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`ESTAB_SEED=${SEED}, step ${i}: ${message}\n\nThe last frames:\n${world.trace()}\n`, {
        cause: error,
      })
    }
  }
}

test(`${RANDOM} random octet strings: no exception, each one counted (seed ${SEED})`, () => {
  const chance = new Chance(SEED)
  const world = new World(chance)
  repeat(world, RANDOM, () => {
    world.receive(randomFrame(chance), chance.below(8))
    if (chance.chance(0.1)) world.advance(chance.below(500))
  })
  assert.equal(world.stack.counters.received, RANDOM)
  assert.ok(Object.keys(world.stack.counters.drops).length >= 15, 'they get to many places')
})

/** Nothing but chance; or behind a header that leads it further in, with checksums that are right. */
function randomFrame(chance: Chance): Uint8Array {
  const octets = chance.bytes(chance.below(pick(chance, [4, 64, 64, 1500])))
  if (chance.chance(0.3)) return octets
  const family = chance.chance(0.5) ? 4 : 6
  if (chance.chance(0.3)) {
    if (octets.length > 0) octets[0] = family === 4 ? 0x45 : 0x60
    return octets
  }
  const protocol = pick(chance, [
    Protocol.TCP,
    Protocol.TCP,
    Protocol.ICMP,
    Protocol.ICMPV6,
    Protocol.UDP,
    0,
    43,
    44,
    60,
  ])
  const peer = STACK_ADDRESSES[family].clone()
  peer.d ^= 0x70
  if (protocol === Protocol.TCP && octets.length >= 13) {
    octets[2] = 0
    octets[3] = 80
    octets[12] = (5 + chance.below(1 + Math.min(10, (octets.length - 12) >> 2))) << 4
  }
  const frame = packet({ source: peer, destination: STACK_ADDRESSES[family] }, protocol, octets)
  if (chance.chance(0.8)) fixChecksums(frame)
  return frame
}

test(`${MUTATED} mutated segments of live connections, in every state: no exception, each one counted (seed ${SEED})`, () => {
  const chance = new Chance(SEED)
  const world = new World(chance)
  const peer = new Peer(world, chance)
  const met = new Map<string, number>()
  let before = 0
  repeat(world, MUTATED, (i) => {
    const situation = pick(chance, STATES)
    const segment = peer.fitting(situation)
    const state = world.connectionTo(segment)?.state ?? situation
    met.set(state, (met.get(state) ?? 0) + 1)
    const frame = chance.chance(0.05) ? mutatedError(segment, chance) : mutated(segment, chance)
    // Some come again and again, as duplicate ACKs do.
    const times = chance.chance(0.05) ? 4 : 1
    for (let n = 0; n < times; n++) world.receive(frame, 0, chance.chance(0.1) ? VOUCHED : undefined)
    live(world, chance)
    if (i % 5000 === 4999) world.listenAgain()
    if (i === 20_000) before = heap()
  })
  const grown = heap() - before
  assert.ok(grown < 4 * 2 ** 20, `the heap grew by ${grown} octets`)
  for (const state of STATES) assert.ok((met.get(state) ?? 0) > 1000, state)
  assert.ok(world.stack.counters.TCPFastRetrans > 0, 'duplicate ACKs never counted')
  for (const reason of EXPECTED) assert.ok((world.stack.counters.drops[reason] ?? 0) > 0, `${reason} never happened`)
  assert.ok(world.stack.counters.accepted > MUTATED / 10, 'not all of it is refused')
  end(world)
})

const EXPECTED = [
  'tcp-checksum',
  'tcp-rst-inexact',
  'tcp-syn-challenged',
  'tcp-paws',
  'tcp-timestamp-missing',
  'tcp-zero-window',
  'tcp-ack-unacceptable',
  'tcp-out-of-window',
  'syn-queue-full',
  'syn-refused',
  'syn-ignored',
  'syn-other-isn',
  'accept-queue-full',
  'accept-queue-reset',
  'cookie-failed',
  'icmp-out-of-window',
  'icmp-ignored',
  'udp-no-socket',
  'ip-fragment-tiny',
  'ip-fragment-overlap',
] as const

/** Time passes, and the application does this and that. */
function live(world: World, chance: Chance): void {
  if (chance.chance(0.2)) world.advance(chance.below(pick(chance, [5, 5, 100, 3000])))
  if (chance.chance(0.05)) world.accept()
  if (chance.chance(0.3)) {
    const all = [...world.stack.tcp.connections]
    if (all.length > 0) world.use(pick(chance, all), chance)
  }
}

/** When all connections are aborted and time has passed, nothing is left. */
function end(world: World): void {
  while (world.listener.acceptQueueLength > 0) world.accept()
  for (const connection of [...world.stack.tcp.connections]) connection.abort()
  world.listener.close()
  world.drain()
  world.advance(3_600_000)
  assert.equal(world.stack.tcp.connections.size, 0)
  assert.equal(world.stack.nextDeadline(), Number.POSITIVE_INFINITY)
}

function heap(): number {
  // Array buffers are given back beside the collection; the next waits for that.
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
