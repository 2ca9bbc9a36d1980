/**
 * The kernel's goodput with itself over the paths of docs/goodput.md, in real time: both ends of each connection are the
 * kernel's, in a network namespace of their own, and between them a TUN device whose packets this process delays and loses.
 * Writes docs/goodput-linux.json, and docs/goodput.md anew. Takes five minutes on a machine that should do nothing else; with
 * `--part`, one of its parts.
 *
 *   npm run linux:goodput [-- --part 1 | -- --part pairs]
 */
import { release } from 'node:os'
import { parseArgs } from 'node:util'
import { enterNamespace, isInsideNamespace } from '../src/host/namespace.ts'
import { calibrate, runBatch } from './linux/cells.ts'
import { runPairs } from './linux/pairs.ts'
import { batches, parts, secondsOf } from './linux/schedule.ts'
import { fairnessOf, pairName } from './sim/fairness-table.ts'
import type { CellResult } from './sim/goodput-cell.ts'
import { readLinux, writeLinux } from './sim/goodput-files.ts'
import { merged } from './sim/goodput-linux.ts'
import { cellNameOf, FAIRNESS, percent, snapshotOf } from './sim/goodput-table.ts'

/** s; a part is what is run at a time. */
const MOST_IN_PART = 50
const PAIRS_SECONDS = 50

if (isInsideNamespace()) await main()
else {
  const result = await enterNamespace()
  if (!result.ok) console.error(result.reason)
  process.exitCode = result.ok ? result.exitCode : 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { part: { type: 'string' } } })
  const { part } = values
  const all = parts(batches(), MOST_IN_PART)
  const carries = await calibrate()
  console.log(`without rate, loss and delay: ${(carries / 1e6).toFixed(0)} Mbit/s`)
  const results: CellResult[] = []
  for (const batch of part === undefined ? all.flat() : (all[Number(part) - 1] ?? [])) {
    console.log(`${batch.length} connections, ${secondsOf(batch).toFixed(0)} s`)
    for (const result of await runBatch(batch)) {
      results.push(result)
      const { cell, share } = result
      console.log(`  ${cell.congestionControl}, ${cellNameOf(cell)}: ${percent(share)}`)
    }
  }
  const pairs = part === undefined || part === 'pairs' ? await runPairs(PAIRS_SECONDS) : []
  for (const pair of pairs)
    console.log(pairName(pair.pair), pair.runs.map((run) => run.map(percent).join(' : ')).join(', '))
  const before = readLinux()?.shares ?? {}
  writeLinux({
    kernel: /^\d+\.\d+/.exec(release())?.[0] ?? '',
    carries: Math.round(carries / 1e8) * 1e8,
    shares: merged(before, { ...snapshotOf(results), [FAIRNESS]: fairnessOf(pairs) }),
  })
  console.log(`docs/goodput.md is written; ${results.length + pairs.length} cells of Linux's are new`)
}
