import { copySummed, foldChecksum, foldSum, pseudoHeaderSum, shiftSum, sumOctets, sumView } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { Protocol } from './ip.ts'
import { copyOctets, viewOf } from './octets.ts'
import type { Segment } from './segment.ts'
import { parseTcpOptions, tcpOptionsLength, writeTcpOptions } from './tcp-options.ts'

// On the hot path: numbers of 32 bits are signed whenever they go into or come out of a call, for V8 boxes unsigned ones
// that it does not inline.

/** Octets of a TCP header without options. */
export const TCP_HEADER_LENGTH = 20
/** And with as many as there is room for. */
export const MAX_TCP_HEADER_LENGTH = 60

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
  const view = viewOf(octets)
  const control = view.getInt32(start + 12)
  const headerLength = (control >>> 28) * 4
  if (headerLength < TCP_HEADER_LENGTH || headerLength > end - start) return 'tcp-data-offset'
  // RFC 9293 MUST-3
  if (verify) {
    const pseudo = pseudoHeaderSum(into.source, into.destination, Protocol.TCP, end - start)
    const sum =
      end - start > MAX_TCP_HEADER_LENGTH ? sumOctets(octets, start, end, pseudo) : sumView(view, start, end, pseudo)
    if (foldChecksum(sum) !== 0) return 'tcp-checksum'
  }
  const ports = view.getInt32(start)
  into.sourcePort = ports >>> 16
  into.destinationPort = ports & 0xffff
  if (into.sourcePort === 0 || into.destinationPort === 0) return 'tcp-port-zero'
  into.seq = view.getUint32(start + 4)
  into.ack = view.getUint32(start + 8)
  into.flags = (control >>> 16) & 0x1ff
  // RFC 9293 MUST-1
  into.wnd = control & 0xffff
  into.urg = view.getUint16(start + 18)
  parseTcpOptions(octets, start + TCP_HEADER_LENGTH, start + headerLength, into, view)
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
 * (`VIRTIO_NET_HDR_F_NEEDS_CSUM`); and only then the payload may be left out, if `gathered`. Returns the octets of header,
 * options and payload, be it left out or not.
 */
export function writeTcp(
  into: Uint8Array,
  at: number,
  segment: Segment,
  partialChecksum: boolean,
  gathered = false,
): number {
  const view = viewOf(into)
  const payloadAt = writeTcpOptions(into, at + TCP_HEADER_LENGTH, segment, view)
  const end = payloadAt + segment.length
  view.setInt32(at, (segment.sourcePort << 16) | segment.destinationPort)
  view.setInt32(at + 4, segment.seq | 0)
  view.setInt32(at + 8, segment.ack | 0)
  // The reserved bits are zero (RFC 9293 §3.1).
  view.setInt32(at + 12, ((payloadAt - at) << 26) | ((segment.flags & 0x1ff) << 16) | segment.wnd)
  view.setInt32(at + 16, segment.urg)
  // RFC 9293 MUST-2
  const pseudo = pseudoHeaderSum(segment.source, segment.destination, Protocol.TCP, end - at)
  if (partialChecksum) {
    if (!gathered) writePayload(into, payloadAt, segment)
    view.setUint16(at + 16, foldSum(pseudo))
  } else {
    const header = sumView(view, at, payloadAt, pseudo)
    const payload = segment.length === 0 ? 0 : writePayloadSummed(into, payloadAt, segment)
    view.setUint16(at + 16, foldChecksum(header + payload))
  }
  return end - at
}

/** Copies the payload, which may wrap around the end of its ring buffer. */
export function writePayload(
  into: Uint8Array,
  at: number,
  payload: Pick<Segment, 'octets' | 'start' | 'length'>,
): void {
  const { octets, start, length } = payload
  if (length === 0) return
  const from = start % octets.length
  const head = Math.min(length, octets.length - from)
  copyOctets(octets, from, head, into, at)
  if (head < length) copyOctets(octets, 0, length - head, into, at + head)
}

/** The same for a payload that is not empty, and returns its sum. */
function writePayloadSummed(into: Uint8Array, at: number, segment: Segment): number {
  const { octets, start, length } = segment
  const from = start % octets.length
  const head = Math.min(length, octets.length - from)
  const sum = copySummed(octets, from, head, into, at)
  if (head === length) return sum
  const rest = copySummed(octets, 0, length - head, into, at + head)
  return sum + (head % 2 === 0 ? rest : shiftSum(rest))
}
