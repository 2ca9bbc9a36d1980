/** As much of a stream as a screen needs; `process.stdout` is one. */
export interface ScreenOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Back to the first column, and the line wiped. */
const WIPE = '\r\u001b[2K'
/** A line that is too long for the terminal is cut off there: broken in two, it could not be wiped. */
const NO_WRAP = '\u001b[?7l'
const WRAP = '\u001b[?7h'

/** Lines, one below the other; on a terminal the last one may be live: written anew, while others appear above it. */
export class Screen {
  /** Whether a live line is written over. Elsewhere each is a line of its own. */
  readonly redraws: boolean
  readonly #output: ScreenOutput
  #live: string | undefined

  constructor(output: ScreenOutput, redraws: boolean = output.isTTY === true && process.env.TERM !== 'dumb') {
    this.#output = output
    this.redraws = redraws
  }

  line(text: string): void {
    this.#output.write(this.#live === undefined ? `${text}\n` : `${WIPE}${text}\n${unwrapped(this.#live)}`)
  }

  live(text: string): void {
    if (!this.redraws) {
      this.line(text)
      return
    }
    this.#live = text
    this.#output.write(`${WIPE}${unwrapped(text)}`)
  }

  /** The live line stays as it is; further ones come below. */
  settle(): void {
    if (this.#live === undefined) return
    this.#live = undefined
    this.#output.write('\n')
  }
}

function unwrapped(text: string): string {
  return `${NO_WRAP}${text}${WRAP}`
}
