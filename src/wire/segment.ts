import { IpAddress } from './address.ts'
import { EMPTY } from './octets.ts'

/** The control bits of RFC 9293 §3.1, as they stand in octets 12 and 13 of the header. AE: RFC 9768. */
export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20
export const ECE = 0x40
export const CWR = 0x80
export const AE = 0x100

/** The ECN field of the IP header (RFC 3168 §5): not capable of ECN is 0. RFC 8311 has ECT(1) mean something else. */
export const ECT_1 = 1
export const ECT_0 = 2
/** Congestion experienced. */
export const CE = 3

/** In place of the value of an option that a segment does not carry. */
export const ABSENT = -1

/** SACK blocks that fit into one segment's options (RFC 2018 §3). */
export const MAX_SACK_BLOCKS = 4

/** The longest Fast Open cookie, octets (RFC 7413 §4.1.1). */
export const MAX_COOKIE_LENGTH = 16

/**
 * A TCP segment with the addresses of its IP packet: what the wire says, in the RFC's names. One object is reused for
 * every segment, so it is borrowed until the call that got it returns.
 */
export class Segment {
  source: IpAddress = new IpAddress()
  destination: IpAddress = new IpAddress()
  sourcePort = 0
  destinationPort = 0
  /** SEG.SEQ, unsigned. */
  seq = 0
  /** SEG.ACK, unsigned; means something with the ACK bit only. */
  ack = 0
  /** Bits: FIN, SYN, RST, ... */
  flags = 0
  /** SEG.WND as it stands in the header, 0 to 65,535, before any window scale. */
  wnd = 0
  /** SEG.UP. */
  urg = 0
  /** The ECN field of the segment's IP packet. */
  ecn = 0
  /** Outward: what the IP header says, the Differentiated Services code point and the time to live or hop limit. */
  dscp = 0
  hopLimit = 64

  /** Maximum segment size option, octets; ABSENT. */
  mss: number = ABSENT
  /** Window scale option (RFC 7323 §2), 0 to 255 as received; ABSENT. */
  windowScale: number = ABSENT
  /** SACK-permitted option (RFC 2018 §2). */
  sackPermitted = false
  /** Whether there is a timestamps option (RFC 7323 §3). */
  timestamps = false
  /** TSval and TSecr, unsigned. */
  tsVal = 0
  tsEcr = 0
  /** SACK blocks (RFC 2018 §3): left edge and right edge, in turn. */
  sackBlocks = 0
  sackEdges: Uint32Array = new Uint32Array(2 * MAX_SACK_BLOCKS)
  /** User timeout option (RFC 5482), seconds; ABSENT. */
  userTimeout: number = ABSENT
  /** Octets of Fast Open cookie (RFC 7413 §4.1.1): 4 to 16, even; 0 asks for a cookie; ABSENT. */
  cookieLength: number = ABSENT
  /** The cookie: its first `cookieLength` octets. */
  cookie: Uint8Array = new Uint8Array(MAX_COOKIE_LENGTH)
  /** The options as they arrived lie at octets[optionsStart] up to octets[optionsEnd]. Inward only. */
  optionsStart = 0
  optionsEnd = 0

  /**
   * The payload: `length` octets from octets[start] on. Outward it may lie in a ring buffer: octet i is at
   * octets[(start + i) % octets.length].
   */
  octets: Uint8Array = EMPTY
  start = 0
  length = 0
  /**
   * Octets of payload in each of the segments on the wire that this one stands for: outward the link cuts it, inward
   * it was put together. 0 for one that is as on the wire.
   */
  segmentSize = 0

  /** SEG.LEN: octets of payload, plus one each for SYN and FIN. */
  get len(): number {
    return this.length + ((this.flags >> 1) & 1) + (this.flags & 1)
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  /** Everything but the addresses, the ports and what else is the IP header's back to nothing. */
  clear(): void {
    this.seq = 0
    this.ack = 0
    this.flags = 0
    this.wnd = 0
    this.urg = 0
    this.ecn = 0
    this.clearOptions()
    this.octets = EMPTY
    this.start = 0
    this.length = 0
    this.segmentSize = 0
  }

  clearOptions(): void {
    this.mss = ABSENT
    this.windowScale = ABSENT
    this.sackPermitted = false
    this.timestamps = false
    this.tsVal = 0
    this.tsEcr = 0
    this.sackBlocks = 0
    this.userTimeout = ABSENT
    this.cookieLength = ABSENT
    this.optionsStart = 0
    this.optionsEnd = 0
  }
}

/** How many segments on the wire `segment` stands for. */
export function piecesOf({ length, segmentSize }: Segment): number {
  return segmentSize === 0 ? 1 : Math.ceil(length / segmentSize)
}
