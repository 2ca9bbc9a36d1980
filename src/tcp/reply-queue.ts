import type { IpAddress } from '../wire/address.ts'
import { EMPTY } from '../wire/octets.ts'
import { ABSENT, ACK, ECE, RST, type Segment, SYN } from '../wire/segment.ts'
import { agreesToEcn } from './ecn.ts'
import { type HalfOpen, NO_SCALE } from './half-open.ts'
import { offeredMss } from './options.ts'
import type { PassiveOpenHost } from './passive-open.ts'

/** Octets-saving layout of a reply: two addresses of four words, ports, seq, ack, flags with window, two timestamps. */
const WORDS = 15
const LOCAL = 4
const PORTS = 8
const SEQ = 9
const ACKNOWLEDGMENT = 10
const CONTROL = 11
const TS_VAL = 12
const TS_ECR = 13
/** MSS above scale (5 bits, 31 for none) and SACK-permitted. */
const OPTIONS = 14
/** In place of a window scale: none. */
const NO_SHIFT = 31
/** Beside the flags: the reply has timestamps. */
const STAMPED = 0x8000

/**
 * Answers that belong to no connection (RST, challenge ACKs of half-open entries, the SYN,ACKs of cookies), waiting for the link: a ring of
 * words, bounded, so that a flood of bad segments holds neither memory nor objects.
 */
export class ReplyQueue {
  private readonly words: Int32Array
  private readonly limit: number
  private head = 0
  private count = 0

  constructor(limit: number) {
    this.limit = limit
    this.words = new Int32Array(limit * WORDS)
  }

  get length(): number {
    return this.count
  }

  /** Takes header fields and options of `reply`, no payload. False when there is no room. */
  push(reply: Segment): boolean {
    if (this.count === this.limit) return false
    const at = ((this.head + this.count) % this.limit) * WORDS
    const { words } = this
    writeAddress(words, at, reply.destination)
    writeAddress(words, at + LOCAL, reply.source)
    words[at + PORTS] = (reply.destinationPort << 16) | reply.sourcePort
    words[at + SEQ] = reply.seq
    words[at + ACKNOWLEDGMENT] = reply.ack
    words[at + CONTROL] = (reply.wnd << 16) | reply.flags | (reply.timestamps ? STAMPED : 0)
    words[at + TS_VAL] = reply.tsVal
    words[at + TS_ECR] = reply.tsEcr
    words[at + OPTIONS] =
      reply.mss === ABSENT ? 0 : (reply.mss << 6) | ((reply.windowScale & 31) << 1) | (reply.sackPermitted ? 1 : 0)
    this.count++
    return true
  }

  /** Takes the SYN,ACK of a cookie: what `fillSynAck` would make a segment of. */
  pushSynAck(host: PassiveOpenHost, halfOpen: HalfOpen, tsVal: number): boolean {
    const { config } = host
    const stamped = config.timestamps && halfOpen.timestamps
    const scale = config.windowScale && halfOpen.scale !== NO_SCALE ? host.receiveScale : NO_SHIFT
    const sack = config.sack && halfOpen.sack
    const mss = offeredMss(host.mtu, halfOpen.remote)
    if (this.count === this.limit) return false
    let index = this.head + this.count
    if (index >= this.limit) index -= this.limit
    const at = index * WORDS
    const { words } = this
    writeAddress(words, at, halfOpen.remote)
    writeAddress(words, at + LOCAL, halfOpen.local)
    words[at + PORTS] = (halfOpen.remotePort << 16) | halfOpen.localPort
    words[at + SEQ] = halfOpen.iss
    words[at + ACKNOWLEDGMENT] = halfOpen.irs + 1
    const agreed = agreesToEcn(config, halfOpen) ? ECE : 0
    words[at + CONTROL] = (host.initialWindow << 16) | SYN | ACK | agreed | (stamped ? STAMPED : 0)
    words[at + TS_VAL] = tsVal
    words[at + TS_ECR] = halfOpen.tsRecent
    words[at + OPTIONS] = (mss << 6) | (scale << 1) | (sack ? 1 : 0)
    this.count++
    return true
  }

  /** The oldest answer, written into `out`, whose addresses are its own. False when there is none. */
  shift(out: Segment): boolean {
    if (this.count === 0) return false
    const at = this.head * WORDS
    const { words } = this
    readAddress(words, at, out.destination)
    readAddress(words, at + LOCAL, out.source)
    const ports = words[at + PORTS]!
    const control = words[at + CONTROL]!
    const options = words[at + OPTIONS]!
    const scale = (options >>> 1) & 31
    out.destinationPort = ports >>> 16
    out.sourcePort = ports & 0xffff
    out.seq = words[at + SEQ]! >>> 0
    out.ack = words[at + ACKNOWLEDGMENT]! >>> 0
    out.flags = control & 0x1ff
    out.wnd = control >>> 16
    out.urg = 0
    out.ecn = 0
    out.mss = options === 0 ? ABSENT : options >>> 6
    out.windowScale = options === 0 || scale === NO_SHIFT ? ABSENT : scale
    out.sackPermitted = (options & 1) !== 0
    out.timestamps = (control & STAMPED) !== 0
    out.tsVal = words[at + TS_VAL]! >>> 0
    out.tsEcr = words[at + TS_ECR]! >>> 0
    out.sackBlocks = 0
    out.cookieLength = ABSENT
    out.octets = EMPTY
    out.start = 0
    out.length = 0
    this.head = this.head + 1 === this.limit ? 0 : this.head + 1
    this.count--
    return true
  }
}

function writeAddress(words: Int32Array, at: number, address: IpAddress): void {
  words[at] = address.a
  words[at + 1] = address.b
  words[at + 2] = address.c
  words[at + 3] = address.d
}

function readAddress(words: Int32Array, at: number, into: IpAddress): void {
  into.set(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
}

/** Turns a segment's addresses and ports around. */
function facing(segment: Segment, into: Segment): void {
  into.clear()
  into.source = segment.destination
  into.sourcePort = segment.destinationPort
  into.destination = segment.source
  into.destinationPort = segment.sourcePort
}

/** The RST for a segment that fits nothing (RFC 9293 §3.10.7.1): `<SEQ=SEG.ACK>` with an ACK, else `<SEQ=0><ACK=SEG.SEQ+SEG.LEN>`. */
export function resetFor(segment: Segment, into: Segment): void {
  facing(segment, into)
  if (segment.has(ACK)) {
    into.flags = RST
    into.seq = segment.ack
  } else {
    into.flags = RST | ACK
    into.ack = (segment.seq + segment.len) >>> 0
  }
}

/** An ACK without a connection. */
export function acknowledgmentFor(segment: Segment, seq: number, ack: number, wnd: number, into: Segment): void {
  facing(segment, into)
  into.flags = ACK
  into.seq = seq
  into.ack = ack
  into.wnd = wnd
}
