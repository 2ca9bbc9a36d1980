import { IpAddress } from './address.ts'
import type { WireDefect } from './defect.ts'
import { EtherType } from './ethernet.ts'
import { type MacAddress, readMac, writeMac } from './mac.ts'
import { readUint16, writeUint16 } from './octets.ts'

/** Octets of an ARP packet for IPv4 on Ethernet. */
export const ARP_LENGTH = 28

export const ArpOperation = { REQUEST: 1, REPLY: 2 } as const

const ETHERNET = 1

/** An ARP packet for IPv4 on Ethernet (RFC 826). Reused and borrowed like a `Segment`. */
export class ArpPacket {
  /** {@link ArpOperation}. */
  operation = 0
  senderMac: MacAddress = 0
  sender: IpAddress = new IpAddress()
  /** 0 in a request. */
  targetMac: MacAddress = 0
  target: IpAddress = new IpAddress()
}

/** Reads the packet at octets[start] up to octets[end]; padding behind it is ignored. */
export function parseArp(octets: Uint8Array, start: number, end: number, into: ArpPacket): WireDefect | undefined {
  if (end - start < ARP_LENGTH) return 'arp-truncated'
  if (readUint16(octets, start) !== ETHERNET || readUint16(octets, start + 2) !== EtherType.IPV4) return 'arp-format'
  if (octets[start + 4] !== 6 || octets[start + 5] !== 4) return 'arp-format'
  into.operation = readUint16(octets, start + 6)
  into.senderMac = readMac(octets, start + 8)
  into.sender.read4(octets, start + 14)
  into.targetMac = readMac(octets, start + 18)
  into.target.read4(octets, start + 24)
  return undefined
}

/** Writes the packet at into[at]. Returns its length, 28. */
export function writeArp(into: Uint8Array, at: number, packet: ArpPacket): number {
  writeUint16(into, at, ETHERNET)
  writeUint16(into, at + 2, EtherType.IPV4)
  into[at + 4] = 6
  into[at + 5] = 4
  writeUint16(into, at + 6, packet.operation)
  writeMac(into, at + 8, packet.senderMac)
  packet.sender.write(into, at + 14)
  writeMac(into, at + 18, packet.targetMac)
  packet.target.write(into, at + 24)
  return ARP_LENGTH
}
