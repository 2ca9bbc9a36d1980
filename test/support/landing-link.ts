import type { Link, LinkReceiver } from '../../src/link/link.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import type { Landing } from '../../src/wire/landing.ts'
import { Offload, type OffloadCapability } from '../../src/wire/offload.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'

const HEADER = 10
const LENGTH = HEADER + 65_536
const GARBAGE = 0xee

/** Puts a frame where a scattered read would: `into` from `at` on, but what follows the headers into `landing` as far as it reaches. */
export function scatter(frame: Uint8Array, into: Uint8Array, at: number, landing: Landing): void {
  const { octets, start, end, headerLength } = landing
  const behind = headerLength + end - start
  into.set(frame.subarray(0, headerLength), at)
  octets.set(frame.subarray(headerLength, behind), start)
  if (behind < frame.length) into.set(frame.subarray(behind), at + behind)
}

/** A link that reads frames as TUN does: their text to where it is wanted. It vouches for the checksums that are right. */
export function landing(link: Link): LandingLink {
  return new LandingLink(link)
}

export class LandingLink implements Link, LinkReceiver {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability
  readonly headroom: number
  /** Frames whose text was put to where it is, and those whose text was put there and taken back. */
  landed = 0
  takenBack = 0
  readonly #link: Link
  readonly #inward = new Offload()
  #receiver: LinkReceiver | undefined

  constructor(link: Link) {
    this.#link = link
    this.name = link.name
    this.medium = link.medium
    this.mtu = link.mtu
    this.offload = link.offload
    this.headroom = link.headroom
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#link.attach(this)
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    return this.#link.send(octets, start, end, offload)
  }

  close(): void {
    this.#link.close()
  }

  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    const frame = octets.slice(start, end)
    const vouched = offload.checksumValid || isIntact(frame)
    const place = this.#receiver!.landing?.()
    const into = new Uint8Array(LENGTH).fill(GARBAGE)
    if (place === undefined) into.set(frame, HEADER)
    else scatter(frame, into, HEADER, place)
    const textPut = place !== undefined && frame.length > place.headerLength
    this.#inward.checksumValid = vouched
    this.#inward.segmentSize = offload.segmentSize
    this.#inward.landing = place?.settle(into, HEADER, HEADER + frame.length, vouched)
    if (this.#inward.landing !== undefined) this.landed++
    else if (textPut) this.takenBack++
    this.#receiver!.frame(into, HEADER, HEADER + frame.length, this.#inward)
  }

  drained(): void {
    this.#receiver!.drained()
  }

  writable(): void {
    this.#receiver!.writable()
  }

  closed(error?: Error): void {
    this.#receiver!.closed(error)
  }
}

/** A TCP segment whose checksum is right. */
function isIntact(frame: Uint8Array): boolean {
  const ip = new IpHeader()
  if (parseIp(frame, 0, frame.length, ip) !== undefined || ip.protocol !== Protocol.TCP || ip.fragment) return false
  const segment = new Segment()
  segment.source = ip.source
  segment.destination = ip.destination
  return parseTcp(frame, ip.payloadStart, ip.payloadEnd, segment, true) === undefined
}
