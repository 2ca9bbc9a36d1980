/**
 * A figure measured in a process of its own, as a peer in another language is: what ran before in the same process has
 * taught V8 other types, and left it other garbage.
 *
 *     own-process.ts NAME COUNT ROUNDS    prints the rounds' figures as JSON
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Sample, sample } from '../measure.ts'
import { handshakeRates, synAckRates } from './in-process.ts'

const PROGRAM = fileURLToPath(import.meta.url)

const FIGURES = {
  cookie: (count: number, rounds: number) => synAckRates(count, false, rounds),
  stored: (count: number, rounds: number) => synAckRates(count, true, rounds),
  handshakes: handshakeRates,
}

export async function inOwnProcess(name: keyof typeof FIGURES, count: number, rounds: number): Promise<Sample> {
  const args = ['--expose-gc', '--import', 'tsx', PROGRAM, name, String(count), String(rounds)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return sample(JSON.parse(stdout) as number[])
}

if (process.argv[1] === PROGRAM) {
  const [name, count, rounds] = process.argv.slice(2)
  console.log(JSON.stringify(await FIGURES[name as keyof typeof FIGURES](Number(count), Number(rounds))))
}
