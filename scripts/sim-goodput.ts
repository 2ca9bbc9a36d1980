/**
 * Writes docs/goodput.md and its snapshot docs/goodput.json: goodput over loss, round-trip time and rate,
 * and how two connections share a bottleneck.
 *
 *   npm run sim:goodput             writes them
 *   npm run sim:goodput -- --check  ends with 1 when they are out of date, and says what has changed
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fairnessOf, PAIRS, type Pair, type PairResult, pairName, runPair, summary } from './sim/fairness-table.ts'
import { type Cell, type CellResult, runCell } from './sim/goodput-cell.ts'
import { isWritten, readOurs, writeOurs } from './sim/goodput-files.ts'
import { allCells, cellNameOf, differences, FAIRNESS, percent, snapshotOf } from './sim/goodput-table.ts'
import { CORES, runTasks, serve } from './sim/pool.ts'

type Task = { cell: Cell } | { pair: Pair }
type Answer = CellResult | PairResult

if (process.argv.includes('--worker')) {
  serve<Task, Answer>((task) => ('cell' in task ? runCell(task.cell) : runPair(task.pair)))
} else await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, workers: { type: 'string', default: String(CORES) } },
  })
  const tasks: Task[] = [...PAIRS.map((pair) => ({ pair })), ...allCells().map((cell) => ({ cell }))]
  const [cells, pairs]: [CellResult[], PairResult[]] = [[], []]
  const began = performance.now()
  await runTasks<Task, Answer>(fileURLToPath(import.meta.url), Number(values.workers), tasks, (answer) => {
    const what =
      'cell' in answer ? `${answer.cell.congestionControl}, ${cellNameOf(answer.cell)}` : pairName(answer.pair)
    const share = 'cell' in answer ? percent(answer.share) : `${percent(summary(answer).apart)} apart`
    if ('cell' in answer) cells.push(answer)
    else pairs.push(answer)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    console.log(`${cells.length + pairs.length}/${tasks.length} (${seconds} s) ${what}: ${share}`)
  })
  const snapshot = { ...snapshotOf(cells), [FAIRNESS]: fairnessOf(pairs) }
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
