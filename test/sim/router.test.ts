import assert from 'node:assert/strict'
import test from 'node:test'
import { Router } from '../../src/sim/router.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { printPacket } from '../../src/wire/print.ts'
import { join, Probe, readUdp, udpPacket } from './support.ts'

interface Place {
  left: Probe
  right: Probe
  third: Probe
  router: Router
  clock: VirtualClock
}

/** A router between three networks; the one on the right takes packets of `mtu` octets. */
function place(mtu = 65_535, icmp = true): Place {
  const clock = new VirtualClock()
  const router = new Router('r', { addresses: ['10.0.0.254', 'fd00::fe'], icmp }, () => undefined)
  const [left, right, third] = [new Probe('left'), new Probe('right'), new Probe('third')]
  join(clock, router.newPort(), left.port)
  join(clock, router.newPort(), right.port, mtu)
  join(clock, router.newPort(), third.port)
  router.route('10.0.0.0/24', left)
  router.route('10.1.0.0/16', right)
  router.route('10.1.7.0/24', third)
  router.route('fd00::/64', left)
  router.route('fd01::/64', right)
  return { left, right, third, router, clock }
}

const header = (packet: Uint8Array): IpHeader => {
  const ip = new IpHeader()
  assert.equal(parseIp(packet, 0, packet.length, ip), undefined)
  return ip
}

const texts = ({ packets }: Probe): string[] => packets.map((packet) => printPacket(packet, 0, packet.length))

for (const [source, destination] of [
  ['10.0.0.1', '10.1.0.1'],
  ['fd00::1', 'fd01::1'],
] as const) {
  test(`${source}: forwarded by its prefix, one hop further, and otherwise as it was`, () => {
    const { left, right, clock } = place()
    left.send(udpPacket({ source, destination, length: 1000, hopLimit: 9 }))
    clock.run()
    assert.equal(right.packets.length, 1)
    assert.equal(header(right.packets[0]!).hopLimit, 8)
    assert.deepEqual(readUdp(right.packets[0]!), readUdp(udpPacket({ source, destination })))
  })

  test(`${source}: the hop limit ends, and the sender is told`, () => {
    const { left, right, clock } = place()
    left.send(udpPacket({ source, destination, hopLimit: 1 }))
    clock.run()
    assert.equal(right.packets.length, 0)
    const [from, protocol] = source.includes(':') ? ['fd00::fe', 'icmp6'] : ['10.0.0.254', 'icmp']
    assert.deepEqual(texts(left), [`${from} > ${source} ${protocol} time exceeded`])
  })

  test(`${source}: no route`, () => {
    const { left, clock } = place()
    left.send(udpPacket({ source, destination: source.includes(':') ? 'fd09::1' : '192.0.2.1' }))
    clock.run()
    assert.match(texts(left)[0]!, /(network|no route) unreachable/)
  })

  test(`${source}: too long for the next link, and not to be fragmented: the sender is told the MTU`, () => {
    const { left, right, clock } = place(1280)
    left.send(udpPacket({ source, destination, length: 1400, dontFragment: true }))
    clock.run()
    assert.equal(right.packets.length, 0)
    assert.match(texts(left)[0]!, /mtu 1280/)
  })
}

test('the longest prefix that matches decides', () => {
  const { left, right, third, clock } = place()
  left.send(udpPacket({ source: '10.0.0.1', destination: '10.1.7.1' }))
  left.send(udpPacket({ source: '10.0.0.1', destination: '10.1.8.1' }))
  clock.run()
  assert.deepEqual([right.packets.length, third.packets.length], [1, 1])
})

test('what may be fragmented is, and its parts are the whole', () => {
  const { left, right, clock } = place(576)
  const packet = udpPacket({ source: '10.0.0.1', destination: '10.1.0.1', length: 1500 })
  left.send(packet)
  clock.run()
  const parts = right.packets.map((part) => ({ part, ip: header(part) }))
  assert.deepEqual(
    parts.map(({ ip }) => [ip.fragmentOffset, ip.moreFragments]),
    [
      [0, true],
      [552, true],
      [1104, false],
    ],
  )
  const whole = parts.flatMap(({ part, ip }) => [...part.subarray(ip.payloadStart, ip.payloadEnd)])
  assert.deepEqual(whole, [...packet.subarray(20)])
  assert.ok(parts.every(({ part, ip }) => part.length <= 576 && ip.identification === 77))
})

test('a router that sends no ICMP makes a black hole', () => {
  const { left, right, clock } = place(1280, false)
  left.send(udpPacket({ source: '10.0.0.1', destination: '10.1.0.1', length: 1400, dontFragment: true }))
  clock.run()
  assert.deepEqual([left.packets.length, right.packets.length], [0, 0])
})

test('no error about an error, nor about what came from or went to many', () => {
  const { left, clock } = place()
  left.send(udpPacket({ source: '10.0.0.1', destination: '10.1.0.1', hopLimit: 1 }))
  clock.run()
  const error = left.packets.pop()!
  error.copyWithin(12, 16, 20)
  error.set([10, 1, 0, 1], 16)
  const ip = new IpHeader()
  // Its header's sum is the same: the addresses' octets have changed places, or are equal words.
  if (parseIp(error, 0, error.length, ip) === undefined) left.send(error)
  left.send(udpPacket({ source: '255.255.255.255', destination: '10.1.0.1', hopLimit: 1 }))
  left.send(udpPacket({ source: '10.0.0.1', destination: '224.0.0.1' }))
  clock.run()
  assert.equal(left.packets.length, 0)
})

test('a damaged header goes no further', () => {
  const { left, right, clock } = place()
  const packet = udpPacket({ source: '10.0.0.1', destination: '10.1.0.1' })
  packet[14] = packet[14]! ^ 4
  left.send(packet)
  clock.run()
  assert.equal(right.packets.length, 0)
})

test('a route needs a prefix and a link', () => {
  const { router } = place()
  assert.throws(() => router.route('10.0.0', new Probe('x')), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => router.route('10.0.0.0/8', new Probe('x')), { code: 'ERR_INVALID_ARG_VALUE', message: /no link/ })
})
