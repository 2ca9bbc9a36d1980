// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MOST_OCTETS, MOST_OCTETS_OF_SOURCE, MOST_PACKETS, MOST_PACKETS_OF_SOURCE } from '../../src/ip/reassembly.ts'
import type { Stack } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'
import {
  ADDRESSES,
  type Change,
  drain,
  icmpIn,
  icmpPacket,
  makeStack,
  receive,
  tcpPacket,
  udpPacket,
} from '../stack/packets.ts'
import { stream } from '../support/trace-packet.ts'
import { fixHeader, fragment, split } from './fragments.ts'

const SECONDS = { 4: 30, 6: 60 } as const

/** A stack with an open UDP port, and what has come there. */
function listener(): { stack: Stack; received: () => Uint8Array[] } {
  const stack = makeStack()
  const sockets = ([4, 6] as const).map((family) => stack.bind({ family, port: 53, receiveBuffer: 2 ** 20 }))
  return {
    stack,
    received: () =>
      sockets.flatMap((socket) => {
        const all: Uint8Array[] = []
        for (let next = socket.receive(); next !== undefined; next = socket.receive()) all.push(next.octets)
        return all
      }),
  }
}

const reassemblyOf = (stack: Stack) => stack['input'].reassembly

function counted({ counters }: Stack): boolean {
  const drops = Object.values(counters.drops).reduce((sum, count) => sum + count, 0)
  return counters.received === counters.accepted + drops
}

/** Counters of one family under the names of the other, too. */
function reassemblyCounters({ counters }: Stack, family: 4 | 6): number[] {
  const { IpReasmReqds, IpReasmOKs, IpReasmFails, IpReasmTimeout } = counters
  const { Ip6ReasmReqds, Ip6ReasmOKs, Ip6ReasmFails, Ip6ReasmTimeout } = counters
  return family === 4
    ? [IpReasmReqds, IpReasmOKs, IpReasmFails, IpReasmTimeout]
    : [Ip6ReasmReqds, Ip6ReasmOKs, Ip6ReasmFails, Ip6ReasmTimeout]
}

/** Where to cut a packet, and in which order its pieces come. */
const splitting = fc
  .record({
    length: fc.integer({ min: 24, max: 20_000 }),
    cuts: fc.array(fc.nat({ max: 2500 }), { minLength: 1, maxLength: 40 }),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ length, cuts, order }) => {
    const ends = [...new Set(cuts.map((cut) => 8 * cut))].filter((end) => end >= 8 && end < length + 8)
    return { length, ends: ends.sort((x, y) => x - y), order }
  })

function shuffled<T>(items: readonly T[], order: Iterator<number>): T[] {
  const left = [...items]
  const all: T[] = []
  while (left.length > 0) all.push(...left.splice((order.next().value as number) % left.length, 1))
  return all
}

for (const family of [4, 6] as const) {
  describe(`fragments of IPv${family}`, () => {
    test('of any split and in any order make the packet again (RFC 791 §3.2, RFC 8200 §4.5)', () => {
      fc.assert(
        fc.property(splitting, ({ length, ends, order }) => {
          const { stack, received } = listener()
          const pieces = split(udpPacket(family, stream(0, length)), ends)
          for (const piece of shuffled(pieces, order)) receive(stack, piece)
          assert.deepEqual(received(), [stream(0, length)])
          assert.equal(reassemblyOf(stack).size, 0)
          assert.equal(reassemblyOf(stack).octets, 0)
          assert.ok(counted(stack))
        }),
        { numRuns: 200 },
      )
    })

    test('that overlap are dropped, all of their packet (RFC 5722 §4), whatever else comes', () => {
      fc.assert(
        fc.property(splitting, fc.nat(), fc.integer({ min: 1, max: 40 }), ({ length, ends, order }, which, reach) => {
          const { stack, received } = listener()
          const packet = udpPacket(family, stream(0, length))
          if (ends.length === 0) return
          const end = ends[which % ends.length]!
          const overlapping = fragment(packet, {
            start: end - 8,
            end: Math.min(end + 8 * reach, length + 8),
            more: true,
          })
          if ((overlapping.length - (family === 4 ? 20 : 48)) % 8 !== 0 || end - 8 === 0) return
          if (family === 4 && end - 8 === 8) return
          for (const piece of shuffled([...split(packet, ends), overlapping], order)) receive(stack, piece)
          const before = received()
          // It may be whole before the one that overlaps comes; then that is the first of another.
          if (before.length > 0) assert.deepEqual(before, [stream(0, length)])
          else
            assert.ok(
              (stack.counters.drops['ip-fragment-overlap'] ?? 0) +
                (stack.counters.drops['ip-fragment-inconsistent'] ?? 0) >
                0,
            )
          assert.ok(counted(stack))
        }),
        { numRuns: 200 },
      )
    })

    test('come once more without harm, and are counted', () => {
      const { stack, received } = listener()
      const [first, second, last] = split(udpPacket(family, stream(0, 100)), [40, 80])
      for (const piece of [first!, second!, first!, second!, last!]) receive(stack, piece)
      assert.deepEqual(received(), [stream(0, 100)])
      assert.deepEqual(stack.counters.drops, { 'ip-fragment-duplicate': 2 })
      assert.deepEqual(reassemblyCounters(stack, family), [5, 1, 0, 0])
    })

    test('in the place of another, but with other octets, condemn the packet', () => {
      const { stack, received } = listener()
      const [first, second, last] = split(udpPacket(family, stream(0, 100)), [40, 80])
      const forged = second!.slice()
      forged[forged.length - 1]! ^= 1
      for (const piece of [first!, second!, forged, last!, second!]) receive(stack, piece)
      assert.deepEqual(received(), [])
      assert.deepEqual(stack.counters.drops, { 'ip-fragment-overlap': 3 })
      assert.deepEqual(reassemblyCounters(stack, family), [5, 0, 1, 0])
      stack.advance(SECONDS[family] * 1000)
      assert.equal(drain(stack, SECONDS[family] * 1000).length, 0, 'no error is sent (RFC 8200 §4.5)')
      assert.equal(reassemblyOf(stack).size, 0)
    })

    for (const [what, pieces] of [
      [
        'beyond the end',
        [
          { start: 80, end: 108 },
          { start: 108 + 4, end: 120, more: true },
        ],
      ],
      [
        'with another end',
        [
          { start: 80, end: 108 },
          { start: 48, end: 72, more: false },
        ],
      ],
      [
        'that end before what has come',
        [
          { start: 80, end: 96 },
          { start: 48, end: 72, more: false },
        ],
      ],
    ] as const) {
      test(`${what} contradict: dropped, with all of the packet`, () => {
        const { stack, received } = listener()
        const packet = udpPacket(family, stream(0, 100))
        for (const piece of pieces) receive(stack, fragment(packet, piece))
        for (const piece of split(packet, [40, 80])) receive(stack, piece)
        assert.deepEqual(received(), [])
        assert.ok(stack.counters.drops['ip-fragment-inconsistent']! >= 1)
        assert.ok(counted(stack))
      })
    }

    test('without payload, and first ones without the whole of the header, are too small (RFC 3128, RFC 7112)', () => {
      const { stack } = listener()
      receive(stack, fragment(udpPacket(family, stream(0, 100)), { start: 40, end: 40, more: true }))
      receive(stack, fragment(tcpPacket(family), { start: 0, end: 16, more: true }))
      if (family === 4) receive(stack, fragment(tcpPacket(4), { start: 8, end: 20 }))
      assert.deepEqual(stack.counters.drops, { 'ip-fragment-tiny': family === 4 ? 3 : 2 })
      assert.equal(reassemblyOf(stack).size, 0)
    })

    test('of a packet that would be longer than 65,535 octets are refused', () => {
      const { stack } = listener()
      receive(stack, fragment(udpPacket(family, stream(0, 65_000)), { start: 65_528, end: 65_544 }))
      assert.deepEqual(stack.counters.drops, { [`ipv${family}-fragment`]: 1 })
      const errors = drain(stack).map(icmpIn)
      assert.deepEqual(
        errors.map(({ type, code, rest }) => [type, code, rest]),
        family === 4 ? [] : [[4, 0, 42]],
      )
    })

    test(`are given up ${SECONDS[family]} s after the first, and the sender is told if the first one of the packet is there`, () => {
      const { stack, received } = listener()
      const [first, second, last] = split(udpPacket(family, stream(0, 100)), [40, 80])
      const [, other] = split(udpPacket(family, stream(0, 100)), [40, 80], 78)
      receive(stack, first!, 1000)
      receive(stack, other!, 1000)
      receive(stack, second!, 5000)
      const end = 1000 + SECONDS[family] * 1000
      assert.equal(stack.nextDeadline(), end)
      stack.advance(end - 1)
      assert.equal(reassemblyOf(stack).size, 2)
      stack.advance(end)
      assert.equal(stack.nextDeadline(), Number.POSITIVE_INFINITY)
      const errors = drain(stack, end).map(icmpIn)
      assert.deepEqual(
        errors.map(({ type, code, payload }) => [type, code, payload]),
        [[family === 4 ? 11 : 3, 1, first!]],
      )
      receive(stack, last!, end)
      assert.deepEqual(received(), [])
      assert.deepEqual(reassemblyCounters(stack, family), [4, 0, 2, 2])
    })

    test('of more than 64 packets of one source: the oldest goes', () => {
      const { stack, received } = listener()
      const packet = udpPacket(family, stream(0, 100))
      for (let id = 0; id <= MOST_PACKETS_OF_SOURCE; id++) receive(stack, split(packet, [40], id)[0]!)
      assert.equal(reassemblyOf(stack).size, MOST_PACKETS_OF_SOURCE)
      for (let id = 1; id <= MOST_PACKETS_OF_SOURCE; id++) receive(stack, split(packet, [40], id)[1]!)
      assert.equal(received().length, MOST_PACKETS_OF_SOURCE)
      assert.equal(reassemblyOf(stack).size, 0)
    })

    test('whatever comes, never hold more than the bounds', () => {
      const { stack } = listener()
      const pieces = fc.record({
        source: fc.nat({ max: 40 }),
        identification: fc.nat({ max: 200 }),
        start: fc.nat({ max: 8000 }),
        length: fc.integer({ min: 1, max: 180 }),
        more: fc.boolean(),
      })
      fc.assert(
        fc.property(fc.array(pieces, { minLength: 50, maxLength: 200 }), (all) => {
          for (const { source, start, length, more, identification } of all) {
            const change: Change = (header) => {
              header.source.d = (header.source.d & ~0xff) | (2 + source)
              if (family === 6) header.source.b = source
            }
            const packet = udpPacket(family, new Uint8Array(1500), change)
            const cut = fragment(packet, { start: 0, end: 8 * length, more, identification })
            if (family === 4) {
              cut[6] = (more ? 0x20 : 0) | (start >>> 8)
              cut[7] = start & 0xff
              fixHeader(cut)
            } else {
              cut[42] = start >>> 5
              cut[43] = ((start & 31) << 3) | (more ? 1 : 0)
            }
            receive(stack, cut)
          }
          const { octets, size } = reassemblyOf(stack)
          assert.ok(octets >= 0 && octets <= MOST_OCTETS, `${octets} octets`)
          assert.ok(size <= MOST_PACKETS, `${size} packets`)
          for (const [source, sum] of heldBySource(stack)) {
            assert.ok(sum <= MOST_OCTETS_OF_SOURCE, `${sum} octets of ${source}`)
          }
          assert.ok(counted(stack))
        }),
        { numRuns: 60 },
      )
      assert.ok(reassemblyOf(stack).size > 64)
      stack.advance(3_600_000)
      assert.deepEqual([reassemblyOf(stack).size, reassemblyOf(stack).octets], [0, 0])
    })

    test('of a TCP segment reach TCP as one (the upper layers see whole packets)', () => {
      const stack = makeStack()
      const tcp = stack.listen({ port: 80 })
      const packet = tcpPacket(family, { octets: stream(0, 60), start: 0, length: 60 })
      for (const piece of split(packet, [24, 48])) receive(stack, piece)
      assert.equal(tcp.halfOpen, 1)
      assert.deepEqual([stack.counters.received, stack.counters.InSegs], [3, 1])
    })

    test('of packets to others, or from nobody, are not held', () => {
      const stack = makeStack()
      const toOther: Change = (header) => {
        header.destination = IpAddress.parse(family === 4 ? '192.0.2.77' : '2001:db8::77')!
      }
      receive(stack, split(udpPacket(family, stream(0, 100), toOther), [40])[0]!)
      assert.deepEqual(stack.counters.drops, { 'ip-not-ours': 1 })
      assert.equal(reassemblyOf(stack).size, 0)
    })

    test('carry congestion that one of them met to the whole; a mixture with packets without ECN is refused (RFC 3168 §5.3)', () => {
      const marked = (codePoint: number, piece: Uint8Array): Uint8Array => {
        const octets = piece.slice()
        if (family === 4) octets[1] = codePoint
        else octets[1] = (octets[1]! & 0xcf) | (codePoint << 4)
        if (family === 4) fixHeader(octets)
        return octets
      }
      const { stack } = listener()
      const pieces = split(udpPacket(family, stream(0, 100)), [40])
      receive(stack, marked(0, pieces[0]!))
      receive(stack, marked(3, pieces[1]!))
      assert.deepEqual(stack.counters.drops, { 'ip-fragment-inconsistent': 1 })
      const echo = icmpPacket(family, family === 4 ? 8 : 128, 0, 7, stream(0, 100))
      const halves = split(echo, [40], 79)
      receive(stack, marked(2, halves[0]!))
      receive(stack, marked(3, halves[1]!))
      const reassembly = reassemblyOf(stack)
      assert.equal(family === 4 ? reassembly.whole[1]! & 3 : (reassembly.whole[1]! >>> 4) & 3, 3)
    })
  })
}

function heldBySource(stack: Stack): Map<string, number> {
  const held = new Map<string, number>()
  for (const { source, cost } of reassemblyOf(stack)['packets']) {
    const key = source.family === 4 ? `${source}` : `${source.a} ${source.b}`
    held.set(key, (held.get(key) ?? 0) + cost)
  }
  return held
}

test('a packet that is its own only fragment needs no others, and no place (RFC 6946 §4)', () => {
  const { stack, received } = listener()
  const packet = udpPacket(6, stream(0, 100))
  receive(stack, split(packet, [40])[0]!)
  receive(stack, fragment(packet, { start: 0, end: packet.length - 40 }))
  assert.deepEqual(received(), [stream(0, 100)])
  assert.equal(reassemblyOf(stack).size, 1)
})

test('fragments of IPv4 are told apart by protocol; those of IPv6 are not (RFC 791 §3.2, RFC 8200 §4.5)', () => {
  for (const family of [4, 6] as const) {
    const stack = makeStack()
    receive(stack, split(udpPacket(family, stream(0, 100)), [40])[0]!)
    receive(stack, split(icmpPacket(family, 8, 0, 0, stream(0, 100)), [40])[1]!)
    assert.equal(reassemblyOf(stack).size, family === 4 ? 2 : 0)
  }
})

test(`a stack of ${ADDRESSES[4].own} puts its own fragments together`, () => {
  const stack = makeStack({ mtu: 1280 })
  const socket = stack.bind({ family: 4, port: 9 })
  socket.send(stream(0, 5000), 0, 5000, IpAddress.parse(ADDRESSES[4].own)!, 9)
  assert.equal(drain(stack).length, 0)
  assert.deepEqual(socket.receive()?.octets, stream(0, 5000))
})
