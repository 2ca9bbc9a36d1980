/** Many clients of one stack, segment by segment: for what is no trace. */
import assert from 'node:assert/strict'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { ABSENT, ACK, CWR, ECE, RST, Segment, SYN } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'
import { packetOf } from '../fuzz/packets.ts'
import { accounts } from './accounts.ts'

export const PORT = 80
export const ADDRESSES: Record<4 | 6, IpAddress> = {
  4: IpAddress.parse('192.0.2.1')!,
  6: IpAddress.parse('2001:db8::1')!,
}
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i * 91 + 5)
const MTU = 9000

/** A stack with a listener on port 80, whose books are checked after every segment. */
export class Bench {
  readonly stack: Stack
  readonly listener: Listener
  now = 0
  /** Deferred SYNs, as they were told. */
  readonly deferred: Incoming[] = []
  private readonly out = new Uint8Array(MTU)

  constructor(listen: Partial<ListenOptions> = {}, stack: Partial<StackOptions> = {}) {
    const addresses = [`${ADDRESSES[4]}/24`, `${ADDRESSES[6]}/64`]
    this.stack = new Stack({ addresses, secret: SECRET, ...stack })
    this.listener = this.stack.listen({ port: PORT, ...listen })
  }

  /** Lets time pass; with what the stack sends meanwhile. */
  wait(ms: number): Segment[] {
    const end = this.now + ms
    const sent: Segment[] = []
    for (let due = this.stack.nextDeadline(); due <= end; due = this.stack.nextDeadline()) {
      this.now = Math.max(this.now, due)
      this.stack.advance(this.now)
      sent.push(...this.drain())
    }
    this.now = end
    return sent
  }

  /** A segment comes; with what the stack answers. */
  receive(segment: Segment): Segment[] {
    const packet = packetOf(segment)
    this.stack.receive(packet, 0, packet.length, this.now)
    return this.drain()
  }

  drain(): Segment[] {
    const sent: Segment[] = []
    for (;;) {
      const length = this.stack.transmit(this.out, 0, this.now)
      if (length === 0) break
      sent.push(read(this.out.slice(0, length)))
    }
    for (let event = this.stack.nextEvent(); event !== undefined; event = this.stack.nextEvent()) {
      if (event.type === 'deferred') this.deferred.push(event.incoming)
    }
    accounts(this.listener)
    return sent
  }

  accept(): Connection {
    return this.listener.accept() ?? assert.fail('the accept queue is empty')
  }
}

function read(octets: Uint8Array): Segment {
  const segment = new Segment()
  const ip = new IpHeader()
  assert.equal(parseIp(octets, 0, octets.length, ip), undefined)
  segment.source = ip.source
  segment.destination = ip.destination
  assert.equal(parseTcp(octets, ip.payloadStart, ip.payloadEnd, segment, true), undefined)
  return segment
}

/** What a client offers in its SYN. */
export interface Offer {
  mss?: number | undefined
  scale?: number | undefined
  sack?: boolean
  timestamps?: boolean
  ecn?: boolean
}

export class Client {
  readonly address: IpAddress
  readonly port: number
  readonly offer: Offer
  isn: number
  /** TSval of its next segment. */
  timestamp = 1000
  /** What the stack's SYN,ACK said last. */
  iss = 0
  peerTimestamp = 0

  constructor(address: string, port: number, isn: number, offer: Offer = {}) {
    this.address = IpAddress.parse(address)!
    this.port = port
    this.isn = isn >>> 0
    this.offer = offer
  }

  segment(flags: number, seq: number, ack = 0, length = 0): Segment {
    const segment = new Segment()
    segment.source = this.address
    segment.destination = ADDRESSES[this.address.family]
    segment.sourcePort = this.port
    segment.destinationPort = PORT
    segment.flags = flags
    segment.seq = seq >>> 0
    segment.ack = ack >>> 0
    segment.wnd = flags & RST ? 0 : 60_000
    segment.octets = new Uint8Array(length)
    segment.length = length
    if (this.offer.timestamps && !(flags & RST)) {
      segment.timestamps = true
      segment.tsVal = this.timestamp
      segment.tsEcr = flags & ACK ? this.peerTimestamp : 0
    }
    return segment
  }

  syn(): Segment {
    const segment = this.segment(SYN | (this.offer.ecn ? ECE | CWR : 0), this.isn)
    segment.mss = this.offer.mss ?? ABSENT
    segment.windowScale = this.offer.scale ?? ABSENT
    segment.sackPermitted = this.offer.sack ?? false
    return segment
  }

  /** The third of the handshake, and what follows it. */
  ack(length = 0, flags = 0, at = 0): Segment {
    return this.segment(ACK | flags, this.isn + 1 + at, this.iss + 1, length)
  }

  reset(): Segment {
    return this.segment(RST, this.isn + 1)
  }

  /** Takes note of the SYN,ACK among these; undefined when there is none for this client's SYN. */
  hear(sent: readonly Segment[]): Segment | undefined {
    const synAck = sent.findLast((segment) => segment.has(SYN) && this.isMine(segment))
    if (synAck === undefined || synAck.ack !== (this.isn + 1) >>> 0) return undefined
    this.iss = synAck.seq
    this.peerTimestamp = synAck.tsVal
    return synAck
  }

  /** Sends its SYN, and hears what is answered. */
  open(bench: Bench): Segment | undefined {
    return this.hear(bench.receive(this.syn()))
  }

  private isMine(segment: Segment): boolean {
    return segment.destinationPort === this.port && segment.destination.equals(this.address)
  }
}
