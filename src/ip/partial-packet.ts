import type { DropReason } from '../tcp/drop-reason.ts'
import type { IpAddress } from '../wire/address.ts'
import { quoteLength } from '../wire/icmp.ts'
import type { Instant } from '../wire/instant.ts'
import { IpHeader } from '../wire/ip.ts'
import { EMPTY } from '../wire/octets.ts'

/** Fragments of one packet: 64 KiB over an MTU of 576 come in 119. */
export const MOST_FRAGMENTS = 128
/** Octets that a fragment counts for beside its own. */
export const FRAGMENT_COST = 64

const NOT_ECT = 1 << 0
const CONGESTION_EXPERIENCED = 3

/** What has come of one packet. */
export class PartialPacket {
  readonly family: 4 | 6
  readonly source: IpAddress
  readonly deadline: Instant
  /** That of the first fragment, as the whole packet's; the fields by which fragments are matched from the start. */
  readonly header: IpHeader = new IpHeader()
  /** The beginning of the first fragment, once it has come. */
  quote: Uint8Array = EMPTY
  /** Octets of payload, once the last fragment has come. */
  length: number = Number.POSITIVE_INFINITY
  /** Octets that are held, with what holding them costs. */
  cost = 0
  condemned = false
  private received = 0
  /** Fragments by their offsets, none over another. */
  private offsets: number[] = []
  private pieces: Uint8Array[] = []
  /** Bit n: a fragment had the ECN code point n. */
  private codePoints = 0

  constructor(ip: IpHeader, deadline: Instant) {
    this.family = ip.family
    this.source = ip.source.clone()
    this.deadline = deadline
    const { header } = this
    header.family = ip.family
    header.source = this.source
    header.destination = ip.destination.clone()
    header.identification = ip.identification
    header.protocol = ip.protocol
  }

  get isComplete(): boolean {
    return this.received === this.length
  }

  /** Whether the fragment is of this packet: RFC 791 §3.2 looks at the protocol, RFC 8200 §4.5 does not. */
  isOf(ip: IpHeader): boolean {
    const { header } = this
    return (
      header.identification === ip.identification &&
      header.family === ip.family &&
      (ip.family === 6 || header.protocol === ip.protocol) &&
      this.source.equals(ip.source) &&
      header.destination.equals(ip.destination)
    )
  }

  /** Whether its source shares a bound with `source`: the same IPv4 address, or the same /64. */
  isFrom(source: IpAddress): boolean {
    const own = this.source
    if (this.family === 4 || source.family === 4) return own.equals(source)
    return own.a === source.a && own.b === source.b
  }

  /** Takes a fragment, or says why not; what condemns the packet is for the caller to act on. */
  add(ip: IpHeader, octets: Uint8Array): DropReason | undefined {
    if (this.condemned) return 'ip-fragment-overlap'
    const start = ip.fragmentOffset
    const end = start + ip.payloadEnd - ip.payloadStart
    const place = this.placeOf(start)
    if (this.isHeld(place, ip, octets)) return 'ip-fragment-duplicate'
    const before = place === 0 ? 0 : this.offsets[place - 1]! + this.pieces[place - 1]!.length
    const after = this.offsets[place] ?? Number.POSITIVE_INFINITY
    // RFC 5722 §4, and for IPv4 alike
    if (before > start || after < end) return 'ip-fragment-overlap'
    if (this.contradicts(ip, end)) return 'ip-fragment-inconsistent'
    if (this.offsets.length >= MOST_FRAGMENTS) return 'ip-fragment-limit'
    this.offsets.splice(place, 0, start)
    this.pieces.splice(place, 0, octets.slice(ip.payloadStart, ip.payloadEnd))
    this.received += end - start
    this.cost += end - start + FRAGMENT_COST
    this.codePoints |= 1 << (ip.trafficClass & 3)
    if (!ip.moreFragments) this.length = end
    if (start === 0) this.begin(ip, octets)
    return undefined
  }

  /** Forgets what it holds, but not that whatever comes is to be dropped. */
  condemn(): void {
    this.condemned = true
    this.offsets = []
    this.pieces = []
    this.quote = EMPTY
    this.cost = 0
    this.received = 0
  }

  /** Writes the payload. */
  copy(into: Uint8Array, at: number): void {
    for (const [i, piece] of this.pieces.entries()) into.set(piece, at + this.offsets[i]!)
  }

  /** Congestion that one fragment met, all have met (RFC 3168 §5.3). */
  markCongestion(): void {
    if ((this.codePoints & (1 << CONGESTION_EXPERIENCED)) !== 0) this.header.trafficClass |= CONGESTION_EXPERIENCED
  }

  private begin(ip: IpHeader, octets: Uint8Array): void {
    const { header } = this
    header.protocol = ip.protocol
    header.hopLimit = ip.hopLimit
    header.trafficClass = ip.trafficClass
    header.flowLabel = ip.flowLabel
    this.quote = octets.slice(ip.start, ip.start + quoteLength(ip.family, ip.payloadEnd - ip.start))
  }

  /** Where a fragment of this offset belongs: behind all that begin before it. */
  private placeOf(start: number): number {
    let place = this.offsets.length
    while (place > 0 && this.offsets[place - 1]! >= start) place--
    return place
  }

  /** Whether it came before, octet by octet: RFC 8200 §4.5 lets duplicates be no overlap. */
  private isHeld(place: number, ip: IpHeader, octets: Uint8Array): boolean {
    const piece = this.pieces[place]
    if (piece === undefined || this.offsets[place] !== ip.fragmentOffset) return false
    if (piece.length !== ip.payloadEnd - ip.payloadStart) return false
    return piece.every((octet, i) => octet === octets[ip.payloadStart + i])
  }

  /** Another end than the one known, octets beyond it, or congestion marked on a packet that does not do ECN (RFC 3168 §5.3). */
  private contradicts(ip: IpHeader, end: number): boolean {
    if (end > this.length || (!ip.moreFragments && this.length !== Number.POSITIVE_INFINITY)) return true
    const last = this.offsets.length - 1
    if (!ip.moreFragments && last >= 0 && this.offsets[last]! + this.pieces[last]!.length > end) return true
    const codePoints = this.codePoints | (1 << (ip.trafficClass & 3))
    return (codePoints & NOT_ECT) !== 0 && (codePoints & (1 << CONGESTION_EXPERIENCED)) !== 0
  }
}
