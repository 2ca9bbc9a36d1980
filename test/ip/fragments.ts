/** IP packets cut into fragments, and a stack to give them to. */
import { foldChecksum, sumOctets } from '../../src/wire/checksum.ts'
import { writeUint16, writeUint32 } from '../../src/wire/octets.ts'

/** One fragment of `packet`: payload from `start` up to `end`, which may lie behind the payload. */
export interface Cut {
  readonly start: number
  readonly end: number
  readonly more?: boolean
  readonly identification?: number
}

/** A whole IPv4 or IPv6 packet without options and extension headers, as one fragment of it. */
export function fragment(packet: Uint8Array, { start, end, more, identification = 77 }: Cut): Uint8Array {
  return packet[0]! >>> 4 === 4
    ? fragment4(packet, start, end, more ?? end < packet.length - 20, identification)
    : fragment6(packet, start, end, more ?? end < packet.length - 40, identification)
}

function fragment4(packet: Uint8Array, start: number, end: number, more: boolean, identification: number): Uint8Array {
  const octets = new Uint8Array(20 + end - start)
  octets.set(packet.subarray(0, 20))
  octets.set(packet.subarray(20 + start, 20 + end), 20)
  writeUint16(octets, 2, octets.length)
  writeUint16(octets, 4, identification)
  writeUint16(octets, 6, (more ? 0x2000 : 0) | (start >>> 3))
  fixHeader(octets)
  return octets
}

function fragment6(packet: Uint8Array, start: number, end: number, more: boolean, identification: number): Uint8Array {
  const octets = new Uint8Array(48 + end - start)
  octets.set(packet.subarray(0, 40))
  writeUint16(octets, 4, octets.length - 40)
  octets[6] = 44
  octets[40] = packet[6]!
  writeUint16(octets, 42, start | (more ? 1 : 0))
  writeUint32(octets, 44, identification)
  octets.set(packet.subarray(40 + start, 40 + end), 48)
  return octets
}

/** Makes the checksum of an IPv4 header right. */
export function fixHeader(octets: Uint8Array): void {
  writeUint16(octets, 10, 0)
  writeUint16(octets, 10, foldChecksum(sumOctets(octets, 0, 20)))
}

/** All of `packet` in fragments that end at these places. */
export function split(packet: Uint8Array, ends: readonly number[], identification = 77): Uint8Array[] {
  const length = packet.length - (packet[0]! >>> 4 === 4 ? 20 : 40)
  const edges = [0, ...ends, length]
  return edges.slice(1).map((end, i) => fragment(packet, { start: edges[i]!, end, identification }))
}
