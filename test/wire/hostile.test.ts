/** Whatever the octets are: no parser throws, reads outside its range, or gives out a range outside it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ArpPacket, parseArp } from '../../src/wire/arp.ts'
import type { WireDefect } from '../../src/wire/defect.ts'
import { EthernetHeader, parseEthernet } from '../../src/wire/ethernet.ts'
import { IcmpMessage, parseIcmp } from '../../src/wire/icmp.ts'
import { parseIcmpv6 } from '../../src/wire/icmpv6.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { NdpMessage, parseNdp } from '../../src/wire/ndp.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { printFrame, printPacket } from '../../src/wire/print.ts'
import { parseQuotedTcp, QuotedTcp } from '../../src/wire/quoted-tcp.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'
import { Datagram, parseUdp } from '../../src/wire/udp.ts'
import * as golden from './golden.ts'

const PACKETS: readonly Uint8Array[] = Object.values(golden).filter((value) => value instanceof Uint8Array)

type Range = readonly [start: number, end: number]

interface Outcome {
  readonly defect: WireDefect | undefined
  /** What was filled in, and the range of octets that it names. */
  readonly into: object
  readonly range: Range
}

type Parser = (octets: Uint8Array, start: number, end: number) => Outcome

const payloadOf = ({ start, length }: { start: number; length: number }): Range => [start, start + length]

const PARSERS: Readonly<Record<string, Parser>> = {
  ethernet(octets, start, end) {
    const into = new EthernetHeader()
    return { defect: parseEthernet(octets, start, end, into), into, range: [into.payloadStart, into.payloadEnd] }
  },
  arp(octets, start, end) {
    const into = new ArpPacket()
    return { defect: parseArp(octets, start, end, into), into, range: [start, end] }
  },
  ip(octets, start, end) {
    const into = new IpHeader()
    return { defect: parseIp(octets, start, end, into), into, range: [into.payloadStart, into.payloadEnd] }
  },
  tcp(octets, start, end) {
    const into = new Segment()
    const defect = parseTcp(octets, start, end, into, false)
    return { defect, into, range: [into.optionsStart, into.start + into.length] }
  },
  udp(octets, start, end) {
    const into = new Datagram()
    return { defect: parseUdp(octets, start, end, into, false), into, range: payloadOf(into) }
  },
  icmp(octets, start, end) {
    const into = new IcmpMessage()
    return { defect: parseIcmp(octets, start, end, into), into, range: payloadOf(into) }
  },
  icmpv6(octets, start, end) {
    const into = new IcmpMessage()
    return { defect: parseIcmpv6(octets, start, end, into), into, range: payloadOf(into) }
  },
  ndp(octets, start, end) {
    const message = Object.assign(new IcmpMessage(), { octets, start, length: end - start })
    const into = new NdpMessage()
    message.type = 133 + ((end - start) % 4)
    return { defect: parseNdp(message, 255, into), into, range: [start, end] }
  },
  quotedTcp(octets, start, end) {
    const into = new QuotedTcp()
    const { header } = into
    return { defect: parseQuotedTcp(octets, start, end, into), into, range: [header.payloadStart, header.payloadEnd] }
  },
}

const BEFORE = 7
const AFTER = 70

/** The octets with others before and behind them, which no parser may look at. */
function surrounded(octets: Uint8Array, by: number): Uint8Array {
  const whole = new Uint8Array(BEFORE + octets.length + AFTER).fill(by)
  whole.set(octets, BEFORE)
  return whole
}

function check(octets: Uint8Array): void {
  const [start, end] = [BEFORE, BEFORE + octets.length]
  const [zeros, ones] = [surrounded(octets, 0), surrounded(octets, 0xff)]
  for (const [name, parse] of Object.entries(PARSERS)) {
    const first = parse(zeros, start, end)
    const second = parse(ones, start, end)
    assert.equal(first.defect, second.defect, `${name} has looked outside`)
    if (first.defect !== undefined) continue
    assert.deepEqual({ ...first.into, octets }, { ...second.into, octets }, `${name} has looked outside`)
    const [from, to] = first.range
    assert.ok(start <= from && from <= to && to <= end, `${name} names the range ${from} to ${to}`)
  }
  assert.equal(printPacket(zeros, start, end), printPacket(ones, start, end))
  assert.equal(printFrame(zeros, start, end), printFrame(ones, start, end))
}

test('random octets', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), check), { numRuns: 2000 })
})

test('random octets behind the first of a header', () => {
  const first = fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x6f)
  const packet = fc
    .tuple(first, fc.uint8Array({ maxLength: 120 }))
    .map(([head, rest]) => Uint8Array.from([head, ...rest]))
  fc.assert(fc.property(packet, check), { numRuns: 2000 })
})

test('real packets, cut short', () => {
  for (const packet of PACKETS) {
    for (let length = 0; length <= Math.min(packet.length, 120); length++) check(packet.subarray(0, length))
  }
})

test('real packets, some octets altered and the whole cut or prolonged', () => {
  const mutation = fc.record({
    packet: fc.constantFrom(...PACKETS.filter(({ length }) => length < 300)),
    changes: fc.array(fc.tuple(fc.nat({ max: 90 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
    longer: fc.integer({ min: -20, max: 20 }),
    skip: fc.constantFrom(0, 14, 20, 40),
  })
  fc.assert(
    fc.property(mutation, ({ packet, changes, longer, skip }) => {
      const altered = new Uint8Array(packet.length + longer)
      altered.set(packet.subarray(0, altered.length))
      for (const [at, octet] of changes) altered[at % altered.length] = octet
      check(altered.subarray(Math.min(skip, altered.length)))
    }),
    { numRuns: 5000 },
  )
})

test('extension headers of random length, order and number', () => {
  const header = fc.tuple(fc.constantFrom(0, 6, 43, 44, 58, 59, 60), fc.integer({ min: 0, max: 3 }), fc.boolean())
  fc.assert(
    fc.property(fc.array(header, { maxLength: 12 }), fc.nat({ max: 70 }), (headers, cut) => {
      const body = headers.flatMap(([next, length, zero]) => [
        next,
        length,
        ...new Array(6 + 8 * length).fill(zero ? 0 : 1),
      ])
      const whole = Uint8Array.from([...golden.SYN_V6.subarray(0, 40), ...body, ...golden.SYN_V6.subarray(40)])
      const packet = whole.subarray(0, Math.max(40, whole.length - cut))
      packet[6] = 60
      writeUint16(packet, 4, packet.length - 40)
      check(packet)
    }),
    { numRuns: 1000 },
  )
})
