import { IpAddress, type IpPrefix } from '../wire/address.ts'
import { ARP_LENGTH, ArpOperation, ArpPacket, writeArp } from '../wire/arp.ts'
import { ETHERNET_HEADER_LENGTH, EthernetHeader, EtherType, writeEthernet } from '../wire/ethernet.ts'
import { MAC_BROADCAST, type MacAddress } from '../wire/mac.ts'
import { chooseSource } from './source-address.ts'

/** ARP's frames of one interface (RFC 826). */
export class ArpWriter {
  private readonly mac: MacAddress
  private readonly prefixes: readonly IpPrefix[]
  private readonly packet: ArpPacket = new ArpPacket()
  private readonly header: EthernetHeader = new EthernetHeader()

  constructor(mac: MacAddress, prefixes: readonly IpPrefix[]) {
    this.mac = mac
    this.prefixes = prefixes
  }

  /** Who has `target`? To all, or to `mac`, who had it when last heard from (RFC 1122 §2.3.2.1, (2)). */
  question(target: IpAddress, mac: MacAddress = MAC_BROADCAST): Uint8Array {
    const sender = chooseSource(this.prefixes, target) ?? new IpAddress()
    return this.frame(ArpOperation.REQUEST, sender, target, 0, mac)
  }

  answer(asked: ArpPacket): Uint8Array {
    return this.frame(ArpOperation.REPLY, asked.target, asked.sender, asked.senderMac, asked.senderMac)
  }

  /** To all: this address is mine (RFC 5227 §3). */
  announcement(address: IpAddress): Uint8Array {
    return this.frame(ArpOperation.REQUEST, address, address, 0, MAC_BROADCAST)
  }

  private frame(
    operation: number,
    sender: IpAddress,
    target: IpAddress,
    targetMac: MacAddress,
    to: MacAddress,
  ): Uint8Array {
    const { packet, header } = this
    packet.operation = operation
    packet.senderMac = this.mac
    packet.sender = sender
    packet.targetMac = targetMac
    packet.target = target
    header.destination = to
    header.source = this.mac
    header.etherType = EtherType.ARP
    const octets = new Uint8Array(ETHERNET_HEADER_LENGTH + ARP_LENGTH)
    writeArp(octets, writeEthernet(octets, 0, header), packet)
    return octets
  }
}
