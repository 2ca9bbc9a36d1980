import type { WireDefect } from './defect.ts'
import { type MacAddress, readMac, writeMac } from './mac.ts'
import { readUint16, writeUint16 } from './octets.ts'

/** Octets of an Ethernet header. */
export const ETHERNET_HEADER_LENGTH = 14

/** What a frame carries (IANA, IEEE 802 numbers). */
export const EtherType = { IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd } as const

/** The header of an Ethernet II frame. Reused and borrowed like a `Segment`. */
export class EthernetHeader {
  destination: MacAddress = 0
  source: MacAddress = 0
  /** {@link EtherType}; below 1536 the length of an IEEE 802.3 frame, which no IP packet comes in. */
  etherType = 0
  /** Where the payload starts, and where the frame ends, with whatever padding it has. */
  payloadStart = 0
  payloadEnd = 0
}

/** Reads the header of the frame at octets[start] up to octets[end], which has no preamble and no check sequence. */
export function parseEthernet(
  octets: Uint8Array,
  start: number,
  end: number,
  into: EthernetHeader,
): WireDefect | undefined {
  if (end - start < ETHERNET_HEADER_LENGTH) return 'ethernet-truncated'
  into.destination = readMac(octets, start)
  into.source = readMac(octets, start + 6)
  into.etherType = readUint16(octets, start + 12)
  into.payloadStart = start + ETHERNET_HEADER_LENGTH
  into.payloadEnd = end
  return undefined
}

/** Writes the header at into[at]. Returns its length, 14. */
export function writeEthernet(into: Uint8Array, at: number, header: EthernetHeader): number {
  writeMac(into, at, header.destination)
  writeMac(into, at + 6, header.source)
  writeUint16(into, at + 12, header.etherType)
  return ETHERNET_HEADER_LENGTH
}
