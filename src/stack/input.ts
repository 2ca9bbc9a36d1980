import type { Interface } from '../ip/interface.ts'
import { Reassembly } from '../ip/reassembly.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import type { Instant } from '../wire/instant.ts'
import { IpHeader, NO_PROBLEM, Protocol } from '../wire/ip.ts'
import { parseIp } from '../wire/ip-packet.ts'
import { Offload } from '../wire/offload.ts'
import { Segment } from '../wire/segment.ts'
import { parseTcp } from '../wire/tcp.ts'
import type { Forwarder } from './forwarder.ts'
import { isLoopback } from './local-addresses.ts'
import type { Stack } from './stack.ts'
import { TextTrain } from './text-train.ts'

/** Where a packet came from, and in how many steps it was put together: what decides whom it is for. */
type Origin =
  /** A link. */
  | 'link'
  /** Fragments that a link brought. */
  | 'fragments'
  /** This stack, to itself. */
  | 'own'

/** What becomes of frames that come in: each is counted once as received, and once by what became of it. */
export class IpInput {
  readonly reassembly: Reassembly
  private readonly stack: Stack
  private readonly forwarder: Forwarder | undefined
  private readonly header: IpHeader = new IpHeader()
  private readonly segment: Segment = new Segment()
  private readonly train: TextTrain = new TextTrain()
  /** The frame at hand has been counted as dropped; or there is none. */
  private dropped = true
  /** Frames at hand: more than one where they are processed as one. */
  private frames = 1
  private readonly own: Offload = new Offload()

  constructor(stack: Stack, forwarder: Forwarder | undefined) {
    this.stack = stack
    this.forwarder = forwarder
    this.reassembly = new Reassembly(stack)
  }

  /** A frame of `from`. */
  receive(from: Interface, octets: Uint8Array, start: number, end: number, now: Instant, offload?: Offload): void {
    const { counters, tcp } = this.stack
    counters.received++
    tcp.now = now
    const { train } = this
    if (train.isOpen && this.joins(octets, start, end, offload)) return
    if (train.frames > 0) this.settle()
    this.dropped = false
    const at = from.ethernet === undefined ? start : from.ethernet.receive(octets, start, end, now)
    if (at >= 0) this.receivePacket(octets, at, end, now, offload, 'link')
    if (!this.dropped) counters.accepted++
    this.dropped = true
  }

  /** Whether the frame continues the train: it waits there for what follows. */
  private joins(octets: Uint8Array, start: number, end: number, offload: Offload | undefined): boolean {
    const { train } = this
    if (offload?.more !== true || !train.takes(octets, start, end)) return false
    this.stack.counters.InSegs++
    if (train.isFull) this.settle()
    return true
  }

  /** A packet of this stack's to itself (RFC 1122 §3.3.1.1, §3.2.1.3). */
  receiveOwn(octets: Uint8Array, start: number, end: number, now: Instant, segmentSize: number): void {
    const { counters, tcp } = this.stack
    counters.received++
    this.dropped = false
    tcp.now = now
    this.own.checksumValid = true
    this.own.segmentSize = segmentSize
    this.receivePacket(octets, start, end, now, this.own, 'own')
    if (!this.dropped) counters.accepted++
    this.dropped = true
  }

  /** Text that waits for more is processed: before the stack is asked for anything. */
  settle(): void {
    const { train, segment, stack } = this
    const { frames } = train
    if (frames === 0) return
    this.frames = frames
    this.dropped = false
    train.handOver(segment)
    stack.tcp.receive(segment, stack.tcp.now)
    if (!this.dropped) stack.counters.accepted += frames
    this.dropped = true
    this.frames = 1
  }

  /** The frame at hand goes no further; the first reason counts. */
  drop(reason: DropReason): void {
    if (this.dropped) return
    this.dropped = true
    for (let i = 0; i < this.frames; i++) {
      this.stack.counters.drop(reason)
      this.stack.observer?.drop?.(reason, this.stack.tcp.now)
    }
  }

  private receivePacket(
    octets: Uint8Array,
    start: number,
    end: number,
    now: Instant,
    offload: Offload | undefined,
    origin: Origin,
  ): void {
    const { stack, header: ip } = this
    this.train.end()
    // RFC 9293 MUST-50: IP options are skipped.
    const defect = parseIp(octets, start, end, ip)
    if (defect !== undefined) {
      this.refuse(defect, ip, octets, now)
    } else if (!stack.addresses.has(ip.destination) && !this.takesForOthers(ip)) {
      this.receiveForOthers(ip, octets, now, offload)
    } else if (!stack.isHost(ip.source) || stack.addresses.has(ip.source) !== (origin === 'own')) {
      // RFC 9293 MUST-63: nothing from an address that no peer can have: ours neither, unless we sent it.
      this.drop('ip-source')
    } else if (ip.fragment) {
      this.receiveFragment(ip, octets, now, offload, origin)
    } else if (ip.protocol === Protocol.TCP) {
      this.receiveSegment(ip, octets, now, offload)
    } else {
      this.receiveOther(ip, octets, now, offload)
    }
  }

  /** The packet is malformed; if it is for us, its sender may be told so. */
  private refuse(defect: DropReason, ip: IpHeader, octets: Uint8Array, now: Instant): void {
    this.drop(defect)
    if (ip.problem === NO_PROBLEM || !this.stack.addresses.has(ip.destination)) return
    this.stack.errors.send('parameter', ip, octets, now, ip.pointer)
  }

  /** A segment to somebody else's address, whose connections this stack answers (`Anywhere.listen`). */
  private takesForOthers(ip: IpHeader): boolean {
    const { stack } = this
    if (ip.protocol !== Protocol.TCP || !stack.tcp.listening.anywhere.isReached) return false
    // RFC 1122 §3.2.1.3 (g): a loopback address never comes in over a link.
    return stack.isHost(ip.destination) && !isLoopback(ip.destination)
  }

  private receiveForOthers(ip: IpHeader, octets: Uint8Array, now: Instant, offload: Offload | undefined): void {
    const isShared = !this.stack.isHost(ip.destination)
    if (isShared && ip.protocol === Protocol.TCP) this.drop('tcp-not-unicast')
    else if (!isShared && this.forwarder !== undefined) this.forwarder.forward(ip, octets, now, offload)
    else if (!isShared && this.isErrorForOthers(ip)) this.stack.icmp.receiveForOthers(ip, octets)
    else this.drop('ip-not-ours')
  }

  /** Perhaps an error about a segment that we sent from somebody else's address. */
  private isErrorForOthers(ip: IpHeader): boolean {
    const isIcmp = ip.protocol === (ip.family === 4 ? Protocol.ICMP : Protocol.ICMPV6)
    return isIcmp && !ip.fragment && this.stack.tcp.listening.anywhere.isReached
  }

  private receiveFragment(
    ip: IpHeader,
    octets: Uint8Array,
    now: Instant,
    offload: Offload | undefined,
    origin: Origin,
  ): void {
    const { reassembly } = this
    // A fragment header behind another one.
    if (origin === 'fragments') {
      this.drop('ipv6-extension-order')
      return
    }
    const length = reassembly.receive(ip, octets, now)
    if (length > 0) {
      const vouched = origin === 'own' ? offload : undefined
      this.receivePacket(reassembly.whole, 0, length, now, vouched, origin === 'own' ? 'own' : 'fragments')
    } else if (ip.problem !== NO_PROBLEM) {
      this.stack.errors.send('parameter', ip, octets, now, ip.pointer)
    }
  }

  /** A packet of ours that is not TCP's. */
  private receiveOther(ip: IpHeader, octets: Uint8Array, now: Instant, offload: Offload | undefined): void {
    const { stack } = this
    switch (ip.protocol) {
      case ip.family === 4 ? Protocol.ICMP : Protocol.ICMPV6:
        stack.icmp.receive(ip, octets, now)
        return
      case Protocol.UDP:
        // RFC 1122 §4.1.3.1, RFC 4443 §3.1
        if (!stack.udp.receive(ip, octets, offload?.checksumValid === true)) stack.errors.send('port', ip, octets, now)
        return
      default:
        this.drop('ip-protocol')
        // RFC 1122 §3.2.2.1, RFC 8200 §4
        if (ip.family === 4) stack.errors.send('protocol', ip, octets, now)
        else if (ip.protocol !== Protocol.NO_NEXT) stack.errors.send('protocol', ip, octets, now, ip.pointer)
    }
  }

  private receiveSegment(ip: IpHeader, octets: Uint8Array, now: Instant, offload: Offload | undefined): void {
    const { segment, stack } = this
    const { counters } = stack
    segment.source = ip.source
    segment.destination = ip.destination
    segment.ecn = ip.trafficClass & 3
    segment.segmentSize = offload?.segmentSize ?? 0
    counters.InSegs++
    const defect = parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, offload?.checksumValid !== true)
    if (defect === undefined) {
      if (offload?.more === true && !offload.checksumValid) this.train.follow(octets, ip, segment)
      const landing = offload?.landing
      if (landing !== undefined) {
        segment.octets = landing.octets
        segment.start = landing.start
      }
      stack.tcp.receive(segment, now)
      return
    }
    counters.InErrs++
    if (defect === 'tcp-checksum') counters.InCsumErrors++
    this.drop(defect)
  }
}
