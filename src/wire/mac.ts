import type { IpAddress } from './address.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts'

/** A 48-bit Ethernet address as an integer, the first octet on the wire being the highest. */
export type MacAddress = number

export const MAC_BROADCAST: MacAddress = 0xffff_ffff_ffff

const LOW = 0x1_0000_0000

export function readMac(octets: Uint8Array, at: number): MacAddress {
  return readUint16(octets, at) * LOW + readUint32(octets, at + 2)
}

export function writeMac(octets: Uint8Array, at: number, mac: MacAddress): void {
  writeUint16(octets, at, Math.floor(mac / LOW))
  writeUint32(octets, at + 2, mac % LOW)
}

/** Broadcast or multicast: not the address of one interface. */
export function isGroupMac(mac: MacAddress): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1
}

/** The group that packets to a multicast `address` go to (RFC 1112 §6.4, RFC 2464 §7). */
export function multicastMac(address: IpAddress): MacAddress {
  return address.family === 4 ? 0x0100_5e00_0000 + (address.d & 0x7f_ffff) : 0x3333 * LOW + (address.d >>> 0)
}

/** `02:00:00:00:00:01`. */
export function macText(mac: MacAddress): string {
  return mac.toString(16).padStart(12, '0').match(/../g)!.join(':')
}

/** Undefined unless `text` is six pairs of hexadecimal digits between colons or hyphens. */
export function parseMac(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})$/i.test(text)) return undefined
  return Number.parseInt(text.replaceAll(/[:-]/g, ''), 16)
}
