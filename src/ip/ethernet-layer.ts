import type { Counters } from '../tcp/counters.ts'
import type { DropReason } from '../tcp/drop-reason.ts'
import { Fifo } from '../tcp/fifo.ts'
import type { IpAddress, IpPrefix } from '../wire/address.ts'
import { ArpOperation, ArpPacket, parseArp } from '../wire/arp.ts'
import { ETHERNET_HEADER_LENGTH, EthernetHeader, EtherType, parseEthernet, writeEthernet } from '../wire/ethernet.ts'
import type { Instant } from '../wire/instant.ts'
import { isGroupMac, MAC_BROADCAST, type MacAddress, multicastMac } from '../wire/mac.ts'
import { copyOctets } from '../wire/octets.ts'
import type { Offload } from '../wire/offload.ts'
import { ArpWriter } from './arp-writer.ts'
import type { QueuedPacket } from './neighbour.ts'
import { NeighbourCache } from './neighbour-cache.ts'
import { isNeighbourDiscovery, NeighbourDiscovery } from './neighbour-discovery.ts'

/** Answers to questions of others that wait for the link; further ones are dropped. */
const MOST_ANSWERS = 64

export interface EthernetHost {
  readonly counters: Counters
  /** The frame at hand goes no further. */
  drop(reason: DropReason): void
  /** The neighbour that this packet was to go to does not answer. */
  undeliverable(packet: Uint8Array, now: Instant): void
}

interface ReadyPacket {
  readonly packet: QueuedPacket
  readonly mac: MacAddress
}

/**
 * What stands between Ethernet frames and IP packets: it takes the header off and puts it on, in place, and knows the
 * neighbours' addresses by ARP (RFC 826) and neighbour discovery (RFC 4861), host part: no router advertisements, no
 * redirects, no duplicate address detection.
 */
export class EthernetLayer {
  readonly mac: MacAddress
  readonly neighbours: NeighbourCache
  private readonly host: EthernetHost
  private readonly prefixes: readonly IpPrefix[]
  private readonly arp: ArpWriter
  private readonly discovery: NeighbourDiscovery
  private readonly inbound: EthernetHeader = new EthernetHeader()
  private readonly outbound: EthernetHeader = new EthernetHeader()
  private readonly arpIn: ArpPacket = new ArpPacket()
  private readonly answers: Fifo<Uint8Array> = new Fifo<Uint8Array>()
  /** Packets whose neighbour has been found. Bounded by what may wait for neighbours. */
  private readonly ready: Fifo<ReadyPacket> = new Fifo<ReadyPacket>()

  constructor(host: EthernetHost, mac: MacAddress, prefixes: readonly IpPrefix[], reachableTime: number) {
    this.host = host
    this.mac = mac
    this.prefixes = prefixes
    this.neighbours = new NeighbourCache(
      {
        counters: host.counters,
        release: (packet, to) => this.ready.push({ packet, mac: to }),
        undeliverable: (packet, now) => host.undeliverable(packet, now),
      },
      reachableTime,
    )
    this.arp = new ArpWriter(mac, prefixes)
    this.discovery = new NeighbourDiscovery(mac, prefixes)
  }

  /** Tells all neighbours whose this interface's addresses are (RFC 5227 §3, RFC 4861 §7.2.6). */
  announce(): void {
    for (const { address } of this.prefixes) {
      this.answers.push(address.family === 4 ? this.arp.announcement(address) : this.discovery.announcement(address))
    }
  }

  /** Reads the frame at octets[start] up to octets[end]. Returns where its IP packet starts; -1 when there is none for the stack. */
  receive(octets: Uint8Array, start: number, end: number, now: Instant): number {
    const frame = this.inbound
    const defect = parseEthernet(octets, start, end, frame)
    if (defect !== undefined) return this.drop(defect)
    const isGroup = isGroupMac(frame.destination)
    if (!isGroup && frame.destination !== this.mac) return this.drop('ethernet-not-ours')
    switch (frame.etherType) {
      case EtherType.ARP:
        return this.receiveArp(octets, frame, now)
      case EtherType.IPV6:
        if (isNeighbourDiscovery(octets, frame.payloadStart, end)) return this.receiveDiscovery(octets, frame, now)
        return isGroup ? this.drop('ethernet-group') : frame.payloadStart
      case EtherType.IPV4:
        return isGroup ? this.drop('ethernet-group') : frame.payloadStart
      default:
        return this.drop('ethernet-type')
    }
  }

  /** Writes the next frame of this layer's own to into[start]; returns its octets, or 0. */
  transmit(into: Uint8Array, start: number, now: Instant, offload: Offload | undefined): number {
    const answer = this.answers.shift()
    if (answer !== undefined) {
      into.set(answer, start)
      return answer.length
    }
    const ready = this.ready.shift()
    if (ready !== undefined) {
      const { octets, checksumPartial } = ready.packet
      into.set(octets, start + ETHERNET_HEADER_LENGTH)
      if (offload !== undefined) offload.checksumPartial = checksumPartial
      return this.writeHeader(into, start, ready.mac, octets[0]! >>> 4) + octets.length
    }
    const neighbour = this.neighbours.nextQuestion(now)
    if (neighbour === undefined) return 0
    const to = neighbour.state === 'INCOMPLETE' ? undefined : neighbour.mac
    const question =
      neighbour.address.family === 4
        ? this.arp.question(neighbour.address, to)
        : this.discovery.question(neighbour.address, to)
    into.set(question, start)
    return question.length
  }

  /**
   * Puts the header before the packet of `length` octets at into[start + 14], for the neighbour at `nextHop`. Returns the
   * frame's octets, or 0: the packet waits until the neighbour's address is known.
   */
  frame(
    into: Uint8Array,
    start: number,
    length: number,
    nextHop: IpAddress,
    now: Instant,
    checksumPartial: boolean,
  ): number {
    if (nextHop.isMulticast || nextHop.isBroadcast) {
      const mac = nextHop.isMulticast ? multicastMac(nextHop) : MAC_BROADCAST
      return this.writeHeader(into, start, mac, nextHop.family) + length
    }
    const neighbour = this.neighbours.use(nextHop, now)
    if (neighbour.mac !== undefined) return this.writeHeader(into, start, neighbour.mac, nextHop.family) + length
    const octets = new Uint8Array(length)
    copyOctets(into, start + ETHERNET_HEADER_LENGTH, length, octets, 0)
    this.neighbours.enqueue(neighbour, { octets, checksumPartial })
    return 0
  }

  private writeHeader(into: Uint8Array, start: number, mac: MacAddress, version: number): number {
    const header = this.outbound
    header.destination = mac
    header.source = this.mac
    header.etherType = version === 4 ? EtherType.IPV4 : EtherType.IPV6
    return writeEthernet(into, start, header)
  }

  /** RFC 826, "packet reception". */
  private receiveArp(octets: Uint8Array, frame: EthernetHeader, now: Instant): number {
    const packet = this.arpIn
    const defect = parseArp(octets, frame.payloadStart, frame.payloadEnd, packet)
    if (defect !== undefined) return this.drop(defect)
    const { sender, senderMac, target } = packet
    const isKnown = packet.operation === ArpOperation.REQUEST || packet.operation === ArpOperation.REPLY
    if (!isKnown || isGroupMac(senderMac) || senderMac === 0 || this.has(sender)) return this.drop('neighbour-ignored')
    const isForUs = this.has(target)
    if (packet.operation === ArpOperation.REQUEST && isForUs) {
      // Who asks without an address of his own asks whether it is free (RFC 5227 §1.1).
      if (!sender.isUnspecified) this.neighbours.learnFromQuestion(sender, senderMac)
      return this.answer(this.arp.answer(packet))
    }
    const state = this.neighbours.get(sender)?.state
    const asked = state === 'INCOMPLETE' || state === 'PROBE'
    const solicited = packet.operation === ArpOperation.REPLY && isForUs && asked
    const heard = this.neighbours.learnFromAnswer(sender, senderMac, { solicited, override: true }, now)
    return heard ? -1 : this.drop('neighbour-ignored')
  }

  private receiveDiscovery(octets: Uint8Array, frame: EthernetHeader, now: Instant): number {
    const { discovery, neighbours } = this
    const defect = discovery.read(octets, frame.payloadStart, frame.payloadEnd)
    if (defect !== undefined) return this.drop(defect)
    const { message, source } = discovery
    const mac = message.linkLayerAddress
    if (discovery.isQuestion) {
      if (!this.has(message.target)) return this.drop('neighbour-ignored')
      if (mac !== undefined && !isGroupMac(mac)) neighbours.learnFromQuestion(source, mac)
      return this.answer(discovery.answer(frame.source))
    }
    if (mac !== undefined && isGroupMac(mac)) return this.drop('neighbour-ignored')
    return neighbours.learnFromAnswer(message.target, mac, message, now) ? -1 : this.drop('neighbour-ignored')
  }

  private has(address: IpAddress): boolean {
    return this.prefixes.some((prefix) => prefix.address.equals(address))
  }

  private answer(frame: Uint8Array): -1 {
    if (this.answers.length >= MOST_ANSWERS) return this.drop('icmp-limited')
    this.answers.push(frame)
    return -1
  }

  private drop(reason: DropReason): -1 {
    this.host.drop(reason)
    return -1
  }
}
