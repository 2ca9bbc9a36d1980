import assert from 'node:assert/strict'
import test from 'node:test'
import { createSimulation } from '../../src/sim/index.ts'
import { Nat, type NatOptions } from '../../src/sim/nat.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { printPacket } from '../../src/wire/print.ts'
import { join, Probe, readUdp, udpPacket } from './support.ts'

interface Place {
  inside: Probe
  other: Probe
  outside: Probe
  nat: Nat
  clock: VirtualClock
  /** What came outside since the last call, as `source > destination`. */
  out(): string[]
  in(): string[]
}

function place(options: Partial<NatOptions> = {}, mtu = 65_535): Place {
  const clock = new VirtualClock()
  const nat = new Nat('n', { address: '203.0.113.1', ...options }, clock)
  const [inside, other, outside] = [new Probe('inside'), new Probe('other'), new Probe('outside')]
  join(clock, nat.newPort(), inside.port)
  join(clock, nat.newPort(), other.port)
  join(clock, nat.outsidePort, outside.port, mtu)
  const take = (probe: Probe) => (): string[] => {
    clock.run()
    return probe.packets.splice(0).map((packet) => {
      const ends = readUdp(packet)
      return ends === undefined ? printPacket(packet, 0, packet.length) : `${ends.source} > ${ends.destination}`
    })
  }
  return { inside, other, outside, nat, clock, out: take(outside), in: take(inside) }
}

const SERVER = '198.51.100.7'

function outward(source: string, sourcePort: number, destinationPort = 53): Uint8Array {
  return udpPacket({ source, destination: SERVER, sourcePort, destinationPort })
}

function inward(destinationPort: number, sourcePort = 53): Uint8Array {
  return udpPacket({ source: SERVER, destination: '203.0.113.1', sourcePort, destinationPort })
}

test('outward with the address and port of the NAT, and back again', () => {
  const { inside, outside, out, in: came } = place()
  inside.send(outward('192.168.0.2', 5000))
  assert.deepEqual(out(), ['203.0.113.1:5000 > 198.51.100.7:53'])
  outside.send(inward(5000))
  assert.deepEqual(came(), ['198.51.100.7:53 > 192.168.0.2:5000'])
})

test('a port that another host has is replaced, and each gets its own answers', () => {
  const { inside, other, outside, out, in: came, clock } = place()
  inside.send(outward('192.168.0.2', 5000))
  other.send(outward('192.168.0.3', 5000))
  assert.deepEqual(out(), ['203.0.113.1:5000 > 198.51.100.7:53', '203.0.113.1:1024 > 198.51.100.7:53'])
  outside.send(inward(1024))
  clock.run()
  assert.deepEqual(readUdp(other.packets[0]!), { source: '198.51.100.7:53', destination: '192.168.0.3:5000' })
  assert.deepEqual(came(), [])
})

test('one mapping for all destinations (RFC 4787 REQ-1), and nobody gets in who was not written to', () => {
  const { inside, outside, out, in: came, nat } = place()
  inside.send(outward('192.168.0.2', 5000, 53))
  inside.send(outward('192.168.0.2', 5000, 54))
  assert.deepEqual(out(), ['203.0.113.1:5000 > 198.51.100.7:53', '203.0.113.1:5000 > 198.51.100.7:54'])
  assert.equal(nat.mappings, 1)
  for (const port of [53, 54, 55]) outside.send(inward(5000, port))
  outside.send(inward(6000))
  assert.equal(came().length, 2)
})

test('without filtering anybody gets in through a mapping', () => {
  const { inside, outside, out, in: came } = place({ filtering: 'none' })
  inside.send(outward('192.168.0.2', 5000))
  out()
  outside.send(inward(5000, 999))
  assert.deepEqual(came(), ['198.51.100.7:999 > 192.168.0.2:5000'])
})

test('a mapping that is not used is forgotten, and its port is free again', () => {
  const { inside, outside, other, out, in: came, clock } = place({ timeout: 1000 })
  inside.send(outward('192.168.0.2', 5000))
  out()
  clock.run(clock.now() + 1001)
  outside.send(inward(5000))
  assert.deepEqual(came(), [])
  other.send(outward('192.168.0.3', 5000))
  assert.deepEqual(out(), ['203.0.113.1:5000 > 198.51.100.7:53'])
})

test('it forgets: what is under way gets another port, and answers to the old one are lost', () => {
  const { inside, outside, out, in: came, nat } = place()
  inside.send(outward('192.168.0.2', 5000))
  out()
  nat.forget()
  assert.equal(nat.mappings, 0)
  outside.send(inward(5000))
  assert.deepEqual(came(), [])
  inside.send(outward('192.168.0.2', 5000))
  assert.deepEqual(out(), ['203.0.113.1:1025 > 198.51.100.7:53'])
})

test('what was damaged before stays damaged', () => {
  const { inside, outside, clock } = place()
  const packet = outward('192.168.0.2', 5000)
  packet[30] = packet[30]! ^ 1
  inside.send(packet)
  clock.run()
  assert.equal(outside.packets.length, 1)
  assert.equal(readUdp(outside.packets[0]!), undefined)
  outside.packets[0]![30] = outside.packets[0]![30]! ^ 1
  assert.equal(readUdp(outside.packets[0]!)?.source, '203.0.113.1:5000')
})

test('an error about a packet that went out finds who sent it', () => {
  const { inside, outside, out, in: came, nat, clock } = place()
  inside.send(outward('192.168.0.2', 5000))
  clock.run()
  // The next router answers with an error: made by a second NAT's forwarding, whose hop limit ends.
  const translated = outside.packets.pop()!
  translated[8] = 1
  const next = new Nat('m', { address: '192.0.2.9' }, clock)
  const [near, far] = [new Probe('near'), new Probe('far')]
  join(clock, next.newPort(), near.port)
  join(clock, next.outsidePort, far.port)
  // Its header's checksum, after the change.
  translated[10] = 0
  translated[11] = 0
  let sum = 0
  for (let i = 0; i < 20; i += 2) sum += (translated[i]! << 8) | translated[i + 1]!
  sum = (sum & 0xffff) + (sum >>> 16)
  translated[10] = ~sum >>> 8
  translated[11] = ~sum
  near.send(translated)
  clock.run()
  outside.send(near.packets[0]!)
  assert.deepEqual(came(), ['192.0.2.9 > 192.168.0.2 icmp time exceeded'])
  assert.equal(nat.mappings, 1)
  assert.deepEqual(out(), [])
})

test('a TCP connection through it, which ends when it forgets', async () => {
  const sim = createSimulation({ seed: 3 })
  const client = sim.host('client', { addresses: ['192.168.0.2/24'] })
  const server = sim.host('server', { addresses: ['198.51.100.7/24'] })
  const nat = sim.nat('nat', { address: '203.0.113.1' })
  sim.link(client, nat, { delay: 1 })
  sim.link(nat.outside, server, { delay: 20 })
  const seen: (string | undefined)[] = []
  const end = await sim.run(async () => {
    server
      .createServer((socket) => {
        seen.push(socket.remoteAddress)
        socket.on('error', () => {}).pipe(socket)
      })
      .listen(7)
    const socket = client.connect(7, 'server')
    socket.write('one')
    const first = await new Promise((resolve) => socket.once('data', resolve))
    nat.forget()
    socket.write('two')
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve))
    return [String(first), error.code]
  })
  assert.deepEqual(seen, ['203.0.113.1'])
  assert.deepEqual(end, ['one', 'ECONNRESET'])
})
