import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UdpSocket } from '../../src/udp/udp-socket.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { Datagram, parseUdp } from '../../src/wire/udp.ts'
import { ADDRESSES, drain, icmpIn, icmpPacket, makeStack, receive, udpPacket } from '../stack/packets.ts'
import { stream } from '../support/trace-packet.ts'

const peerOf = (family: 4 | 6): IpAddress => IpAddress.parse(ADDRESSES[family].peer)!

/** The UDP datagram in a packet; its checksum must be right. */
function datagramIn(octets: Uint8Array): { header: IpHeader; datagram: Datagram } {
  const header = new IpHeader()
  assert.equal(parseIp(octets, 0, octets.length, header), undefined)
  const datagram = new Datagram()
  datagram.source = header.source
  datagram.destination = header.destination
  assert.equal(parseUdp(octets, header.payloadStart, header.payloadEnd, datagram, true), undefined)
  return { header, datagram }
}

function receivedBy(socket: UdpSocket): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let next = socket.receive(); next !== undefined; next = socket.receive()) all.push(next.octets)
  return all
}

for (const family of [4, 6] as const) {
  describe(`a UDP socket of IPv${family}`, () => {
    test('is given what comes to its port, and tells of it once', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53 })
      let told = 0
      socket.onNews = () => told++
      receive(stack, udpPacket(family, stream(0, 50)))
      receive(stack, udpPacket(family, stream(50, 60)))
      for (let event = stack.nextEvent(); event !== undefined; event = stack.nextEvent()) {
        assert.equal(event.type, 'notice')
        if (event.type === 'notice') event.notice.deliver()
      }
      assert.equal(told, 1)
      const first = socket.receive()
      assert.deepEqual([first?.octets, `${first?.address}`, first?.port], [stream(0, 50), ADDRESSES[family].peer, 5000])
      assert.deepEqual(receivedBy(socket), [stream(50, 60)])
      assert.deepEqual([stack.counters.UdpInDatagrams, stack.counters.accepted], [2, 2])
      assert.equal(drain(stack).length, 0)
    })

    test('sends from its port, and an address that fits the destination', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53 })
      socket.send(stream(0, 50), 10, 30, peerOf(family), 7)
      const [sent, ...more] = drain(stack).map(datagramIn)
      assert.equal(more.length, 0)
      assert.equal(`${sent?.header.source}`, ADDRESSES[family].own)
      assert.equal(`${sent?.header.destination}`, ADDRESSES[family].peer)
      const { sourcePort, destinationPort, octets, start, length } = sent!.datagram
      assert.deepEqual([sourcePort, destinationPort, octets.slice(start, start + length)], [53, 7, stream(10, 30)])
      assert.equal(stack.counters.UdpOutDatagrams, 1)
    })

    test('holds no more than its buffer; what finds no room is dropped and counted', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53, receiveBuffer: 2000 })
      for (let i = 0; i < 10; i++) receive(stack, udpPacket(family, new Uint8Array(144)))
      assert.equal(socket.length, 5)
      const { UdpRcvbufErrors, UdpInErrors, drops, received, accepted } = stack.counters
      assert.deepEqual([UdpRcvbufErrors, UdpInErrors, drops['udp-queue-full'], received, accepted], [5, 5, 5, 10, 5])
      socket.receive()
      receive(stack, udpPacket(family, new Uint8Array(144)))
      assert.equal(socket.length, 5)
      for (let i = 0; i < 100; i++) receive(stack, udpPacket(family, new Uint8Array(0)))
      assert.ok(socket.length <= 7, 'empty datagrams count, too')
    })

    test('that is connected hears its peer alone, and of errors about what it sent (RFC 1122 §4.1.3.3)', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53 })
      socket.connect(peerOf(family), 9)
      receive(stack, udpPacket(family, stream(0, 5)))
      assert.equal(socket.length, 0)
      assert.equal(drain(stack).map(icmpIn).length, 1, 'others are told that nobody is here')
      socket.connect(peerOf(family), 5000)
      receive(stack, udpPacket(family, stream(0, 5)))
      assert.equal(socket.length, 1)
      socket.send(stream(0, 5), 0, 5)
      const [quote] = drain(stack)
      const [type, code] = family === 4 ? [3, 3] : [1, 4]
      receive(stack, icmpPacket(family, type, code, 0, quote!))
      assert.equal(socket.takeError(), 'ECONNREFUSED')
      assert.equal(socket.takeError(), undefined)
      assert.equal(stack.counters.accepted, 2)
      assert.throws(() => socket.send(stream(0, 5), 0, 5, peerOf(family), 5), { code: 'EISCONN' })
    })

    test('that is not connected hears nothing of errors, and nobody can make it with a datagram that is not its own', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53 })
      socket.send(stream(0, 5), 0, 5, peerOf(family), 5000)
      const [quote] = drain(stack)
      const [type, code] = family === 4 ? [3, 3] : [1, 4]
      receive(stack, icmpPacket(family, type, code, 0, quote!))
      assert.equal(socket.takeError(), undefined)
      socket.connect(peerOf(family), 6000)
      receive(stack, icmpPacket(family, type, code, 0, quote!))
      assert.equal(socket.takeError(), undefined)
      assert.equal(stack.counters.drops['quote-not-tcp'], 1)
    })

    test('refuses what is too long, and to send to many', () => {
      const stack = makeStack()
      const socket = stack.bind({ family })
      const most = family === 4 ? 65_507 : 65_527
      const octets = new Uint8Array(most + 1)
      assert.throws(() => socket.send(octets, 0, most + 1, peerOf(family), 7), { code: 'EMSGSIZE' })
      socket.send(octets, 0, most, peerOf(family), 7)
      assert.ok(drain(stack).length > 40)
      for (const many of family === 4
        ? ['255.255.255.255', '224.0.0.1', '192.0.2.255', '0.0.0.0']
        : ['ff02::1', '::']) {
        assert.throws(() => socket.send(octets, 0, 1, IpAddress.parse(many)!, 7), { code: 'EACCES' }, many)
      }
      assert.throws(() => socket.send(octets, 0, 1), { code: 'EDESTADDRREQ' })
      assert.throws(() => socket.send(octets, 0, 1, peerOf(family), 0), { code: 'ERR_SOCKET_BAD_PORT' })
      assert.throws(() => socket.send(octets, 0, 1, peerOf(family === 4 ? 6 : 4), 7), { code: 'ERR_INVALID_ARG_VALUE' })
      socket.close()
      assert.throws(() => socket.send(octets, 0, 1, peerOf(family), 7), { code: 'EBADF' })
    })

    test('finds the queue to the link full: ENOBUFS, and what was taken goes out', () => {
      const stack = makeStack()
      const socket = stack.bind({ family })
      let sent = 0
      assert.throws(
        () => {
          for (;;) {
            socket.send(new Uint8Array(100), 0, 100, peerOf(family), 7)
            sent++
          }
        },
        { code: 'ENOBUFS' },
      )
      assert.equal(sent, 1024)
      assert.equal(drain(stack).length, 1024)
    })

    test('talks to another one of the same stack', () => {
      const stack = makeStack()
      const [a, b] = [stack.bind({ family, port: 1000 }), stack.bind({ family, port: 2000 })]
      a.send(stream(0, 9), 0, 9, IpAddress.parse(ADDRESSES[family].own)!, 2000)
      assert.equal(drain(stack).length, 0)
      const message = b.receive()
      assert.deepEqual([message?.octets, message?.port], [stream(0, 9), 1000])
    })

    test('that is closed waits for nothing any more', () => {
      const stack = makeStack()
      const socket = stack.bind({ family, port: 53 })
      socket.close()
      socket.close()
      receive(stack, udpPacket(family, stream(0, 50)))
      assert.equal(stack.counters.UdpNoPorts, 1)
      assert.equal(stack.udp.size, 0)
      stack.bind({ family, port: 53 })
    })
  })
}

test('a port is one socket’s: unless family or address differ', () => {
  const stack = makeStack()
  const { port } = stack.bind({ address: ADDRESSES[4].own })
  assert.ok(port >= 32_768 && port <= 60_999)
  assert.throws(() => stack.bind({ family: 4, port }), { code: 'EADDRINUSE' })
  assert.throws(() => stack.bind({ address: ADDRESSES[4].own, port }), { code: 'EADDRINUSE' })
  stack.bind({ family: 6, port })
  assert.throws(() => stack.bind({ address: '192.0.2.77' }), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => stack.bind({ port: 65_536 }), { code: 'ERR_SOCKET_BAD_PORT' })
  assert.throws(() => stack.bind({ receiveBuffer: 0 }), { code: 'ERR_OUT_OF_RANGE' })
  assert.throws(() => stack.bind({ family: 6, address: ADDRESSES[4].own }), { code: 'EINVAL' })
})

test('a datagram without a checksum is taken over IPv4, and not over IPv6 (RFC 8200 §8.1)', () => {
  const stack = makeStack()
  const [four, six] = [stack.bind({ family: 4, port: 53 }), stack.bind({ family: 6, port: 53 })]
  for (const family of [4, 6] as const) {
    const packet = udpPacket(family, stream(0, 5))
    packet.set([0, 0], family === 4 ? 26 : 46)
    receive(stack, packet)
  }
  assert.deepEqual([four.length, six.length], [1, 0])
  assert.equal(stack.counters.UdpInCsumErrors, 1)
})
