import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StackOptions } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { stream } from '../support/trace-packet.ts'
import { Network, type Node } from './network.ts'

const ADDRESSES = {
  4: { a: '10.0.0.2', near: '10.0.0.1', far: '10.1.0.1', b: '10.1.0.2' },
  6: { a: 'fd00::2', near: 'fd00::1', far: 'fd01::1', b: 'fd01::2' },
} as const

interface Routed {
  readonly network: Network
  readonly a: Node
  readonly router: Node
  readonly b: Node
}

/** a - router - b */
function routed(options: Omit<StackOptions, 'secret'> = { forwarding: true }, farMtu = 1500): Routed {
  const network = new Network()
  const [a0, r0] = network.wire('near')
  const [r1, b0] = network.wire('far', 'ip', farMtu)
  const a = network.node([a0], [{ addresses: ['10.0.0.2/24', 'fd00::2/64'] }])
  const router = network.node(
    [r0, r1],
    [{ addresses: ['10.0.0.1/24', 'fd00::1/64'] }, { addresses: ['10.1.0.1/24', 'fd01::1/64'] }],
    options,
  )
  const b = network.node([b0], [{ addresses: ['10.1.0.2/24', 'fd01::2/64'] }])
  return { network, a, router, b }
}

for (const family of [4, 6] as const) {
  const { a: ownAddress, b: peerAddress, far } = ADDRESSES[family]

  describe(`a stack with two links, over IPv${family}`, () => {
    test('hands packets on with one hop less, and back', () => {
      const { network, a, router } = routed()
      const echo = a.ping(peerAddress, { size: 100 })
      network.clock.advance(100)
      assert.equal(echo.roundTrip, 4)
      const { IpForwDatagrams, Ip6OutForwDatagrams, received, accepted } = router.stack.counters
      assert.deepEqual([IpForwDatagrams, Ip6OutForwDatagrams], family === 4 ? [2, 0] : [0, 2])
      assert.deepEqual([received, accepted], [2, 2])
    })

    test('does not unless it is told to: packets for others are dropped and counted', () => {
      const { network, a, router } = routed({})
      const echo = a.ping(peerAddress)
      network.clock.advance(2000)
      assert.equal(echo.error, 'ETIMEDOUT')
      assert.deepEqual(router.stack.counters.drops, { 'ip-not-ours': 1 })
    })

    test('answers for all its addresses, on whichever link (the weak host model of RFC 1122 §3.3.4.2)', () => {
      const { network, a, router } = routed({})
      const echo = a.ping(far)
      network.clock.advance(100)
      assert.equal(echo.roundTrip, 2)
      assert.deepEqual(router.stack.counters.drops, {})
    })

    test('carries a connection from one link to the other, and has one of its own on each', () => {
      const { network, a, router, b } = routed()
      for (const node of [a, b]) node.act((stack) => stack.listen({ port: 80 }))
      const through = a.act((stack) => stack.connect({ address: peerAddress, port: 80 }))
      const near = router.act((stack) => stack.connect({ address: ownAddress, port: 80 }))
      const beyond = router.act((stack) => stack.connect({ address: peerAddress, port: 80 }))
      network.clock.advance(100)
      assert.deepEqual([through.state, near.state, beyond.state], ['ESTABLISHED', 'ESTABLISHED', 'ESTABLISHED'])
      const octets = stream(0, 20_000)
      assert.equal(beyond.send(octets), 20_000)
      router.touch()
      network.clock.advance(1000)
      assert.equal(beyond.tcb.snd.una, beyond.tcb.snd.nxt, 'all is acknowledged')
      assert.equal(router.stack.counters.PacketQueueFull, 0)
    })

    test('tells the sender where there is no route', () => {
      const { network, a, router } = routed()
      const echo = a.ping(family === 4 ? '203.0.113.1' : '2001:db8::1')
      network.clock.advance(100)
      assert.equal(echo.error, 'ENETUNREACH')
      assert.deepEqual(router.stack.counters.drops, { 'ip-no-route': 1 })
    })

    test('tells the sender that a packet is too long for the next link, or cuts it as the family has it', () => {
      const { network, a, router } = routed({ forwarding: true }, 1280)
      const echo = a.ping(peerAddress, { size: 1400 })
      network.clock.advance(2000)
      if (family === 4) {
        assert.equal(echo.roundTrip, 4)
        assert.equal(router.stack.counters.IpFragCreates, 2)
        return
      }
      assert.deepEqual(router.stack.counters.drops, { 'ip-too-big': 1 })
      assert.ok(
        network.log.some((line) => line.includes('too big')),
        network.log.join('\n'),
      )
    })

    test('does not hand on what is from nobody, from itself, or of one link alone', () => {
      for (const [source, reason] of family === 4
        ? ([
            ['224.0.0.1', 'ip-source'],
            ['10.1.0.1', 'ip-source'],
            ['169.254.0.1', 'ip-not-ours'],
          ] as const)
        : ([
            ['ff02::1', 'ip-source'],
            ['fd01::1', 'ip-source'],
            ['fe80::1', 'ip-not-ours'],
          ] as const)) {
        const { network, a, router } = routed()
        const echo = a.stack.echoes.start(IpAddress.parse(peerAddress)!, IpAddress.parse(source)!, 8, 1000)
        a.touch()
        network.clock.advance(2000)
        assert.equal(echo.error, 'ETIMEDOUT')
        assert.deepEqual(router.stack.counters.drops, { [reason]: 1 }, source)
      }
    })
  })
}

test('two routers that send a packet to each other: its hops end, and its sender is told (RFC 1812 §5.3.1)', () => {
  const network = new Network()
  const [a0, r0] = network.wire('near')
  const [r1, s0] = network.wire('between')
  const a = network.node([a0], [{ addresses: ['10.0.0.2/24'] }])
  network.node([r0, r1], [{ addresses: ['10.0.0.1/24'] }, { addresses: ['10.1.0.1/24'] }], {
    forwarding: true,
    routes: [{ to: 'default', via: '10.1.0.2' }],
  })
  network.node([s0], [{ addresses: ['10.1.0.2/24'] }], {
    forwarding: true,
    routes: [{ to: 'default', via: '10.1.0.1' }],
  })
  const echo = a.ping('203.0.113.1')
  network.clock.advance(500)
  assert.equal(echo.error, 'EHOSTUNREACH')
  assert.equal(network.log.filter((line) => line.includes('between') && line.includes('203.0.113.1')).length, 63)
})

test('the interfaces and links of a stack are as many, and fit', () => {
  const network = new Network()
  const [a0, b0] = network.wire('w')
  assert.throws(() => network.node([a0], [{ addresses: ['10.0.0.2/24'] }, { addresses: ['10.1.0.2/24'] }]), {
    code: 'ERR_OUT_OF_RANGE',
  })
  assert.throws(() => network.node([b0], [{ addresses: ['10.0.0.2/24'], medium: 'ethernet' }]), {
    code: 'ERR_INVALID_ARG_VALUE',
  })
})
