/**
 * Packets that Linux 6.18 put on a TUN or TAP device in a network namespace, whole and unchanged, so that what estab
 * writes and reads is measured by another implementation. The kernel is 10.77.0.1, fd77::1 and 02:00:00:00:00:01.
 */
import assert from 'node:assert/strict'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'

export function octets(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

export function hex(from: Uint8Array, start = 0, end: number = from.length): string {
  return Array.from(from.subarray(start, end), (octet) => octet.toString(16).padStart(2, '0')).join('')
}

/** The header of a packet that must have no defect. */
export function ipHeader(packet: Uint8Array): IpHeader {
  const header = new IpHeader()
  assert.equal(parseIp(packet, 0, packet.length, header), undefined)
  return header
}

/** connect() to 10.77.0.2, port 80. */
export const SYN_V4: Uint8Array = octets(`
  4500003c2c8b40004006f9940a4d00010a4d0002
  cd9c0050b64351ca00000000a002faf068fd0000
  020405b4 0402080ad044293300000000 0103030a`)

/** connect() to fd77::2, port 80. */
export const SYN_V6: Uint8Array = octets(`
  60033e7800280640 fd770000000000000000000000000001 fd770000000000000000000000000002
  8e360050e8f1496500000000a002fd20b7cb0000
  020405a0 0402080a17ecbf6800000000 0103030a`)

/** The answer to a SYN with sequence number 1000 and TSval 0x01020304. */
export const SYN_ACK_V6: Uint8Array = octets(`
  6008e42d00280640 fd770000000000000000000000000001 fd770000000000000000000000000002
  00079c405b4f3732000003e9a012fb04f5300000
  020405a0 0402080a21ad047401020304 0103030a`)

/** sendto() with MSG_FASTOPEN to 10.77.0.2, port 80: the first time, and once there is a cookie. */
export const FAST_OPEN_REQUEST_V4: Uint8Array = octets(`
  45000040a6a5400040067f760a4d00010a4d0002
  87f20050d5fb13eb00000000b002faf00daa0000
  020405b4 0402080aee1d977700000000 0103030a 22020101`)

export const FAST_OPEN_SYN_V4: Uint8Array = octets(`
  4500004dbde240004006682c0a4d00010a4d0002
  8802005000e9a64100000000d002faf032e10000
  020405b4 0402080a19957b3d00000000 0103030a 220af749a338293ce6910101
  68656c6c6f`)

/** The answer to a SYN that asks for a cookie. */
export const FAST_OPEN_SYN_ACK_V6: Uint8Array = octets(`
  600e750600340640 fd770000000000000000000000000001 fd770000000000000000000000000002
  1b5999bea8948dcc4308441dd012fb04eded0000
  020405a0 0402080a9512ae95b98b0e7a 0103030a 220ab7273565924013eb0101`)

/** An ACK of two blocks received out of order, at 300 and 100 octets past a gap that began at 0xfffffff1. */
export const SACK_V4: Uint8Array = octets(`
  45000048823c40004006a3d70a4d00010a4d0002
  00079c41bfa8843bfffffff1d0100040a1850000
  0101080ae4189e6701020305 01010512 0000012c00000168 0000006400000096`)

/** `hello, wire`, while the same blocks were missing. */
export const DATA_V4: Uint8Array = octets(`
  45000053823d40004006a3cb0a4d00010a4d0002
  00079c41bfa8843bfffffff1d01800406e8a0000
  0101080ae4189e6701020305 01010512 0000012c00000168 0000006400000096
  68656c6c6f2c2077697265`)

/** The answer to a SYN with sequence number 77 to a closed port. */
export const RST_V4: Uint8Array = octets(`
  4500002800004000400626340a4d00010a4d0002
  00099c49000000000000004e50140000fe930000`)

export const ECHO_REPLY_V4: Uint8Array = octets(`
  4500002c9b1100004001cb230a4d00010a4d0002
  0000b58a12340001 000102030405060708090a0b0c0d0e0f`)

export const ECHO_REPLY_V6: Uint8Array = octets(`
  600c7ac200183a40 fd770000000000000000000000000001 fd770000000000000000000000000002
  8100394512340001 000102030405060708090a0b0c0d0e0f`)

/** The port of the UDP datagram that is quoted was closed. */
export const PORT_UNREACHABLE_V4: Uint8Array = octets(`
  45c0003e9b1200004001ca500a4d00010a4d0002
  030311b900000000
  45000022000140004011262e0a4d00020a4d0001 13881389000e8ecc 6e6f626f6479`)

export const PORT_UNREACHABLE_V6: Uint8Array = octets(`
  600a91d2003e3a40 fd770000000000000000000000000001 fd770000000000000000000000000002
  0104926100000000
  60000000000e1140 fd770000000000000000000000000002 fd770000000000000000000000000001
  13881389000ea876 6e6f626f6479`)

/** The kernel as a router in front of a link of 1280 octets; quoted is a segment with 1400 octets of `z`. */
export const TOO_BIG_V4: Uint8Array = octets(`
  45c002409b3700004001c8290a4d00010a4d0002
  0304738e00000500
  450005a000014000400620b90a4d00020a4e0002 9c4a005011223344000000055010ffffcdd10000
  ${'7a'.repeat(508)}`)

export const TOO_BIG_V6: Uint8Array = octets(`
  60008a9d04d83a40 fd770000000000000000000000000001 fd770000000000000000000000000002
  02001d4b00000500
  60000000058c0640 fd770000000000000000000000000002 fd780000000000000000000000000002
  9c4a005011223344000000055010ffffe77b0000
  ${'7a'.repeat(1172)}`)

export const TIME_EXCEEDED_V4: Uint8Array = octets(`
  45c000459b3800004001ca230a4d00010a4d0002
  0b0009ba00000000
  4500002900014000010665300a4d00020a4e0002 9c4a005011223344000000055010ffff402f0000 7a`)

export const UDP_V4: Uint8Array = octets(`
  4500002020404000401105f10a4d00010a4d0002
  17700035000cf4c3 70696e67`)

export const UDP_V6: Uint8Array = octets(`
  6003409b000c1140 fd770000000000000000000000000001 fd770000000000000000000000000002
  17700035000c0e6e 70696e67`)

/** The second and last fragment of 1600 octets of UDP payload, all `f`. */
export const FRAGMENT_V4: Uint8Array = octets(`
  45000094204100b9401144c30a4d00010a4d0002 ${'66'.repeat(128)}`)

export const FRAGMENT_V6: Uint8Array = octets(`
  600395ee00a82c40 fd770000000000000000000000000001 fd770000000000000000000000000002
  110005a8c390a0eb ${'66'.repeat(160)}`)

export const ARP_REQUEST: Uint8Array = octets(`
  ffffffffffff 020000000001 0806
  0001080006040001 020000000001 0a4f0001 000000000000 0a4f0002`)

export const ARP_REPLY: Uint8Array = octets(`
  020000000002 020000000001 0806
  0001080006040002 020000000001 0a4f0001 020000000002 0a4f0002`)

export const NEIGHBOUR_SOLICITATION: Uint8Array = octets(`
  3333ff000002 020000000001 86dd
  6000000000203aff fd790000000000000000000000000001 ff0200000000000000000001ff000002
  87007ca500000000 fd790000000000000000000000000002 0101020000000001`)

/** Of a kernel that forwards, hence the router flag, to one that had said its link-layer address itself. */
export const NEIGHBOUR_ADVERTISEMENT: Uint8Array = octets(`
  020000000002 020000000001 86dd
  6000000000183aff fd790000000000000000000000000001 fd790000000000000000000000000002
  8800bf3ac0000000 fd790000000000000000000000000001`)

export const ROUTER_SOLICITATION: Uint8Array = octets(`
  333300000002 020000000001 86dd
  6000000000103aff fe80000000000000000000fffe000001 ff020000000000000000000000000002
  85007b2c00000000 0101020000000001`)
