import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IpAddress } from '../../src/wire/address.ts'
import type { WireDefect } from '../../src/wire/defect.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { MAX_EXTENSION_HEADERS, walkExtensions } from '../../src/wire/ipv6.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { FRAGMENT_V6, ipHeader as headerOf, hex, octets, SYN_ACK_V6, SYN_V6 } from './golden.ts'

const { HOP_BY_HOP, TCP, ROUTING, FRAGMENT, NO_NEXT, DESTINATION } = Protocol

/** SYN_V6 with extension headers before its segment, each given by its number and its octets from the second on. */
function extended(...headers: readonly (readonly [protocol: number, hex: string])[]): Uint8Array {
  const bodies = headers.map(([, body], i) => {
    const next = headers[i + 1]?.[0] ?? TCP
    return [next, ...octets(body)]
  })
  const packet = Uint8Array.from([...SYN_V6.subarray(0, 40), ...bodies.flat(), ...SYN_V6.subarray(40)])
  packet[6] = headers[0]?.[0] ?? TCP
  writeUint16(packet, 4, packet.length - 40)
  return packet
}

function defectOf(packet: Uint8Array): WireDefect | undefined {
  return parseIp(packet, 0, packet.length, new IpHeader())
}

/** Eight octets of padding options. */
const PADDING = '00 010400000000'

test('a SYN,ACK of Linux: every field of its IPv6 header', () => {
  const { source, destination, ...fields } = headerOf(SYN_ACK_V6)
  assert.deepEqual([String(source), String(destination)], ['fd77::1', 'fd77::2'])
  assert.deepEqual(fields, {
    family: 6,
    protocol: 6,
    hopLimit: 64,
    trafficClass: 0,
    flowLabel: 0x8e42d,
    identification: 0,
    dontFragment: false,
    fragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    problem: -1,
    pointer: 6,
    start: 0,
    payloadStart: 40,
    payloadEnd: 80,
  })
})

test('a header is written with the octets that Linux wrote', () => {
  const written = new Uint8Array(43).fill(0xa5)
  assert.equal(writeIp(written, 2, headerOf(SYN_ACK_V6), SYN_ACK_V6.length - 40), 40)
  assert.equal(hex(written), `a5a5${hex(SYN_ACK_V6, 0, 40)}a5`)
})

test('extension headers are walked to the transport', () => {
  const packet = extended(
    [HOP_BY_HOP, `00 0502 0000 0100`],
    [DESTINATION, `01 010c ${'00'.repeat(12)}`],
    [ROUTING, '00 0000 00000000'],
    [FRAGMENT, '00 0000 00000007'],
    [DESTINATION, PADDING],
  )
  const header = headerOf(packet)
  assert.deepEqual([header.protocol, header.payloadStart, header.payloadEnd], [TCP, 40 + 48, packet.length])
  assert.equal(hex(packet, header.payloadStart), hex(SYN_V6, 40))
})

test('a fragment says where in its packet it belongs, and its header ends the walk', () => {
  const header = headerOf(FRAGMENT_V6)
  assert.deepEqual([header.fragment, header.moreFragments, header.fragmentOffset], [true, false, 1448])
  assert.deepEqual([header.identification, header.protocol], [0xc390a0eb, Protocol.UDP])
  assert.equal(header.payloadStart, 48)

  const first = headerOf(extended([FRAGMENT, '00 0001 00000007'], [DESTINATION, PADDING]))
  assert.deepEqual([first.fragment, first.moreFragments, first.fragmentOffset], [true, true, 0])
  assert.deepEqual([first.protocol, first.payloadStart], [DESTINATION, 48])
})

test('the walk goes on once the packet is whole again', () => {
  const packet = extended([FRAGMENT, '00 0001 00000007'], [DESTINATION, PADDING])
  const header = headerOf(packet)
  assert.equal(walkExtensions(packet, header.payloadStart, header.payloadEnd, header.protocol, header), undefined)
  assert.deepEqual([header.fragment, header.protocol, header.payloadStart], [false, TCP, 56])
})

test('a packet that is its only fragment is no fragment (RFC 6946)', () => {
  const header = headerOf(extended([FRAGMENT, '00 0000 00000007']))
  assert.deepEqual([header.fragment, header.identification, header.protocol], [false, 7, TCP])
})

test('no next header is nothing to read, and no defect', () => {
  const packet = extended([DESTINATION, PADDING])
  packet[40] = NO_NEXT
  assert.equal(headerOf(packet).protocol, NO_NEXT)
})

test('an unknown option is skipped or not as the upper bits of its type say', () => {
  assert.equal(defectOf(extended([HOP_BY_HOP, '00 3e0400000000'])), undefined)
  assert.equal(defectOf(extended([HOP_BY_HOP, '00 00000000 0000'])), undefined)
  for (const type of ['7e', 'be', 'fe']) {
    assert.equal(defectOf(extended([HOP_BY_HOP, `00 ${type}0400000000`])), 'ipv6-option', type)
  }
})

test('an option that runs past its header is a defect', () => {
  assert.equal(defectOf(extended([DESTINATION, '00 010500000000'])), 'ipv6-option')
  assert.equal(defectOf(extended([DESTINATION, '00 0103000000 01'])), 'ipv6-option')
})

test('the number of extension headers has a bound', () => {
  const headers = (count: number): Uint8Array =>
    extended(...Array.from({ length: count }, (): [number, string] => [DESTINATION, PADDING]))
  assert.equal(defectOf(headers(MAX_EXTENSION_HEADERS)), undefined)
  assert.equal(defectOf(headers(MAX_EXTENSION_HEADERS + 1)), 'ipv6-extension-count')
})

test('an IPv4-mapped address in an IPv6 header is a defect', () => {
  for (const at of [8, 24]) {
    const packet = SYN_V6.slice()
    new IpAddress(0, 0, 0xffff, 0x0a4d0001).write6(packet, at)
    assert.equal(defectOf(packet), 'ipv6-mapped-address')
  }
})

test('each other defect has its name', () => {
  assert.equal(defectOf(SYN_V6.subarray(0, 39)), 'ipv6-header-truncated')
  assert.equal(defectOf(SYN_V6.subarray(0, 79)), 'ipv6-length')
  assert.equal(defectOf(extended([DESTINATION, 'ff 010400000000'])), 'ipv6-extension-truncated')
  assert.equal(defectOf(extended([DESTINATION, PADDING], [HOP_BY_HOP, PADDING])), 'ipv6-extension-order')
  assert.equal(defectOf(extended([ROUTING, '00 0001 00000000'])), 'ipv6-routing')
  assert.equal(defectOf(extended([FRAGMENT, '00 fff8 00000007'])), 'ipv6-fragment')

  const odd = extended([FRAGMENT, '00 0001 00000007']).subarray(0, -1)
  writeUint16(odd, 4, odd.length - 40)
  assert.equal(defectOf(odd), 'ipv6-fragment')

  // A jumbogram says 0 here, and there is no room for the option that would say more.
  const empty = extended([HOP_BY_HOP, PADDING])
  writeUint16(empty, 4, 0)
  assert.equal(defectOf(empty), 'ipv6-extension-truncated')
})
