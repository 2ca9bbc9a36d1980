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
 * nobody has to copy it. Whether the guess was right shows by its header: see {@link settle}.
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
   * A frame has come for which this was asked, with its text put here: frame[start] up to frame[start + headerLength] are its
   * headers, and as much as the place did not hold lies in `frame` where it belongs. Returns this where text was put that
   * has come to the right place. Else the frame is whole when it returns, up to frame[end]: what was put here is behind
   * the headers, and zeros are here, for it may be of another connection. `vouched`: its checksum is known to be right.
   */
  settle(frame: Uint8Array, start: number, end: number, vouched: boolean): this | undefined {
    const textAt = start + this.headerLength
    const length = end - textAt
    if (length <= 0) return undefined
    if (vouched && length <= this.length && this.#isRight(frame, start)) return this
    const put = Math.min(length, this.length)
    copyOctets(this.octets, this.start, put, frame, textAt)
    this.octets.fill(0, this.start, this.start + put)
    this.missed = true
    return undefined
  }

  /**
   * Whether the frame whose header begins at header[at] is a segment of the connection, and its text is what follows
   * `headerLength` octets: without IP options and extension headers, whole, and neither SYN nor RST nor urgent.
   */
  #isRight(header: Uint8Array, at: number): boolean {
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
}

function isAddress({ a, b, c, d }: IpAddress, octets: Uint8Array, at: number): boolean {
  return (
    readInt32(octets, at + 12) === d &&
    readInt32(octets, at + 8) === c &&
    readInt32(octets, at + 4) === b &&
    readInt32(octets, at) === a
  )
}
