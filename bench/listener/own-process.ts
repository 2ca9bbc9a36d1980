/**
 * Figures measured in processes of their own, as a peer in another language is: what ran before in the same process has
 * taught V8 other types, and left it other garbage. A process for each figure, since no two compile alike.
 *
 *     own-process.ts NAME COUNT    prints the figure
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Sample, sample } from '../measure.ts'
import { handshakeRates, synAckRates } from './in-process.ts'

const PROGRAM = fileURLToPath(import.meta.url)

/** Rounds in one process, of which the median counts. */
const ROUNDS = 3

const FIGURES = {
  cookie: (count: number) => synAckRates(count, false, ROUNDS),
  stored: (count: number) => synAckRates(count, true, ROUNDS),
  handshakes: (count: number) => handshakeRates(count, ROUNDS),
}

export async function inOwnProcesses(name: keyof typeof FIGURES, count: number, processes: number): Promise<Sample> {
  const args = ['--expose-gc', '--import', 'tsx', PROGRAM, name, String(count)]
  const figures: number[] = []
  while (figures.length < processes) {
    const { stdout } = await promisify(execFile)(process.execPath, args)
    figures.push(Number(stdout))
  }
  return sample(figures)
}

if (process.argv[1] === PROGRAM) {
  const [name, count] = process.argv.slice(2)
  console.log(sample(await FIGURES[name as keyof typeof FIGURES](Number(count))).median)
}
