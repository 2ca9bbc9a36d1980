import { PAIR_RATE, PAIRS, type PairResult } from '../sim/fairness-table.ts'
import { kernelName } from './cells.ts'
import { prepareKernel, runTasks } from './kernel.ts'
import { Reflector } from './reflector.ts'

const MTU = 1500
const FIRST_PORT = 5001
/** Of each pair, all at the same time. */
const RUNS = 3
/** Two that begin together do so within so many s, as in the simulator. */
const TOGETHER = 0.2
const BACKWARD = { rate: 1e9, queue: 1000, loss: 0 }

/** Pairs of the kernel's connections, each over a bottleneck of its own, for so many s. */
export async function runPairs(seconds: number): Promise<PairResult[]> {
  const reflector = await Reflector.open()
  prepareKernel(1_048_576)
  const runs = PAIRS.flatMap((pair) => Array.from({ length: RUNS }, (_, run) => ({ pair, run })))
  try {
    const tasks = runs.flatMap(({ pair, run }, i) => {
      const [delay, queue] = [pair.rtt / 2, Math.max(100, Math.ceil(((PAIR_RATE / 8000) * pair.rtt) / MTU))]
      const ports = [FIRST_PORT + 2 * i, FIRST_PORT + 2 * i + 1]
      reflector.setPath(
        ports,
        { forward: { rate: PAIR_RATE, queue, delay, loss: 0 }, backward: { ...BACKWARD, delay } },
        1,
      )
      return ports.map((port, side) => {
        const start = side === run % 2 ? 0 : (TOGETHER * (run + 1)) / RUNS
        return { port, control: kernelName(pair.controls[side]), start, warmUp: TOGETHER - start, measure: seconds }
      })
    })
    const done = await runTasks(tasks)
    const shares = done.map(({ octets, took }) => (octets * 8) / took / PAIR_RATE)
    return PAIRS.map((pair) => ({
      pair,
      runs: runs.flatMap((each, i): [number, number][] =>
        each.pair === pair ? [[shares[2 * i]!, shares[2 * i + 1]!]] : [],
      ),
    }))
  } finally {
    reflector.close()
  }
}
