import type { Cell, CellResult } from './goodput-cell.ts'
import { congestionControls } from './goodput-cell.ts'
import { aboutLinux, behind, compared, fairness, type LinuxSnapshot } from './goodput-linux.ts'

const LOSSES = [0, 0.001, 0.01, 0.03, 0.1]
const RTTS = [1, 20, 100, 300]
const RATES = [10e6, 100e6, 1e9]

/** The snapshot's section that is no congestion control. */
export const FAIRNESS = 'fairness'
const LINUX_NAMES: Record<string, string> = { newreno: 'reno' }

/** Shares by congestion control and by cell, as they stand in the snapshot. */
export type Snapshot = Record<string, Record<string, number>>

/** The cells that take longest come first, so that no core is left with one at the end. */
export function allCells(): Cell[] {
  const cells: Cell[] = []
  for (const loss of LOSSES) {
    for (const rate of [...RATES].reverse()) {
      for (const rtt of [...RTTS].reverse()) {
        for (const congestionControl of congestionControls()) cells.push({ congestionControl, rate, rtt, loss })
      }
    }
  }
  return cells
}

/** In the table's order, whatever the order of the results. */
export function snapshotOf(results: readonly CellResult[]): Snapshot {
  const snapshot: Snapshot = {}
  for (const name of congestionControls().map(controlName)) {
    const own = results.filter(({ cell }) => controlName(cell.congestionControl) === name)
    const shares: Record<string, number> = {}
    for (const [rate, rtt, loss] of rowMajor()) {
      const result = own.find(({ cell }) => cell.rate === rate && cell.rtt === rtt && cell.loss === loss)
      if (result !== undefined) shares[cellName(rate, rtt, loss)] = Number(result.share.toPrecision(3))
    }
    snapshot[name] = shares
  }
  return snapshot
}

/** What is different, a line each: the cell, what the file says, what it is. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) => {
    const [old, own] = [before[name] ?? {}, after[name] ?? {}]
    const cells = [...new Set([...Object.keys(old), ...Object.keys(own)])]
    return cells
      .filter((cell) => old[cell] !== own[cell])
      .map((cell) => `${name}, ${cell}: ${percent(old[cell])} in the file, ${percent(own[cell])} now`)
  })
}

export function markdown(snapshot: Snapshot, linux?: LinuxSnapshot): string {
  const parts = Object.entries(snapshot).flatMap(([name, shares]) => {
    if (name === FAIRNESS) return []
    const theirs = linux?.shares[name]
    const own = `## ${name}\n\n${table((cell) => percent(shares[cell]))}\n`
    if (theirs === undefined) return [own]
    const beside = table((cell) => compared(shares[cell], theirs[cell]))
    return [own, `### Linux with ${LINUX_NAMES[name] ?? name}, and estab's share of Linux's\n\n${beside}\n`]
  })
  return [
    HEAD,
    ...parts,
    ...(linux ? [aboutLinux(linux), behind(snapshot, linux)] : []),
    fairness(snapshot, linux),
  ].join('\n')
}

const HEAD = `# Goodput

What the receiving application reads, as a share of the link's rate: one connection over one link in the simulator, which
sends as much as goes. Written by \`npm run sim:goodput\`; \`npm run sim:goodput -- --check\` says what has changed. The same code
gives the same table on every machine: all that is computed with is rounded alike everywhere (IEEE 754), but for one cube root,
which CUBIC rounds to a µs; the table itself has three digits.

- The most that there can be is 96.5 %: 1448 octets of data in a packet of 1500. It is a little more where octets that had
  come out of order before the measurement could be read in it.
- Loss is by chance, evenly, in the direction of the data. The round-trip time is that of the empty path.
- The queue in front of the rate holds as many packets as the path itself, 100 at least, and drops the tail. Both buffers
  begin at their default size and grow up to the default's most, or to twice what path and queue hold where that is more:
  the windows are not what limits.
- Measured behind 20 round trips and at least 1 s: for another 20 and at least 1 s, and on until 40,000 packets have come or
  60 s have passed. All in virtual time.
`

function table(text: (cell: string) => string): string {
  const head = `| rate | RTT | ${LOSSES.map((loss) => `loss ${lossText(loss)}`).join(' | ')} |`
  const rule = `|--:|--:|${LOSSES.map(() => '--:').join('|')}|`
  const rows = RATES.flatMap((rate) =>
    RTTS.map((rtt) => {
      const cells = LOSSES.map((loss) => text(cellName(rate, rtt, loss)))
      return `| ${rateText(rate)} | ${rtt} ms | ${cells.join(' | ')} |`
    }),
  )
  return [head, rule, ...rows].join('\n')
}

function* rowMajor(): Generator<[rate: number, rtt: number, loss: number]> {
  for (const rate of RATES) for (const rtt of RTTS) for (const loss of LOSSES) yield [rate, rtt, loss]
}

function controlName(control: string | undefined): string {
  return control ?? 'the only congestion control'
}

function cellName(rate: number, rtt: number, loss: number): string {
  return `${rateText(rate)}, ${rtt} ms, loss ${lossText(loss)}`
}

export function cellNameOf({ rate, rtt, loss }: Cell): string {
  return cellName(rate, rtt, loss)
}

function rateText(rate: number): string {
  return rate >= 1e9 ? `${rate / 1e9} Gbit/s` : `${rate / 1e6} Mbit/s`
}

function lossText(loss: number): string {
  return `${Math.round(loss * 1000) / 10} %`
}

/** With a decimal at least, and two digits that say something. */
export function percent(share: number | undefined): string {
  if (share === undefined) return 'nothing'
  const value = share * 100
  return `${value >= 1 || value === 0 ? value.toFixed(1) : value.toPrecision(2)} %`
}
