import type { Scheduler } from '../link/scheduler.ts'
import type { Milliseconds } from '../wire/instant.ts'
import type { Line } from './line.ts'
import type { LineOptions } from './line-options.ts'
import type { Recorder } from './recorder.ts'

/** The same for both directions, except where one says otherwise. */
export interface NetworkLinkOptions extends LineOptions {
  /** From the first end to the second. */
  forward?: LineOptions
  /** From the second end to the first. */
  backward?: LineOptions
}

export interface Flapping {
  /** How long it stays up, then down. */
  up: Milliseconds
  down: Milliseconds
  /** How often it goes down. */
  times: number
}

/** A cable between two ports, which can be made bad, cut and mended at any time. */
export class NetworkLink {
  readonly name: string
  /** From the first end to the second, and back. */
  readonly forward: Line
  readonly backward: Line
  readonly #scheduler: Scheduler
  readonly #recorder: Recorder

  constructor(name: string, forward: Line, backward: Line, scheduler: Scheduler, recorder: Recorder) {
    this.name = name
    this.forward = forward
    this.backward = backward
    this.#scheduler = scheduler
    this.#recorder = recorder
  }

  get isUp(): boolean {
    return this.forward.isUp
  }

  /**
   * Changes what is given, for the packets to come; those on their way arrive when they would have.
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  set(options: NetworkLinkOptions): void {
    this.#recorder.event(`${this.name} set ${describe(options)}`)
    this.apply(options)
  }

  /** As `set`, unrecorded: for the maker of the link. */
  apply(options: NetworkLinkOptions): void {
    const { forward, backward, ...both } = options
    this.forward.set({ ...both, ...forward })
    this.backward.set({ ...both, ...backward })
  }

  /** Cuts it: all that is in it is lost, and all that comes. */
  down(): void {
    this.#recorder.event(`${this.name} down`)
    this.forward.down()
    this.backward.down()
  }

  up(): void {
    this.#recorder.event(`${this.name} up`)
    this.forward.up()
    this.backward.up()
  }

  /** Goes down and up again, several times: first down after `up` ms. It ends up. */
  flap(flapping: Flapping): void {
    let left = flapping.times
    const fall = (): void => {
      if (left-- <= 0) return
      this.#scheduler.at(this.#scheduler.now() + flapping.up, () => {
        this.down()
        this.#scheduler.at(this.#scheduler.now() + flapping.down, () => {
          this.up()
          fall()
        })
      })
    }
    fall()
  }
}

/** The options as text that is the same in every run: a predicate is only named as one. */
function describe(options: NetworkLinkOptions): string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'function' ? 'predicate' : value === Number.POSITIVE_INFINITY ? 'Infinity' : value
  return JSON.stringify(options, plain)
}
