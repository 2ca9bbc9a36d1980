import { machineNow } from '../host/settle.ts'
import { VirtualTimers } from '../host/virtual-timers.ts'
import type { Scheduler } from '../link/scheduler.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { endpointText } from '../wire/print.ts'
import type { Chance } from './chance.ts'
import { Conductor } from './conductor.ts'
import { withRun } from './failure.ts'
import type { HostOptions } from './host.ts'
import type { Nat, NatOptions } from './nat.ts'
import { type Attachable, type NatOutside, Network, type NetworkOptions, type Partitioned } from './network.ts'
import type { NetworkLink, NetworkLinkOptions } from './network-link.ts'
import type { Partition } from './partition.ts'
import type { Recording } from './recorder.ts'
import type { Router, RouterOptions } from './router.ts'
import { createHost, type SimulatedHost } from './simulated-host.ts'
import type { Switch } from './switch.ts'
import { VirtualClock } from './virtual-clock.ts'

/** How far a run is. */
export interface Progress {
  /** Virtual time, ms, and the machine's since the simulation was made. */
  readonly at: Instant
  readonly wall: Milliseconds
}

export interface SimulationOptions extends Omit<NetworkOptions, 'clock' | 'scheduler'> {
  /** What `Date.now()` of `timers` says at first, ms since 1970: 946,684,800,000 by default, the first of January 2000. */
  epoch?: number
  /** How long `run` and `until` wait where they are not told, ms of virtual time: an hour by default. */
  within?: Milliseconds
  /** Called during long runs. */
  progress?: (progress: Progress) => void
  /** How often: so many ms of virtual time (10,000 by default) or of the machine's (1000 by default), whichever comes first. */
  progressEvery?: { virtual?: Milliseconds; wall?: Milliseconds }
}

export interface WaitOptions {
  /** Virtual time, ms. */
  within?: Milliseconds
  /** What the error says was waited for. */
  label?: string
}

const NEW_CENTURY = 946_684_800_000
const HOUR: Milliseconds = 3_600_000
/** Steps between two looks at the machine's clock. */
const WALL_EVERY = 256

/**
 * A deterministic network with its own time. What a run puts on the wire depends on the seed and on the program alone, not
 * on the machine. Code under test must take its time from `timers`, and its chance from a seed (`chance()` has some).
 */
export class Simulation {
  readonly network: Network
  readonly timers: VirtualTimers
  readonly hosts: SimulatedHost[] = []
  /** The clock, for code that takes a scheduler, as `createNet` does. */
  readonly scheduler: Scheduler
  readonly #clock = new VirtualClock()
  readonly #conductor: Conductor
  readonly #within: Milliseconds
  readonly #progress: (() => void) | undefined

  constructor(options: SimulationOptions = {}) {
    this.network = new Network({ ...options, clock: this.#clock })
    this.#conductor = new Conductor({
      clock: this.#clock,
      check: () => this.#check(),
      pending: () => this.#pending(),
    })
    const touched = (callback: () => void) => () => {
      this.#conductor.touch()
      callback()
    }
    this.scheduler = {
      now: () => this.#clock.now(),
      at: (instant, callback) => this.#clock.at(instant, touched(callback)),
      soon: (callback) => this.#clock.soon(callback),
    }
    this.timers = new VirtualTimers(this.scheduler, options.epoch ?? NEW_CENTURY)
    this.#within = options.within ?? HOUR
    this.#progress = progressOf(options, this.#clock)
  }

  get seed(): number {
    return this.network.seed
  }

  /** Virtual time, ms since the beginning. */
  now(): Instant {
    return this.#clock.now()
  }

  /** Random numbers of the simulation's, a sequence of their own for each call. */
  chance(): Chance {
    return this.network.fork()
  }

  /**
   * A host, with `createServer` and `connect` as `node:net` has them; others reach it by its name, too.
   * @throws {TypeError} ERR_INVALID_ARG_VALUE: the name is taken, or an address is none
   */
  host(name: string, options: HostOptions = {}): SimulatedHost {
    const addressOf = (asked: string, family: number): string | undefined =>
      this.hosts
        .find((host) => host.name === asked)
        ?.interface.addresses.find((address) => family === 0 || address.family === family)
        ?.toString()
    const touch = (): void => this.#conductor.touch()
    const host = createHost(this.network, name, options, this.scheduler, touch, addressOf)
    this.hosts.push(host)
    return host
  }

  /** See {@link Switch}. */
  switch(name: string): Switch {
    return this.network.switch(name)
  }

  /** See {@link Router}. */
  router(name: string, options: RouterOptions = {}): Router {
    return this.network.router(name, options)
  }

  /** See {@link Nat}. Link hosts to it, and its `outside` to the world. */
  nat(name: string, options: NatOptions): Nat & { outside: NatOutside } {
    return this.network.nat(name, options)
  }

  /** See {@link Network.link}. */
  link(x: Attachable, y: Attachable, options: NetworkLinkOptions = {}): NetworkLink {
    return this.network.link(x, y, options)
  }

  /** See {@link Network.partition}. */
  partition(...groups: readonly (readonly Partitioned[])[]): Partition {
    return this.network.partition(...groups)
  }

  /** Calls `callback` when `ms` of virtual time have passed. */
  after(ms: Milliseconds, callback: () => void): void {
    this.scheduler.at(this.now() + ms, callback)
  }

  /**
   * Calls `body` and moves the clock until its promise settles. What `body` waits for may be anything that this
   * simulation makes happen. Where it fails, the error says the seed and shows the last packets.
   */
  run<T>(body: () => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    const { within = this.#within, label = 'the end of run()' } = options
    const promise = Promise.resolve().then(body)
    return this.#explained(this.#conductor.untilSettled(promise, label, within))
  }

  /**
   * Moves the clock until the promise settles, or the predicate is true. It may be called within `run` and several times
   * at once.
   */
  until<T>(promise: PromiseLike<T>, options?: WaitOptions): Promise<T>
  until(predicate: () => boolean, options?: WaitOptions): Promise<void>
  until<T>(what: PromiseLike<T> | (() => boolean), options: WaitOptions = {}): Promise<T | undefined> | Promise<void> {
    const { within = this.#within } = options
    if (typeof what === 'function') {
      return this.#explained(this.#conductor.untilTrue(what, options.label ?? 'a predicate', within))
    }
    return this.#explained(this.#conductor.untilSettled<T>(what, options.label ?? 'a promise', within))
  }

  /** Moves the clock until nothing is left to happen: connections have ended, TIME-WAIT is over. */
  idle(options: WaitOptions = {}): Promise<void> {
    return this.until(() => this.#clock.pending === 0, { label: 'idle()', ...options })
  }

  /** Resolves when so much virtual time has passed; it moves the clock by itself. */
  sleep(ms: Milliseconds): Promise<void> {
    const over = new Promise<void>((resolve) => this.after(ms, resolve))
    return this.until(over, { label: `sleep(${ms})`, within: ms + 1 })
  }

  /** Stops virtual time until the promise settles: for what is not simulated, such as a file that is read. */
  outside<T>(promise: Promise<T>): Promise<T> {
    return this.#conductor.outside(promise)
  }

  /** What was sent so far: to be kept, and given to another simulation as `replay`. */
  recording(): Recording {
    return this.network.recorder.recording()
  }

  /** A hash of every packet so far, with its instant and its fate. */
  get digest(): string {
    return this.network.recorder.digest
  }

  /** The last packets, one a line. */
  trace(): string {
    return this.network.recorder.trace()
  }

  /** @throws {ReplayError} when this run was, up to here, not the whole of the one given as `replay` */
  verify(): void {
    this.network.recorder.verify()
  }

  #check(): void {
    this.#progress?.()
    this.#checkReplay()
  }

  #checkReplay(): void {
    const { divergence } = this.network.recorder
    if (divergence !== undefined) throw divergence
  }

  async #explained<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await promise
      this.#checkReplay()
      return value
    } catch (error) {
      throw withRun(error, { seed: this.seed, at: this.now(), trace: this.trace() })
    }
  }

  /** Open connections, host by host. */
  #pending(): string[] {
    const connections = this.hosts.flatMap(({ name, stack }) =>
      [...stack.tcp.connections].map((connection) => {
        const { local, localPort, remote, remotePort, state } = connection
        const ends = `${endpointText(local, localPort)} > ${endpointText(remote, remotePort)}`
        return `${name}: ${ends} ${state}, ${connection.readable} octets to be read, ${connection.sendBuffer.length} not acknowledged`
      }),
    )
    const alone = this.hosts
      .filter((host) => host.interface.port.peer === undefined)
      .map(({ name }) => `${name}: no link`)
    const timers = this.timers.pending === 0 ? [] : [`${this.timers.pending} timers of sim.timers`]
    const hint = 'what waits for the machine (its timers, files, sockets) needs sim.timers or sim.outside(promise)'
    return [...alone, ...connections, ...timers, hint]
  }
}

/** @throws {RangeError} ERR_OUT_OF_RANGE: the seed is not a whole number */
export function createSimulation(options: SimulationOptions = {}): Simulation {
  const { seed = 1 } = options
  if (Number.isSafeInteger(seed)) return new Simulation(options)
  throw Object.assign(new RangeError(`"seed" must be a whole number. Received ${seed}`), { code: 'ERR_OUT_OF_RANGE' })
}

function progressOf(options: SimulationOptions, clock: VirtualClock): (() => void) | undefined {
  const { progress, progressEvery = {} } = options
  if (progress === undefined) return undefined
  const { virtual = 10_000, wall: wallEvery = 1000 } = progressEvery
  const began = machineNow()
  let at = clock.now()
  let wall = began
  let steps = 0
  return () => {
    const here = clock.now()
    const looks = ++steps % WALL_EVERY === 0
    if (here - at < virtual && !(looks && machineNow() - wall >= wallEvery)) return
    at = here
    wall = machineNow()
    progress({ at: here, wall: wall - began })
  }
}
