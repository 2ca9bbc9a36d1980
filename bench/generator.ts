import { IpAddress } from '../src/wire/address.ts'
import { IPV4_HEADER_LENGTH, IpHeader, Protocol } from '../src/wire/ip.ts'
import { parseIp, writeIp } from '../src/wire/ip-packet.ts'
import { Segment } from '../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../src/wire/tcp.ts'
import { ADDRESSES } from './pump.ts'

/** A peer that has no stack: writes segments for stack b, and reads its answers, always into the same objects. */
export class Generator {
  readonly segment: Segment = new Segment()
  readonly answer: Segment = new Segment()
  readonly frame: Uint8Array = new Uint8Array(65_535)
  private readonly header: IpHeader = new IpHeader()
  private readonly answerHeader: IpHeader = new IpHeader()

  constructor() {
    this.segment.source = IpAddress.parse(ADDRESSES.a)!
    this.segment.destination = IpAddress.parse(ADDRESSES.b)!
    this.header.source = this.segment.source
    this.header.destination = this.segment.destination
    this.header.protocol = Protocol.TCP
  }

  /** Writes the segment's packet to into[at]; returns its octets. */
  write(into: Uint8Array = this.frame, at = 0): number {
    const length = writeTcp(into, at + IPV4_HEADER_LENGTH, this.segment, false)
    writeIp(into, at, this.header, length)
    return IPV4_HEADER_LENGTH + length
  }

  read(octets: Uint8Array, length: number): Segment {
    const { answer, answerHeader } = this
    answer.source = answerHeader.source
    answer.destination = answerHeader.destination
    const defect =
      parseIp(octets, 0, length, answerHeader) ??
      parseTcp(octets, answerHeader.payloadStart, answerHeader.payloadEnd, answer, false)
    if (defect !== undefined) throw new Error(defect)
    return answer
  }
}
