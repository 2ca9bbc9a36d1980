import { existsSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { MOST_RETRIES, PRESETS } from '../tcp/syn-ack-schedule.ts'
import { IpAddress, IpPrefix } from '../wire/address.ts'
import type { Milliseconds } from '../wire/instant.ts'

/** The stack's own addresses where none are given. They differ, so that all commands can run at once. */
export const SERVE_ADDRESSES: readonly string[] = ['10.77.0.2/24', 'fd77::2/64']
export const CONNECT_ADDRESSES: readonly string[] = ['10.78.0.2/24', 'fd78::2/64']

export const PING_ADDRESSES: readonly string[] = ['10.79.0.2/24', 'fd79::2/64']

/** Those of `addresses` that this machine's kernel can have a neighbour at: without IPv6 no IPv6 ones. */
export function reachable(addresses: readonly string[]): readonly string[] {
  return existsSync('/proc/net/if_inet6') ? addresses : addresses.filter((address) => !address.includes(':'))
}

/** Commander calls these with the option's text; what they throw becomes one line on stderr. */

export function portOption(text: string): number {
  return integerOption(text, 0, 65_535, 'a port')
}

export function backlogOption(text: string): number {
  return integerOption(text, 1, 1_000_000, 'a backlog')
}

export function retriesOption(text: string): number {
  return integerOption(text, 0, MOST_RETRIES, 'a number of retries')
}

export function countOption(text: string): number {
  return integerOption(text, 1, 1_000_000, 'a number of echoes')
}

/** Octets of an echo's data. */
export function sizeOption(text: string): number {
  return integerOption(text, 0, 65_507, 'a size')
}

/** Seconds, as milliseconds. */
export function secondsOption(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 3600) return value * 1000
  throw new InvalidArgumentError(`'${text}' is not a number of seconds, more than 0 and at most 3600.`)
}

/** The wait after each SYN,ACK, and the name of the schedule if it is somebody else's. */
export interface WaitsOption {
  readonly preset?: string
  readonly waits: readonly Milliseconds[]
}

/** Seconds, separated by commas, or the name of a preset. */
export function waitsOption(text: string): WaitsOption {
  if (Object.hasOwn(PRESETS, text)) return { preset: text, waits: PRESETS[text as keyof typeof PRESETS] }
  if (/^[a-z]/i.test(text)) {
    const names = Object.keys(PRESETS).join(', ')
    throw new InvalidArgumentError(`'${text}' is neither a list of seconds nor one of ${names}.`)
  }
  return { waits: text.split(',').map(secondsOption) }
}

/** For a repeatable option: CIDR notation of either family. */
export function cidrOption(text: string, before: readonly string[] = []): string[] {
  const prefix = IpPrefix.parse(text)
  const family = text.includes(':') ? 'fd77::2/64' : '10.77.0.2/24'
  if (prefix === undefined)
    throw new InvalidArgumentError(`It is not an address with a prefix length, as in ${family}.`)
  if (!text.includes('/'))
    throw new InvalidArgumentError(`The prefix length is missing: write ${text}/${family.split('/')[1]}.`)
  if (!isUsable(prefix)) throw new InvalidArgumentError('It names a network, not a host in it.')
  return [...before, text]
}

function integerOption(text: string, least: number, most: number, what: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new InvalidArgumentError(`It is not ${what}: ${least} to ${most}.`)
}

/** A host's address: not the network's own, nor IPv4's broadcast, in prefixes that have them. */
function isUsable({ address, length }: IpPrefix): boolean {
  if (address.isUnspecified || address.isMulticast || address.isBroadcast) return false
  const host = 32 - length
  if (address.family === 6 || host < 2) return true
  const mask = 2 ** host - 1
  const bits = address.d & mask
  return bits !== 0 && bits !== mask
}

/** The first address of the same prefix that is free: the kernel's end of a TUN. */
export function hostAddressFor(own: string): string {
  const { address, length } = IpPrefix.parse(own)!
  const octets = new Uint8Array(address.family === 4 ? 4 : 16)
  address.write(octets, 0)
  for (let bit = length; bit < 8 * octets.length; bit++) octets[bit >> 3]! &= ~(0x80 >> (bit & 7))
  const last = octets.length - 1
  const base = octets[last]!
  // A prefix of two addresses (RFC 3021, RFC 6164) has no network address to step over.
  const first = length === 8 * octets.length - 1 ? 0 : 1
  for (const step of [first, first + 1]) {
    const candidate = new IpAddress()
    octets[last] = base + step
    if (address.family === 4) candidate.read4(octets, 0)
    else candidate.read6(octets, 0)
    if (!candidate.equals(address) && new IpPrefix(address, length).contains(candidate)) return `${candidate}/${length}`
  }
  throw Object.assign(new RangeError(`${own} leaves no address for the other end`), { code: 'ERR_NO_HOST_ADDRESS' })
}
