import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EtherType } from '../../src/wire/ethernet.ts'
import { readUint16 } from '../../src/wire/octets.ts'
import { Network, type Node } from './network.ts'

const ADDRESSES = {
  4: { a: '10.0.0.1', b: '10.0.0.2', nobody: '10.0.0.9' },
  6: { a: 'fd00::1', b: 'fd00::2', nobody: 'fd00::9' },
} as const

interface Pair {
  readonly network: Network
  readonly a: Node
  readonly b: Node
}

/** Two hosts on one Ethernet; what `passes` refuses is lost. */
function pair(passes?: (frame: Uint8Array) => boolean, announce = false): Pair {
  const network = new Network()
  const [a0, b0] = network.wire('w', 'ethernet', 1500, passes)
  const host = (last: number) => ({
    addresses: [`10.0.0.${last}/24`, `fd00::${last}/64`],
    mac: `02:00:00:00:00:0${last}`,
    announce,
  })
  const routes = [
    { to: 'default', via: '10.0.0.2' },
    { to: 'default', via: 'fd00::2' },
  ]
  const a = network.node([a0], [host(1)], { routes })
  const b = network.node([b0], [host(2)])
  return { network, a, b }
}

const isArp = (frame: Uint8Array): boolean => readUint16(frame, 12) === EtherType.ARP
/** ARP, or neighbour discovery. */
const isResolution = (frame: Uint8Array): boolean =>
  isArp(frame) || (frame[20] === 58 && (frame[54] === 135 || frame[54] === 136))

for (const family of [4, 6] as const) {
  const { a: own, b: peer, nobody } = ADDRESSES[family]

  describe(`neighbours on Ethernet, over IPv${family}`, () => {
    const neighbour = (node: Node, address: string) =>
      [...node.stack.interfaces[0]!.ethernet!.neighbours.all].find((one) => `${one.address}` === address)

    test('are asked for once, and what waited for the answer goes out', () => {
      const { network, a, b } = pair()
      const echoes = [a.ping(peer), a.ping(peer), a.ping(peer)]
      assert.equal(neighbour(a, peer), undefined)
      network.clock.advance(0)
      assert.equal(neighbour(a, peer)?.state, 'INCOMPLETE')
      network.clock.advance(100)
      assert.deepEqual(
        echoes.map(({ roundTrip }) => roundTrip),
        [4, 4, 4],
      )
      assert.equal(neighbour(a, peer)?.state, 'REACHABLE')
      assert.equal(neighbour(b, own)?.mac, 0x02_00_00_00_00_01, 'who was asked has learnt who asks')
      assert.equal(network.log.length, 8, network.log.join('\n'))
    })

    test('no more than three packets wait for an answer: the oldest go', () => {
      const { network, a } = pair()
      const echoes = Array.from({ length: 5 }, () => a.ping(peer))
      network.clock.advance(2000)
      assert.deepEqual(
        echoes.map(({ error }) => error),
        ['ETIMEDOUT', 'ETIMEDOUT', undefined, undefined, undefined],
      )
      assert.equal(a.stack.counters.NeighUnresDiscards, 2)
    })

    test('who does not answer three questions is given up: EHOSTUNREACH', () => {
      const { network, a } = pair()
      const echo = a.ping(nobody, { timeout: 10_000 })
      const socket = a.stack.bind({ family })
      const connection = a.act((stack) => stack.connect({ address: nobody, port: 80 }))
      network.clock.advance(2999)
      assert.equal(echo.error, undefined)
      network.clock.advance(1)
      assert.equal(echo.error, 'EHOSTUNREACH')
      assert.equal(connection.softError, 'EHOSTUNREACH')
      assert.equal(connection.state, 'SYN-SENT', 'as by an ICMP error, it is a reason for later, no end')
      assert.equal(a.stack.counters.NeighResFailed, 1)
      assert.equal(network.log.filter((line) => /request|solicitation/.test(line)).length >= 3, true)
      const { received, accepted, drops } = a.stack.counters
      assert.deepEqual([received, accepted, drops], [0, 0, {}])
      socket.close()
    })

    test('go from REACHABLE to STALE by time, to DELAY and PROBE by use, and back by an answer (RFC 4861 §7.3)', () => {
      const { network, a } = pair()
      a.ping(peer)
      network.clock.advance(100)
      assert.equal(neighbour(a, peer)?.state, 'REACHABLE')
      network.clock.advance(45_000)
      assert.equal(neighbour(a, peer)?.state, 'STALE')
      const echo = a.ping(peer)
      network.clock.advance(10)
      assert.equal(echo.roundTrip, 2, 'a stale address is used')
      assert.equal(neighbour(a, peer)?.state, 'DELAY')
      const before = network.log.length
      network.clock.advance(4990)
      assert.equal(network.log.length, before + 1, 'one question, to the neighbour alone')
      assert.equal(neighbour(a, peer)?.state, 'PROBE')
      network.clock.advance(2)
      assert.equal(neighbour(a, peer)?.state, 'REACHABLE')
    })

    test('who is not there any more when probed is forgotten', () => {
      let isCut = false
      const { network, a } = pair(() => !isCut)
      a.ping(peer)
      network.clock.advance(45_100)
      isCut = true
      const echo = a.ping(peer, { timeout: 60_000 })
      network.clock.advance(7999)
      assert.equal(neighbour(a, peer)?.state, 'PROBE')
      network.clock.advance(10)
      assert.equal(neighbour(a, peer), undefined)
      assert.equal(echo.error, undefined, 'it had been sent')
    })

    test('that nobody asked for make no entry, whatever they say of themselves', () => {
      const { network, a, b } = pair(undefined, true)
      network.clock.advance(100)
      for (const node of [a, b]) {
        assert.equal([...node.stack.interfaces[0]!.ethernet!.neighbours.all].length, 0)
        assert.deepEqual(node.stack.counters.drops, { 'neighbour-ignored': 2 })
      }
    })

    test('that are beyond are reached by the gateway', () => {
      const { network, a, b } = pair()
      const far = family === 4 ? '198.51.100.1' : '2001:db8::1'
      a.ping(far)
      network.clock.advance(100)
      assert.equal(neighbour(a, peer)?.state, 'REACHABLE')
      assert.equal(neighbour(a, far), undefined)
      assert.deepEqual(b.stack.counters.drops, { 'ip-not-ours': 1 })
      assert.throws(() => b.ping(far), { code: 'ENETUNREACH' })
    })

    test('carry connections, and echoes in fragments', () => {
      const { network, a, b } = pair()
      b.act((stack) => stack.listen({ port: 80 }))
      a.ping(peer)
      network.clock.advance(100)
      const connection = a.act((stack) => stack.connect({ address: peer, port: 80 }))
      const echo = a.ping(peer, { size: 4000 })
      network.clock.advance(1000)
      assert.equal(connection.state, 'ESTABLISHED')
      assert.equal(echo.error, undefined)
    })

    test('questions that are lost are asked again', () => {
      let lost = 0
      const { network, a } = pair((frame) => !isResolution(frame) || ++lost > 2)
      const echo = a.ping(peer, { timeout: 5000 })
      network.clock.advance(3000)
      assert.equal(echo.roundTrip, 2004)
    })

    test('are no more than the bound, though all of a network ask', () => {
      const { a } = pair()
      const { ethernet } = a.stack.interfaces[0]!
      for (let i = 0; i < 2000; i++) {
        const address = a.stack.interfaces[0]!.prefixes[family === 4 ? 0 : 1]!.address.clone()
        address.d = (address.d & ~0xffff) | (i + 1000)
        ethernet!.neighbours.learnFromQuestion(address, 0x02_00_00_00_10_00 + i)
      }
      assert.equal(ethernet!.neighbours.size, 512)
    })
  })
}

describe('an Ethernet frame', () => {
  const frame = (destination: readonly number[], etherType: number): Uint8Array =>
    Uint8Array.from([
      ...destination,
      2,
      0,
      0,
      0,
      0,
      2,
      etherType >>> 8,
      etherType & 255,
      ...new Array<number>(46).fill(0),
    ])
  const OWN = [2, 0, 0, 0, 0, 1]
  const ALL = [255, 255, 255, 255, 255, 255]
  for (const [what, octets, reason] of [
    ['to somebody else', frame([2, 0, 0, 0, 0, 7], 0x0800), 'ethernet-not-ours'],
    ['of another protocol', frame(OWN, 0x88cc), 'ethernet-type'],
    ['to all, with an IP packet', frame(ALL, 0x0800), 'ethernet-group'],
    ['cut short', frame(OWN, 0x0800).subarray(0, 13), 'ethernet-truncated'],
    ['with ARP that is none', frame(ALL, 0x0806), 'arp-format'],
    ['with a packet of no IP version', frame(OWN, 0x0800), 'ip-version'],
  ] as const) {
    test(`${what} is dropped`, () => {
      const { a } = pair()
      a.stack.receive(octets, 0, octets.length, 0)
      assert.deepEqual(a.stack.counters.drops, { [reason]: 1 })
      assert.deepEqual([a.stack.counters.received, a.stack.counters.accepted], [1, 0])
    })
  }
})
