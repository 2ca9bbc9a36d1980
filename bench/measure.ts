/** One candidate's figures, higher is better or lower, as its unit says. */
export interface Sample {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function sample(figures: readonly number[]): Sample {
  const sorted = figures.toSorted((x, y) => x - y)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, least: sorted[0]!, most: sorted.at(-1)! }
}

/**
 * Runs each candidate `rounds` times, by turns, so that what the machine does besides falls on all of them; and once
 * before, which does not count: code has to be compiled.
 */
export async function byTurns<Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, Sample>> {
  const names = Object.keys(candidates) as Name[]
  const figures = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      collectGarbage()
      const figure = await candidates[name]()
      if (round > 0) figures.get(name)!.push(figure)
    }
  }
  return Object.fromEntries(names.map((name) => [name, sample(figures.get(name)!)])) as Record<Name, Sample>
}

export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('the benchmarks need node --expose-gc: npm run bench')
  globalThis.gc()
}

/** Seconds that `work` takes. */
export async function seconds(work: () => void | Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
