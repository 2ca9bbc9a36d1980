import type { Milliseconds } from '../../wire/instant.ts'
import type { Colors } from '../colors.ts'
import { LadderPrinter } from '../ladder-printer.ts'
import type { DemoClient } from './clients.ts'
import { BACKLOG, type Stage, type Step, SYN_ACK_WAITS } from './stage.ts'

export interface TourOptions {
  readonly stage: Stage
  readonly client: DemoClient
  /** Addresses where nobody is: one for each entry of the backlog. */
  readonly unused: readonly string[]
  readonly colors: Colors
  readonly line: (text: string) => void
}

/** The sum of the waits: so long an unanswered entry lives. */
const SURVIVAL: Milliseconds = SYN_ACK_WAITS.reduce((sum, wait) => sum + wait, 0)

/** Milliseconds that an unanswered entry may overstay before the tour calls it an error. */
const GRACE = 2000

/** The four scenes, one after another. Rejects when something does not go as it is told. */
export async function tour(options: TourOptions): Promise<void> {
  const scenes = new Scenes(options)
  await scenes.normal()
  await scenes.lostTwice()
  await scenes.silent()
  await scenes.full()
}

class Scenes {
  readonly #stage: Stage
  readonly #client: DemoClient
  readonly #unused: readonly string[]
  readonly #colors: Colors
  readonly #line: (text: string) => void
  readonly #ladder: LadderPrinter
  #number = 0
  #began = Number.NaN

  constructor({ stage, client, unused, colors, line }: TourOptions) {
    this.#stage = stage
    this.#client = client
    this.#unused = unused
    this.#colors = colors
    this.#line = line
    this.#ladder = new LadderPrinter(line, colors)
  }

  async normal(): Promise<void> {
    this.#begin(
      'A normal handshake',
      'The client asks for a page; the connection that carries it opens in three steps.',
    )
    this.#stage.onStep = (step) => this.#draw(step)
    await this.#fetch()
  }

  async lostTwice(): Promise<void> {
    this.#begin(
      'A SYN+ACK that is lost twice',
      `The link swallows the first two. The server sends it again after ${waits(0)} s, and again after ${waits(1)} s more.`,
    )
    this.#stage.swallow = 2
    this.#stage.onStep = (step) => this.#draw(step, step.arrives ? undefined : 'lost: swallowed by the link')
    await this.#fetch()
  }

  async silent(): Promise<void> {
    this.#begin(
      'A client that never answers',
      `A SYN with a forged source, ${this.#unused[0]}: nobody is there. Its entry lives for ${waits(0)} + ${waits(1)} + ${waits(2)} s` +
        ` = ${SURVIVAL / 1000} s.`,
      'This schedule is shortened for the tour; the default is 1 + 2 + 4 + 8 + 16 + 32 s = 63 s.',
    )
    await this.#until(
      (step, done) => {
        this.#draw(step, undefined, true)
        if (step.kind === 'expired') done()
      },
      () => this.#stage.forgeSyn(this.#unused[0]!, 40_001, randomSequence()),
    )
    this.#result(`the entry was deleted ${SURVIVAL / 1000} s after its SYN, and the SYN queue is empty again`)
  }

  async full(): Promise<void> {
    this.#begin(
      'A backlog that fills',
      `${BACKLOG} forged SYNs take all ${BACKLOG} places of the SYN queue. A real client finds it full, and gets in once they are gone.`,
    )
    let expired = 0
    const forged = new Set(this.#unused)
    this.#stage.onStep = (step) => {
      if (!forged.has(step.client)) {
        this.#draw(
          step,
          step.kind === 'dropped'
            ? 'the SYN queue is full: dropped, and counted; the client will try again'
            : undefined,
        )
      } else if (step.kind === 'syn-received') {
        this.#draw(this.#together(step), undefined, true)
      } else if (step.kind === 'expired') {
        expired++
        this.#draw(
          this.#together(step),
          expired === BACKLOG ? `all ${BACKLOG} deleted at the survival time` : undefined,
          true,
        )
      }
    }
    for (const [i, address] of this.#unused.entries()) this.#stage.forgeSyn(address, 40_001 + i, randomSequence())
    await this.#fetch()
  }

  /** The forged SYNs differ in nothing that matters here: one heading stands for all. */
  #together(step: Step): Step {
    const last = this.#unused.at(-1)!
    const client = `${this.#unused[0]} to ${last.slice(last.search(/[^.:]*$/))}: nobody there`
    return { ...step, ends: { ...step.ends, client, irs: 'one for each', iss: 'one for each' } }
  }

  #draw(step: Step, remark?: string, silent = false): void {
    if (Number.isNaN(this.#began)) this.#began = step.now
    const again = step.kind === 'syn-ack-retransmitted' ? `${ordinal(step.retransmissions)} retransmission` : undefined
    const note = [again, remark].filter((part) => part !== undefined).join('; ')
    this.#ladder.rung(step.ends, {
      kind: step.kind,
      at: step.now - this.#began,
      load: step.load,
      arrives: step.arrives,
      silent,
      note: note === '' ? undefined : note,
    })
  }

  #begin(title: string, ...lines: string[]): void {
    this.#number++
    this.#began = Number.NaN
    this.#ladder.reset()
    this.#line('')
    this.#line(`${this.#colors.bold(this.#colors.inverse(` ${this.#number} `))} ${this.#colors.bold(title)}`)
    for (const text of lines) this.#line(this.#colors.dim(`    ${text}`))
    this.#line('')
  }

  async #fetch(): Promise<void> {
    const begin = performance.now()
    const { status, length } = await this.#client.get(`http://${this.#stage.address}/`)
    if (status !== 200) throw new Error(`the client got HTTP status ${status} instead of 200`)
    const took = Math.round(performance.now() - begin)
    this.#result(`${this.#client.name}: GET / → 200, ${length} octets, ${took} ms`)
  }

  #result(text: string): void {
    this.#line(`           ${this.#colors.green('✓')} ${text}`)
  }

  /** Resolves when `onStep` calls `done`; rejects when that takes too long. */
  #until(onStep: (step: Step, done: () => void) => void, start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the entry is still there after its time')), SURVIVAL + GRACE)
      this.#stage.onStep = (step) =>
        onStep(step, () => {
          clearTimeout(timer)
          resolve()
        })
      start()
    })
  }
}

function waits(i: number): number {
  return SYN_ACK_WAITS[i]! / 1000
}

function ordinal(n: number): string {
  return `${n}${['th', 'st', 'nd', 'rd'][n] ?? 'th'}`
}

function randomSequence(): number {
  return Math.floor(Math.random() * 2 ** 32)
}
