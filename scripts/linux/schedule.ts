import type { Cell } from '../sim/goodput-cell.ts'
import { allCells } from '../sim/goodput-table.ts'

/** A cell, how long it runs before it is measured, and how long that takes; s. */
export interface Measurement {
  cell: Cell
  /** How often, at the same time: the slower, the more its share is a matter of chance. */
  times: number
  warmUp: number
  measure: number
}

/** What is measured at the same time. */
export type Batch = Measurement[]

/** The most that the cells of a batch may carry together, bits a second: what the reflector does without falling behind. */
const MOST = 250e6
const MSS_BITS = 1448 * 8
const PACKETS_BITS = 40_000 * 1500 * 8

/**
 * All cells, each in one batch. Those that are slow by loss are measured together and for long; those that fill a fast link
 * alone, or a few at a time.
 */
export function batches(): Batch[] {
  const slow = allCells().filter((cell) => load(cell) <= 12e6)
  const others = allCells().filter((cell) => load(cell) > 12e6 && load(cell) <= MOST / 2)
  const far = others.filter(({ rtt }) => rtt > 1)
  const near = others.filter(({ rtt }) => rtt === 1)
  const fast = allCells().filter((cell) => load(cell) > MOST / 2)
  return [...packed(slow, 40), ...packed(far, 20), ...packed(near, 4), ...packed(fast, 4)]
}

/** Without loss as long as in the simulator, since it matters how soon the rate is reached; with loss, for `least`. */
function measurement(cell: Cell, least: number): Measurement {
  const { rtt, loss, rate } = cell
  const roundTrips = Math.max((20 * rtt) / 1000, 1)
  const measure = Math.max(roundTrips, loss === 0 ? Math.min(PACKETS_BITS / rate, 40) : least)
  return { cell, times: times(cell), warmUp: roundTrips, measure }
}

/** In the order of their round-trip times, as many together as may be. */
function packed(cells: readonly Cell[], least: number): Batch[] {
  const groups: Batch[] = []
  let room = 0
  for (const cell of [...cells].sort((a, b) => a.rtt - b.rtt)) {
    const sum = times(cell) * load(cell)
    room -= sum
    if (room < 0 || groups.length === 0) {
      groups.push([])
      room = MOST - sum
    }
    groups.at(-1)!.push(measurement(cell, least))
  }
  return groups
}

/** About what a cell carries, bits a second: the rate, or by the formula of Mathis et al. what the loss allows. */
function load({ rate, rtt, loss }: Cell): number {
  return loss === 0 ? rate : Math.min(rate, (2 * MSS_BITS) / (rtt / 1000) / Math.sqrt(loss))
}

function times(cell: Cell): number {
  return cell.loss > 0 && load(cell) < 4e6 ? 4 : 1
}

/** Batches put together to parts that take no longer than so many seconds each. */
export function parts(all: readonly Batch[], most: number): Batch[][] {
  const parts: Batch[][] = []
  let room = 0
  for (const batch of all) {
    const seconds = secondsOf(batch)
    room -= seconds
    if (room < 0 || parts.length === 0) {
      parts.push([])
      room = most - seconds
    }
    parts.at(-1)!.push(batch)
  }
  return parts
}

export function secondsOf(batch: Batch): number {
  return Math.max(...batch.map(({ warmUp, measure }) => warmUp + measure)) + 0.6
}
