import { foldChecksum, sumOctets } from '../wire/checksum.ts'
import { writeUint16 } from '../wire/octets.ts'

const ECN = 0b11

/** Marks the IP packet as having met congestion (RFC 3168 §5). False when it is not ECN-capable: it is left as it was. */
export function markCongestion(octets: Uint8Array, start: number, end: number): boolean {
  if (octets[start]! >>> 4 === 4) return mark4(octets, start, end)
  const low = octets[start + 1]!
  // The traffic class lies across the first two octets; its lower four bits are the upper ones of the second.
  if (((low >>> 4) & ECN) === 0) return false
  octets[start + 1] = low | (ECN << 4)
  return true
}

function mark4(octets: Uint8Array, start: number, end: number): boolean {
  const headerLength = (octets[start]! & 15) * 4
  if ((octets[start + 1]! & ECN) === 0 || start + headerLength > end) return false
  octets[start + 1] = octets[start + 1]! | ECN
  rewriteChecksum4(octets, start)
  return true
}

/** After a change in an IPv4 header. */
export function rewriteChecksum4(octets: Uint8Array, start: number): void {
  const headerLength = (octets[start]! & 15) * 4
  writeUint16(octets, start + 10, 0)
  writeUint16(octets, start + 10, foldChecksum(sumOctets(octets, start, start + headerLength)))
}
