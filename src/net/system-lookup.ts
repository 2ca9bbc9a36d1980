import dns from 'node:dns'
import type { LookupFunction } from './options.ts'

/** The machine's resolver, as `dns.lookup` stands when it is asked. */
export const systemLookup: LookupFunction = (name, options, callback) =>
  dns.lookup(name, options, callback as () => void)
