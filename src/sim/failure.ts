import type { Instant } from '../wire/instant.ts'

/** What is known of a failed run, on the error as `error.simulation`. */
export interface FailedRun {
  readonly seed: number
  readonly at: Instant
  readonly trace: string
}

const seen = new WeakSet<object>()

/** The same error, whose message also says how the run can be repeated and shows the last packets. */
export function withRun(error: unknown, run: FailedRun): unknown {
  if (!(error instanceof Error)) return withRun(new Error(String(error), { cause: error }), run)
  if (seen.has(error)) return error
  seen.add(error)
  const { seed, at, trace } = run
  const packets = trace === '' ? 'no packets' : `the last packets:\n${trace}`
  const { message, stack } = error
  const longer = `${message}\n\nseed ${seed}, at ${(at / 1000).toFixed(6)} s; ${packets}\n`
  // By defineProperty, since some errors' messages are getters.
  Object.defineProperty(error, 'message', { value: longer, configurable: true, writable: true })
  if (stack !== undefined && message !== '' && stack.includes(message)) {
    const value = stack.replace(message, () => longer)
    Object.defineProperty(error, 'stack', { value, configurable: true, writable: true })
  }
  Object.defineProperty(error, 'simulation', { value: run, configurable: true })
  return error
}
