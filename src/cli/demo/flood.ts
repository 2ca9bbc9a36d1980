import { IpAddress, IpPrefix } from '../../wire/address.ts'
import type { Milliseconds } from '../../wire/instant.ts'

/** SYNs a second, and in all. */
export const FLOOD_RATE = 1000
export const FLOOD_SYNS = 2000

/** Its networks of 256 addresses: those of RFC 2544, which no host has. */
export const FLOOD_NETWORKS = 512
const SOURCES = IpPrefix.parse('198.18.0.0/15')!

const TICK: Milliseconds = 10

/** Whether an address is one that a flood forges. */
export function isOfFlood(address: IpAddress | string): boolean {
  const parsed = typeof address === 'string' ? IpAddress.parse(address) : address
  return parsed !== undefined && SOURCES.contains(parsed)
}

/** The source of the n-th SYN: the next one is of another network. */
export function floodSource(n: number): string {
  const network = n % FLOOD_NETWORKS
  return `198.${18 + (network >> 8)}.${network & 255}.${1 + (Math.floor(n / FLOOD_NETWORKS) % 254)}`
}

/** Calls `send` with the source of each SYN, FLOOD_RATE times a second. Resolves when all FLOOD_SYNS are sent. */
export function flood(send: (source: string) => void): Promise<void> {
  const began = performance.now()
  let sent = 0
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(FLOOD_SYNS, ((performance.now() - began) * FLOOD_RATE) / 1000)
      while (sent < due) send(floodSource(sent++))
      if (sent < FLOOD_SYNS) return
      clearInterval(timer)
      resolve()
    }, TICK)
  })
}
