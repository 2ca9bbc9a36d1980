import type { IpAddress, IpPrefix } from '../wire/address.ts'

/**
 * The address to talk to `remote` from, of those that may be (RFC 9293 MUST-44): IPv4's in the same network, or else the
 * first; IPv6's by the rules of RFC 6724 §5 that need no knowledge of life times, homes and labels: the same address (1),
 * the fitting scope (2), the longest common prefix (8), and then the first. Undefined when there is none of its family.
 */
export function chooseSource(candidates: readonly IpPrefix[], remote: IpAddress): IpAddress | undefined {
  const { family } = remote
  let best: IpPrefix | undefined
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i]!
    if (candidate.address.family !== family) continue
    if (family === 4 && candidate.contains(remote)) return candidate.address
    if (best === undefined || (family === 6 && isBetter(candidate, best, remote))) best = candidate
  }
  return best?.address
}

function isBetter(candidate: IpPrefix, best: IpPrefix, remote: IpAddress): boolean {
  if (best.address.equals(remote)) return false
  if (candidate.address.equals(remote)) return true
  const wanted = scopeOf(remote)
  const [own, other] = [scopeOf(candidate.address), scopeOf(best.address)]
  if (own !== other) return own < other ? own >= wanted : other < wanted
  return commonBits(candidate, remote) > commonBits(best, remote)
}

const LINK_LOCAL = 2
const GLOBAL = 14

/** RFC 6724 §3.1; a unique local address has global scope. */
function scopeOf(address: IpAddress): number {
  if (address.a >>> 24 === 0xff) return (address.a >>> 16) & 15
  const isLoopback = address.a === 0 && address.b === 0 && address.c === 0 && address.d === 1
  return isLoopback || isLinkLocal(address) ? LINK_LOCAL : GLOBAL
}

/** fe80::/10, or 169.254.0.0/16: not to be forwarded (RFC 4291 §2.5.6, RFC 3927 §2.7). */
export function isLinkLocal(address: IpAddress): boolean {
  return address.family === 6 ? address.a >>> 22 === 0xfe80 >>> 6 : address.d >>> 16 === 0xa9fe
}

/** Bits that both begin with, not beyond the candidate's prefix (RFC 6724 §2.2). */
function commonBits({ address, length }: IpPrefix, remote: IpAddress): number {
  let bits = 0
  for (const difference of [address.a ^ remote.a, address.b ^ remote.b, address.c ^ remote.c, address.d ^ remote.d]) {
    bits += Math.clz32(difference)
    if (difference !== 0) break
  }
  return Math.min(bits, length)
}
