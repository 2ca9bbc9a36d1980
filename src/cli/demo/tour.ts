import type { Milliseconds } from '../../wire/instant.ts'
import type { Colors } from '../colors.ts'
import type { LadderStep } from '../ladder.ts'
import { LadderPrinter } from '../ladder-printer.ts'
import { wrap } from '../text.ts'
import type { DemoClient } from './clients.ts'
import { BACKLOG, type Step, SYN_ACK_WAITS, type Testbed } from './testbed.ts'

export interface TourOptions {
  readonly testbed: Testbed
  readonly client: DemoClient
  /** Addresses where nobody is: one for each entry of the backlog. */
  readonly unused: readonly string[]
  readonly colors: Colors
  readonly line: (text: string) => void
}

/** The sum of the waits: so long an unanswered entry lives. */
const SURVIVAL: Milliseconds = SYN_ACK_WAITS.reduce((sum, wait) => sum + wait, 0)

/** How long an entry may overstay on a busy machine before the tour calls it an error. */
const GRACE: Milliseconds = 2000

const WAITS = SYN_ACK_WAITS.map((wait) => wait / 1000)
const DRAWN_AT = ' '.repeat(11)

/** The four scenes, one after another. Rejects when something does not go as it is told. */
export async function tour(options: TourOptions): Promise<void> {
  const scenes = new Scenes(options)
  await scenes.normal()
  await scenes.lostTwice()
  await scenes.silent()
  await scenes.full()
  scenes.account()
}

class Scenes {
  readonly #testbed: Testbed
  readonly #client: DemoClient
  readonly #unused: readonly string[]
  readonly #colors: Colors
  readonly #line: (text: string) => void
  readonly #ladder: LadderPrinter
  #number = 0
  /** When the scene's first SYN came. */
  #began = Number.NaN

  constructor({ testbed, client, unused, colors, line }: TourOptions) {
    this.#testbed = testbed
    this.#client = client
    this.#unused = unused
    this.#colors = colors
    this.#line = line
    this.#ladder = new LadderPrinter(line, colors)
  }

  async normal(): Promise<void> {
    this.#begin('A normal handshake', 'A client asks for a page. The connection that carries it opens in three steps.')
    this.#testbed.onStep = (step) => this.#draw(step)
    await this.#fetch()
  }

  async lostTwice(): Promise<void> {
    this.#begin(
      'A SYN+ACK that is lost twice',
      `The link swallows the first two; the server sends it again ${WAITS[0]} s later, and ${WAITS[1]} s after that.`,
    )
    this.#testbed.swallow = 2
    this.#testbed.onStep = (step) => this.#draw(step)
    await this.#fetch()
  }

  async silent(): Promise<void> {
    this.#begin(
      'A client that never answers',
      `A SYN with a forged source address, at which nobody is. Its entry lives for ${WAITS.join(' + ')} = ${SURVIVAL / 1000} s: ` +
        'a schedule shortened for the tour. The default is 1 + 2 + 4 + 8 + 16 + 32 = 63 s.',
    )
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the entry has outlived its time')), SURVIVAL + GRACE)
      this.#testbed.onStep = (step) => {
        this.#draw(step, { clientText: step.kind === 'syn-received' ? 'SYN, then silence' : 'silence' })
        if (step.kind !== 'expired') return
        clearTimeout(timer)
        resolve()
      }
      this.#testbed.forgeSyn(this.#unused[0]!, 40_001, randomSequence())
    })
    this.#result(`the entry is deleted ${SURVIVAL / 1000} s after its SYN, and its place is free again`)
  }

  async full(): Promise<void> {
    this.#begin(
      'A backlog that fills',
      `${BACKLOG} forged SYNs take all ${BACKLOG} places of the SYN queue. A real client's SYN finds it full and is dropped; the client ` +
        'sends it again, and gets in once the places are free.',
    )
    const forged = new Set(this.#unused)
    let [dropped, expired, heading] = [0, 0, undefined as Step['ends'] | undefined]
    this.#testbed.onStep = (step) => {
      if (!forged.has(step.client)) {
        heading = step.ends
        if (step.kind !== 'dropped') this.#draw(step)
        else
          this.#draw(step, {
            note: ++dropped === 1 ? 'the SYN queue is full: dropped, and counted' : 'sent again, and dropped again',
          })
      } else if (step.kind === 'syn-received') {
        this.#draw({ ...step, ends: this.#together(step) }, { clientText: 'SYN, then silence' })
      } else if (step.kind === 'expired' && ++expired === BACKLOG) {
        this.#draw({ ...step, ends: heading ?? this.#together(step) }, { clientText: `(the ${BACKLOG} forged ones)` })
      }
    }
    for (const [i, address] of this.#unused.entries()) this.#testbed.forgeSyn(address, 40_001 + i, randomSequence())
    await this.#fetch()
  }

  /** Where all SYNs went: the listener's own count. */
  account(): void {
    const { syns, completed, expired, queueFull } = this.#testbed.server.listener!.counters
    const parts = `${completed} connections + ${expired} deleted at the survival time + ${queueFull} dropped`
    this.#line('')
    this.#line(`${this.#colors.bold('Every SYN has its end:')} ${syns} SYNs = ${parts}.`)
  }

  /** The forged SYNs differ in nothing that matters here: one heading stands for all. */
  #together(step: Step): Step['ends'] {
    const last = this.#unused.at(-1)!
    const client = `${this.#unused[0]} to ${last.slice(last.search(/[^.:]*$/))}, at which nobody is`
    return { ...step.ends, client, irs: '(one for each)', iss: '(one for each)' }
  }

  #draw(step: Step, extra: Partial<LadderStep> = {}): void {
    if (Number.isNaN(this.#began)) this.#began = step.now
    const { kind, ends, load, arrives, now } = step
    this.#ladder.rung(ends, { kind, at: now - this.#began, load, arrives, note: remark(step), ...extra })
  }

  #begin(title: string, text: string): void {
    this.#number++
    this.#began = Number.NaN
    this.#ladder.reset()
    this.#line('')
    this.#line(this.#colors.bold(`${this.#colors.inverse(` ${this.#number} `)} ${title}`))
    for (const line of wrap(text, 4)) this.#line(this.#colors.dim(line))
    this.#line('')
  }

  async #fetch(): Promise<void> {
    const begin = performance.now()
    const url = `http://${this.#testbed.address}/`
    const { status, length } = await this.#client.get(url)
    if (status !== 200) throw new Error(`the client got HTTP status ${status} instead of 200`)
    const took = Math.round(performance.now() - begin)
    this.#result(`${this.#client.verb} ${url} → ${status}, ${length} octets, ${took} ms`)
  }

  #result(text: string): void {
    this.#line(`${DRAWN_AT}${this.#colors.green('✓')} ${text}`)
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

function randomSequence(): number {
  return Math.floor(Math.random() * 2 ** 32)
}
