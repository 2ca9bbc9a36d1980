import { IpAddress } from './address.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, Protocol } from './ip.ts'
import { copyOctets, EMPTY, readInt32, readUint16 } from './octets.ts'
import { RST, SYN, URG } from './segment.ts'

const IPV4_WITHOUT_OPTIONS = 0x45
/** More Fragments, and the offset. */
const FRAGMENT = 0x3fff

/**
 * Where the text of the next frame is wanted: in its reader's memory, if the frame is the next segment of a certain
 * connection, with headers as long as those of the last one. A link that can puts it there as it reads the frame, so that
 * nobody has to copy it. Whether the guess was right shows by the frame's header: see {@link isRight}.
 */
export class Landing {
  /** The place: octets[start] up to octets[end]. What was there before is lost, be the guess right or wrong. */
  octets: Uint8Array = EMPTY
  start = 0
  end = 0
  /** Octets of the IP and TCP headers that the frame is expected to begin with: 40 to 120. */
  headerLength = 0
  /** The connection: whom its segments are from and to, and both ports as the header has them. */
  readonly source: IpAddress = new IpAddress()
  readonly destination: IpAddress = new IpAddress()
  ports = 0
  /** Text that was put here has been taken back since whoever guesses has looked. */
  missed = false

  get length(): number {
    return this.end - this.start
  }

  /**
   * Whether the frame whose header begins at header[at] is a segment of the connection, and its text is what follows
   * `headerLength` octets: without IP options and extension headers, whole, and neither SYN nor RST nor urgent.
   */
  isRight(header: Uint8Array, at: number): boolean {
    const isIpv4 = this.source.family === 4
    const transport = isIpv4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    if (!(isIpv4 ? this.#isOfIpv4(header, at) : this.#isOfIpv6(header, at))) return false
    const tcp = at + transport
    return (
      readInt32(header, tcp) === this.ports &&
      (header[tcp + 12]! >>> 4) * 4 === this.headerLength - transport &&
      (header[tcp + 13]! & (SYN | RST | URG)) === 0
    )
  }

  #isOfIpv4(header: Uint8Array, at: number): boolean {
    const { source, destination } = this
    return (
      header[at] === IPV4_WITHOUT_OPTIONS &&
      header[at + 9] === Protocol.TCP &&
      (readUint16(header, at + 6) & FRAGMENT) === 0 &&
      readInt32(header, at + 12) === source.d &&
      readInt32(header, at + 16) === destination.d
    )
  }

  #isOfIpv6(header: Uint8Array, at: number): boolean {
    return (
      header[at]! >>> 4 === 6 &&
      header[at + 6] === Protocol.TCP &&
      isAddress(this.source, header, at + 8) &&
      isAddress(this.destination, header, at + 24)
    )
  }

  /** Takes back to into[at] the first `length` octets that were put into the place, and leaves zeros there: they may be another reader's. */
  takeBack(into: Uint8Array, at: number, length: number): void {
    copyOctets(this.octets, this.start, length, into, at)
    this.octets.fill(0, this.start, this.start + length)
    this.missed = true
  }
}

function isAddress({ a, b, c, d }: IpAddress, octets: Uint8Array, at: number): boolean {
  return (
    readInt32(octets, at + 12) === d &&
    readInt32(octets, at + 8) === c &&
    readInt32(octets, at + 4) === b &&
    readInt32(octets, at) === a
  )
}
