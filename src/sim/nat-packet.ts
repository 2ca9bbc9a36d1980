import type { IpAddress } from '../wire/address.ts'
import { foldChecksum } from '../wire/checksum.ts'
import { ICMP_HEADER_LENGTH, IcmpType, isIcmpError } from '../wire/icmp.ts'
import { IpHeader, Protocol } from '../wire/ip.ts'
import { parseQuotedIpv4 } from '../wire/ipv4.ts'
import { readUint16, writeUint16 } from '../wire/octets.ts'

/** The end of a packet that a translator changes, and the other one. */
export interface Flow {
  protocol: number
  address: IpAddress
  /** Of TCP and UDP; the identifier of an ICMP echo. */
  port: number
  /** The other end, as text. */
  remote: string
  /** The packet is an ICMP error, and the flow that of the packet in it. */
  quoted: boolean
}

const CHECKSUM_AT: Readonly<Record<number, number>> = { [Protocol.TCP]: 16, [Protocol.UDP]: 6, [Protocol.ICMP]: 2 }

/** Undefined where there is nothing to translate by: another protocol, a fragment without ports, an error about neither. */
export function readFlow(
  ip: IpHeader,
  octets: Uint8Array,
  which: 'source' | 'destination' | 'quoted',
): Flow | undefined {
  if (ip.fragment || ip.payloadEnd - ip.payloadStart < ICMP_HEADER_LENGTH) return undefined
  if (which === 'quoted') return readQuoted(ip, octets)
  const at = ip.payloadStart
  const ours = which === 'source' ? ip.source : ip.destination
  const theirs = which === 'source' ? ip.destination : ip.source
  const { protocol } = ip
  if (protocol === Protocol.ICMP) {
    if (octets[at] !== (which === 'source' ? IcmpType.ECHO : IcmpType.ECHO_REPLY)) return undefined
    return { protocol, address: ours, port: readUint16(octets, at + 4), remote: theirs.toString(), quoted: false }
  }
  if (protocol !== Protocol.TCP && protocol !== Protocol.UDP) return undefined
  const [ourPort, theirPort] = which === 'source' ? [0, 2] : [2, 0]
  const remote = `${theirs} ${readUint16(octets, at + theirPort)}`
  return { protocol, address: ours, port: readUint16(octets, at + ourPort), remote, quoted: false }
}

/** The packet in an error was sent by the translator: its source is what is to be found. */
function readQuoted(ip: IpHeader, octets: Uint8Array): Flow | undefined {
  if (ip.protocol !== Protocol.ICMP || !isIcmpError(octets[ip.payloadStart]!)) return undefined
  const quoted = new IpHeader()
  const at = ip.payloadStart + ICMP_HEADER_LENGTH
  if (parseQuotedIpv4(octets, at, ip.payloadEnd, quoted) !== undefined) return undefined
  const flow = readFlow(quoted, octets, 'source')
  return flow && { ...flow, quoted: true }
}

/** Puts another address and port (or identifier) in place of the packet's source or destination. */
export function translateFlow(
  packet: Uint8Array,
  which: 'source' | 'destination',
  address: IpAddress,
  port: number,
): void {
  const at = (packet[0]! & 15) * 4
  const protocol = packet[9]!
  const checksumAt = at + (CHECKSUM_AT[protocol] ?? 0)
  // No checksum stays none (RFC 768); an ICMP checksum does not cover the addresses.
  const checksums = protocol === Protocol.UDP && readUint16(packet, checksumAt) === 0 ? [] : [checksumAt]
  putAddress(packet, which === 'source' ? 12 : 16, address, protocol === Protocol.ICMP ? [10] : [10, ...checksums])
  const portAt = protocol === Protocol.ICMP ? at + 4 : which === 'source' ? at : at + 2
  put(packet, portAt, port, checksums)
}

/** As `translateFlow` for an error's destination, and for the source of the packet that it quotes. */
export function translateError(packet: Uint8Array, address: IpAddress, port: number): void {
  const at = (packet[0]! & 15) * 4
  const quotedAt = at + ICMP_HEADER_LENGTH
  const checksumAt = at + 2
  putAddress(packet, 16, address, [10])
  const before = readUint16(packet, quotedAt + 10)
  putAddress(packet, quotedAt + 12, address, [quotedAt + 10, checksumAt])
  adjust(packet, checksumAt, before, readUint16(packet, quotedAt + 10))
  const portAt = quotedAt + (packet[quotedAt]! & 15) * 4
  put(packet, packet[quotedAt + 9] === Protocol.ICMP ? portAt + 4 : portAt, port, [checksumAt])
}

function putAddress(packet: Uint8Array, at: number, address: IpAddress, checksums: readonly number[]): void {
  put(packet, at, address.d >>> 16, checksums)
  put(packet, at + 2, address.d & 0xffff, checksums)
}

function put(packet: Uint8Array, at: number, word: number, checksums: readonly number[]): void {
  const before = readUint16(packet, at)
  writeUint16(packet, at, word)
  for (const checksumAt of checksums) adjust(packet, checksumAt, before, word)
}

/** RFC 1624 (3). A checksum that was wrong stays wrong: what was damaged on its way is not to be vouched for here. */
function adjust(packet: Uint8Array, checksumAt: number, before: number, word: number): void {
  const sum = (~readUint16(packet, checksumAt) & 0xffff) + (~before & 0xffff) + word
  writeUint16(packet, checksumAt, foldChecksum(sum))
}
