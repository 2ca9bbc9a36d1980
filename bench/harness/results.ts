import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Sample, sample } from '../measure.ts'
import type { Metric } from './work.ts'

/** What was measured: the file of `--json`. */
export interface Results {
  readonly machine: Machine
  readonly leftOut: readonly LeftOut[]
  readonly works: readonly WorkResult[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly kernel: string
  readonly node: string
  /** Of the kernel, in the namespaces. */
  readonly congestionControl: string
  readonly date: string
}

export interface LeftOut {
  readonly peer: string
  readonly reason: string
}

export interface WorkResult {
  readonly name: string
  readonly title: string
  readonly metrics: readonly Metric[]
  readonly peers: readonly PeerResult[]
}

export interface PeerResult {
  readonly name: string
  readonly title: string
  /** Each round's figures, by metric. */
  readonly rounds: readonly Readonly<Record<string, number>>[]
  /** Why there are fewer rounds, or none. */
  readonly failed?: string
}

/** Of one metric, in the rounds that have it. */
export function figures({ rounds }: PeerResult, metric: string): Sample | undefined {
  const all = rounds.flatMap((round) => round[metric] ?? [])
  return all.length === 0 ? undefined : sample(all)
}

/** A median, or undefined if it was not measured. */
export function median(results: Results, work: string, peer: string, metric: string): number | undefined {
  const found = results.works.find(({ name }) => name === work)?.peers.find(({ name }) => name === peer)
  return found === undefined ? undefined : figures(found, metric)?.median
}

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

/** Writes the results, and keeps what the file holds of other works: so the whole can be measured in parts. */
export function writeResults(path: string, results: Results): Results {
  const all = existsSync(path) ? merged(readResults(path), results) : results
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(all, undefined, 1)}\n`)
  return all
}

function merged(old: Results, results: Results): Results {
  const done = new Set(results.works.map(({ name }) => name))
  return { ...results, works: [...old.works.filter(({ name }) => !done.has(name)), ...results.works] }
}
