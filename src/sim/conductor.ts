import { settle } from '../host/settle.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Something that the clock runs for. */
interface Goal {
  readonly label: string
  /** When it is given up. */
  readonly deadline: Instant
  readonly within: Milliseconds
  readonly predicate: (() => boolean) | undefined
  done: boolean
  succeed(): void
  fail(error: unknown): void
}

export interface ConductorOptions {
  clock: VirtualClock
  /** Called between any two steps: throws when the run is not to go on. */
  check(): void
  /** What is there to be said of a run in which something never happened: a line each. */
  pending(): string[]
}

/** How often the event loop may turn, once nothing is left to happen, before it is believed. */
const LAST_TURNS = 10

/** After so many steps the event loop turns in any case: a predicate of the user's, too, may have resolved a promise. */
const MOST_UNSEEN = 64

/**
 * Moves a virtual clock for as long as somebody waits, and only when the code under test is quiet: no microtask,
 * `process.nextTick` or stream event is left to run. One loop, however many wait.
 */
export class Conductor {
  readonly #clock: VirtualClock
  readonly #options: ConductorOptions
  readonly #goals = new Set<Goal>()
  readonly #outside = new Set<Promise<unknown>>()
  #running = false
  #touched = true
  /** Steps since the event loop last turned. */
  #unseen = 0

  constructor(options: ConductorOptions) {
    this.#clock = options.clock
    this.#options = options
  }

  /** Code that is not the simulation's own has run, so promises may be on their way. */
  touch(): void {
    this.#touched = true
  }

  /** Runs the clock until the promise settles, and hands on what it settles to. */
  async untilSettled<T>(promise: PromiseLike<T>, label: string, within: Milliseconds): Promise<T> {
    let goal: Goal | undefined
    const outcome = new Promise<T>((resolve, reject) => {
      goal = this.#newGoal(label, within, undefined, () => {}, reject)
      promise.then(
        (value) => {
          goal!.done = true
          resolve(value)
        },
        (error: unknown) => {
          goal!.done = true
          reject(error)
        },
      )
    })
    this.#start(goal!)
    return outcome
  }

  /** Runs the clock until the predicate is true, which is asked at once and after each step. */
  untilTrue(predicate: () => boolean, label: string, within: Milliseconds): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#start(this.#newGoal(label, within, predicate, resolve, reject))
    })
  }

  /** Virtual time stands still until the promise settles, which depends on the machine: a file, a process, a real socket. */
  outside<T>(promise: Promise<T>): Promise<T> {
    this.#outside.add(promise)
    const gone = (): void => {
      this.#outside.delete(promise)
      this.touch()
    }
    promise.then(gone, gone)
    return promise
  }

  #newGoal(
    label: string,
    within: Milliseconds,
    predicate: (() => boolean) | undefined,
    succeed: () => void,
    fail: (error: unknown) => void,
  ): Goal {
    return { label, within, deadline: this.#clock.now() + within, predicate, done: false, succeed, fail }
  }

  #start(goal: Goal): void {
    this.#goals.add(goal)
    this.touch()
    if (this.#running) return
    this.#running = true
    void this.#run()
  }

  async #run(): Promise<void> {
    while (this.#goals.size > 0) {
      try {
        const idle = this.#clock.next === Number.POSITIVE_INFINITY
        if (this.#touched || idle || this.#unseen >= MOST_UNSEEN) await this.#quiet()
        this.#options.check()
        this.#collect()
        // Whoever was told just now goes on first.
        if (this.#goals.size > 0 && !this.#touched) this.#step()
      } catch (error) {
        for (const goal of this.#goals) goal.fail(error)
        this.#goals.clear()
      }
    }
    // In the same turn as the look at `#goals`: whoever comes later starts anew.
    this.#running = false
  }

  /** Waits until nothing runs any more but the clock. */
  async #quiet(): Promise<void> {
    this.#unseen = 0
    for (let turn = 0; turn < LAST_TURNS; turn++) {
      this.#touched = false
      await settle()
      while (this.#outside.size > 0) {
        await Promise.allSettled(this.#outside)
        await settle()
      }
      this.#collect()
      if (!this.#touched && (this.#goals.size === 0 || this.#clock.next < Number.POSITIVE_INFINITY)) return
    }
  }

  #collect(): void {
    for (const goal of this.#goals) {
      if (goal.predicate?.() === true) {
        goal.done = true
        goal.succeed()
        this.touch()
      }
      if (goal.done) this.#goals.delete(goal)
    }
  }

  #step(): void {
    const next = this.#clock.next
    const idle = next === Number.POSITIVE_INFINITY
    const late = this.#soonestToFail(next)
    if (late === undefined) {
      this.#unseen++
      this.#clock.step()
      return
    }
    this.#goals.delete(late)
    this.touch()
    if (!idle) this.#clock.run(late.deadline)
    const why = idle
      ? 'is waited for, and nothing is left to happen'
      : `took longer than ${late.within} ms of virtual time`
    late.fail(this.#error(`${late.label} ${why}`))
  }

  /** Of those that fail before `next`, the one that gives up first; of several, the last to begin: it is the innermost. */
  #soonestToFail(next: Instant): Goal | undefined {
    let found: Goal | undefined
    for (const goal of this.#goals) {
      const fails = next === Number.POSITIVE_INFINITY || next > goal.deadline
      const first = found === undefined || next === Number.POSITIVE_INFINITY || goal.deadline <= found.deadline
      if (fails && first) found = goal
    }
    return found
  }

  #error(what: string): Error {
    const lines = this.#options.pending()
    const others = [...this.#goals].map(({ label }) => `${label}, waited for besides`)
    const text = [...lines, ...others].map((line) => `\n  ${line}`).join('')
    return new Error(`at ${(this.#clock.now() / 1000).toFixed(3)} s ${what}${text === '' ? '' : `; there is:${text}`}`)
  }
}
