import type { Scheduler } from '../link/scheduler.ts'
import type { Instant } from '../wire/instant.ts'
import { printPacket } from '../wire/print.ts'
import { Digest } from './digest.ts'
import type { Fate, Line, LineObserver } from './line.ts'

/** A run, as far as it is needed to see whether another is the same. It is plain data, for JSON. */
export interface Recording {
  version: 1
  seed: number
  /** Packets sent, delivered and lost, and changes to the network. */
  happenings: number
  /** Of everything, with instants. */
  digest: string
  /** Of the first happenings (see `recordLimit`): when each was, and 32 bits of the running hash behind it. */
  instants: Instant[]
  hashes: number[]
  /** What was done to the network, and when: for the reader. */
  events: { at: Instant; text: string }[]
}

export interface RecorderOptions {
  seed: number
  /** The most happenings that are kept one by one, 12 octets each: 1,048,576 by default. Those beyond are in the digest only. */
  recordLimit?: number
  /** False: no packet is hashed, kept or compared, which saves up to half the time of long transfers. Default true. */
  record?: boolean
  /** The most lines that the trace goes back: 100 by default. */
  traceLimit?: number
  /** A run that this one is to repeat. */
  replay?: Recording
}

interface TraceLine {
  at: Instant
  name: string
  fate: Fate
  octets: Uint8Array
  length: number
  event: string | undefined
}

/** This run is not the one that was recorded. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
  /** Which happening, from 0 on, and when it was in this run, ms. */
  readonly index: number
  readonly at: Instant

  constructor(message: string, index: number, at: Instant) {
    super(message)
    this.index = index
    this.at = at
  }
}

const MOST_EVENTS = 10_000

/** Every packet on every line and every change to the network: a digest of all of them, the last ones as text, and a comparison. */
export class Recorder implements LineObserver {
  readonly #scheduler: Scheduler
  readonly #seed: number
  readonly #digest = new Digest()
  readonly #replay: Recording | undefined
  readonly #records: boolean
  readonly #recordLimit: number
  readonly #instants: Instant[] = []
  readonly #hashes: number[] = []
  readonly #events: { at: Instant; text: string }[] = []
  readonly #traceLimit: number
  readonly #last: TraceLine[] = []
  #lines = 0
  #happenings = 0
  /** Set by the first happening that differs from the recorded run. */
  divergence: ReplayError | undefined

  constructor(scheduler: Scheduler, options: RecorderOptions) {
    this.#scheduler = scheduler
    this.#seed = options.seed
    this.#replay = options.replay
    this.#records = options.record ?? true
    this.#recordLimit = options.recordLimit ?? 1_048_576
    this.#traceLimit = options.traceLimit ?? 100
  }

  get digest(): string {
    return this.#digest.toString()
  }

  packet(line: Line, fate: Fate, octets: Uint8Array, start: number, end: number): void {
    if (!this.#records) return
    const digest = this.#digest
    digest.number(this.#scheduler.now())
    digest.integer(line.index)
    digest.text(fate)
    // What else becomes of it follows from what was sent.
    if (fate === 'sent' || fate === 'corrupted') digest.octets(octets, start, end)
    else digest.integer(end - start)
    this.#trace(line.name, fate, octets, start, end, undefined)
    this.#happened()
  }

  /** Something was done to the network. */
  event(text: string): void {
    const at = this.#scheduler.now()
    this.#digest.number(at)
    this.#digest.text(text)
    if (this.#events.length < MOST_EVENTS) this.#events.push({ at, text })
    this.#trace('', 'sent', EMPTY, 0, 0, text)
    this.#happened()
  }

  recording(): Recording {
    return {
      version: 1,
      seed: this.#seed,
      happenings: this.#happenings,
      digest: this.digest,
      instants: [...this.#instants],
      hashes: [...this.#hashes],
      events: [...this.#events],
    }
  }

  /** The last packets and events, one a line, oldest first. */
  trace(): string {
    const first = Math.max(0, this.#lines - this.#traceLimit)
    const texts: string[] = []
    for (let i = first; i < this.#lines; i++) texts.push(lineText(this.#last[i % this.#traceLimit]!))
    return texts.join('\n')
  }

  /** @throws {ReplayError} when this run was not, up to here, the whole of the recorded one */
  verify(): void {
    if (this.divergence !== undefined) throw this.divergence
    const replay = this.#replay
    if (replay === undefined) return
    if (replay.happenings === this.#happenings && replay.digest === this.digest) return
    const at = this.#scheduler.now()
    const message =
      replay.happenings === this.#happenings
        ? `this run differs from the recorded one somewhere behind its first ${replay.hashes.length} happenings`
        : `${this.#happenings} happenings by ${seconds(at)}, but the recorded run had ${replay.happenings}`
    throw new ReplayError(message, this.#happenings, at)
  }

  #happened(): void {
    const index = this.#happenings++
    if (index < this.#recordLimit) {
      this.#instants.push(this.#scheduler.now())
      this.#hashes.push(this.#digest.word)
    }
    if (this.#replay !== undefined && this.divergence === undefined) this.#compare(this.#replay, index)
  }

  #compare(replay: Recording, index: number): void {
    if (index < replay.happenings) {
      if (index >= replay.hashes.length || replay.hashes[index] === this.#digest.word) return
    }
    const at = this.#scheduler.now()
    const then =
      index < replay.happenings
        ? `the recorded run had another at ${seconds(replay.instants[index]!)}`
        : 'the recorded run was over'
    const here =
      this.#traceLimit > 0 ? lineText(this.#last[(this.#lines - 1) % this.#traceLimit]!).trim() : `at ${seconds(at)}`
    this.divergence = new ReplayError(`happening ${index} differs: here\n  ${here}\nwhere ${then}`, index, at)
  }

  #trace(name: string, fate: Fate, octets: Uint8Array, start: number, end: number, event: string | undefined): void {
    if (this.#traceLimit === 0) return
    const at = this.#lines++ % this.#traceLimit
    let line = this.#last[at]
    if (line === undefined) {
      line = { at: 0, name, fate, octets: EMPTY, length: 0, event }
      this.#last[at] = line
    }
    line.at = this.#scheduler.now()
    line.name = name
    line.fate = fate
    line.event = event
    line.length = end - start
    if (line.octets.length < line.length) line.octets = new Uint8Array(Math.max(2048, line.length))
    line.octets.set(octets.subarray(start, end))
  }
}

const EMPTY = new Uint8Array(0)

function seconds(at: Instant): string {
  return `${(at / 1000).toFixed(6)} s`
}

function lineText({ at, name, fate, octets, length, event }: TraceLine): string {
  const time = (at / 1000).toFixed(6).padStart(12)
  if (event !== undefined) return `${time}  ${event}`
  return `${time}  ${name} ${fate.padEnd(10)} ${printPacket(octets, 0, length)}`
}
