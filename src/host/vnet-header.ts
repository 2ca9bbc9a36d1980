import { Protocol } from '../wire/ip.ts'
import { readUint16 } from '../wire/octets.ts'
import type { Offload } from '../wire/offload.ts'
import { CWR } from '../wire/segment.ts'

/*
 * The header that Linux puts before each frame of a TUN device with IFF_VNET_HDR: virtio's `virtio_net_hdr`
 * (VIRTIO 1.2 §5.1.6), little-endian.
 *
 *    0 flags | 1 gso_type | 2 hdr_len | 4 gso_size | 6 csum_start | 8 csum_offset
 */
export const VNET_HEADER_LENGTH = 10

const NEEDS_CHECKSUM = 1
const DATA_VALID = 2
const GSO_NONE = 0
const GSO_TCP4 = 1
const GSO_TCP6 = 4
/** With a CWR flag, which the first of the segments keeps alone (RFC 3168 §6.1.2). */
const GSO_ECN = 0x80

const TCP_CHECKSUM_OFFSET = 16
const UDP_CHECKSUM_OFFSET = 6

/** Reads the header at octets[at]. */
export function readVnetHeader(octets: Uint8Array, at: number, into: Offload): void {
  const flags = octets[at]!
  into.checksumPartial = (flags & NEEDS_CHECKSUM) !== 0
  into.checksumValid = (flags & (NEEDS_CHECKSUM | DATA_VALID)) !== 0
  into.segmentSize = octets[at + 1] === GSO_NONE ? 0 : octets[at + 4]! | (octets[at + 5]! << 8)
}

/** Writes the header of the IP packet at octets[start] right before it. */
export function writeVnetHeader(octets: Uint8Array, start: number, offload: Offload): void {
  for (let i = start - VNET_HEADER_LENGTH; i < start; i++) octets[i] = 0
  if (!offload.checksumPartial) return
  const isIpv4 = octets[start]! >>> 4 === 4
  const transport = isIpv4 ? (octets[start]! & 15) * 4 : 40
  const protocol = octets[start + (isIpv4 ? 9 : 6)]
  const at = start - VNET_HEADER_LENGTH
  octets[at] = NEEDS_CHECKSUM
  writeLittleEndian(octets, at + 6, transport)
  writeLittleEndian(octets, at + 8, protocol === Protocol.UDP ? UDP_CHECKSUM_OFFSET : TCP_CHECKSUM_OFFSET)
  if (offload.segmentSize === 0 || protocol !== Protocol.TCP) return
  const isReduced = (octets[start + transport + 13]! & CWR) !== 0
  octets[at + 1] = (isIpv4 ? GSO_TCP4 : GSO_TCP6) | (isReduced ? GSO_ECN : 0)
  writeLittleEndian(octets, at + 2, transport + (readUint16(octets, start + transport + 12) >>> 12) * 4)
  writeLittleEndian(octets, at + 4, offload.segmentSize)
}

function writeLittleEndian(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value
  octets[at + 1] = value >>> 8
}
