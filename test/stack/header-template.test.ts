/** Packets from a template are those that are written anew, be it one by one or several at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderTemplate } from '../../src/stack/header-template.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { arenaOctets } from '../../src/wire/arena.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../../src/wire/ip.ts'
import { writeIp } from '../../src/wire/ip-packet.ts'
import { ACK, Segment } from '../../src/wire/segment.ts'
import { writeTcp } from '../../src/wire/tcp.ts'

/** A power of two, as rings are, and large enough to lie in the arena. */
const RING = 2 ** 14
const ROOM = 2 ** 16
const ring = Uint8Array.from({ length: RING }, (_, i) => (i * 2_654_435_761) >>> 24)
const RINGS = { arena: arenaOctets(RING), elsewhere: ring }
RINGS.arena.set(ring)
const FRAMES = { arena: arenaOctets(ROOM), elsewhere: new Uint8Array(ROOM) }

const place = fc.constantFrom('arena' as const, 'elsewhere' as const)
const settings = fc.record({
  isIpv4: fc.boolean(),
  stamped: fc.boolean(),
  dscp: fc.nat(63),
  wnd: fc.nat(0xffff),
  seq: fc.oneof(fc.constant(0xffff_f000), fc.nat(0xffff_ffff)),
  start: fc.nat(RING - 1),
  length: fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.constantFrom(536, 1428, 1448, 1460),
    fc.integer({ min: 1, max: 3000 }),
  ),
  count: fc.integer({ min: 1, max: 40 }),
  headroom: fc.nat(20),
  ring: place,
  frames: place,
})
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never

class Writer {
  readonly segment = new Segment()
  readonly header = new IpHeader()

  constructor({ isIpv4, stamped, dscp, wnd, seq, start, length, ring }: Settings) {
    const { segment, header } = this
    const [source, destination] = isIpv4 ? ['10.0.0.1', '192.0.2.77'] : ['fd00::1', '2001:db8::77']
    header.source = segment.source = IpAddress.parse(source!)!
    header.destination = segment.destination = IpAddress.parse(destination!)!
    header.family = isIpv4 ? 4 : 6
    header.protocol = Protocol.TCP
    header.dontFragment = true
    header.trafficClass = dscp << 2
    Object.assign(segment, { sourcePort: 80, destinationPort: 5000, flags: ACK, ack: 77, wnd, seq, start, length })
    Object.assign(segment, { timestamps: stamped, tsVal: 0xffee_ddcc, tsEcr: 5, octets: RINGS[ring] })
  }

  get headerLength(): number {
    return this.header.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
  }

  /** Writes the packet without a template. */
  write(into: Uint8Array, at: number): number {
    const { segment, header, headerLength } = this
    const length = writeTcp(into, at + headerLength, segment, false)
    writeIp(into, at, header, length)
    this.next()
    return headerLength + length
  }

  next(): void {
    const { segment } = this
    segment.seq = (segment.seq + segment.length) >>> 0
    segment.start = (segment.start + segment.length) % RING
  }
}

test('packets of a template, one by one and at once, are those written anew', () => {
  fc.assert(
    fc.property(settings, (given) => {
      const { length, headroom } = given
      const anew = new Writer(given)
      const expected = new Uint8Array(ROOM).fill(0xee)
      const packet = anew.write(expected, headroom)
      const stride = headroom + packet
      const count = Math.min(given.count, Math.floor(ROOM / stride) - 2)
      for (let i = 1; i <= count + 1; i++) anew.write(expected, headroom + i * stride)

      const one = new Writer(given)
      const { segment, headerLength } = one
      const made = FRAMES[given.frames].fill(0xee)
      const template = new HeaderTemplate()
      one.write(made, headroom)
      template.keep(made, headroom, headroom + headerLength, headroom + packet - length, one.header, length)
      assert.equal(template.write(made, headroom + stride, segment), packet)
      one.next()
      template.writeRow(made, headroom + 2 * stride, stride, segment, count)

      assert.deepEqual(made, expected)
      assert.equal(segment.seq, anew.segment.seq)
      assert.equal(segment.start % RING, anew.segment.start)
    }),
    { numRuns: 1000 },
  )
})
