import { IpAddress } from './address.ts'
import { foldChecksum, pseudoHeaderSum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { Protocol } from './ip.ts'
import { copyOctets, EMPTY, readUint16, writeUint16 } from './octets.ts'

/** Octets of a UDP header. */
export const UDP_HEADER_LENGTH = 8

/** A UDP datagram (RFC 768) with the addresses of its IP packet. Reused and borrowed like a `Segment`. */
export class Datagram {
  source: IpAddress = new IpAddress()
  destination: IpAddress = new IpAddress()
  /** 0 where no answer is wanted. */
  sourcePort = 0
  destinationPort = 0
  /** The payload: `length` octets from octets[start] on. */
  octets: Uint8Array = EMPTY
  start = 0
  length = 0
}

/**
 * Reads the datagram at octets[start] up to octets[end]. The caller has set `into.source` and `into.destination`;
 * `verify` false leaves the checksum unchecked. A checksum of 0 is none, which IPv4 allows and IPv6 does not
 * (RFC 8200 §8.1).
 */
export function parseUdp(
  octets: Uint8Array,
  start: number,
  end: number,
  into: Datagram,
  verify: boolean,
): WireDefect | undefined {
  if (end - start < UDP_HEADER_LENGTH) return 'udp-header-truncated'
  const length = readUint16(octets, start + 4)
  if (length < UDP_HEADER_LENGTH || length > end - start) return 'udp-length'
  if (verify && (readUint16(octets, start + 6) !== 0 || into.source.family === 6)) {
    const pseudo = pseudoHeaderSum(into.source, into.destination, Protocol.UDP, length)
    if (readUint16(octets, start + 6) === 0) return 'udp-checksum'
    if (foldChecksum(sumOctets(octets, start, start + length, pseudo)) !== 0) return 'udp-checksum'
  }
  into.sourcePort = readUint16(octets, start)
  into.destinationPort = readUint16(octets, start + 2)
  if (into.destinationPort === 0) return 'udp-port-zero'
  into.octets = octets
  into.start = start + UDP_HEADER_LENGTH
  into.length = length - UDP_HEADER_LENGTH
  return undefined
}

/** Writes header and payload at into[at]. Returns the octets written, 8 and `datagram.length`. */
export function writeUdp(into: Uint8Array, at: number, datagram: Datagram): number {
  const length = UDP_HEADER_LENGTH + datagram.length
  writeUint16(into, at, datagram.sourcePort)
  writeUint16(into, at + 2, datagram.destinationPort)
  writeUint16(into, at + 4, length)
  writeUint16(into, at + 6, 0)
  copyOctets(datagram.octets, datagram.start, datagram.length, into, at + UDP_HEADER_LENGTH)
  const pseudo = pseudoHeaderSum(datagram.source, datagram.destination, Protocol.UDP, length)
  const checksum = foldChecksum(sumOctets(into, at, at + length, pseudo))
  // 0 would say that there is no checksum; 0xffff is the other zero of one's complement (RFC 768).
  writeUint16(into, at + 6, checksum === 0 ? 0xffff : checksum)
  return length
}
