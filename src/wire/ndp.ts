import { IpAddress } from './address.ts'
import { foldChecksum, pseudoHeaderSum, sumOctets } from './checksum.ts'
import type { WireDefect } from './defect.ts'
import { ICMP_HEADER_LENGTH, type IcmpMessage } from './icmp.ts'
import { Icmpv6Type } from './icmpv6.ts'
import { Protocol } from './ip.ts'
import { type MacAddress, readMac, writeMac } from './mac.ts'
import { readUint32, writeUint16, writeUint32 } from './octets.ts'

/** The only hop limit of neighbour discovery: it proves that no router forwarded the packet (RFC 4861 §3.1). */
export const NDP_HOP_LIMIT = 255

const SOURCE_LINK_LAYER = 1
const TARGET_LINK_LAYER = 2
/** Octets of a link-layer address option on Ethernet. */
const OPTION_LENGTH = 8

/** The upper ten bits of fe80::/10. */
const LINK_LOCAL = 0xfe80 >>> 6

const ROUTER = 0x8000_0000
const SOLICITED = 0x4000_0000
const OVERRIDE = 0x2000_0000

/**
 * A message of neighbour discovery (RFC 4861 §4): what stands behind the ICMPv6 header. Reused and borrowed like a
 * `Segment`.
 */
export class NdpMessage {
  /** ROUTER_SOLICITATION to NEIGHBOUR_ADVERTISEMENT of {@link Icmpv6Type}. */
  type = 0
  /** Neighbour solicitation and advertisement: whose link-layer address is asked for or told. */
  target: IpAddress = new IpAddress(0, 0, 0, 0)
  /** The sender's link-layer address; in a neighbour advertisement the target's. */
  linkLayerAddress: MacAddress | undefined = undefined

  /** Neighbour advertisement: the sender is a router; answers a solicitation; replaces what a cache holds. */
  router = false
  solicited = false
  override = false

  /** Router advertisement: the hop limit to use, 0 if not said. */
  hopLimit = 0
  /** Router advertisement: for how many seconds the sender is a default router, 0 if it is none. */
  routerLifetime = 0
  /** Router advertisement: milliseconds, 0 if not said. */
  reachableTime = 0
  retransTimer = 0
}

/**
 * Reads the message that `parseIcmpv6` has read as `message`, which came in a packet of the given hop limit; a message
 * that RFC 4861 §6.1 and §7.1 calls invalid has a defect. Of the options, only the link-layer address is read.
 */
export function parseNdp(message: IcmpMessage, hopLimit: number, into: NdpMessage): WireDefect | undefined {
  const { type, octets, start } = message
  const end = start + message.length
  if (type < Icmpv6Type.ROUTER_SOLICITATION || type > Icmpv6Type.NEIGHBOUR_ADVERTISEMENT) return 'ndp-type'
  if (hopLimit !== NDP_HOP_LIMIT) return 'ndp-hop-limit'
  if (message.code !== 0) return 'ndp-code'
  const optionsStart = start + fixedLength(type)
  if (optionsStart > end) return 'ndp-truncated'
  into.type = type
  readFixed(octets, start, message.rest, into)
  if (isNeighbour(type) && into.target.isMulticast) return 'ndp-address'
  const option = type === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT ? TARGET_LINK_LAYER : SOURCE_LINK_LAYER
  into.linkLayerAddress = undefined
  for (let at = optionsStart; at < end; ) {
    const length = at + 1 < end ? 8 * octets[at + 1]! : 0
    if (length === 0 || length > end - at) return 'ndp-option'
    if (octets[at] === option && length === OPTION_LENGTH) into.linkLayerAddress = readMac(octets, at + 2)
    at += length
  }
  return addressDefect(message, into)
}

/** What RFC 4861 §6.1 and §7.1 say of the packet's addresses. */
function addressDefect(message: IcmpMessage, into: NdpMessage): WireDefect | undefined {
  const { source, destination } = message
  switch (message.type) {
    case Icmpv6Type.NEIGHBOUR_ADVERTISEMENT:
      return into.solicited && destination.isMulticast ? 'ndp-address' : undefined
    case Icmpv6Type.ROUTER_ADVERTISEMENT:
      return source.a >>> 22 === LINK_LOCAL ? undefined : 'ndp-address'
    default:
      // Who has no address yet can't be answered at one: duplicate address detection.
      if (!source.isUnspecified) return undefined
      if (into.linkLayerAddress !== undefined) return 'ndp-option'
      return message.type === Icmpv6Type.ROUTER_SOLICITATION || isSolicitedNode(destination) ? undefined : 'ndp-address'
  }
}

function isNeighbour(type: number): boolean {
  return type === Icmpv6Type.NEIGHBOUR_SOLICITATION || type === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT
}

/** Octets between the ICMPv6 header and the options. */
function fixedLength(type: number): number {
  if (isNeighbour(type)) return 16
  return type === Icmpv6Type.ROUTER_ADVERTISEMENT ? 8 : 0
}

function readFixed(octets: Uint8Array, at: number, rest: number, into: NdpMessage): void {
  const advertisement = into.type === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT ? rest : 0
  into.router = (advertisement & ROUTER) !== 0
  into.solicited = (advertisement & SOLICITED) !== 0
  into.override = (advertisement & OVERRIDE) !== 0
  if (isNeighbour(into.type)) into.target.read6(octets, at)
  if (into.type === Icmpv6Type.ROUTER_ADVERTISEMENT) {
    into.hopLimit = rest >>> 24
    into.routerLifetime = rest & 0xffff
    into.reachableTime = readUint32(octets, at)
    into.retransTimer = readUint32(octets, at + 4)
  }
}

/**
 * Writes `message`, ICMPv6 header and all, at into[at] for a packet with these addresses, whose hop limit must be
 * {@link NDP_HOP_LIMIT}. Returns the octets written, 32 at most.
 */
export function writeNdp(
  into: Uint8Array,
  at: number,
  message: NdpMessage,
  source: IpAddress,
  destination: IpAddress,
): number {
  const body = at + ICMP_HEADER_LENGTH
  const options = body + fixedLength(message.type)
  const end = message.linkLayerAddress === undefined ? options : options + OPTION_LENGTH
  into[at] = message.type
  into[at + 1] = 0
  writeUint16(into, at + 2, 0)
  writeUint32(into, at + 4, restOf(message))
  if (isNeighbour(message.type)) message.target.write6(into, body)
  if (message.type === Icmpv6Type.ROUTER_ADVERTISEMENT) {
    writeUint32(into, body, message.reachableTime)
    writeUint32(into, body + 4, message.retransTimer)
  }
  if (message.linkLayerAddress !== undefined) {
    into[options] = message.type === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT ? TARGET_LINK_LAYER : SOURCE_LINK_LAYER
    into[options + 1] = 1
    writeMac(into, options + 2, message.linkLayerAddress)
  }
  const pseudo = pseudoHeaderSum(source, destination, Protocol.ICMPV6, end - at)
  writeUint16(into, at + 2, foldChecksum(sumOctets(into, at, end, pseudo)))
  return end - at
}

function restOf(message: NdpMessage): number {
  if (message.type === Icmpv6Type.ROUTER_ADVERTISEMENT) return (message.hopLimit << 24) | message.routerLifetime
  if (message.type !== Icmpv6Type.NEIGHBOUR_ADVERTISEMENT) return 0
  return (message.router ? ROUTER : 0) | (message.solicited ? SOLICITED : 0) | (message.override ? OVERRIDE : 0)
}

/** Sets `into` to the solicited-node multicast address of `target` (RFC 4291 §2.7.1), where its solicitations go. */
export function solicitedNode(target: IpAddress, into: IpAddress): IpAddress {
  into.set(0xff02_0000 | 0, 0, 1, 0xff00_0000 | (target.d & 0xff_ffff))
  return into
}

function isSolicitedNode(address: IpAddress): boolean {
  return address.a === (0xff02_0000 | 0) && address.b === 0 && address.c === 1 && address.d >>> 24 === 0xff
}
