import type { Chance } from '../../src/sim/chance.ts'
import { Protocol } from '../../src/wire/ip.ts'
import { readUint16, writeUint16 } from '../../src/wire/octets.ts'
import { ACK, FIN, PSH, RST, Segment, SYN, URG } from '../../src/wire/segment.ts'
import { fixChecksums, packet, packetOf, transportStart } from './packets.ts'

/** What a peer might send, and then something else. Some stay as they are: a session must go on to meet anything. */
export function mutated(segment: Segment, chance: Chance): Uint8Array {
  if (chance.chance(0.1)) return packetOf(segment)
  if (chance.chance(0.6)) {
    for (let left = 1 + chance.below(3); left > 0; left--) pick(chance, FIELDS)(segment, chance)
    return chance.chance(0.8) ? packetOf(segment) : damaged(packetOf(segment), chance)
  }
  return damaged(packetOf(segment), chance)
}

/** An ICMP error of either family that quotes what the stack may have sent to this peer, or an echo, or a datagram; and then something else. */
export function mutatedError(segment: Segment, chance: Chance): Uint8Array {
  const v4 = segment.source.family === 4
  const kind = chance.below(10)
  if (kind === 0) return damaged(packet(segment, Protocol.UDP, Uint8Array.of(0, 7, 0, 9, 0, 8, 0, 0)), chance)
  const quoted = new Segment()
  quoted.source = segment.destination
  quoted.destination = segment.source
  quoted.sourcePort = segment.destinationPort
  quoted.destinationPort = segment.sourcePort
  quoted.flags = ACK
  quoted.seq = chance.chance(0.3) ? near(segment.ack, chance) : segment.ack
  const quote = packetOf(quoted).subarray(0, v4 ? 28 : 48)
  const error = new Uint8Array(8 + quote.length)
  error[0] = v4
    ? pick(chance, [3, 3, 4, 8, 11, 12, chance.below(256)])
    : pick(chance, [1, 1, 2, 3, 4, 128, chance.below(256)])
  error[1] = chance.below(6)
  writeUint16(error, 6, chance.below(1500))
  error.set(quote, 8)
  const octets = packet(segment, v4 ? Protocol.ICMP : Protocol.ICMPV6, error)
  fixChecksums(octets)
  return chance.chance(0.5) ? octets : damaged(octets, chance)
}

type FieldEdit = (segment: Segment, chance: Chance) => void

/** Edits of fields; the checksum is right. */
const FIELDS: readonly FieldEdit[] = [
  (segment, chance) => {
    segment.seq = near(segment.seq, chance)
  },
  (segment, chance) => {
    segment.ack = near(segment.ack, chance)
  },
  (segment, chance) => {
    segment.flags ^= 1 << chance.below(9)
  },
  (segment, chance) => {
    segment.flags = pick(chance, [0, ACK, SYN, SYN | ACK, RST, RST | ACK, FIN, FIN | ACK, SYN | FIN, 0x1ff, PSH | URG])
  },
  (segment, chance) => {
    segment.wnd = pick(chance, [0, 1, 100, 65_535, chance.below(65_536)])
  },
  (segment, chance) => {
    segment.urg = chance.below(65_536)
  },
  (segment, chance) => {
    segment.octets = chance.bytes(1 + chance.below(pick(chance, [4, 100, 1500, 20_000])))
    segment.length = segment.octets.length
  },
  (segment, chance) => {
    segment.mss = pick(chance, [0, 1, 63, 536, 65_535])
  },
  (segment, chance) => {
    segment.windowScale = pick(chance, [0, 7, 14, 15, 255])
  },
  (segment) => {
    segment.sackPermitted = !segment.sackPermitted
  },
  (segment, chance) => {
    segment.timestamps = chance.chance(0.8)
    segment.tsVal = near(segment.tsVal, chance)
    segment.tsEcr = near(segment.tsEcr, chance)
  },
  (segment, chance) => {
    segment.userTimeout = pick(chance, [1, 100, 32_767 * 60])
  },
  (segment, chance) => {
    segment.sackBlocks = 1 + chance.below(2)
    for (let i = 0; i < 4; i++) segment.sackEdges[i] = near(segment.ack, chance)
  },
]

/** A number a little off, at the edge of half the circle, or anywhere. */
function near(n: number, chance: Chance): number {
  const far = [chance.below(5) - 2, chance.below(3000) - 1500, chance.below(70_000) - 35_000, 2 ** 31, 2 ** 31 - 1]
  return chance.chance(0.2) ? chance.below(2 ** 32) : (n + pick(chance, far)) >>> 0
}

type OctetEdit = (octets: Uint8Array, chance: Chance) => Uint8Array

/** Edits of octets. */
const OCTETS: readonly OctetEdit[] = [
  (octets, chance) => {
    for (let left = 1 + chance.below(4); left > 0; left--) octets[chance.below(octets.length)]! ^= 1 << chance.below(8)
    return octets
  },
  (octets, chance) => {
    octets[chance.below(octets.length)] = chance.below(256)
    return octets
  },
  (octets, chance) => octets.slice(0, chance.below(octets.length)),
  (octets, chance) => withLength(octets.slice(0, chance.below(octets.length))),
  (octets, chance) => joined(octets, chance.bytes(1 + chance.below(100))),
  (octets, chance) => withLength(joined(octets, chance.bytes(1 + chance.below(100)))),
  withGarbageOptions,
  (octets, chance) => {
    // Only a bit of the IP header.
    octets[chance.below(Math.min(octets.length, 40))]! ^= 1 << chance.below(8)
    return octets
  },
]

/** Most get right checksums all the same: what a checksum keeps away was tried often enough. */
function damaged(octets: Uint8Array, chance: Chance): Uint8Array {
  const result = pick(chance, OCTETS)(octets, chance)
  if (chance.chance(0.7)) fixChecksums(result)
  return result
}

/** Puts up to 40 random octets where TCP's options are, and as often octets that look like options. */
function withGarbageOptions(octets: Uint8Array, chance: Chance): Uint8Array {
  const start = transportStart(octets)
  if (start === undefined || octets.length < start + 20) return octets
  const old = (octets[start + 12]! >>> 4) * 4
  const options = chance.bytes(4 * chance.below(11))
  if (chance.chance(0.5) && options.length > 0) {
    for (let i = 0; i < options.length; i += 1 + chance.below(6)) options[i] = chance.below(9)
  }
  const head = octets.slice(0, start + 20)
  head[start + 12] = ((20 + options.length) << 2) | (head[start + 12]! & 15)
  return withLength(joined(joined(head, options), octets.slice(Math.min(start + old, octets.length))))
}

/** The length in the IP header says what there is. */
function withLength(octets: Uint8Array): Uint8Array {
  if (octets.length >= 20 && octets[0]! >>> 4 === 4) writeUint16(octets, 2, octets.length)
  else if (octets.length >= 40 && readUint16(octets, 0) >>> 12 === 6) writeUint16(octets, 4, octets.length - 40)
  return octets
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}

export function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[chance.below(from.length)]!
}
