import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WireDefect } from '../../src/wire/defect.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { Datagram, parseUdp, writeUdp } from '../../src/wire/udp.ts'
import { addressPair, payload, port, uint16 } from './arbitraries.ts'
import { hex, ipHeader, UDP_V4, UDP_V6 } from './golden.ts'

/** Reads the datagram of `packet`, whose header is of `original`, into a new record. */
function parse(packet: Uint8Array, original: Uint8Array, verify = true): [WireDefect | undefined, Datagram] {
  const { source, destination, payloadStart } = ipHeader(original)
  const datagram = Object.assign(new Datagram(), { source, destination })
  return [parseUdp(packet, payloadStart, packet.length, datagram, verify), datagram]
}

test('datagrams of Linux are read, and written with the same octets', () => {
  for (const packet of [UDP_V4, UDP_V6]) {
    const [defect, datagram] = parse(packet, packet)
    assert.equal(defect, undefined)
    assert.deepEqual([datagram.sourcePort, datagram.destinationPort], [6000, 53])
    assert.equal(String.fromCharCode(...packet.subarray(datagram.start, datagram.start + datagram.length)), 'ping')
    const written = new Uint8Array(12)
    assert.equal(writeUdp(written, 0, datagram), 12)
    assert.equal(hex(written), hex(packet, ipHeader(packet).payloadStart))
  }
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(addressPair, uint16, port, payload, ([source, destination], sourcePort, destinationPort, data) => {
      const made = { source, destination, sourcePort, destinationPort, octets: data, length: data.length }
      const written = new Uint8Array(8 + data.length)
      assert.equal(writeUdp(written, 0, Object.assign(new Datagram(), made)), written.length)
      const back = Object.assign(new Datagram(), { source, destination })
      assert.equal(parseUdp(written, 0, written.length, back, true), undefined)
      assert.deepEqual(back, Object.assign(new Datagram(), made, { octets: written, start: 8 }))
      assert.equal(hex(written, 8), hex(data))
    }),
  )
})

test('a checksum that comes out as 0 is written as 0xffff', () => {
  const datagram = Object.assign(new Datagram(), { destinationPort: 1, octets: new Uint8Array(2), length: 2 })
  const written = new Uint8Array(10)
  writeUdp(written, 0, datagram)
  const missing = (written[6]! << 8) | written[7]!
  writeUint16(datagram.octets, 0, missing)
  writeUdp(written, 0, datagram)
  assert.equal(hex(written, 6, 8), 'ffff')
  assert.equal(parseUdp(written, 0, 10, new Datagram(), true), undefined)
})

test('no checksum is none in IPv4 and a defect in IPv6', () => {
  for (const [original, expected] of [
    [UDP_V4, undefined],
    [UDP_V6, 'udp-checksum'],
  ] as const) {
    const packet = original.slice()
    writeUint16(packet, packet.length - 6, 0)
    assert.equal(parse(packet, original)[0], expected)
    assert.equal(parse(packet, original, false)[0], undefined)
  }
})

test('each defect has its name', () => {
  const defectOf = (at: number, octet: number, verify = false): WireDefect | undefined => {
    const packet = UDP_V4.slice()
    packet[at] = octet
    return parse(packet, UDP_V4, verify)[0]
  }
  assert.equal(parseUdp(UDP_V4, 20, 27, new Datagram(), true), 'udp-header-truncated')
  assert.equal(defectOf(25, 7), 'udp-length')
  assert.equal(defectOf(25, 13), 'udp-length')
  assert.equal(defectOf(31, 0, true), 'udp-checksum')
  assert.equal(defectOf(23, 0), 'udp-port-zero')
})

test('octets behind the length are not of the datagram', () => {
  const packet = new Uint8Array(UDP_V4.length + 5).fill(0xa5)
  packet.set(UDP_V4)
  const [defect, datagram] = parse(packet, UDP_V4)
  assert.deepEqual([defect, datagram.length], [undefined, 4])
})
