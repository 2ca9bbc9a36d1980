import { Stack } from '../../src/stack/stack.ts'
import { admitByCookie } from '../../src/tcp/admission.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Instant } from '../../src/wire/instant.ts'
import { PumpHandshakes } from '../handshakes.ts'
import { collectGarbage, type Sample, sample } from '../measure.ts'
import { cpuSeconds } from './cpu.ts'
import { SYN_LENGTH, spoofedSyns } from './spoofed.ts'

const PORT = 80
/** Rounds that don't count: code has to be compiled. */
const WARM_UP = 5
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => 3 * i + 1)

/** Frames that a driver gives the stack before it takes the answers. */
const BATCH = 64

/** A listener without a link, to which SYNs come from a row of frames. */
class Target {
  readonly stack: Stack = new Stack({ addresses: ['10.0.0.2/8'], secret: SECRET })
  private readonly out: Uint8Array = new Uint8Array(1500)

  constructor(options: Partial<ListenOptions>) {
    this.stack.listen({ port: PORT, ...options })
  }

  /** Gives it the SYN at frames[at], and takes what is due. */
  receive(frames: Uint8Array, at: number, now: Instant): void {
    this.stack.receive(frames, at, at + SYN_LENGTH, now)
    this.take(now)
  }

  /** Gives it all SYNs, in batches. */
  receiveAll(frames: Uint8Array, now: Instant): void {
    for (let at = 0; at < frames.length; ) {
      const end = Math.min(frames.length, at + BATCH * SYN_LENGTH)
      for (; at < end; at += SYN_LENGTH) this.stack.receive(frames, at, at + SYN_LENGTH, now)
      this.take(now)
    }
  }

  take(now: Instant): void {
    while (this.stack.transmit(this.out, 0, now) > 0);
  }

  /** Does what is due at `now`; returns how many frames went out. */
  advance(now: Instant): number {
    const before = this.stack.counters.transmitted
    if (this.stack.nextDeadline() <= now) this.stack.advance(now)
    this.take(now)
    return this.stack.counters.transmitted - before
  }
}

/**
 * SYNs a second of CPU that are answered, by a cookie or from an entry; parsing and checksums both ways included. One
 * listener for all rounds: with a stack V8 throws away the code that it has compiled for it.
 */
export async function synAckRates(count: number, kept: boolean, rounds: number): Promise<number[]> {
  const syns = spoofedSyns(count)
  const target = new Target(kept ? { backlog: count } : { admission: admitByCookie })
  const { stack } = target
  const rates: number[] = []
  let now = 1
  for (let round = -WARM_UP; round < rounds; round++) {
    const before = stack.counters.transmitted
    const took = await cpuSeconds(() => target.receiveAll(syns, now))
    if (stack.counters.transmitted - before !== count) throw new Error('not every SYN was answered')
    if (round >= 0) rates.push(count / took)
    // All entries come to their end.
    now += 100_000
    target.advance(now)
  }
  return rates
}

/** Connections a second of CPU, both ends. */
export async function handshakeRates(count: number, rounds: number): Promise<number[]> {
  const pump = new PumpHandshakes(64)
  const rates: number[] = []
  for (let round = -WARM_UP; round < rounds; round++) {
    const took = await cpuSeconds(() => pump.run(count))
    if (round >= 0) rates.push(count / took)
  }
  return rates
}

export interface Memory {
  readonly total: Sample
  readonly heap: Sample
  readonly resident: Sample
}

/** Octets that so many half-open connections take: array buffers and heap; V8's heap alone; and of the process. */
export function halfOpenMemory(count: number, rounds: number): Memory {
  const syns = spoofedSyns(count)
  const figures = Array.from({ length: rounds }, () => {
    const before = used()
    const target = new Target({ backlog: count })
    for (let i = 0; i < count; i++) target.receive(syns, i * SYN_LENGTH, 1)
    const after = used()
    if (target.stack.tcp.listening.listeners.all[0]!.halfOpen !== count) throw new Error('not all were kept')
    const heap = after.heapUsed - before.heapUsed
    return { heap, total: heap + after.arrayBuffers - before.arrayBuffers, resident: after.rss - before.rss }
  })
  const of = (name: 'heap' | 'total' | 'resident'): Sample => sample(figures.map((figure) => figure[name]))
  return { total: of('total'), heap: of('heap'), resident: of('resident') }
}

/**
 * Octets of heap and buffers by which a listener has grown after so many spoofed SYNs, a further million having warmed it
 * up: V8's compiled code and what it knows of types are in its heap, and grow by 0.1 MB until all is compiled.
 */
export function spoofedGrowth(count: number): number {
  const syns = spoofedSyns(200_000)
  const target = new Target({ backlog: 1024 })
  let now = 0
  const flood = (): void => {
    for (let at = 0; at < syns.length; at += SYN_LENGTH) {
      target.receive(syns, at, now)
      now += 0.01
    }
    target.advance(now)
  }
  for (let round = 0; round < WARM_UP; round++) flood()
  const before = used()
  for (let sent = 0; sent < count; sent += 200_000) flood()
  const after = used()
  return after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
}

function used(): NodeJS.MemoryUsage {
  // Buffers are given back only some time after their owners were collected.
  for (let i = 0; i < 4; i++) collectGarbage()
  return process.memoryUsage()
}

export interface Timers {
  /** Nanoseconds for each timer that runs out, its SYN,ACK included. */
  readonly each: Sample
  /** Per cent of a core that they take. */
  readonly share: Sample
  /** Per cent of a core that looking at them takes, when none runs out: a look each millisecond. */
  readonly idle: Sample
}

/** So many half-open connections, as old as in a steady state: what it costs to keep their timers. */
export function liveTimers(count: number, windows: number): Timers {
  const syns = spoofedSyns(count)
  const target = new Target({ backlog: count })
  const { survivalTime } = target.stack.tcp.listening.listeners.all[0]!
  let now = 0
  for (let i = 0; i < count; i++) {
    target.receive(syns, i * SYN_LENGTH, now)
    now += survivalTime / (count + 1)
    if (i % 1000 === 0) target.advance(now)
  }
  const each: number[] = []
  const share: number[] = []
  const idle: number[] = []
  for (let window = 0; window < windows; window++) {
    let fired = 0
    const began = performance.now()
    for (const end = now + 1000; now < end; now += 10) fired += target.advance(now)
    const took = performance.now() - began
    each.push((took * 1e6) / fired)
    share.push(took / 10)
    const looked = performance.now()
    for (let i = 0; i < 1000; i++) target.advance(now)
    idle.push((performance.now() - looked) / 10)
  }
  return { each: sample(each), share: sample(share), idle: sample(idle) }
}
