import { foldChecksum, foldSum, pseudoHeaderSum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { Protocol } from './ip.ts'
import { copyOctets, readInt32, readUint16, writeUint16, writeUint32 } from './octets.ts'
import type { Segment } from './segment.ts'
import { parseTcpOptions, tcpOptionsLength, writeTcpOptions } from './tcp-options.ts'

// On the hot path: numbers of 32 bits are signed whenever they go into or come out of a call, for V8 boxes unsigned ones
// that it does not inline.

/** Octets of a TCP header without options. */
export const TCP_HEADER_LENGTH = 20

/**
 * Reads the segment at octets[start] up to octets[end] (RFC 9293 §3.1). The caller has set `into.source` and
 * `into.destination`, which the pseudo-header takes part of; `verify` false leaves the checksum unchecked, for a
 * segment that the link vouches for.
 */
export function parseTcp(
  octets: Uint8Array,
  start: number,
  end: number,
  into: Segment,
  verify: boolean,
): WireDefect | undefined {
  if (end - start < TCP_HEADER_LENGTH) return 'tcp-header-truncated'
  const headerLength = (octets[start + 12]! >>> 4) * 4
  if (headerLength < TCP_HEADER_LENGTH || headerLength > end - start) return 'tcp-data-offset'
  // RFC 9293 MUST-3
  if (verify) {
    const pseudo = pseudoHeaderSum(into.source, into.destination, Protocol.TCP, end - start)
    if (foldChecksum(sumOctets(octets, start, end, pseudo)) !== 0) return 'tcp-checksum'
  }
  into.sourcePort = readUint16(octets, start)
  into.destinationPort = readUint16(octets, start + 2)
  if (into.sourcePort === 0 || into.destinationPort === 0) return 'tcp-port-zero'
  into.seq = readInt32(octets, start + 4) >>> 0
  into.ack = readInt32(octets, start + 8) >>> 0
  into.flags = ((octets[start + 12]! & 1) << 8) | octets[start + 13]!
  // RFC 9293 MUST-1
  into.wnd = readUint16(octets, start + 14)
  into.urg = readUint16(octets, start + 18)
  parseTcpOptions(octets, start + TCP_HEADER_LENGTH, start + headerLength, into)
  into.octets = octets
  into.start = start + headerLength
  into.length = end - into.start
  return undefined
}

/** Octets of the header that {@link writeTcp} writes for `segment`: 20 to 60. */
export function tcpHeaderLength(segment: Segment): number {
  return TCP_HEADER_LENGTH + tcpOptionsLength(segment)
}

/**
 * Writes header, options and payload at into[at], which must have room for `tcpHeaderLength(segment) + segment.length`
 * octets. With `partialChecksum` the checksum field holds the pseudo-header's sum, which the link completes
 * (`VIRTIO_NET_HDR_F_NEEDS_CSUM`). Returns the octets written.
 */
export function writeTcp(into: Uint8Array, at: number, segment: Segment, partialChecksum: boolean): number {
  const payloadAt = writeTcpOptions(into, at + TCP_HEADER_LENGTH, segment)
  const end = payloadAt + segment.length
  writeUint16(into, at, segment.sourcePort)
  writeUint16(into, at + 2, segment.destinationPort)
  writeUint32(into, at + 4, segment.seq | 0)
  writeUint32(into, at + 8, segment.ack | 0)
  // The reserved bits are zero (RFC 9293 §3.1).
  into[at + 12] = ((payloadAt - at) << 2) | ((segment.flags >>> 8) & 1)
  into[at + 13] = segment.flags
  writeUint16(into, at + 14, segment.wnd)
  writeUint16(into, at + 16, 0)
  writeUint16(into, at + 18, segment.urg)
  writePayload(into, payloadAt, segment)
  // RFC 9293 MUST-2
  const pseudo = pseudoHeaderSum(segment.source, segment.destination, Protocol.TCP, end - at)
  writeUint16(into, at + 16, partialChecksum ? foldSum(pseudo) : foldChecksum(sumOctets(into, at, end, pseudo)))
  return end - at
}

/** Copies the payload, which may wrap around the end of its ring buffer. */
function writePayload(into: Uint8Array, at: number, segment: Segment): void {
  const { octets, start, length } = segment
  if (length === 0) return
  const from = start % octets.length
  const head = Math.min(length, octets.length - from)
  copyOctets(octets, from, head, into, at)
  if (head < length) copyOctets(octets, 0, length - head, into, at + head)
}
