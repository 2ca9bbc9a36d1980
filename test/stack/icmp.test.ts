import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stream } from '../support/trace-packet.ts'
import { ADDRESSES, drain, icmpIn, icmpPacket, makeStack, receive, udpPacket } from './packets.ts'

const ECHO = { 4: 8, 6: 128 } as const
const ECHO_REPLY = { 4: 0, 6: 129 } as const
/** Destination unreachable, port unreachable. */
const PORT_UNREACHABLE = { 4: [3, 3], 6: [1, 4] } as const

for (const family of [4, 6] as const) {
  describe(`ICMP over IPv${family}`, () => {
    test('answers an echo with the same identifier, number and data (RFC 1122 §3.2.2.6, RFC 4443 §4.2)', () => {
      const stack = makeStack()
      receive(stack, icmpPacket(family, ECHO[family], 0, 0x1234_0007, stream(0, 100)))
      const [reply, ...more] = drain(stack).map(icmpIn)
      assert.equal(more.length, 0)
      assert.equal(reply?.type, ECHO_REPLY[family])
      assert.equal(reply.rest, 0x1234_0007)
      assert.deepEqual(reply.payload, stream(0, 100))
      assert.equal(`${reply.header.source}`, ADDRESSES[family].own)
      assert.equal(`${reply.header.destination}`, ADDRESSES[family].peer)
      assert.deepEqual([stack.counters.received, stack.counters.accepted, stack.counters.transmitted], [1, 1, 1])
    })

    test('answers an echo that is longer than the link takes in fragments', () => {
      const stack = makeStack({ mtu: 1280 })
      const headers = (family === 4 ? 20 : 40) + 8
      receive(stack, icmpPacket(family, ECHO[family], 0, 1, stream(0, 1280 - headers)))
      assert.deepEqual(
        drain(stack).map(({ length }) => length),
        [1280],
      )
      receive(stack, icmpPacket(family, ECHO[family], 0, 1, stream(0, 1281 - headers)))
      assert.equal(drain(stack).length, 2)
    })

    test('keeps 64 answers at the most for a link that takes none', () => {
      const stack = makeStack()
      for (let i = 0; i < 100; i++) receive(stack, icmpPacket(family, ECHO[family], 0, i, stream(0, 8)))
      const replies = drain(stack).map(icmpIn)
      assert.deepEqual(
        replies.map(({ rest }) => rest),
        Array.from({ length: 64 }, (_, i) => i),
      )
      assert.equal(stack.counters.drops['icmp-limited'], 36)
    })

    for (const [what, type] of [
      ['an echo reply', ECHO_REPLY[family]],
      ['a type that nobody knows', 200],
      ['a router solicitation', family === 4 ? 10 : 133],
    ] as const) {
      test(`ignores ${what}, and counts it`, () => {
        const stack = makeStack()
        receive(stack, icmpPacket(family, type, 0, 0, stream(0, 40)))
        assert.equal(drain(stack).length, 0)
        assert.equal(stack.counters.drops['icmp-ignored'], 1)
      })
    }

    test('drops what has a wrong checksum', () => {
      const stack = makeStack()
      const packet = icmpPacket(family, ECHO[family], 0, 0, stream(0, 40))
      packet[packet.length - 1]! ^= 1
      receive(stack, packet)
      assert.equal(drain(stack).length, 0)
      assert.equal(stack.counters.drops['icmp-checksum'], 1)
    })

    test('tells who sends a UDP datagram that no socket waits for it, and quotes the datagram (RFC 1122 §4.1.3.1)', () => {
      const stack = makeStack()
      const datagram = udpPacket(family, stream(0, 50))
      receive(stack, icmpPacket(family, ECHO[family], 0, 0x1234_0007, stream(0, 8)))
      receive(stack, datagram)
      const [, error] = drain(stack).map(icmpIn)
      assert.equal(error?.rest, 0, 'the octets that are not used are zero')
      assert.deepEqual([error?.type, error?.code], PORT_UNREACHABLE[family])
      assert.deepEqual(error?.payload, datagram)
      assert.equal(stack.counters.drops['udp-no-socket'], 1)
    })

    test('quotes no more than every path carries (RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c))', () => {
      const stack = makeStack()
      receive(stack, udpPacket(family, stream(0, 1400)))
      assert.equal(drain(stack)[0]?.length, family === 4 ? 576 : 1280)
    })

    test('sends 20 errors in one go and 100 a second at the most (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f))', () => {
      const stack = makeStack()
      const flood = (now: number): number => {
        for (let i = 0; i < 50; i++) receive(stack, udpPacket(family, stream(0, 8)), now)
        return drain(stack, now).length
      }
      assert.deepEqual([flood(0), flood(0), flood(50), flood(10_000)], [20, 0, 5, 20])
    })

    test('does not answer a datagram with a wrong checksum (RFC 1122 §4.1.3.4)', () => {
      const stack = makeStack()
      const datagram = udpPacket(family, stream(0, 50))
      datagram[datagram.length - 1]! ^= 1
      receive(stack, datagram)
      assert.equal(drain(stack).length, 0)
      assert.equal(stack.counters.drops['udp-checksum'], 1)
    })

    test('counts an error that quotes what is no TCP segment', () => {
      const stack = makeStack()
      const [type, code] = PORT_UNREACHABLE[family]
      receive(stack, icmpPacket(family, type, code, 0, udpPacket(family, stream(0, 8))))
      receive(stack, icmpPacket(family, type, code, 0, stream(0, 10)))
      const { received, accepted, drops } = stack.counters
      assert.deepEqual([received, accepted], [2, 0])
      assert.equal(drops['quote-not-tcp'], 1)
      assert.equal(drain(stack).length, 0, 'an error is never answered (RFC 1122 §3.2.2)')
    })
  })
}
