import type { Snapshot } from './goodput-table.ts'

/** What `npm run linux:goodput` and `linux:fairness` have measured. */
export interface LinuxSnapshot {
  /** Its version. */
  kernel: string
  /** What the path between the kernel and itself carries when it limits nothing, bits a second. */
  carries: number
  shares: Snapshot
  /** Shares of the rate of two connections, by the names of their congestion controls and the path. */
  fairness?: Record<string, [number, number]>
}

/** `before` with the cells of `own` in their places. */
export function merged(before: Snapshot, own: Snapshot): Snapshot {
  const names = [...new Set([...Object.keys(before), ...Object.keys(own)])]
  return Object.fromEntries(names.map((name) => [name, { ...before[name], ...own[name] }]))
}
