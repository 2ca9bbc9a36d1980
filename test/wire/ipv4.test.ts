import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldChecksum, sumOctets } from '../../src/wire/checksum.ts'
import type { WireDefect } from '../../src/wire/defect.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { ipHeader } from './arbitraries.ts'
import { FRAGMENT_V4, ipHeader as headerOf, hex, SYN_V4 } from './golden.ts'

/** SYN_V4 with some octets replaced and, by default, a header checksum that is right again. */
function altered(changes: Readonly<Record<number, number>>, checksum: 'right' | 'left' = 'right'): Uint8Array {
  const packet = SYN_V4.slice()
  for (const [at, octet] of Object.entries(changes)) packet[Number(at)] = octet
  if (checksum === 'right') {
    writeUint16(packet, 10, 0)
    writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, 4 * (packet[0]! & 15))))
  }
  return packet
}

function defectOf(packet: Uint8Array): WireDefect | undefined {
  return parseIp(packet, 0, packet.length, new IpHeader())
}

test('a SYN of Linux: every field of its IPv4 header', () => {
  const { source, destination, ...fields } = headerOf(SYN_V4)
  assert.deepEqual([String(source), String(destination)], ['10.77.0.1', '10.77.0.2'])
  assert.deepEqual(fields, {
    family: 4,
    protocol: 6,
    hopLimit: 64,
    trafficClass: 0,
    flowLabel: 0,
    identification: 0x2c8b,
    dontFragment: true,
    fragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    problem: -1,
    pointer: 0,
    start: 0,
    payloadStart: 20,
    payloadEnd: 60,
  })
})

test('a header is written with the octets that Linux wrote', () => {
  for (const packet of [SYN_V4, FRAGMENT_V4]) {
    const header = headerOf(packet)
    const written = new Uint8Array(23).fill(0xa5)
    assert.equal(writeIp(written, 2, header, packet.length - 20), 20)
    assert.equal(hex(written), `a5a5${hex(packet, 0, 20)}a5`)
  }
})

test('a fragment says where in its packet it belongs', () => {
  const { fragment, moreFragments, fragmentOffset, identification } = headerOf(FRAGMENT_V4)
  assert.deepEqual([fragment, moreFragments, fragmentOffset, identification], [true, false, 1480, 0x2041])
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(ipHeader, fc.nat({ max: 60 }), fc.nat({ max: 9 }), (header, length, at) => {
      const packet = new Uint8Array(at + 40 + length)
      const headerLength = writeIp(packet, at, header, length)
      assert.equal(headerLength, header.family === 4 ? 20 : 40)
      const back = new IpHeader()
      assert.equal(parseIp(packet, at, at + headerLength + length, back), undefined)
      const place = { start: at, payloadStart: at + headerLength, payloadEnd: at + headerLength + length }
      assert.deepEqual(back, Object.assign(new IpHeader(), header, place))
    }),
  )
})

test('options are skipped', () => {
  const packet = new Uint8Array(64 + 4)
  packet.set(SYN_V4.subarray(0, 20))
  packet.set([7, 7, 4, 0, 0, 0, 0, 0], 20)
  packet.set(SYN_V4.subarray(20), 28)
  packet[0] = 0x47
  writeUint16(packet, 2, 68)
  writeUint16(packet, 10, 0)
  writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, 28)))
  const header = headerOf(packet)
  assert.deepEqual([header.payloadStart, header.payloadEnd], [28, 68])
})

test('padding behind the packet is left out', () => {
  const frame = new Uint8Array(80)
  frame.set(SYN_V4)
  assert.equal(headerOf(frame).payloadEnd, SYN_V4.length)
})

test('each defect has its name', () => {
  assert.equal(defectOf(SYN_V4.subarray(0, 0)), 'ip-empty')
  assert.equal(defectOf(altered({ 0: 0x55 })), 'ip-version')
  assert.equal(defectOf(SYN_V4.subarray(0, 19)), 'ipv4-header-truncated')
  assert.equal(defectOf(altered({ 0: 0x4f }).subarray(0, 59)), 'ipv4-header-truncated')
  assert.equal(defectOf(altered({ 0: 0x44 })), 'ipv4-header-length')
  assert.equal(defectOf(altered({ 3: 19 })), 'ipv4-length')
  assert.equal(defectOf(altered({ 3: 61 })), 'ipv4-length')
  assert.equal(defectOf(SYN_V4.subarray(0, 59)), 'ipv4-length')
  assert.equal(defectOf(altered({ 8: 63 }, 'left')), 'ipv4-checksum')
  assert.equal(defectOf(altered({ 6: 0x20, 3: 59 })), 'ipv4-fragment')
  assert.equal(defectOf(altered({ 6: 0x1f, 7: 0xff })), 'ipv4-fragment')
})

test('any single octet that changes in the header is noticed', () => {
  for (let at = 0; at < 20; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const packet = SYN_V4.slice()
      packet[at]! ^= 1 << bit
      assert.notEqual(defectOf(packet), undefined, `octet ${at}, bit ${bit}`)
    }
  }
})
