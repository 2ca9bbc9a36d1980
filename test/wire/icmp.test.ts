import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WireDefect } from '../../src/wire/defect.ts'
import { echoRest, IcmpMessage, IcmpType, isIcmpError, parseIcmp, quoteLength, writeIcmp } from '../../src/wire/icmp.ts'
import { Icmpv6Type, isIcmpv6Error, parseIcmpv6, writeIcmpv6 } from '../../src/wire/icmpv6.ts'
import type { IpHeader } from '../../src/wire/ip.ts'
import { addressPair, payload, uint8, uint16, uint32 } from './arbitraries.ts'
import {
  ECHO_REPLY_V4,
  ECHO_REPLY_V6,
  hex,
  ipHeader,
  PORT_UNREACHABLE_V4,
  PORT_UNREACHABLE_V6,
  TIME_EXCEEDED_V4,
  TOO_BIG_V4,
  TOO_BIG_V6,
} from './golden.ts'

const ALL = [
  ECHO_REPLY_V4,
  ECHO_REPLY_V6,
  PORT_UNREACHABLE_V4,
  PORT_UNREACHABLE_V6,
  TIME_EXCEEDED_V4,
  TOO_BIG_V4,
  TOO_BIG_V6,
]

function parse(packet: Uint8Array, header: IpHeader, into: IcmpMessage): WireDefect | undefined {
  into.source.copy(header.source)
  into.destination.copy(header.destination)
  const parser = header.family === 4 ? parseIcmp : parseIcmpv6
  return parser(packet, header.payloadStart, header.payloadEnd, into)
}

function parsed(packet: Uint8Array): IcmpMessage {
  const message = new IcmpMessage()
  assert.equal(parse(packet, ipHeader(packet), message), undefined)
  return message
}

test('echo replies of Linux', () => {
  for (const [packet, type] of [
    [ECHO_REPLY_V4, IcmpType.ECHO_REPLY],
    [ECHO_REPLY_V6, Icmpv6Type.ECHO_REPLY],
  ] as const) {
    const message = parsed(packet)
    assert.deepEqual([message.type, message.code], [type, 0])
    assert.deepEqual([message.identifier, message.sequence], [0x1234, 1])
    assert.equal(message.rest, echoRest(0x1234, 1))
    assert.equal(hex(packet, message.start, message.start + message.length), '000102030405060708090a0b0c0d0e0f')
  }
})

test('errors of Linux', () => {
  const kind = (packet: Uint8Array): [number, number] => [parsed(packet).type, parsed(packet).code]
  assert.deepEqual(kind(PORT_UNREACHABLE_V4), [3, 3])
  assert.deepEqual(kind(PORT_UNREACHABLE_V6), [1, 4])
  assert.deepEqual(kind(TIME_EXCEEDED_V4), [11, 0])
  assert.deepEqual([...kind(TOO_BIG_V4), parsed(TOO_BIG_V4).mtu], [3, 4, 1280])
  assert.deepEqual([...kind(TOO_BIG_V6), parsed(TOO_BIG_V6).mtu], [2, 0, 1280])
})

test('a message is written with the octets that Linux wrote, checksum included', () => {
  for (const packet of ALL) {
    const { family, payloadStart } = ipHeader(packet)
    const written = new Uint8Array(1300).fill(0xa5)
    const length = (family === 4 ? writeIcmp : writeIcmpv6)(written, 1, parsed(packet))
    assert.equal(hex(written, 0, length + 2), `a5${hex(packet, payloadStart)}a5`)
  }
})

test('an error quotes as much as Linux does, and all of a short packet', () => {
  assert.equal(quoteLength(4, 1440), parsed(TOO_BIG_V4).length)
  assert.equal(quoteLength(6, 1460), parsed(TOO_BIG_V6).length)
  assert.equal(quoteLength(4, 40), 40)
  assert.equal(quoteLength(6, 60), 60)
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(addressPair, uint8, uint8, uint32, payload, ([source, destination], type, code, rest, data) => {
      const made = { source, destination, type, code, rest, octets: data, start: 0, length: data.length }
      const [write, read] = source.family === 4 ? [writeIcmp, parseIcmp] : [writeIcmpv6, parseIcmpv6]
      const written = new Uint8Array(8 + data.length)
      assert.equal(write(written, 0, Object.assign(new IcmpMessage(), made)), written.length)
      const back = Object.assign(new IcmpMessage(), { source, destination })
      assert.equal(read(written, 0, written.length, back), undefined)
      assert.deepEqual(back, Object.assign(new IcmpMessage(), made, { octets: written, start: 8 }))
      assert.equal(hex(written, 8), hex(data))
    }),
  )
})

test('identifier and sequence number come back out of their octets', () => {
  fc.assert(
    fc.property(uint16, uint16, (identifier, sequence) => {
      const message = Object.assign(new IcmpMessage(), { rest: echoRest(identifier, sequence) })
      assert.deepEqual([message.identifier, message.sequence], [identifier, sequence])
    }),
  )
})

test('the pointer of a parameter problem is one octet in ICMPv4 and four in ICMPv6', () => {
  const four = Object.assign(new IcmpMessage(), { rest: 0x0900_0000 })
  assert.equal(four.pointer, 9)
  const six = Object.assign(parsed(TOO_BIG_V6), { rest: 40 })
  assert.equal(six.pointer, 40)
})

test('any bit that changes is noticed', () => {
  for (const packet of [ECHO_REPLY_V4, ECHO_REPLY_V6]) {
    const header = ipHeader(packet)
    for (let at = header.payloadStart; at < packet.length; at++) {
      const copy = packet.slice()
      copy[at]! ^= 0x10
      assert.equal(parse(copy, header, new IcmpMessage()), 'icmp-checksum')
    }
  }
})

test('fewer than eight octets are a defect', () => {
  for (const packet of [ECHO_REPLY_V4, ECHO_REPLY_V6]) {
    const header = ipHeader(packet)
    header.payloadEnd = header.payloadStart + 7
    assert.equal(parse(packet, header, new IcmpMessage()), 'icmp-truncated')
  }
})

test('errors are told from what may be answered', () => {
  assert.deepEqual([3, 4, 5, 11, 12].map(isIcmpError), [true, true, true, true, true])
  assert.deepEqual([0, 8, 13, 14].map(isIcmpError), [false, false, false, false])
  assert.deepEqual([1, 2, 3, 4, 127].map(isIcmpv6Error), [true, true, true, true, true])
  assert.deepEqual([128, 129, 135].map(isIcmpv6Error), [false, false, false])
})
