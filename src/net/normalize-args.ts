/** The options and callback of `listen(...)` and `connect(...)`, in whichever of node:net's forms they are written. */
export type NormalizedArgs = [options: Record<string, unknown>, callback: ((...args: unknown[]) => void) | null]

/** `(options, callback?)`, `(path, ..., callback?)` or `(port, host?, ..., callback?)`, as node:net's `_normalizeArgs`. */
export function normalizeArgs(args: readonly unknown[]): NormalizedArgs {
  const [first, second] = args
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : null
  if (args.length === 0) return [{}, null]
  if (typeof first === 'object' && first !== null) return [first as Record<string, unknown>, callback]
  if (isPipeName(first)) return [{ path: first }, callback]
  const options: Record<string, unknown> = { port: first }
  if (typeof second === 'string') options.host = second
  return [options, callback]
}

/** A string that is no port. */
export function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === false
}

/** What stands for a number that is at least 0; false for all else. */
export function toNumber(value: unknown): number | false {
  const number = typeof value === 'symbol' ? Number.NaN : Number(value)
  return number >= 0 ? number : false
}
