import { IpAddress, type IpPrefix } from '../wire/address.ts'
import type { WireDefect } from '../wire/defect.ts'
import { ETHERNET_HEADER_LENGTH, EthernetHeader, EtherType, writeEthernet } from '../wire/ethernet.ts'
import { IcmpMessage } from '../wire/icmp.ts'
import { Icmpv6Type, parseIcmpv6 } from '../wire/icmpv6.ts'
import { IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../wire/ip.ts'
import { parseIp, writeIp } from '../wire/ip-packet.ts'
import { type MacAddress, multicastMac } from '../wire/mac.ts'
import { NDP_HOP_LIMIT, NdpMessage, parseNdp, solicitedNode, writeNdp } from '../wire/ndp.ts'
import { chooseSource } from './source-address.ts'

/** The longest frame that is written here: a message has 32 octets at the most. */
const LONGEST = ETHERNET_HEADER_LENGTH + IPV6_HEADER_LENGTH + 32

/** ff02::1 */
const ALL_NODES = new IpAddress(0xff02_0000, 0, 0, 1)

/** Whether the packet at octets[start] is a solicitation or an advertisement: it stands right behind the IPv6 header (RFC 6980). */
export function isNeighbourDiscovery(octets: Uint8Array, start: number, end: number): boolean {
  const at = start + IPV6_HEADER_LENGTH
  if (end <= at || octets[start + 6] !== Protocol.ICMPV6) return false
  return octets[at] === Icmpv6Type.NEIGHBOUR_SOLICITATION || octets[at] === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT
}

/** Solicitations and advertisements of one interface (RFC 4861 §7.2). */
export class NeighbourDiscovery {
  /** What `read` has read; borrowed until it is called again. */
  readonly message: NdpMessage = new NdpMessage()
  private readonly mac: MacAddress
  private readonly prefixes: readonly IpPrefix[]
  private readonly icmp: IcmpMessage = new IcmpMessage()
  private readonly inbound: IpHeader = new IpHeader()
  private readonly ip: IpHeader = new IpHeader()
  private readonly ethernet: EthernetHeader = new EthernetHeader()
  private readonly outgoing: NdpMessage = new NdpMessage()
  private readonly group: IpAddress = new IpAddress()

  constructor(mac: MacAddress, prefixes: readonly IpPrefix[]) {
    this.mac = mac
    this.prefixes = prefixes
  }

  /** Of the message that was read. */
  get source(): IpAddress {
    return this.inbound.source
  }

  get isQuestion(): boolean {
    return this.message.type === Icmpv6Type.NEIGHBOUR_SOLICITATION
  }

  /** Reads the message in the packet at octets[start]. */
  read(octets: Uint8Array, start: number, end: number): WireDefect | undefined {
    const { inbound, icmp } = this
    const defect = parseIp(octets, start, end, inbound)
    if (defect !== undefined) return defect
    icmp.source = inbound.source
    icmp.destination = inbound.destination
    return (
      parseIcmpv6(octets, inbound.payloadStart, inbound.payloadEnd, icmp) ??
      parseNdp(icmp, inbound.hopLimit, this.message)
    )
  }

  /** Who has `target`? To its group, or to `mac`, who had it when last heard from. */
  question(target: IpAddress, mac: MacAddress | undefined): Uint8Array {
    const { outgoing } = this
    outgoing.type = Icmpv6Type.NEIGHBOUR_SOLICITATION
    outgoing.target = target
    const source = chooseSource(this.prefixes, target) ?? target
    const destination = mac === undefined ? solicitedNode(target, this.group) : target
    return this.frame(source, destination, mac ?? multicastMac(destination))
  }

  /** To who asked the question that was read; to all when he has no address yet (RFC 4861 §7.2.4). */
  answer(mac: MacAddress): Uint8Array {
    const { outgoing, message, source } = this
    const isAnonymous = source.isUnspecified
    this.advertise(message.target)
    outgoing.solicited = !isAnonymous
    if (isAnonymous) return this.frame(message.target, ALL_NODES, multicastMac(ALL_NODES))
    return this.frame(message.target, source, message.linkLayerAddress ?? mac)
  }

  /** To all: this address is mine. */
  announcement(address: IpAddress): Uint8Array {
    this.advertise(address)
    this.outgoing.solicited = false
    return this.frame(address, ALL_NODES, multicastMac(ALL_NODES))
  }

  private advertise(address: IpAddress): void {
    const { outgoing } = this
    outgoing.type = Icmpv6Type.NEIGHBOUR_ADVERTISEMENT
    outgoing.target = address
    outgoing.override = true
  }

  private frame(source: IpAddress, destination: IpAddress, mac: MacAddress): Uint8Array {
    const { ip, ethernet, outgoing } = this
    outgoing.linkLayerAddress = this.mac
    ethernet.destination = mac
    ethernet.source = this.mac
    ethernet.etherType = EtherType.IPV6
    ip.family = 6
    ip.source = source
    ip.destination = destination
    ip.protocol = Protocol.ICMPV6
    ip.hopLimit = NDP_HOP_LIMIT
    const octets = new Uint8Array(LONGEST)
    const at = writeEthernet(octets, 0, ethernet)
    const length = writeNdp(octets, at + IPV6_HEADER_LENGTH, outgoing, source, destination)
    writeIp(octets, at, ip, length)
    return octets
  }
}
