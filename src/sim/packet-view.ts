import type { Instant } from '../wire/instant.ts'
import { IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { printPacket } from '../wire/print.ts'
import { Segment } from '../wire/segment.ts'
import { parseTcp } from '../wire/tcp.ts'
import type { SimulatedPacket } from './line-options.ts'

/** What a predicate sees of a packet. The segment is read only if it is asked for. */
export class PacketView implements SimulatedPacket {
  readonly octets: Uint8Array
  readonly ordinal: number
  readonly at: Instant

  constructor(octets: Uint8Array, ordinal: number, at: Instant) {
    this.octets = octets
    this.ordinal = ordinal
    this.at = at
  }

  get segment(): Segment | undefined {
    const { octets } = this
    const ip = new IpHeader()
    if (parseIp(octets, 0, octets.length, ip) !== undefined || ip.fragment) return undefined
    if (ip.protocol !== Protocol.TCP) return undefined
    const segment = new Segment()
    segment.source = ip.source
    segment.destination = ip.destination
    return parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, false) === undefined ? segment : undefined
  }

  toString(): string {
    return printPacket(this.octets, 0, this.octets.length)
  }
}
