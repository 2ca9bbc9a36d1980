/**
 * Writes docs/goodput.md and its snapshot docs/goodput.json: goodput over loss, round-trip time and rate.
 *
 *   npm run sim:goodput             writes them
 *   npm run sim:goodput -- --check  ends with 1 when they are out of date, and says what has changed
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Cell, type CellResult, runCell } from './sim/goodput-cell.ts'
import { isWritten, readOurs, writeOurs } from './sim/goodput-files.ts'
import { allCells, differences, snapshotOf } from './sim/goodput-table.ts'
import { CORES, runTasks, serve } from './sim/pool.ts'

if (process.argv.includes('--worker')) serve<Cell, CellResult>(runCell)
else await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, workers: { type: 'string', default: String(CORES) } },
  })
  const cells = allCells()
  const results: CellResult[] = []
  const began = performance.now()
  await runTasks<Cell, CellResult>(fileURLToPath(import.meta.url), Number(values.workers), cells, (result) => {
    results.push(result)
    const { cell, share } = result
    const path = `${cell.congestionControl ?? ''} ${cell.rate / 1e6} Mbit/s ${cell.rtt} ms loss ${cell.loss}`.trim()
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    console.log(`${results.length}/${cells.length} (${seconds} s) ${path}: ${(share * 100).toFixed(1)} %`)
  })
  const snapshot = snapshotOf(results)
  const changes = differences(readOurs(), snapshot)
  for (const change of changes) console.log(change)
  if (!values.check) {
    writeOurs(snapshot)
    console.log(`docs/goodput.md is written; ${changes.length} cells have changed`)
  } else if (changes.length > 0 || !isWritten(snapshot)) {
    console.error(`docs/goodput.md is out of date in ${changes.length} cells: npm run sim:goodput`)
    process.exitCode = 1
  }
}
