import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpAddress } from '../../src/wire/address.ts'
import { foldSum, pseudoHeaderSum, sumOctets } from '../../src/wire/checksum.ts'
import type { WireDefect } from '../../src/wire/defect.ts'
import { Protocol } from '../../src/wire/ip.ts'
import { readUint16, writeUint16 } from '../../src/wire/octets.ts'
import { ABSENT, ACK, AE, CWR, ECE, FIN, PSH, RST, Segment, SYN, URG } from '../../src/wire/segment.ts'
import { parseTcp, tcpHeaderLength, writeTcp } from '../../src/wire/tcp.ts'
import { segment as anySegment } from './arbitraries.ts'
import {
  DATA_V4,
  FAST_OPEN_REQUEST_V4,
  FAST_OPEN_SYN_ACK_V6,
  FAST_OPEN_SYN_V4,
  hex,
  ipHeader,
  RST_V4,
  SACK_V4,
  SYN_ACK_V6,
  SYN_V4,
  SYN_V6,
} from './golden.ts'

function parsed(packet: Uint8Array): Segment {
  const header = ipHeader(packet)
  const segment = new Segment()
  segment.source.copy(header.source)
  segment.destination.copy(header.destination)
  assert.equal(parseTcp(packet, header.payloadStart, header.payloadEnd, segment, true), undefined)
  return segment
}

/** What parsing `packet` as an IPv4 packet without options says after some octets of its segment are replaced. */
function defectOf(
  packet: Uint8Array,
  changes: Readonly<Record<number, number>>,
  verify = true,
): WireDefect | undefined {
  const copy = packet.slice()
  for (const [at, octet] of Object.entries(changes)) copy[20 + Number(at)] = octet
  const { source, destination } = ipHeader(packet)
  return parseTcp(copy, 20, copy.length, Object.assign(new Segment(), { source, destination }), verify)
}

test('a SYN of Linux: every field', () => {
  const { source, destination, octets, sackEdges, cookie, ...fields } = parsed(SYN_V4)
  assert.deepEqual([String(source), String(destination)], ['10.77.0.1', '10.77.0.2'])
  assert.equal(octets, SYN_V4)
  assert.equal(sackEdges.length, 8)
  assert.equal(cookie.length, 16)
  assert.deepEqual(fields, {
    sourcePort: 52636,
    destinationPort: 80,
    seq: 0xb64351ca,
    ack: 0,
    flags: SYN,
    wnd: 64240,
    urg: 0,
    ecn: 0,
    dscp: 0,
    hopLimit: 64,
    mss: 1460,
    windowScale: 10,
    sackPermitted: true,
    timestamps: true,
    tsVal: 0xd0442933,
    tsEcr: 0,
    sackBlocks: 0,
    userTimeout: ABSENT,
    cookieLength: ABSENT,
    optionsStart: 40,
    optionsEnd: 60,
    start: 60,
    length: 0,
    segmentSize: 0,
  })
})

test('an ACK of Linux with two SACK blocks', () => {
  const segment = parsed(SACK_V4)
  assert.deepEqual([segment.flags, segment.ack, segment.sackBlocks], [ACK, 0xfffffff1, 2])
  assert.deepEqual([...segment.sackEdges.subarray(0, 4)], [300, 360, 100, 150])
  assert.deepEqual([segment.tsVal, segment.tsEcr], [0xe4189e67, 0x01020305])
  assert.deepEqual([segment.mss, segment.windowScale, segment.sackPermitted], [ABSENT, ABSENT, false])
})

test('Fast Open as Linux does it (RFC 7413)', () => {
  const request = parsed(FAST_OPEN_REQUEST_V4)
  assert.deepEqual([request.flags, request.cookieLength, request.length], [SYN, 0, 0])
  const { flags, cookie, cookieLength, octets, start, length } = parsed(FAST_OPEN_SYN_V4)
  assert.deepEqual([flags, hex(cookie, 0, cookieLength)], [SYN, 'f749a338293ce691'])
  assert.equal(String.fromCharCode(...octets.subarray(start, start + length)), 'hello')
  const synAck = parsed(FAST_OPEN_SYN_ACK_V6)
  assert.deepEqual([synAck.flags, hex(synAck.cookie, 0, synAck.cookieLength)], [SYN | ACK, 'b7273565924013eb'])
})

test('the payload of a segment of Linux', () => {
  const { octets, start, length, flags } = parsed(DATA_V4)
  assert.equal(flags, ACK | PSH)
  assert.equal(String.fromCharCode(...octets.subarray(start, start + length)), 'hello, wire')
})

test('a segment is written with the octets that Linux wrote, options and checksum included (RFC 9293 MUST-2)', () => {
  const fastOpen = [FAST_OPEN_REQUEST_V4, FAST_OPEN_SYN_V4, FAST_OPEN_SYN_ACK_V6]
  for (const packet of [SYN_V4, SYN_V6, SYN_ACK_V6, SACK_V4, DATA_V4, RST_V4, ...fastOpen]) {
    const segment = parsed(packet)
    const start = ipHeader(packet).payloadStart
    const written = new Uint8Array(200).fill(0xa5)
    const length = writeTcp(written, 3, segment, false)
    assert.equal(hex(written, 0, 3 + length), `a5a5a5${hex(packet, start)}`)
    assert.equal(tcpHeaderLength(segment), segment.start - start)
    assert.equal(written[3 + length], 0xa5, 'nothing behind the segment is touched')
  }
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(anySegment, fc.nat({ max: 9 }), (segment, at) => {
      const written = new Uint8Array(at + tcpHeaderLength(segment) + segment.length)
      const { source, destination } = segment
      assert.equal(writeTcp(written, at, segment, false), written.length - at)
      const back = Object.assign(new Segment(), { source, destination })
      assert.equal(parseTcp(written, at, written.length, back, true), undefined)

      const { length, octets, start, sackEdges } = segment
      const room = tcpHeaderLength(segment) - tcpHeaderLength(Object.assign(new Segment(), segment, { sackBlocks: 0 }))
      const sackBlocks = Math.max(0, (room - 4) / 8)
      const another = sackBlocks === 0 ? 12 : 8
      const full = tcpHeaderLength(segment) + another > 60
      assert.ok(sackBlocks === segment.sackBlocks || full, 'all blocks that fit are there')
      const edges = sackEdges.slice().fill(0, 2 * sackBlocks)
      const [optionsStart, payloadStart] = [at + 20, at + tcpHeaderLength(segment)]
      const place = { octets: written, start: payloadStart, optionsStart, optionsEnd: payloadStart }
      assert.deepEqual(back, Object.assign(new Segment(), segment, { sackBlocks, sackEdges: edges }, place))
      const payload = Array.from({ length }, (_, i) => octets[(start + i) % octets.length])
      assert.deepEqual([...written.subarray(payloadStart)], payload)
    }),
    { numRuns: 300 },
  )
})

test('a long payload that wraps around its ring buffer is put together again', () => {
  const ring = Uint8Array.from({ length: 65_536 }, (_, i) => i % 251)
  const segment = new Segment()
  Object.assign(segment, { sourcePort: 1, destinationPort: 2, octets: ring, start: 65_000, length: 60_000 })
  const written = new Uint8Array(60_020)
  assert.equal(writeTcp(written, 0, segment, false), 60_020)
  assert.equal(parseTcp(written, 0, 60_020, new Segment(), true), undefined)
  for (let i = 0; i < 60_000; i++) assert.equal(written[20 + i], ring[(65_000 + i) % 65_536])
})

test('with a partial checksum the field holds the sum of the pseudo-header, and the link’s part makes it right', () => {
  fc.assert(
    fc.property(anySegment, (segment) => {
      const partial = new Uint8Array(tcpHeaderLength(segment) + segment.length)
      const whole = partial.slice()
      writeTcp(partial, 0, segment, true)
      writeTcp(whole, 0, segment, false)
      const { source, destination } = segment
      const pseudo = foldSum(pseudoHeaderSum(source, destination, Protocol.TCP, partial.length))
      assert.equal(readUint16(partial, 16), pseudo)
      // What a kernel does with VIRTIO_NET_HDR_F_NEEDS_CSUM: sum from the header on, field included, and complement.
      writeUint16(partial, 16, ~foldSum(sumOctets(partial, 0, partial.length)) & 0xffff)
      assert.equal(hex(partial), hex(whole))
    }),
  )
})

test('every control bit has its place, and the reserved ones are written as 0', () => {
  for (const [bit, flag] of [FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE].entries()) {
    const written = new Uint8Array(20)
    writeTcp(written, 0, Object.assign(new Segment(), { sourcePort: 1, destinationPort: 1, flags: flag }), false)
    assert.equal(readUint16(written, 12), 0x5000 | (1 << bit))
    const back = new Segment()
    assert.equal(parseTcp(written, 0, 20, back, true), undefined)
    assert.equal(back.flags, flag)
  }
})

test('reserved bits of a received segment are ignored', () => {
  assert.equal(defectOf(RST_V4, { 12: 0x5e }, false), undefined)
})

test('the window is an unsigned number (RFC 9293 MUST-1)', () => {
  for (const wnd of [0, 0x7fff, 0x8000, 0xffff]) {
    const written = new Uint8Array(20)
    writeTcp(written, 0, Object.assign(new Segment(), { sourcePort: 1, destinationPort: 1, wnd }), false)
    const back = new Segment()
    parseTcp(written, 0, 20, back, true)
    assert.equal(back.wnd, wnd)
  }
})

test('sequence numbers are unsigned', () => {
  const written = new Uint8Array(20)
  const numbers = { seq: 0xffff_ffff, ack: 0x8000_0000 }
  writeTcp(written, 0, Object.assign(new Segment(), { sourcePort: 1, destinationPort: 1, ...numbers }), false)
  const back = new Segment()
  parseTcp(written, 0, 20, back, true)
  assert.deepEqual([back.seq, back.ack], [0xffff_ffff, 0x8000_0000])
})

test('any bit that changes is noticed, in the segment and in the addresses (RFC 9293 MUST-3)', () => {
  for (let at = 0; at < DATA_V4.length - 20; at++) {
    for (const bit of [0, 3, 7]) {
      assert.notEqual(defectOf(DATA_V4, { [at]: DATA_V4[20 + at]! ^ (1 << bit) }), undefined, `octet ${at}, bit ${bit}`)
    }
  }
  const { source } = ipHeader(DATA_V4)
  const other = Object.assign(new Segment(), { source, destination: IpAddress.parse('10.77.0.3')! })
  assert.equal(parseTcp(DATA_V4, 20, DATA_V4.length, other, true), 'tcp-checksum')
})

test('a checksum that the link vouches for is not looked at', () => {
  assert.equal(defectOf(DATA_V4, { 16: 0, 17: 0 }), 'tcp-checksum')
  assert.equal(defectOf(DATA_V4, { 16: 0, 17: 0 }, false), undefined)
})

test('each other defect has its name', () => {
  assert.equal(parseTcp(RST_V4, 21, 40, new Segment(), false), 'tcp-header-truncated')
  assert.equal(defectOf(RST_V4, { 12: 0x40 }, false), 'tcp-data-offset')
  assert.equal(defectOf(RST_V4, { 12: 0x60 }, false), 'tcp-data-offset')
  assert.equal(defectOf(RST_V4, { 0: 0, 1: 0 }, false), 'tcp-port-zero')
  assert.equal(defectOf(RST_V4, { 2: 0, 3: 0 }, false), 'tcp-port-zero')
})
