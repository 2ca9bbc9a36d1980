import type { Counters } from '../tcp/counters.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import type { IpAddress } from '../wire/address.ts'
import type { Instant, Milliseconds } from '../wire/instant.ts'
import { IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import { walkExtensions } from '../wire/ipv6.ts'
import { EMPTY } from '../wire/octets.ts'
import { FRAGMENT_COST, PartialPacket } from './partial-packet.ts'

/** Packets in pieces at once, and octets that they hold: in all, and of one source (an IPv4 address, an IPv6 /64). */
export const MOST_PACKETS = 256
export const MOST_OCTETS: number = 4 * 2 ** 20
export const MOST_PACKETS_OF_SOURCE = 64
export const MOST_OCTETS_OF_SOURCE: number = 2 ** 20

/** From the first fragment that comes to the end of waiting: Linux's for IPv4, RFC 8200 §4.5 for IPv6. */
export const TIMEOUT_V4: Milliseconds = 30_000
export const TIMEOUT_V6: Milliseconds = 60_000

/** RFC 7112 §5: a first fragment without the whole header chain. */
const INCOMPLETE_CHAIN = 3

export interface ReassemblyHost {
  readonly counters: Counters
  /** The fragment at hand goes no further. */
  drop(reason: DropReason): void
  /** The time of a packet is over whose first fragment, of which `quote` holds the beginning, has come. */
  reassemblyTimedOut(quote: Uint8Array, now: Instant): void
}

/**
 * Puts fragments of both families together (RFC 791 §3.2, RFC 8200 §4.5). Fragments that overlap, or contradict each
 * other, condemn their packet: what comes of it until its time is over is dropped (RFC 5722 §4). Where a bound is
 * reached, the oldest packet goes: of the same source, if its share is used up, else of all.
 */
export class Reassembly {
  /** The packet that `receive` has put together, from its first octet on; overwritten by the next. */
  whole: Uint8Array = EMPTY
  private readonly host: ReassemblyHost
  /** In the order in which they began. Few enough to be searched one by one. */
  private readonly packets: PartialPacket[] = []
  private held = 0
  private due: Instant = Number.POSITIVE_INFINITY
  private readonly header: IpHeader = new IpHeader()

  constructor(host: ReassemblyHost) {
    this.host = host
  }

  /** Packets of which fragments are held, or which are condemned. */
  get size(): number {
    return this.packets.length
  }

  /** Octets held, with what it costs to hold them. */
  get octets(): number {
    return this.held
  }

  nextDeadline(): Instant {
    return this.due
  }

  /**
   * Takes the fragment that `ip` is the header of. Returns the octets of the packet in `whole` when it was the last one
   * missing, else 0: it is held, or was dropped.
   */
  receive(ip: IpHeader, octets: Uint8Array, now: Instant): number {
    const { host } = this
    if (ip.family === 4) host.counters.IpReasmReqds++
    else host.counters.Ip6ReasmReqds++
    if (this.due <= now) this.advance(now)
    const defect = fragmentDefect(ip, octets, this.header)
    if (defect !== undefined) {
      this.countFailure(ip.family)
      host.drop(defect)
      return 0
    }
    const packet = this.packets.find((candidate) => candidate.isOf(ip)) ?? this.begin(ip, now)
    const reason = this.makeRoom(packet, ip.payloadEnd - ip.payloadStart) ? packet.add(ip, octets) : 'ip-fragment-limit'
    if (reason === undefined) {
      this.held += ip.payloadEnd - ip.payloadStart + FRAGMENT_COST
      return packet.isComplete ? this.complete(packet) : 0
    }
    if (reason !== 'ip-fragment-duplicate' && !packet.condemned) {
      this.countFailure(ip.family)
      this.held -= packet.cost
      packet.condemn()
    }
    host.drop(reason)
    return 0
  }

  /** Gives up the packets whose time is over. */
  advance(now: Instant): void {
    for (const packet of this.packets.filter(({ deadline }) => deadline <= now)) {
      this.remove(packet)
      if (packet.condemned) continue
      if (packet.family === 4) this.host.counters.IpReasmTimeout++
      else this.host.counters.Ip6ReasmTimeout++
      this.countFailure(packet.family)
      if (packet.quote.length > 0) this.host.reassemblyTimedOut(packet.quote, now)
    }
  }

  private begin(ip: IpHeader, now: Instant): PartialPacket {
    const ofSource = this.packets.filter((packet) => packet.isFrom(ip.source))
    if (ofSource.length >= MOST_PACKETS_OF_SOURCE) this.evict(ofSource[0]!)
    else if (this.packets.length >= MOST_PACKETS) this.evict(this.packets[0]!)
    const packet = new PartialPacket(ip, now + (ip.family === 4 ? TIMEOUT_V4 : TIMEOUT_V6))
    this.packets.push(packet)
    this.due = Math.min(this.due, packet.deadline)
    return packet
  }

  /** False when a fragment of so many octets would be beyond the bound even if others went. */
  private makeRoom(packet: PartialPacket, length: number): boolean {
    const wanted = length + FRAGMENT_COST
    while (this.heldOf(packet.source) + wanted > MOST_OCTETS_OF_SOURCE) {
      const oldest = this.packets.find((other) => other !== packet && other.cost > 0 && other.isFrom(packet.source))
      if (oldest === undefined) return false
      this.evict(oldest)
    }
    while (this.held + wanted > MOST_OCTETS) {
      const oldest = this.packets.find((other) => other !== packet && other.cost > 0)
      if (oldest === undefined) return false
      this.evict(oldest)
    }
    return true
  }

  private heldOf(source: IpAddress): number {
    let sum = 0
    for (const packet of this.packets) if (packet.isFrom(source)) sum += packet.cost
    return sum
  }

  private evict(packet: PartialPacket): void {
    if (!packet.condemned) this.countFailure(packet.family)
    this.remove(packet)
  }

  private remove(packet: PartialPacket): void {
    this.packets.splice(this.packets.indexOf(packet), 1)
    this.held -= packet.cost
    this.due = this.packets.reduce((least, { deadline }) => Math.min(least, deadline), Number.POSITIVE_INFINITY)
  }

  private complete(packet: PartialPacket): number {
    this.remove(packet)
    if (packet.family === 4) this.host.counters.IpReasmOKs++
    else this.host.counters.Ip6ReasmOKs++
    if (this.whole.length === 0) this.whole = new Uint8Array(IPV6_HEADER_LENGTH + 65_535)
    packet.markCongestion()
    const headerLength = writeIp(this.whole, 0, packet.header, packet.length)
    packet.copy(this.whole, headerLength)
    return headerLength + packet.length
  }

  private countFailure(family: 4 | 6): void {
    if (family === 4) this.host.counters.IpReasmFails++
    else this.host.counters.Ip6ReasmFails++
  }
}

/** What is wrong with a fragment alone. `scratch` is overwritten. */
function fragmentDefect(ip: IpHeader, octets: Uint8Array, scratch: IpHeader): DropReason | undefined {
  const length = ip.payloadEnd - ip.payloadStart
  // A fragment that adds nothing, and the two tricks of RFC 3128 to hide a TCP header from filters.
  if (length === 0) return 'ip-fragment-tiny'
  if (ip.family === 4) {
    if (ip.protocol === Protocol.TCP && ip.fragmentOffset === 8) return 'ip-fragment-tiny'
    return ip.fragmentOffset === 0 && length < leastOf(ip.protocol) ? 'ip-fragment-tiny' : undefined
  }
  // Behind a fragment header there is neither another nor what stands before all others (RFC 8200 §4.1).
  if (ip.protocol === Protocol.FRAGMENT || ip.protocol === Protocol.HOP_BY_HOP) return 'ipv6-extension-order'
  if (ip.fragmentOffset > 0) return undefined
  scratch.start = ip.start
  const defect = walkExtensions(octets, ip.payloadStart, ip.payloadEnd, ip.protocol, scratch)
  if (defect !== undefined && defect !== 'ipv6-extension-truncated') return undefined
  if (defect === undefined && ip.payloadEnd - scratch.payloadStart >= leastOf(scratch.protocol)) return undefined
  ip.problem = INCOMPLETE_CHAIN
  ip.pointer = 0
  return 'ip-fragment-tiny'
}

/** Octets of the transport's header that the first fragment must hold. */
function leastOf(protocol: number): number {
  if (protocol === Protocol.TCP) return 20
  return protocol === Protocol.UDP || protocol === Protocol.ICMP || protocol === Protocol.ICMPV6 ? 8 : 0
}
