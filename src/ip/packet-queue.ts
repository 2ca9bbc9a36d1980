import type { Counters } from '../tcp/counters.ts'
import { Fifo } from '../tcp/fifo.ts'
import { IpAddress } from '../wire/address.ts'
import { foldChecksum, sumOctets } from '../wire/checksum.ts'
import { IPV6_HEADER_LENGTH, Protocol } from '../wire/ip.ts'
import { copyOctets, readUint16, writeUint16, writeUint32 } from '../wire/octets.ts'
import type { Identifications } from './identification.ts'

/** Packets that wait for one link, and their octets; further ones are refused. */
export const MOST_WAITING = 1024
export const MOST_WAITING_OCTETS: number = 4 * 2 ** 20

const FRAGMENT_HEADER_LENGTH = 8
const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff

/**
 * Whole packets, other than TCP's, that wait for a link; those that are longer than it takes leave in fragments (RFC 791
 * §3.2, RFC 8200 §4.5).
 */
export class PacketQueue {
  private readonly counters: Counters
  private readonly identifications: Identifications
  private readonly waiting: Fifo<Uint8Array> = new Fifo<Uint8Array>()
  private octets = 0
  /** Octets of the first packet's payload that have left in fragments; with IPv6 those fragments' identification. */
  private sent = 0
  private identification = 0
  private readonly source: IpAddress = new IpAddress()
  private readonly destination: IpAddress = new IpAddress()

  constructor(counters: Counters, identifications: Identifications) {
    this.counters = counters
    this.identifications = identifications
  }

  get length(): number {
    return this.waiting.length
  }

  /** Whether a packet of so many octets would be taken. */
  hasRoom(length: number): boolean {
    return this.waiting.length < MOST_WAITING && this.octets + length <= MOST_WAITING_OCTETS
  }

  /** Takes a packet, which is the queue's own from now on. False when there is no room. */
  push(packet: Uint8Array): boolean {
    if (!this.hasRoom(packet.length)) return false
    this.waiting.push(packet)
    this.octets += packet.length
    return true
  }

  /** Writes the next packet, or fragment of at most `mtu` octets, to into[start]; returns its octets, or 0. */
  next(into: Uint8Array, start: number, mtu: number): number {
    const packet = this.waiting.peek()
    if (packet === undefined) return 0
    if (packet.length > mtu) {
      return packet[0]! >>> 4 === 4
        ? this.fragment4(packet, into, start, mtu)
        : this.fragment6(packet, into, start, mtu)
    }
    into.set(packet, start)
    this.shift(packet)
    return packet.length
  }

  private fragment4(packet: Uint8Array, into: Uint8Array, start: number, mtu: number): number {
    // Options, which only forwarded packets have, go with each fragment: all but the first may carry some for nothing.
    const headerLength = (packet[0]! & 15) * 4
    if (this.sent === 0) this.counters.IpFragOKs++
    this.counters.IpFragCreates++
    const left = packet.length - headerLength - this.sent
    const length = Math.min(left, (mtu - headerLength) & ~7)
    copyOctets(packet, 0, headerLength, into, start)
    // A packet that is forwarded may be a fragment itself.
    const field = readUint16(packet, 6)
    const more = length < left ? MORE_FRAGMENTS : field & MORE_FRAGMENTS
    writeUint16(into, start + 2, headerLength + length)
    writeUint16(into, start + 6, more | ((field & FRAGMENT_OFFSET) + (this.sent >>> 3)))
    writeUint16(into, start + 10, 0)
    writeUint16(into, start + 10, foldChecksum(sumOctets(into, start, start + headerLength)))
    copyOctets(packet, headerLength + this.sent, length, into, start + headerLength)
    this.advance(packet, length, left)
    return headerLength + length
  }

  private fragment6(packet: Uint8Array, into: Uint8Array, start: number, mtu: number): number {
    if (this.sent === 0) {
      this.source.read6(packet, 8)
      this.destination.read6(packet, 24)
      this.identification = this.identifications.next(this.source, this.destination)
      this.counters.Ip6FragOKs++
    }
    this.counters.Ip6FragCreates++
    const headersLength = IPV6_HEADER_LENGTH + FRAGMENT_HEADER_LENGTH
    const left = packet.length - IPV6_HEADER_LENGTH - this.sent
    const most = mtu - headersLength
    const length = left <= most ? left : most & ~7
    const at = start + IPV6_HEADER_LENGTH
    copyOctets(packet, 0, IPV6_HEADER_LENGTH, into, start)
    writeUint16(into, start + 4, FRAGMENT_HEADER_LENGTH + length)
    into[start + 6] = Protocol.FRAGMENT
    into[at] = packet[6]!
    into[at + 1] = 0
    writeUint16(into, at + 2, this.sent | (length < left ? 1 : 0))
    writeUint32(into, at + 4, this.identification)
    copyOctets(packet, IPV6_HEADER_LENGTH + this.sent, length, into, start + headersLength)
    this.advance(packet, length, left)
    return headersLength + length
  }

  private advance(packet: Uint8Array, length: number, left: number): void {
    this.sent += length
    if (length === left) this.shift(packet)
  }

  private shift(packet: Uint8Array): void {
    this.waiting.shift()
    this.octets -= packet.length
    this.sent = 0
  }
}
