import type { Colors } from './colors.ts'
import { type LadderEnds, type LadderStep, ladderHeading, ladderIss, ladderRung } from './ladder.ts'

/** Writes rungs, and a heading whenever another handshake than the last one speaks. */
export class LadderPrinter {
  readonly #line: (text: string) => void
  readonly #colors: Colors
  #current: LadderEnds | undefined

  constructor(line: (text: string) => void, colors: Colors) {
    this.#line = line
    this.#colors = colors
  }

  rung(ends: LadderEnds, step: LadderStep): void {
    const { client, server, irs, iss } = this.#current ?? {}
    if (client !== ends.client || server !== ends.server || irs !== ends.irs) {
      if (this.#current !== undefined) this.#line('')
      for (const text of ladderHeading(ends, this.#colors)) this.#line(text)
    } else if (iss !== ends.iss && ends.iss !== undefined) {
      this.#line(ladderIss(ends.iss, this.#colors))
    }
    this.#current = ends
    for (const text of ladderRung(step, this.#colors)) this.#line(text)
  }

  /** The next rung gets a heading, without an empty line above it. */
  reset(): void {
    this.#current = undefined
  }
}
