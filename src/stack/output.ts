import type { Interface } from '../ip/interface.ts'
import { IpAddress } from '../wire/address.ts'
import type { Instant } from '../wire/instant.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { writeIp } from '../wire/ip-packet.ts'
import type { Offload } from '../wire/offload.ts'
import type { Payload } from '../wire/payload.ts'
import { Segment } from '../wire/segment.ts'
import { writeTcp } from '../wire/tcp.ts'
import { HeaderTemplate } from './header-template.ts'
import type { Stack } from './stack.ts'

/** Payload of fewer octets is copied into its frame: to gather it would cost as much. */
const GATHERED_FROM = 2048

/** What a stack sends next, and by which interface. On the hot path: with one link of IP packets no route is looked up. */
export class IpOutput {
  private readonly stack: Stack
  /** Of the frame that is asked for: what may be left where it lies. */
  private payload: Payload | undefined
  private readonly header: IpHeader = new IpHeader()
  private readonly segment: Segment = new Segment()
  /** Of segments that TCP makes from the one before. */
  private readonly template: HeaderTemplate = new HeaderTemplate()
  /** Where the packet that was written last goes to: the segment's destination, or `scratch`. */
  private destination: IpAddress
  private readonly scratch: IpAddress = new IpAddress()
  /** The last packet was none of TCP's: it is TCP's turn. */
  private wasPacket = false
  /** The packet that was written last has half a checksum; and what payload the link cuts it into, 0 where it does not. */
  private isPartial = false
  private segmentSize = 0

  constructor(stack: Stack) {
    this.stack = stack
    this.destination = this.scratch
    this.header.dontFragment = true
  }

  /** Where a packet to `destination` leaves; undefined when there is no route. */
  interfaceTo(destination: IpAddress): Interface | undefined {
    const { routes, interfaces, addresses } = this.stack
    if (routes === undefined || addresses.has(destination)) return interfaces[0]
    return routes.lookup(destination)?.out
  }

  transmit(
    out: Interface,
    into: Uint8Array,
    start: number,
    now: Instant,
    offload?: Offload,
    payload?: Payload,
  ): number {
    const { stack } = this
    const at = start + out.headerLength
    const partial = out.offload.checksum && offload !== undefined
    offload?.clear()
    payload?.clear()
    this.payload = payload
    stack.echoes.transmit(now)
    for (;;) {
      let length = out.ethernet === undefined ? 0 : out.ethernet.transmit(into, start, now, offload)
      if (length > 0) {
        stack.counters.transmitted++
        return length
      }
      length = this.next(out, into, at, now, partial)
      if (length === 0) return 0
      stack.counters.transmitted++
      if (stack.addresses.has(this.destination)) {
        if (payload !== undefined) length += payload.join(into, at + length)
        stack.receiveOwn(into, at, at + length, now, this.segmentSize)
        continue
      }
      if (out.ethernet !== undefined) length = this.frame(out, into, start, length, now)
      if (length === 0) continue
      if (this.isPartial) offload!.checksumPartial = true
      if (this.segmentSize > 0) offload!.segmentSize = this.segmentSize
      return length
    }
  }

  /** As the stack's: of packets, which no Ethernet frame is around, and that `transmit` would write in the same way. */
  transmitRow(out: Interface, into: Uint8Array, start: number, stride: number, most: number, now: Instant): number {
    const { stack, segment, template } = this
    if (template.isEmpty || this.wasPacket || out.packets.length > 0 || out.ethernet !== undefined) return 0
    if (stack.interfaces.length > 1 || stack.addresses.has(segment.destination)) return 0
    const count = stack.tcp.nextOfRun(segment, now, most)
    if (count > 0) template.writeRow(into, start, stride, segment, count)
    stack.counters.transmitted += count
    return count
  }

  /** The next packet, TCP and others in turn. */
  private next(out: Interface, into: Uint8Array, at: number, now: Instant, partial: boolean): number {
    const segmentFirst = this.wasPacket
    if (!segmentFirst && out.packets.length > 0) {
      const length = this.nextPacket(out, into, at)
      if (length > 0) return length
    }
    const length = this.nextSegment(out, into, at, now, partial)
    return length === 0 && segmentFirst && out.packets.length > 0 ? this.nextPacket(out, into, at) : length
  }

  private nextPacket(out: Interface, into: Uint8Array, at: number): number {
    const length = out.packets.next(into, at, out.mtu)
    if (length === 0) return 0
    this.wasPacket = true
    this.isPartial = false
    this.segmentSize = 0
    if (into[at]! >>> 4 === 4) this.scratch.read4(into, at + 16)
    else this.scratch.read6(into, at + 24)
    this.destination = this.scratch
    return length
  }

  private nextSegment(out: Interface, into: Uint8Array, at: number, now: Instant, partial: boolean): number {
    const { stack, segment } = this
    // A packet that might wait, for another link or for a neighbour, is one that every link takes.
    const cuts = partial && stack.interfaces.length === 1 && out.ethernet === undefined
    while (stack.tcp.nextSegment(segment, now, cuts ? out.offload.segmentation : 0)) {
      const other = stack.interfaces.length === 1 ? out : this.interfaceTo(segment.destination)
      const length = this.write(into, at, partial && other === out, cuts ? this.payload : undefined)
      if (other === out || stack.addresses.has(segment.destination)) {
        this.wasPacket = false
        this.isPartial = partial
        this.segmentSize = segment.segmentSize
        this.destination = segment.destination
        return length
      }
      if (other === undefined) stack.counters.IpOutNoRoutes++
      else if (!stack.enqueue(other, into.slice(at, at + length))) stack.counters.PacketQueueFull++
    }
    return 0
  }

  /** Returns the octets written to `into`: without the payload, where that is left to `payload`. */
  private write(into: Uint8Array, at: number, partial: boolean, payload: Payload | undefined): number {
    const { segment, header, template } = this
    const repeats = this.stack.tcp.repeats && !partial
    if (!repeats) template.clear()
    else if (!template.isEmpty) return template.write(into, at, segment)
    header.family = segment.destination.family
    header.source = segment.source
    header.destination = segment.destination
    header.protocol = Protocol.TCP
    // RFC 9293 SHLD-22
    header.trafficClass = (segment.dscp << 2) | segment.ecn
    header.hopLimit = segment.hopLimit
    const headerLength = header.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const gathered = payload !== undefined && segment.length >= GATHERED_FROM
    const length = writeTcp(into, at + headerLength, segment, partial, gathered)
    writeIp(into, at, header, length)
    if (repeats) {
      const tcpAt = at + headerLength
      template.keep(into, at, tcpAt, tcpAt + length - segment.length, header, segment.length)
    }
    if (!gathered) return headerLength + length
    payload.set(segment.octets, segment.start % segment.octets.length, segment.length)
    return headerLength + length - segment.length
  }

  /** The Ethernet frame around the packet; 0 when that has to wait for its neighbour, or has no way to go. */
  private frame(out: Interface, into: Uint8Array, start: number, length: number, now: Instant): number {
    const route = this.stack.routes!.lookup(this.destination)
    if (route === undefined) {
      this.stack.counters.IpOutNoRoutes++
      return 0
    }
    return out.ethernet!.frame(into, start, length, route.gateway ?? this.destination, now, this.isPartial)
  }
}
