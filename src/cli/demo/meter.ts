import type { Listener } from '../../tcp/listener.ts'
import type { Milliseconds } from '../../wire/instant.ts'
import { grouped } from '../account.ts'
import type { Colors } from '../colors.ts'
import { seconds } from '../ladder.ts'
import type { Screen } from '../screen.ts'

const BAR = 16
const QUEUE = 24
const NUMBER = 9

/** How often a line that is written over is, and how often one is added where none can be. */
const REDRAW: Milliseconds = 50
const SNAPSHOT: Milliseconds = 600

/** Draws the two queues of a listener, and where its SYNs went, as long as it runs. */
export class Meter {
  readonly #screen: Screen
  readonly #listener: Listener
  readonly #colors: Colors
  readonly #began = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(screen: Screen, listener: Listener, colors: Colors) {
    this.#screen = screen
    this.#listener = listener
    this.#colors = colors
    screen.line(colors.dim(meterHeading()))
    this.#draw()
    this.#timer = setInterval(() => this.#draw(), screen.redraws ? REDRAW : SNAPSHOT)
  }

  /** Draws once more, for good. */
  stop(): void {
    clearInterval(this.#timer)
    this.#draw()
    this.#screen.settle()
  }

  #draw(): void {
    this.#screen.live(meterRow(performance.now() - this.#began, this.#listener, this.#colors))
  }
}

export function meterHeading(): string {
  const numbers = ['SYNs', 'queued', 'cookies', 'dropped'].map((name) => name.padStart(NUMBER)).join('')
  return `${' '.repeat(11)}${'SYN queue'.padEnd(QUEUE)}${'accept queue'.padEnd(QUEUE)}${numbers}`
}

export type Metered = Pick<Listener, 'halfOpen' | 'backlog' | 'acceptQueueLength' | 'acceptBacklog'> & {
  readonly counters: Pick<Listener['counters'], 'syns' | 'held' | 'cookied' | 'queueFull'>
}

/** SYNs = queued + cookies + dropped. */
export function meterRow(at: Milliseconds, listener: Metered, colors: Colors): string {
  const { syns, held, cookied, queueFull } = listener.counters
  const synQueue = queueBar(listener.halfOpen, listener.backlog, colors)
  const acceptQueue = queueBar(listener.acceptQueueLength, listener.acceptBacklog, colors)
  const numbers = [syns, held, cookied, queueFull].map((number) => grouped(number).padStart(NUMBER)).join('')
  return `${seconds(at).padStart(9)}  ${synQueue}${acceptQueue}${numbers}`
}

function queueBar(entries: number, most: number, colors: Colors): string {
  // One entry is to be seen, and a place that is free.
  const filled = entries === most ? BAR : Math.min(BAR - 1, Math.ceil((BAR * entries) / most))
  const bar = '█'.repeat(filled) + colors.dim('░'.repeat(BAR - filled))
  const load = ` ${entries}/${most}`.padEnd(QUEUE - BAR)
  return entries === most ? colors.red(bar + load) : bar + load
}
