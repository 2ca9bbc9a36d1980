import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import { Offload } from '../../src/wire/offload.ts'
import { RST } from '../../src/wire/segment.ts'
import { ADDRESSES, drain, makeStack, receive, tcpPacket } from './packets.ts'

describe('the options of a stack', () => {
  const valid: StackOptions = { addresses: ['192.0.2.1/24'], secret: new Uint8Array(32) }

  for (const mtu of [575, 65_536, 1500.5, Number.NaN]) {
    test(`refuse an MTU of ${mtu}`, () => {
      assert.throws(() => new Stack({ ...valid, mtu }), { code: 'ERR_OUT_OF_RANGE', message: /"mtu"/ })
    })
  }

  test('refuse an MTU below 1280 where there is IPv6 (RFC 8200 §5)', () => {
    assert.throws(() => makeStack({ mtu: 1279 }), { code: 'ERR_OUT_OF_RANGE', message: /"mtu"/ })
    assert.equal(makeStack({ mtu: 1280 }).mtu, 1280)
    assert.equal(new Stack({ ...valid, mtu: 576 }).mtu, 576)
  })

  test('refuse a secret that is too short, an address that is none, and a knob out of range', () => {
    assert.throws(() => new Stack({ ...valid, secret: new Uint8Array(31) }), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => new Stack({ ...valid, addresses: ['nonsense'] }), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => new Stack({ ...valid, tcp: { delayedAck: -1 } }), { code: 'ERR_OUT_OF_RANGE' })
  })

  test('let it be 1500 octets and 32 of a secret', () => {
    assert.equal(new Stack(valid).mtu, 1500)
  })
})

describe('a stack', () => {
  test('that is idle has nothing to send, to do, or to tell', () => {
    const stack = makeStack()
    assert.equal(drain(stack).length, 0)
    assert.equal(stack.nextDeadline(), Infinity)
    assert.equal(stack.nextEvent(), undefined)
    stack.advance(1e12)
    assert.equal(drain(stack, 1e12).length, 0)
  })

  test('sends nothing from within a call of the user: it waits to be asked', () => {
    const stack = makeStack()
    const connection = stack.connect({ address: ADDRESSES[4].peer, port: 80 })
    connection.send(new Uint8Array(10))
    assert.equal(stack.counters.transmitted, 0)
    assert.equal(drain(stack).length, 1)
  })

  test('writes where it is told, and nothing before that', () => {
    const stack = makeStack()
    stack.connect({ address: ADDRESSES[4].peer, port: 80 })
    const into = new Uint8Array(2000).fill(0xee)
    const length = stack.transmit(into, 100, 0)
    assert.equal(into[100]! >> 4, 4)
    assert.ok(into.subarray(0, 100).every((octet) => octet === 0xee))
    assert.ok(into.subarray(100 + length).every((octet) => octet === 0xee))
  })

  test('leaves checksums to a link that completes them', () => {
    const stack = makeStack({ offload: { checksum: true, segmentation: 0 } })
    stack.connect({ address: ADDRESSES[4].peer, port: 80 })
    const offload = new Offload()
    const into = new Uint8Array(2000)
    assert.ok(stack.transmit(into, 0, 0, offload) > 0)
    assert.equal(offload.checksumPartial, true)
    assert.equal(stack.transmit(into, 0, 0, offload), 0)
    assert.equal(offload.checksumPartial, false)
  })

  test('does not let a RST carry the ACK of another: replies keep their order', () => {
    const stack = makeStack()
    for (let i = 0; i < 3; i++) receive(stack, tcpPacket(4, { seq: 1000 * i, sourcePort: 40_000 + i }))
    const acks = drain(stack).map((packet) => [packet[33]! & RST, new DataView(packet.buffer).getUint32(28)])
    assert.deepEqual(acks, [
      [RST, 1],
      [RST, 1001],
      [RST, 2001],
    ])
  })

  test('holds no more answers than it is told for a link that takes none, and counts the others', () => {
    const stack = makeStack({ tcp: { maxReplies: 10 } })
    for (let i = 0; i < 25; i++) receive(stack, tcpPacket(4, { seq: i }))
    assert.equal(drain(stack).length, 10)
    assert.equal(stack.counters.ReplyQueueFull, 15)
  })

  test('holds one SYN-ACK for an entry, however often its SYN comes before that goes out', () => {
    const stack = makeStack()
    stack.listen({ port: 80 })
    for (let i = 0; i < 5; i++) receive(stack, tcpPacket(4), 1000 * i)
    assert.equal(drain(stack, 5000).length, 1)
  })

  test('holds a SYN-ACK for each entry, whose schedule goes on when the link takes none', () => {
    const stack = makeStack()
    const listener = stack.listen({ port: 80, backlog: 3 })
    for (let i = 0; i < 3; i++) receive(stack, tcpPacket(4, { sourcePort: 40_000 + i }))
    stack.advance(1000)
    stack.advance(3000)
    assert.equal(drain(stack, 3000).length, 3)
    assert.equal(listener.counters.synAcks, 3)
    assert.equal(listener.halfOpen, 3)
  })
})

describe('a connection of a stack with itself (RFC 1122 §3.2.1.3)', () => {
  for (const family of [4, 6] as const) {
    test(`over IPv${family} does not go by way of the link`, () => {
      const stack = makeStack()
      const listener = stack.listen({ port: 80 })
      const client = stack.connect({ address: ADDRESSES[family].own, port: 80 })
      assert.equal(drain(stack).length, 0)
      const server = listener.accept()
      assert.equal(client.state, 'ESTABLISHED')
      assert.equal(server?.state, 'ESTABLISHED')
      client.send(Uint8Array.of(1, 2, 3))
      client.close()
      assert.equal(drain(stack).length, 0)
      const into = new Uint8Array(10)
      assert.equal(server.receive(into), 3)
      assert.deepEqual([...into.subarray(0, 3)], [1, 2, 3])
      assert.equal(server.ended, true)
      server.close()
      drain(stack)
      assert.deepEqual([client.state, server.state], ['TIME-WAIT', 'CLOSED'])
      const { received, accepted, transmitted } = stack.counters
      assert.deepEqual([received, accepted], [transmitted, transmitted])
    })
  }

  test('to a port that nobody listens on is refused', () => {
    const stack = makeStack()
    const client = stack.connect({ address: ADDRESSES[4].own, port: 80 })
    drain(stack)
    assert.equal(client.error?.code, 'ECONNREFUSED')
    const { received, accepted, drops } = stack.counters
    assert.deepEqual([received, accepted, drops], [2, 1, { 'tcp-no-listener': 1 }])
  })

  test('from a port to the same port opens simultaneously with itself (RFC 9293 MUST-10)', () => {
    const stack = makeStack()
    const self = stack.connect({ address: ADDRESSES[4].own, port: 5000, localPort: 5000 })
    drain(stack)
    assert.equal(self.state, 'ESTABLISHED')
    self.send(Uint8Array.of(7))
    drain(stack)
    stack.advance(40)
    drain(stack, 40)
    assert.equal(self.readable, 1)
  })
})

test('an idle stack whose clock is told its next deadline, Infinity, stays as it is', () => {
  const stack = makeStack()
  stack.listen({ port: 80 })
  assert.equal(stack.nextDeadline(), Number.POSITIVE_INFINITY)
  stack.advance(stack.nextDeadline())
  assert.equal(stack.nextDeadline(), Number.POSITIVE_INFINITY)
})
