import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IpAddress } from '../../src/wire/address.ts'
import { Protocol } from '../../src/wire/ip.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { type Change, drain, icmpIn, icmpPacket, makeStack, receive, udpPacket } from '../stack/packets.ts'
import { stream } from '../support/trace-packet.ts'

const { HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, UDP } = Protocol
const PADDING = [1, 4, 0, 0, 0, 0]

/** A datagram to port 53 behind extension headers, each given by its number and its octets from the second on. */
function extended(
  headers: readonly (readonly [protocol: number, body: readonly number[]])[],
  change?: Change,
): Uint8Array {
  const datagram = udpPacket(6, stream(0, 20), change)
  const bodies = headers.flatMap(([, body], i) => [headers[i + 1]?.[0] ?? UDP, ...body])
  const packet = Uint8Array.from([...datagram.subarray(0, 40), ...bodies, ...datagram.subarray(40)])
  packet[6] = headers[0]?.[0] ?? UDP
  writeUint16(packet, 4, packet.length - 40)
  return packet
}

/** What became of a packet: how many datagrams the socket got, why it was dropped, what its sender was told. */
function fate(packet: Uint8Array): { got: number; drops: object; told: (readonly [number, number, number])[] } {
  const stack = makeStack()
  const socket = stack.bind({ family: 6, port: 53 })
  receive(stack, packet)
  const told = drain(stack).map((octets) => {
    const { type, code, rest, payload } = icmpIn(octets)
    assert.deepEqual(payload, packet.slice(0, payload.length), 'it quotes the packet')
    return [type, code, rest] as const
  })
  const { received, accepted, drops } = stack.counters
  assert.equal(received, accepted + Object.values(drops).reduce((sum, count) => sum + count, 0))
  return { got: socket.length, drops, told }
}

const PARAMETER_PROBLEM = 4

describe('extension headers of IPv6', () => {
  test('that ask for nothing are passed over, in any order behind the hop-by-hop options (RFC 8200 §4.1)', () => {
    const headers = [
      [HOP_BY_HOP, [0, ...PADDING]],
      [ROUTING, [0, 0, 0, 0, 0, 0, 0]],
      [DESTINATION, [0, ...PADDING]],
      [FRAGMENT, [0, 0, 0, 0, 0, 0, 7]],
      [DESTINATION, [0, ...PADDING]],
      [ROUTING, [0, 0, 0, 0, 0, 0, 0]],
    ] as const
    assert.deepEqual(fate(extended(headers)), { got: 1, drops: {}, told: [] })
  })

  for (const [what, headers, drop, told] of [
    ['routing type 0 with segments left (RFC 5095 §3)', [[ROUTING, [0, 0, 1, 0, 0, 0, 0]]], 'ipv6-routing', [0, 42]],
    [
      'an unknown routing type with segments left (RFC 8200 §4.4)',
      [[ROUTING, [0, 9, 2, 0, 0, 0, 0]]],
      'ipv6-routing',
      [0, 42],
    ],
    [
      'hop-by-hop options that are not the first: as a next header that nobody knows (RFC 8200 §4)',
      [
        [DESTINATION, [0, ...PADDING]],
        [HOP_BY_HOP, [0, ...PADDING]],
      ],
      'ipv6-extension-order',
      [1, 40],
    ],
    [
      'an option to be refused with an answer: 10 (RFC 8200 §4.2)',
      [[DESTINATION, [0, 1, 0, 0x80, 2, 0, 0]]],
      'ipv6-option',
      [2, 44],
    ],
    [
      'an option to be refused with an answer, but to a group: 11',
      [[HOP_BY_HOP, [0, 0xc2, 4, 0, 1, 0, 0]]],
      'ipv6-option',
      [2, 42],
    ],
  ] as const) {
    test(`${what}: dropped, and its sender told where`, () => {
      const [code, pointer] = told
      const packet = extended(headers)
      assert.deepEqual(fate(packet), { got: 0, drops: { [drop]: 1 }, told: [[PARAMETER_PROBLEM, code, pointer]] })
    })
  }

  test('with an option to be refused in silence: 01 (RFC 8200 §4.2)', () => {
    assert.deepEqual(fate(extended([[DESTINATION, [0, 0x40, 4, 0, 0, 0, 0]]])), {
      got: 0,
      drops: { 'ipv6-option': 1 },
      told: [],
    })
  })

  test('with an option to be skipped: 00', () => {
    assert.equal(fate(extended([[HOP_BY_HOP, [0, 0x05, 2, 0, 0, 1, 0]]])).got, 1)
  })

  test('before a protocol that is not there: the pointer is at its number in the last of them', () => {
    const packet = extended([
      [HOP_BY_HOP, [0, ...PADDING]],
      [DESTINATION, [0, ...PADDING]],
    ])
    packet[48] = 200
    assert.deepEqual(fate(packet), { got: 0, drops: { 'ip-protocol': 1 }, told: [[PARAMETER_PROBLEM, 1, 48]] })
  })

  test('more of them than eight, or that run past the end, are dropped in silence', () => {
    const nine = Array.from({ length: 9 }, () => [DESTINATION, [0, ...PADDING]] as const)
    assert.deepEqual(fate(extended(nine)), { got: 0, drops: { 'ipv6-extension-count': 1 }, told: [] })
    const long = extended([[DESTINATION, [200, ...PADDING]]])
    assert.deepEqual(fate(long), { got: 0, drops: { 'ipv6-extension-truncated': 1 }, told: [] })
  })

  test('of packets to a group, or from one, are answered with nothing (RFC 4443 §2.4 (e))', () => {
    const headers = [[ROUTING, [0, 0, 1, 0, 0, 0, 0]]] as const
    const toGroup: Change = (header) => {
      header.destination = IpAddress.parse('ff02::1')!
    }
    const fromGroup: Change = (header) => {
      header.source = IpAddress.parse('ff02::1')!
    }
    assert.deepEqual(fate(extended(headers, toGroup)).told, [])
    assert.deepEqual(fate(extended(headers, fromGroup)).told, [])
  })

  test('a second fragment header within a packet in fragments is dropped', () => {
    const stack = makeStack()
    const datagram = udpPacket(6, stream(0, 20))
    const inner = [DESTINATION, 0, 0, 0, 0, 0, 0, 9]
    const chain = [FRAGMENT, 0, ...PADDING, ...inner, UDP, 0, ...PADDING, ...datagram.subarray(40)]
    const outer = (start: number, end: number): Uint8Array => {
      const body = chain.slice(start, end)
      const more = end < chain.length ? 1 : 0
      const packet = Uint8Array.from([
        ...datagram.subarray(0, 40),
        DESTINATION,
        0,
        0,
        start | more,
        0,
        0,
        0,
        5,
        ...body,
      ])
      packet[6] = FRAGMENT
      writeUint16(packet, 4, packet.length - 40)
      return packet
    }
    receive(stack, outer(0, 32))
    receive(stack, outer(32, chain.length))
    assert.equal(stack.counters.received, stack.counters.accepted + 1)
  })

  test('an ICMPv6 error that cannot be read is not answered with another', () => {
    const stack = makeStack()
    receive(stack, icmpPacket(6, 1, 4, 0, stream(0, 3)))
    assert.equal(drain(stack).length, 0)
  })
})
