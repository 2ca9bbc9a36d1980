interface LookupOptions {
  family?: number | 'IPv4' | 'IPv6' | undefined
  hints?: number | undefined
  all?: boolean | undefined
  verbatim?: boolean | undefined
}

/** As `dns.lookup`: what node:net calls LookupFunction, for whoever has no types of Node's. */
export type Lookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | { address: string; family: number }[], family?: number) => void,
) => void
