import type { Sample } from '../measure.ts'

/** One line of the report, with what is to be reached and who does the same. */
export interface Row {
  readonly work: string
  readonly unit: string
  readonly estab: Sample
  /** To be reached by the median: at least, or at most. */
  readonly goal: { readonly least: number } | { readonly most: number }
  readonly anchor?: Anchor | undefined
}

export interface Anchor {
  readonly name: string
  readonly figures: Sample
}

export function printHeader(): void {
  console.log(line('work', 'estab, median (range)', 'goal', 'anchor, median (range)', 'ratio'))
}

export function printRow({ work, unit, estab, goal, anchor }: Row): void {
  const reached = 'least' in goal ? estab.median >= goal.least : estab.median <= goal.most
  const wanted = 'least' in goal ? `≥ ${figure(goal.least)}` : `≤ ${figure(goal.most)}`
  const other = anchor === undefined ? '–' : `${anchor.name} ${text(anchor.figures)}`
  const ratio =
    anchor === undefined || anchor.figures.median === 0 ? '–' : `${figure(estab.median / anchor.figures.median)} ×`
  console.log(line(`${work}, ${unit}`, text(estab), `${wanted} ${reached ? 'yes' : 'NO'}`, other, ratio))
}

export function printMissing(work: string, reason: string): void {
  console.log(`${work.padEnd(60)} not measured: ${reason}`)
}

function line(work: string, estab: string, goal: string, anchor: string, ratio: string): string {
  return `${work.padEnd(60)} ${estab.padEnd(36)} ${goal.padEnd(16)} ${anchor.padEnd(44)} ${ratio}`
}

function text({ median, least, most }: Sample): string {
  return least === most ? figure(median) : `${figure(median)} (${figure(least)}–${figure(most)})`
}

function figure(n: number): string {
  if (Math.abs(n) >= 1000) return Math.round(n).toLocaleString('en')
  return String(Number(n.toPrecision(3)))
}
