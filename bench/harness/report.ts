import type { Sample } from '../measure.ts'
import { type Bar, bars } from './bars.ts'
import { describe } from './machine.ts'
import { figures, type PeerResult, type Results, type WorkResult } from './results.ts'
import type { Metric } from './work.ts'

/** A table, its first column to the left, the others to the right. */
export type Table = readonly (readonly string[])[]

/** A work's peers, a line each: median and range of each metric, and by what factor estab has more of the first. */
export function workTable({ metrics, peers, title }: WorkResult): Table {
  const head = [title, ...metrics.map(heading), `estab ÷ it, ${metrics[0]!.title}`]
  const estab = peers.find(({ name }) => name === 'estab')
  return [head, ...peers.map((peer) => line(peer, estab, metrics))]
}

function heading({ title, unit }: Metric): string {
  return `${title}, ${unit}`
}

function line(peer: PeerResult, estab: PeerResult | undefined, metrics: readonly Metric[]): string[] {
  const title = peer.failed === undefined ? peer.title : `${peer.title} (failed: ${peer.failed})`
  const first = metrics[0]!.name
  const own = estab === undefined ? undefined : figures(estab, first)?.median
  const its = figures(peer, first)?.median
  const ratio = own === undefined || its === undefined || its === 0 ? '–' : figure(own / its)
  return [title, ...metrics.map(({ name }) => text(figures(peer, name))), ratio]
}

export function barTable(all: readonly Bar[]): Table {
  return [
    ['to be reached', 'goal', 'measured', 'reached'],
    ...all.map(({ text, goal, figure: measured, reached }) => [
      text,
      goal,
      measured === undefined ? '–' : figure(measured),
      reached === undefined ? 'not measured' : reached ? 'yes' : 'NO',
    ]),
  ]
}

export function printTable(table: Table): void {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  for (const row of table) {
    const [first, ...others] = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    console.log([first, ...others].join('  ').trimEnd())
  }
  console.log()
}

/** All of it, as a part of a page. */
export function markdown(results: Results): string {
  const tables = results.works.map((work) => [`### ${capital(work.title)}`, '', ...rows(workTable(work))].join('\n'))
  const left = results.leftOut.map(({ peer, reason }) => `- ${peer}: ${reason}`)
  return [
    '<!-- Written by `npm run bench -- peers --from FILE --markdown FILE`. -->',
    '# Figures',
    '',
    `${describe(results.machine)}; ${results.machine.date.slice(0, 10)}. Median (least–most).`,
    ...(left.length === 0 ? [] : ['', 'Left out:', '', ...left]),
    '',
    '## What is to be reached',
    '',
    ...rows(barTable(bars(results))),
    '',
    '## Works',
    '',
    tables.join('\n\n'),
    '',
  ].join('\n')
}

function rows([head, ...body]: Table): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const [, ...heads] = head!
  return [row(['', ...heads]), row(head!.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(row)]
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Median and range. */
export function text(sample: Sample | undefined): string {
  if (sample === undefined) return '–'
  const { median, least, most } = sample
  return least === most ? figure(median) : `${figure(median)} (${figure(least)}–${figure(most)})`
}

function figure(n: number): string {
  if (!Number.isFinite(n)) return '–'
  if (Math.abs(n) >= 1000) return Math.round(n).toLocaleString('en')
  return String(Number(n.toPrecision(3)))
}
