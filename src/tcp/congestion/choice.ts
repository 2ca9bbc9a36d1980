import { invalidArgument } from '../errors.ts'
import type { CongestionControlFactory } from './controller.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './newreno.ts'

/** A congestion control by name, or one's own. */
export type CongestionControlChoice = 'cubic' | 'newreno' | CongestionControlFactory

/**
 * @param paced bursts are spread by the pacer
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 */
export function congestionControlOf(choice: CongestionControlChoice, paced: boolean): CongestionControlFactory {
  if (typeof choice === 'function') return choice
  switch (choice) {
    case 'cubic':
      return paced ? (mss) => new Cubic(mss, Number.POSITIVE_INFINITY) : (mss) => new Cubic(mss)
    case 'newreno':
      return (mss) => new NewReno(mss)
    default:
      throw invalidArgument(`congestionControl is "cubic", "newreno" or a function, not ${String(choice)}`)
  }
}
