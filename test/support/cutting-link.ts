import type { Link, LinkReceiver } from '../../src/link/link.ts'
import { foldChecksum, pseudoHeaderSum, sumOctets } from '../../src/wire/checksum.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../src/wire/octets.ts'
import type { Offload, OffloadCapability } from '../../src/wire/offload.ts'
import { CWR, FIN, PSH } from '../../src/wire/segment.ts'

const NOTHING: Offload = { checksumValid: false, checksumPartial: false, segmentSize: 0, clear: () => {} }

/**
 * The packets that a link with segmentation offload makes of octets[start] up to octets[end], as Linux does it
 * (net/ipv4/tcp_offload.c): the header of each is that of the whole but for lengths, sequence number and checksums; CWR
 * stays with the first, FIN and PSH with the last.
 */
export function cutFrame(octets: Uint8Array, start: number, end: number, offload: Offload): Uint8Array[] {
  if (!offload.checksumPartial) return [octets.slice(start, end)]
  const ip = new IpHeader()
  parseIp(octets, start, end, ip)
  const tcp = ip.payloadStart - start
  const headers = tcp + (readUint16(octets, ip.payloadStart + 12) >>> 12) * 4
  const text = end - start - headers
  const size = offload.segmentSize === 0 ? Math.max(text, 1) : offload.segmentSize
  const pieces: Uint8Array[] = []
  for (let from = 0; from === 0 || from < text; from += size) {
    const length = Math.min(size, text - from)
    const piece = new Uint8Array(headers + length)
    piece.set(octets.subarray(start, start + headers))
    piece.set(octets.subarray(start + headers + from, start + headers + from + length), headers)
    writeUint32(piece, tcp + 4, readUint32(piece, tcp + 4) + from)
    if (from > 0) piece[tcp + 13] = piece[tcp + 13]! & ~CWR
    if (from + length < text) piece[tcp + 13] = piece[tcp + 13]! & ~(FIN | PSH)
    complete(piece, tcp, ip)
    pieces.push(piece)
  }
  return pieces
}

function complete(piece: Uint8Array, tcp: number, ip: IpHeader): void {
  if (ip.family === 4) {
    writeUint16(piece, 2, piece.length)
    writeUint16(piece, 10, 0)
    writeUint16(piece, 10, foldChecksum(sumOctets(piece, 0, tcp)))
  } else {
    writeUint16(piece, 4, piece.length - tcp)
  }
  const pseudo = pseudoHeaderSum(ip.source, ip.destination, Protocol.TCP, piece.length - tcp)
  writeUint16(piece, tcp + 16, 0)
  writeUint16(piece, tcp + 16, foldChecksum(sumOctets(piece, tcp, piece.length, pseudo)))
}

/** A link without offloads that takes packets of 64 KiB all the same, and cuts them. */
export function cutting(link: Link): Link {
  return new Cutting(link)
}

class Cutting implements Link, LinkReceiver {
  readonly name: string
  readonly medium: 'ip' | 'ethernet'
  readonly mtu: number
  readonly offload: OffloadCapability = { checksum: true, segmentation: 65_535 }
  readonly headroom: number
  readonly #link: Link
  #receiver: LinkReceiver | undefined
  /** Pieces for which the link had no room. */
  #waiting: Uint8Array[] = []

  constructor(link: Link) {
    this.name = link.name
    this.medium = link.medium
    this.mtu = link.mtu
    this.headroom = link.headroom
    this.#link = link
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#link.attach(this)
  }

  send(octets: Uint8Array, start: number, end: number, offload: Offload): boolean {
    if (this.#waiting.length > 0) return false
    this.#waiting = cutFrame(octets, start, end, offload)
    this.#flush()
    return true
  }

  close(): void {
    this.#link.close()
  }

  frame(octets: Uint8Array, start: number, end: number, offload: Offload): void {
    this.#receiver?.frame(octets, start, end, offload)
  }

  drained(): void {
    this.#receiver?.drained()
  }

  writable(): void {
    this.#flush()
    if (this.#waiting.length === 0) this.#receiver?.writable()
  }

  closed(error?: Error): void {
    this.#receiver?.closed(error)
  }

  #flush(): void {
    const { headroom } = this
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const octets = new Uint8Array(headroom + next.length)
      octets.set(next, headroom)
      if (!this.#link.send(octets, headroom, octets.length, NOTHING)) return
      this.#waiting.shift()
    }
  }
}
