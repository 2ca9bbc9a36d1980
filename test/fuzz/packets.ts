import { foldChecksum, pseudoHeaderSum, sumOctets } from '../../src/wire/checksum.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import type { Segment } from '../../src/wire/segment.ts'
import { writeTcp } from '../../src/wire/tcp.ts'

const header = new IpHeader()
const scratch = new Uint8Array(70_000)

/** The IP packet of a segment, checksums right. */
export function packetOf(segment: Segment): Uint8Array {
  const length = writeTcp(scratch, 64, segment, false)
  return packet(segment, Protocol.TCP, scratch.subarray(64, 64 + length))
}

export function packet(
  { source, destination }: Pick<Segment, 'source' | 'destination'>,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  header.family = source.family
  header.source = source
  header.destination = destination
  header.protocol = protocol
  const octets = new Uint8Array((source.family === 4 ? 20 : 40) + payload.length)
  octets.set(payload, writeIp(octets, 0, header, payload.length))
  return octets
}

const parsed = new IpHeader()

/** Where the transport's header starts in an IP packet; undefined when that can't be read. */
export function transportStart(octets: Uint8Array): number | undefined {
  return parseIp(octets, 0, octets.length, parsed) === undefined ? parsed.payloadStart : undefined
}

/** Makes the checksums of an IP packet right, as far as it is one: of IPv4's header, and of TCP, UDP or ICMP. */
export function fixChecksums(octets: Uint8Array): void {
  const version = octets.length === 0 ? 0 : octets[0]! >>> 4
  if (version === 4) fixIpv4Header(octets)
  if (parseIp(octets, 0, octets.length, parsed) !== undefined) return
  const { protocol, payloadStart, payloadEnd } = parsed
  const at = payloadStart + (CHECKSUM_AT[protocol] ?? Number.POSITIVE_INFINITY)
  if (at + 2 > payloadEnd) return
  const pseudo =
    protocol === Protocol.ICMP
      ? 0
      : pseudoHeaderSum(parsed.source, parsed.destination, protocol, payloadEnd - payloadStart)
  writeUint16(octets, at, 0)
  writeUint16(octets, at, foldChecksum(sumOctets(octets, payloadStart, payloadEnd, pseudo)))
}

const CHECKSUM_AT: Readonly<Record<number, number>> = {
  [Protocol.TCP]: 16,
  [Protocol.UDP]: 6,
  [Protocol.ICMP]: 2,
  [Protocol.ICMPV6]: 2,
}

function fixIpv4Header(octets: Uint8Array): void {
  const length = (octets[0]! & 15) * 4
  if (length < 20 || length > octets.length) return
  writeUint16(octets, 10, 0)
  writeUint16(octets, 10, foldChecksum(sumOctets(octets, 0, length)))
}
