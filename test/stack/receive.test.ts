/** What becomes of a frame before TCP sees it, and how it is counted. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DropReason } from '../../src/tcp/drop-reason.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { foldChecksum, sumOctets } from '../../src/wire/checksum.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { type Change, drain, icmpIn, makeStack, receive, tcpPacket } from './packets.ts'

const from =
  (text: string): Change =>
  (header) => {
    header.source = IpAddress.parse(text)!
  }
const to =
  (text: string): Change =>
  (header) => {
    header.destination = IpAddress.parse(text)!
  }

/** The packet is dropped in silence, for that reason, and counted once. */
function isDropped(packet: Uint8Array, reason: DropReason): void {
  const reasons: DropReason[] = []
  const stack = makeStack({ observer: { drop: (why) => reasons.push(why) } })
  const listener = stack.listen({ port: 80 })
  receive(stack, packet)
  assert.deepEqual(reasons, [reason])
  assert.deepEqual(stack.counters.drops, { [reason]: 1 })
  assert.deepEqual([stack.counters.received, stack.counters.accepted], [1, 0])
  assert.equal(drain(stack).length, 0)
  assert.equal(listener.halfOpen, 0)
}

function isTaken(packet: Uint8Array): void {
  const stack = makeStack()
  const listener = stack.listen({ port: 80 })
  receive(stack, packet)
  assert.deepEqual([stack.counters.received, stack.counters.accepted], [1, 1])
  assert.equal(listener.halfOpen, 1)
  assert.equal(drain(stack).length, 1)
}

describe('a SYN', () => {
  for (const family of [4, 6] as const) {
    test(`over IPv${family} to an address of the stack is taken`, () => {
      isTaken(tcpPacket(family))
    })
  }

  for (const [family, address] of [
    [4, '224.0.0.1'],
    [4, '255.255.255.255'],
    [4, '192.0.2.255'],
    [6, 'ff02::1'],
  ] as const) {
    test(`to ${address} is discarded in silence (RFC 9293 MUST-57)`, () => {
      isDropped(tcpPacket(family, {}, to(address)), 'tcp-not-unicast')
    })
  }

  for (const [family, address] of [
    [4, '192.0.2.77'],
    [6, '2001:db8::77'],
  ] as const) {
    test(`to ${address}, somebody else, is dropped`, () => {
      isDropped(tcpPacket(family, {}, to(address)), 'ip-not-ours')
    })
  }

  for (const [family, address] of [
    [4, '224.0.0.1'],
    [4, '255.255.255.255'],
    [4, '192.0.2.255'],
    [4, '0.0.0.0'],
    [4, '192.0.2.1'],
    [6, 'ff02::1'],
    [6, '::'],
    [6, '2001:db8::1'],
  ] as const) {
    test(`from ${address}, which no peer can have, is ignored (RFC 9293 MUST-63)`, () => {
      isDropped(tcpPacket(family, {}, from(address)), 'ip-source')
    })
  }

  test('over IPv6 between IPv4-mapped addresses is nothing that IPv4 would hear of (RFC 4942 §2.2)', () => {
    const stack = makeStack()
    const listener = stack.listen({ port: 80 })
    const packet = tcpPacket(6)
    const mapped = (last: number): number[] => [...new Array<number>(10).fill(0), 0xff, 0xff, 192, 0, 2, last]
    packet.set(mapped(2), 8)
    packet.set(mapped(1), 24)
    receive(stack, packet)
    assert.equal(listener.halfOpen, 0)
    assert.equal(stack.counters.accepted, 0)
    assert.equal(drain(stack).length, 0)
  })

  test('with a wrong TCP checksum is dropped, and counted as Linux does (RFC 9293 MUST-3)', () => {
    const packet = tcpPacket(4)
    packet[packet.length - 1]! ^= 1
    const stack = makeStack()
    stack.listen({ port: 80 })
    receive(stack, packet)
    const { InSegs, InErrs, InCsumErrors } = stack.counters
    assert.deepEqual([InSegs, InErrs, InCsumErrors], [1, 1, 1])
    isDropped(packet, 'tcp-checksum')
  })

  test('with a wrong IP checksum is dropped', () => {
    const packet = tcpPacket(4)
    packet[10]! ^= 1
    isDropped(packet, 'ipv4-checksum')
  })

  test('whose checksum the link has vouched for is taken whatever it says', () => {
    const packet = tcpPacket(4)
    packet[36]! ^= 0xff
    const stack = makeStack()
    const listener = stack.listen({ port: 80 })
    stack.receive(packet, 0, packet.length, 0, {
      checksumValid: true,
      checksumPartial: false,
      segmentSize: 0,
      clear() {},
    })
    assert.equal(listener.halfOpen, 1)
  })

  test('in the middle of a buffer is taken from there', () => {
    const packet = tcpPacket(6)
    const octets = new Uint8Array(packet.length + 50).fill(0xee)
    octets.set(packet, 25)
    const stack = makeStack()
    const listener = stack.listen({ port: 80 })
    stack.receive(octets, 25, 25 + packet.length, 0)
    assert.equal(listener.halfOpen, 1)
  })
})

describe('a packet', () => {
  for (const [family, at, number] of [
    [4, 9, 132],
    [4, 9, 58],
    [6, 6, 132],
    [6, 6, 1],
  ] as const) {
    test(`over IPv${family} of protocol ${number}, which the stack does not have, is dropped, and its sender told (RFC 1122 §3.2.2.1, RFC 8200 §4)`, () => {
      const packet = tcpPacket(family)
      packet[at] = number
      if (family === 4) packet.set([0, 0], 10)
      if (family === 4) writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, 20)))
      const stack = makeStack()
      receive(stack, packet)
      assert.deepEqual(stack.counters.drops, { 'ip-protocol': 1 })
      const [error] = drain(stack).map(icmpIn)
      assert.deepEqual([error?.type, error?.code, error?.rest], family === 4 ? [3, 2, 0] : [4, 1, 6])
    })
  }

  test('without a next header is dropped in silence (RFC 8200 §4.7)', () => {
    const packet = tcpPacket(6)
    packet[6] = 59
    isDropped(packet, 'ip-protocol')
  })

  test('of no octets is dropped', () => {
    isDropped(new Uint8Array(0), 'ip-empty')
  })
})
