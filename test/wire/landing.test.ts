import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Landing } from '../../src/wire/landing.ts'
import { ACK, RST, Segment, SYN, URG } from '../../src/wire/segment.ts'
import { parseTcp, tcpHeaderLength, writeTcp } from '../../src/wire/tcp.ts'
import { segmentIn, tcpPacket } from '../host/hand-made-tcp.ts'
import { scatter } from '../support/landing-link.ts'
import { ipHeader, segment } from './arbitraries.ts'

const AT = 3
const BEFORE = 7

/** A packet of the segment; what is changed about it afterwards breaks no checksum that anybody looks at here. */
function packetOf(header: IpHeader, given: Segment): Uint8Array {
  const ip = Object.assign(new IpHeader(), header)
  ip.source = given.source
  ip.destination = given.destination
  ip.family = given.source.family
  ip.protocol = Protocol.TCP
  const length = tcpHeaderLength(given) + given.length
  const headerLength = ip.family === 4 ? 20 : 40
  const octets = new Uint8Array(headerLength + length)
  writeIp(octets, 0, ip, length)
  writeTcp(octets, headerLength, given, false)
  return octets
}

/** What is expected of the connection that `of` is a segment of. */
function landingFor(of: Segment, headerLength: number, room: number): Landing {
  const landing = new Landing()
  landing.octets = new Uint8Array(BEFORE + room + 5).fill(0xaa)
  landing.start = BEFORE
  landing.end = BEFORE + room
  landing.headerLength = headerLength
  landing.source.copy(of.source)
  landing.destination.copy(of.destination)
  landing.ports = (of.sourcePort << 16) | of.destinationPort
  return landing
}

/** Reads the frame in pieces, and checks that nothing of it is lost, and nothing else changed. True if its text has landed. */
function read(frame: Uint8Array, landing: Landing, vouched = true): boolean {
  const into = new Uint8Array(4096).fill(0xee)
  scatter(frame, into, AT, landing)
  const settled = landing.settle(into, AT, AT + frame.length, vouched)
  const { octets, start, end, headerLength } = landing
  const text = frame.subarray(headerLength)
  if (settled !== undefined) {
    deepEqual(into.subarray(AT, AT + headerLength), frame.subarray(0, headerLength))
    deepEqual(octets.subarray(start, start + text.length), text)
  } else {
    deepEqual(into.subarray(AT, AT + frame.length), frame)
    ok(octets.subarray(start, start + Math.min(text.length, end - start)).every((octet) => octet === 0))
  }
  ok(octets.every((octet, i) => (i >= start && i < Math.min(end, start + text.length)) || octet === 0xaa))
  equal(landing.missed, settled === undefined && text.length > 0)
  return settled !== undefined
}

test('whatever frame comes, its octets are there once, and text lands only behind the headers of its connection', () => {
  const change = fc.record({ at: fc.nat({ max: 79 }), by: fc.integer({ min: 1, max: 255 }) })
  fc.assert(
    fc.property(
      segment,
      segment,
      ipHeader,
      fc.array(change, { maxLength: 2 }),
      fc.boolean(),
      fc.integer({ min: -8, max: 8 }),
      fc.nat({ max: 400 }),
      fc.nat(),
      (came, expected, ip, changes, same, off, room, cut) => {
        const frame = packetOf(ip, came).slice(0)
        for (const { at, by } of changes) if (at < frame.length) frame[at]! ^= by
        const whole = cut % 5 === 0 ? frame.subarray(0, cut % (frame.length + 1)) : frame
        const of = same ? came : expected
        const usual = (of.source.family === 4 ? 20 : 40) + tcpHeaderLength(came)
        const landing = landingFor(of, Math.max(40, usual + (off % 2 === 0 ? 0 : off)), room)
        if (!read(whole, landing)) return
        const ipHeaderRead = new IpHeader()
        const segmentRead = new Segment()
        if (parseIp(whole, 0, whole.length, ipHeaderRead) !== undefined) return
        segmentRead.source = ipHeaderRead.source
        segmentRead.destination = ipHeaderRead.destination
        equal(ipHeaderRead.protocol, Protocol.TCP)
        equal(ipHeaderRead.fragment, false)
        const { payloadStart, payloadEnd } = ipHeaderRead
        if (parseTcp(whole, payloadStart, payloadEnd, segmentRead, false) !== undefined) return
        equal(segmentRead.start, landing.headerLength)
        ok(segmentRead.source.equals(of.source) && segmentRead.destination.equals(of.destination))
        deepEqual([segmentRead.sourcePort, segmentRead.destinationPort], [of.sourcePort, of.destinationPort])
      },
    ),
    { numRuns: 2000 },
  )
})

test('the text of the next segment of the connection lands, if there is room for all of it and the link vouches for it', () => {
  fc.assert(
    fc.property(segment, ipHeader, (came, ip) => {
      came.flags &= ~(SYN | RST | URG)
      const frame = packetOf(ip, came)
      const { start, length } = segmentIn(frame)!
      equal(read(frame, landingFor(came, start, length)), length > 0)
      equal(read(frame, landingFor(came, start, length), false), false)
      equal(read(frame, landingFor(came, start, length + 1)), length > 0)
      if (length > 0) equal(read(frame, landingFor(came, start, length - 1)), false)
      for (const flag of [SYN, RST, URG]) {
        came.flags |= flag
        equal(read(packetOf(ip, came), landingFor(came, start, length)), false)
        came.flags &= ~flag
      }
    }),
  )
})

const PATTERN = Uint8Array.from({ length: 100 }, (_, i) => i + 1)
const FROM = { 4: '10.0.0.2', 6: 'fd00::2' } as const
const TO = { 4: '10.0.0.1', 6: 'fd00::1' } as const

for (const family of [4, 6] as const) {
  const tcp = family === 4 ? 20 : 40
  const frame = tcpPacket(
    { address: FROM[family], port: 4000 },
    { address: TO[family], port: 80 },
    { flags: ACK, seq: 1, ack: 1, payload: PATTERN },
    0,
  )
  /** What differs, at which octet, and what it is then. */
  const others: [string, number, number][] = [
    ['source', tcp - 5, 9],
    ['destination', tcp - 1, 9],
    ['source port', tcp + 1, 9],
    ['destination port', tcp + 3, 9],
    ['header length', tcp + 12, 0x60],
    ...(family === 4
      ? ([
          ['IP header length', 0, 0x46],
          ['More Fragments bit', 6, 0x20],
          ['fragment offset', 7, 1],
          ['protocol', 9, 17],
        ] as [string, number, number][])
      : ([
          ['version', 0, 0x45],
          ['next header', 6, 44],
        ] as [string, number, number][])),
  ]

  test(`of IPv${family} a frame with another ${others.map(([what]) => what).join(', ')} does not land`, () => {
    const landing = () => landingFor(segmentIn(frame)!, tcp + 20, 200)
    equal(read(frame, landing()), true)
    for (const [what, at, octet] of others) {
      const other = frame.slice()
      other[at] = octet
      equal(read(other, landing()), false, what)
    }
  })
}
