import type { Cell, CellResult } from '../sim/goodput-cell.ts'
import { type Done, prepareKernel, runTasks } from './kernel.ts'
import { Reflector } from './reflector.ts'
import type { Batch } from './schedule.ts'
import type { ShaperOptions } from './shaper.ts'

const MTU = 1500
const FIRST_PORT = 5001
/** The simulator's default queue, for the way back. */
const DEFAULT_QUEUE = 1000
/** Connections of a batch begin one after another within this time, s. */
const SPREAD = 0.2

/** Measures the cells of a batch, all at the same time, with the kernel's TCP at both ends. */
export async function runBatch(batch: Batch): Promise<CellResult[]> {
  const reflector = await Reflector.open()
  prepareKernel(Math.max(...batch.map(({ cell }) => Math.max(1_048_576, 4 * productOf(cell)))))
  const flows = batch.flatMap((each) => Array.from({ length: each.times }, () => each))
  for (const [i, { cell }] of flows.entries()) reflector.setPath([FIRST_PORT + i], pathOf(cell), 1 + i)
  try {
    const done = await runTasks(
      flows.map(({ cell, warmUp, measure }, i) => {
        return {
          port: FIRST_PORT + i,
          control: kernelName(cell.congestionControl),
          start: (SPREAD * i) / flows.length,
          warmUp,
          measure,
        }
      }),
    )
    return batch.map((each) => {
      const own = done.filter((_, i) => flows[i] === each)
      const share = own.reduce((sum, one) => sum + shareOf(one, each.cell.rate), 0) / own.length
      return { cell: each.cell, share, retransmitted: 0 }
    })
  } finally {
    reflector.close()
  }
}

/** What the machine carries by this way when nothing is limited, bits a second. */
export async function calibrate(): Promise<number> {
  const reflector = await Reflector.open()
  prepareKernel(16 * 1_048_576)
  const free = { rate: 100e9, queue: 100_000, delay: 0, loss: 0 }
  reflector.setPath([FIRST_PORT], { forward: free, backward: free }, 1)
  try {
    const [done] = await runTasks([{ port: FIRST_PORT, control: 'cubic', start: 0, warmUp: 1, measure: 2 }])
    return shareOf(done!, 1)
  } finally {
    reflector.close()
  }
}

export function kernelName(congestionControl: string | undefined): 'cubic' | 'reno' {
  return congestionControl === 'newreno' ? 'reno' : 'cubic'
}

function pathOf(cell: Cell): { forward: ShaperOptions; backward: ShaperOptions } {
  const { rate, rtt, loss } = cell
  const queue = Math.max(100, Math.ceil(productOf(cell) / MTU))
  const delay = rtt / 2
  return { forward: { rate, queue, delay, loss }, backward: { rate, queue: DEFAULT_QUEUE, delay, loss: 0 } }
}

/** Octets that the path holds. */
function productOf({ rate, rtt }: Cell): number {
  return Math.ceil((rate / 8000) * rtt)
}

function shareOf({ octets, took }: Done, rate: number): number {
  return (octets * 8) / took / rate
}
