import type { Milliseconds } from '../../src/wire/instant.ts'
import { runFairness } from './fairness.ts'

/** Two connections over one bottleneck: by their congestion controls, at the path's RTT. */
export interface Pair {
  controls: readonly ['cubic' | 'newreno', 'cubic' | 'newreno']
  rtt: Milliseconds
}

/** A pair, and the shares of the rate that each of the two got, once for each run. */
export interface PairResult {
  pair: Pair
  runs: [number, number][]
}

export const PAIR_RATE = 10e6
export const PAIR_SECONDS = 60
export const PAIR_SEEDS = 5

export const PAIRS: readonly Pair[] = [20, 100].flatMap((rtt): Pair[] => [
  { controls: ['cubic', 'cubic'], rtt },
  { controls: ['newreno', 'newreno'], rtt },
  { controls: ['newreno', 'cubic'], rtt },
])

export function runPair(pair: Pair): PairResult {
  const runs: [number, number][] = []
  for (let seed = 1; seed <= PAIR_SEEDS; seed++) {
    const { controls, rtt } = pair
    const path = { rate: PAIR_RATE, rtt, discipline: 'drop-tail', seconds: PAIR_SECONDS } as const
    runs.push(runFairness({ controls, ...path, seed, later: 'together' }))
  }
  return { pair, runs }
}

/** The means over all runs: of each one's share of the rate, and of how far apart both were, as a part of their sum. */
export function summary({ runs }: PairResult): { first: number; second: number; apart: number } {
  const mean = (of: (run: [number, number]) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length
  return {
    first: mean(([first]) => first),
    second: mean(([, second]) => second),
    apart: mean(([first, second]) => Math.abs(first - second) / (first + second)),
  }
}

/** As it stands in a snapshot. */
export function fairnessOf(results: readonly PairResult[]): Record<string, number> {
  const entries = PAIRS.flatMap((pair) => {
    const result = results.find((each) => pairName(each.pair) === pairName(pair))
    if (result === undefined) return []
    return Object.entries(summary(result)).map(([name, value]): [string, number] => {
      return [`${pairName(pair)}, ${name}`, Math.round(value * 1000) / 1000]
    })
  })
  return Object.fromEntries(entries)
}

export function pairName({ controls, rtt }: Pair): string {
  return `${controls.join(' and ')}, ${rtt} ms`
}
