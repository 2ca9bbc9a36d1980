/**
 * Writes docs/goodput.md and its snapshot docs/goodput.json: goodput over loss, round-trip time and rate.
 *
 *   npm run sim:goodput             writes them
 *   npm run sim:goodput -- --check  ends with 1 when they are out of date, and says what has changed
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Cell, type CellResult, runCell } from './sim/goodput-cell.ts'
import { allCells, differences, markdown, type Snapshot, snapshotOf } from './sim/goodput-table.ts'
import { CORES, runTasks, serve } from './sim/pool.ts'

const TABLE = fileURLToPath(new URL('../docs/goodput.md', import.meta.url))
const SNAPSHOT = fileURLToPath(new URL('../docs/goodput.json', import.meta.url))

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
  const [table, json] = [markdown(snapshot), `${JSON.stringify(snapshot, null, 2)}\n`]
  const before = existsSync(SNAPSHOT) ? (JSON.parse(readFileSync(SNAPSHOT, 'utf8')) as Snapshot) : {}
  const changes = differences(before, snapshot)
  for (const change of changes) console.log(change)
  if (!values.check) {
    writeFileSync(TABLE, table)
    writeFileSync(SNAPSHOT, json)
    console.log(`docs/goodput.md is written; ${changes.length} cells have changed`)
  } else if (changes.length > 0 || !existsSync(TABLE) || readFileSync(TABLE, 'utf8') !== table) {
    console.error(`docs/goodput.md is out of date in ${changes.length} cells: npm run sim:goodput`)
    process.exitCode = 1
  }
}
