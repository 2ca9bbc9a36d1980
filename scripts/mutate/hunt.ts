/** Looks for a violation, ever deeper from all starts in turn, and writes what it found to stdout as JSON. */
import { explore } from '../../test/explorer/explore.ts'
import { asTest } from '../../test/explorer/notation.ts'
import { STARTS } from '../../test/explorer/starts.ts'

export interface Find {
  readonly start: string
  readonly path: readonly string[]
  readonly problem: string
  readonly test: string
}

export interface Hunt {
  readonly found: Find | undefined
  /** States seen until then. */
  readonly states: number
}

function hunt(most: number): Hunt {
  const seen = new Map<string, number>()
  const states = (): number => [...seen.values()].reduce((sum, count) => sum + count, 0)
  for (let depth = 1; depth <= most; depth++) {
    for (const start of STARTS) {
      const exploration = explore(start, depth)
      seen.set(start.name, exploration.states)
      const { violation } = exploration
      if (violation === undefined) continue
      const path = [...start.prefix, ...violation.path.map(({ name }) => name)]
      const found = { start: start.name, path, problem: violation.problem, test: asTest(start, violation.path) }
      return { found, states: states() }
    }
  }
  return { found: undefined, states: states() }
}

process.stdout.write(JSON.stringify(hunt(Number(process.argv[2]))))
