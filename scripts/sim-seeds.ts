/**
 * Runs transfers through the simulator with every impairment at once, one for each seed, on all cores. Ends with 1 when a
 * seed fails; its trace is in a file then.
 *
 *   npm run sim:seeds -- --from 1 --count 10000 [--workers 2] [--keep DIRECTORY] [--most-failures 10]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runSeed, SeedFailure } from '../test/sim/seeds/run-seed.ts'
import { CORES, runTasks, serve } from './sim/pool.ts'

interface Failure {
  seed: number
  message: string
  trace: string
}

interface Task {
  from: number
  count: number
}

interface Answer {
  failures: Failure[]
  octets: number
  packets: number
  virtual: number
}

/** Seeds that a worker runs before it reports. */
const CHUNK = 25
const TRACE_LINES = 400
const REPORT_EVERY = 2000

if (process.argv.includes('--worker')) serve<Task, Answer>(runChunk)
else await main()

function runChunk({ from, count }: Task): Answer {
  const answer: Answer = { failures: [], octets: 0, packets: 0, virtual: 0 }
  for (let seed = from; seed < from + count; seed++) {
    try {
      const { octets, took, lines } = runSeed(seed, TRACE_LINES)
      answer.octets += octets
      answer.virtual += took
      answer.packets += lines.reduce((sum, { sent }) => sum + sent, 0)
    } catch (error) {
      if (!(error instanceof SeedFailure)) throw error
      answer.failures.push({ seed, message: error.message, trace: `${error.stack}\n\n${error.trace}\n` })
    }
  }
  return answer
}

function* chunks(from: number, count: number, stop: () => boolean): Generator<Task> {
  for (let seed = from; seed < from + count && !stop(); seed += CHUNK) {
    yield { from: seed, count: Math.min(CHUNK, from + count - seed) }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: '1' },
      count: { type: 'string', default: '10000' },
      workers: { type: 'string', default: String(CORES) },
      keep: { type: 'string', default: 'test-failures' },
      'most-failures': { type: 'string', default: '10' },
    },
  })
  const [from, count, workers, most] = [values.from, values.count, values.workers, values['most-failures']].map(whole)
  const total: Answer = { failures: [], octets: 0, packets: 0, virtual: 0 }
  const began = performance.now()
  let done = 0
  let reportedAt = began
  const line = (): string => {
    const seconds = (performance.now() - began) / 1000
    return `${done} of ${count} seeds, ${total.failures.length} failed, ${(done / seconds).toFixed(1)} a second`
  }
  const tasks = chunks(from!, count!, () => total.failures.length >= most!)
  await runTasks<Task, Answer>(fileURLToPath(import.meta.url), workers!, tasks, (answer, task) => {
    done += task.count
    total.octets += answer.octets
    total.packets += answer.packets
    total.virtual += answer.virtual
    for (const failure of answer.failures) report(failure, values.keep)
    total.failures.push(...answer.failures)
    if (performance.now() - reportedAt < REPORT_EVERY) return
    reportedAt = performance.now()
    console.log(line())
  })
  console.log(`${line()}, ${((performance.now() - began) / 1000).toFixed(1)} s on ${workers} processes`)
  const mib = (total.octets / 2 ** 20).toFixed(0)
  const hours = (total.virtual / 3_600_000).toFixed(1)
  console.log(`${mib} MiB of data in ${total.packets} packets and ${hours} hours of virtual time, every octet compared`)
  if (total.failures.length > 0) process.exitCode = 1
}

function report({ seed, message, trace }: Failure, keep: string): void {
  mkdirSync(keep, { recursive: true })
  const file = join(keep, `seed-${seed}.txt`)
  writeFileSync(file, trace)
  console.error(
    `FAILED ${message}\n  the trace is in ${file}; this seed alone: npm run sim:seeds -- --from ${seed} --count 1`,
  )
}

function whole(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new RangeError(`"${text}" is not a whole number`)
}
