import type { Sample } from './measure.ts'

/** One line of the report. */
export interface Row {
  readonly work: string
  readonly unit: string
  readonly estab: Sample
  /** node:net over the kernel's loopback, doing the same. */
  readonly node?: Sample
}

export function printHeader(): void {
  console.log(`${'work'.padEnd(58)} ${'estab, median (range)'.padEnd(34)} ${'node:net'.padEnd(30)} ratio`)
}

export function printRow({ work, unit, estab, node }: Row): void {
  const ratio = node === undefined ? '–' : `${(estab.median / node.median).toFixed(2)} ×`
  const other = node === undefined ? '–' : text(node)
  console.log(`${`${work}, ${unit}`.padEnd(58)} ${text(estab).padEnd(34)} ${other.padEnd(30)} ${ratio}`)
}

function text({ median, least, most }: Sample): string {
  return `${figure(median)} (${figure(least)}–${figure(most)})`
}

function figure(n: number): string {
  if (Math.abs(n) >= 1000) return Math.round(n).toLocaleString('en')
  return n.toFixed(Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 10 ? 1 : 2)
}
