import type { Milliseconds } from '../../wire/instant.ts'
import type { Colors } from '../colors.ts'
import type { LadderStep } from '../ladder.ts'
import { LadderPrinter } from '../ladder-printer.ts'
import type { Screen } from '../screen.ts'
import { wrap } from '../text.ts'
import type { DemoClient } from './clients.ts'
import type { Step, Testbed } from './testbed.ts'

export interface StageOptions {
  readonly testbed: Testbed
  readonly client: DemoClient
  /** Addresses where nobody is: one for each entry of the backlog. */
  readonly unused: readonly string[]
  readonly colors: Colors
  readonly screen: Screen
}

/** How a try of the client's went. */
export interface Outcome {
  /** `connection refused` */
  readonly failure: string | undefined
  readonly text: string
}

/** Where results stand: below the client's state in a ladder. */
const DRAWN_AT = ' '.repeat(11)

/** What every scene of the tour needs: its players, its heading, its ladder, and the client's try. */
export class Stage {
  readonly testbed: Testbed
  readonly unused: readonly string[]
  readonly colors: Colors
  readonly screen: Screen
  readonly #client: DemoClient
  readonly #ladder: LadderPrinter
  #number = 0
  /** When the ladder's first SYN came. */
  #began = Number.NaN

  constructor({ testbed, client, unused, colors, screen }: StageOptions) {
    this.testbed = testbed
    this.unused = unused
    this.colors = colors
    this.screen = screen
    this.#client = client
    this.#ladder = new LadderPrinter((text) => screen.line(text), colors)
  }

  /** The next scene. */
  begin(title: string, text: string): void {
    this.testbed.onStep = () => {}
    this.#number++
    this.screen.line('')
    this.screen.line(this.colors.bold(`${this.colors.inverse(` ${this.#number} `)} ${title}`))
    this.say(text)
    this.newLadder()
  }

  say(text: string): void {
    for (const line of wrap(text, 4)) this.screen.line(this.colors.dim(line))
    this.screen.line('')
  }

  /** The next step gets a heading, and is the one that time counts from. */
  newLadder(): void {
    this.#began = Number.NaN
    this.#ladder.reset()
  }

  draw(step: Step, extra: Partial<LadderStep> = {}): void {
    if (Number.isNaN(this.#began)) this.#began = step.now
    const { kind, ends, load, arrives, now } = step
    this.#ladder.rung(ends, { kind, at: now - this.#began, load, arrives, note: remark(step), ...extra })
  }

  /** The client gets the page. */
  async fetch(): Promise<void> {
    this.tell(await this.ask())
  }

  /** The client asks for the page. */
  async ask(patience?: Milliseconds): Promise<Outcome> {
    const begin = performance.now()
    const what = `${this.#client.verb} ${this.#url}`
    try {
      const { status, length } = await this.#client.get(this.#url, patience)
      const took = Math.round(performance.now() - begin)
      const failure = status === 200 ? undefined : `HTTP status ${status}`
      return { failure, text: `${what} → ${status}, ${length} octets, ${took} ms` }
    } catch (error) {
      const failure = (error as Error).message
      return { failure, text: `${what} → ${failure}` }
    }
  }

  /** Draws how it went. Throws if that is not as the tour has it: with that failure, or none. */
  tell({ failure, text }: Outcome, expected?: string): void {
    if (failure !== expected) throw new Error(`the tour's client: ${text}, instead of ${expected ?? 'a page'}`)
    if (failure === undefined) this.result(text)
    else this.screen.line(`${DRAWN_AT}${this.colors.red('✗')} ${text}`)
  }

  result(text: string): void {
    this.screen.line(`${DRAWN_AT}${this.colors.green('✓')} ${text}`)
  }

  get #url(): string {
    return `http://${this.testbed.address}/`
  }
}

function remark({ kind, retransmissions, arrives }: Step): string | undefined {
  if (kind !== 'syn-ack-sent' && kind !== 'syn-ack-retransmitted') return undefined
  const again = kind === 'syn-ack-sent' ? '' : `${ordinal(retransmissions)} retransmission`
  const lost = arrives ? '' : 'lost: swallowed by the link'
  return [again, lost].filter((part) => part !== '').join(', ') || undefined
}

function ordinal(n: number): string {
  return ['', 'first', 'second', 'third'][n] ?? `${n}th`
}
