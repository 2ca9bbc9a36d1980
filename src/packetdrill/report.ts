import { COLUMNS, type Column, packetColumns } from './print.ts'
import type { Place, TcpPacket } from './script.ts'

/** What a script says did not happen, or cannot be done. */
export interface Failure {
  readonly place: Place
  /** One line. */
  readonly problem: string
  /** Further lines: what was expected and what came, what happened before. */
  readonly details: readonly string[]
}

export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure'
  readonly problem: string
  readonly details: readonly string[]
  /** Where, if it is not where the event at hand stands. */
  place: Place | undefined

  constructor(problem: string, details: readonly string[] = [], place?: Place) {
    super(problem)
    this.problem = problem
    this.details = details
    this.place = place
  }
}

/** `0.100000`, seconds out of milliseconds. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}

/** `file:12: problem`, and the details below. */
export function formatFailure(file: string, { place, problem, details }: Failure): string {
  return [`${file}:${place.line}:${place.column}: ${problem}`, ...details.map((line) => `  ${line}`)].join('\n')
}

/** Two lines, one below the other, and a third that points at what differs. */
export function expectedAndGot(expected: string, got: string): string[] {
  return [`expected  ${expected}`, `got       ${got}`]
}

/** Two packets with their parts below each other, and marks below the parts that differ. */
export function comparePackets(
  expected: { readonly time: string; readonly packet: TcpPacket },
  got: { readonly time: string; readonly packet: TcpPacket },
  wrong: readonly (Column | 'time')[],
): string[] {
  const upper = [expected.time, ...packetColumns(expected.packet)]
  const lower = [got.time, ...packetColumns(got.packet)]
  const names: readonly (Column | 'time')[] = ['time', ...COLUMNS]
  const lines = [['expected'], ['got'], ['']]
  for (const [i, name] of names.entries()) {
    const width = Math.max(upper[i]!.length, lower[i]!.length)
    if (width === 0) continue
    const marks = wrong.includes(name) ? '^'.repeat(width) : ''
    for (const [line, text] of [upper[i]!, lower[i]!, marks].entries()) lines[line]!.push(text.padEnd(width))
  }
  return lines
    .map(([label, ...columns]) => `${label!.padEnd(10)}${columns.join(' ')}`.trimEnd())
    .filter((line) => line !== '')
}
