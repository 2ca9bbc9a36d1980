import dns from 'node:dns'
import type { LookupFunction } from './options.ts'

/** The machine's resolver, looked up in its module at each call: programs replace it there. */
export const systemLookup: LookupFunction = (name, options, callback) =>
  dns.lookup(name, options, callback as () => void)
