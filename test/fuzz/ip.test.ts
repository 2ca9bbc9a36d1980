// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
import assert from 'node:assert/strict'
import test from 'node:test'
import { MOST_QUEUED } from '../../src/ip/neighbour.ts'
import { MOST_NEIGHBOURS } from '../../src/ip/neighbour-cache.ts'
import { MOST_OCTETS, MOST_PACKETS } from '../../src/ip/reassembly.ts'
import { Chance } from '../../src/sim/chance.ts'
import { Stack } from '../../src/stack/stack.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { Icmpv6Type } from '../../src/wire/icmpv6.ts'
import { Protocol } from '../../src/wire/ip.ts'
import { NdpMessage, solicitedNode, writeNdp } from '../../src/wire/ndp.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { fragment } from '../ip/fragments.ts'
import { pick } from './mutate.ts'
import { fixChecksums, packet } from './packets.ts'

/** `ESTAB_SEED=17` runs another one. */
const SEED = Number.parseInt(process.env.ESTAB_SEED ?? '1', 10)
const STEPS = 40_000

const OWN = { 4: IpAddress.parse('192.0.2.1')!, 6: IpAddress.parse('2001:db8::1')! }
const MAC = [2, 0, 0, 0, 0, 1]
const PEER_MAC = [2, 0, 0, 0, 0, 9]

/** A router with UDP sockets and echoes: Ethernet on one side, IP packets on the other. */
class Target {
  readonly stack: Stack
  readonly sockets: ReturnType<Stack['bind']>[]
  now = 0
  private readonly chance: Chance
  private readonly out = new Uint8Array(1514)

  constructor(chance: Chance) {
    this.chance = chance
    this.stack = new Stack({
      secret: chance.bytes(32),
      interfaces: [
        { addresses: ['192.0.2.1/24', '2001:db8::1/64'], medium: 'ethernet', mac: '02:00:00:00:00:01' },
        { addresses: ['198.51.100.1/24', '2001:db8:1::1/64'] },
      ],
      routes: [{ to: 'default', via: '198.51.100.2' }],
      forwarding: true,
    })
    this.sockets = ([4, 6] as const).map((family) => this.stack.bind({ family, port: 53, receiveBuffer: 5000 }))
    this.stack.listen({ port: 80 })
  }

  receive(frame: Uint8Array, index: number): void {
    const offset = this.chance.below(4)
    const octets = new Uint8Array(offset + frame.length + 8).fill(0xee)
    octets.set(frame, offset)
    this.stack.port(index).receive(octets, offset, offset + frame.length, this.now)
  }

  /** Sends all, of both links; a link may have no room for a while. */
  drain(): void {
    for (const index of [0, 1]) {
      const port = this.stack.port(index)
      let frames = 0
      while (port.transmit(this.out, 0, this.now) > 0) assert.ok(++frames < 20_000, 'it sends without end')
    }
    for (let event = this.stack.nextEvent(); event !== undefined; event = this.stack.nextEvent()) {
      if (event.type === 'notice') event.notice.deliver()
    }
  }

  /** What the application does. */
  use(): void {
    const { chance, stack } = this
    const family = chance.chance(0.5) ? 4 : 6
    const peer = address(chance, family)
    const socket = this.sockets[family === 4 ? 0 : 1]!
    const action = chance.below(4)
    try {
      if (action === 0) socket.send(new Uint8Array(3000), 0, chance.below(3000), peer, 1 + chance.below(65_535))
      if (action === 1) socket.receive()
      if (action === 2) stack.ping(`${peer}`, { size: chance.below(3000), timeout: 1 + chance.below(5000) })
      if (action === 3) stack.connect({ address: `${peer}`, port: 1 + chance.below(65_535) })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      assert.ok(['ENOBUFS', 'EACCES', 'ENETUNREACH', 'ERR_INVALID_ARG_VALUE'].includes(code ?? ''), String(error))
    }
  }

  check(): void {
    const { counters, interfaces } = this.stack
    const drops = Object.values(counters.drops).reduce((sum, count) => sum + count, 0)
    assert.equal(counters.received, counters.accepted + drops, 'received = accepted + the sum of the drops')
    const { reassembly } = this.stack['input']
    assert.ok(reassembly.size <= MOST_PACKETS)
    assert.ok(reassembly.octets >= 0 && reassembly.octets <= MOST_OCTETS)
    const { neighbours } = interfaces[0]!.ethernet!
    assert.ok(neighbours.size <= MOST_NEIGHBOURS)
    for (const { queue } of neighbours.all) assert.ok(queue.length <= MOST_QUEUED)
    for (const socket of this.sockets) assert.ok(socket['queued'] <= socket.receiveBuffer)
    for (const { packets } of interfaces) assert.ok(packets.length <= 1024)
  }
}

/** The stack's own, a neighbour's, or anybody's. */
function address(chance: Chance, family: 4 | 6): IpAddress {
  const chosen = OWN[family].clone()
  const kind = chance.below(4)
  if (kind > 0) chosen.d = (chosen.d & ~0xff) | chance.below(256)
  if (kind === 2 && family === 6) chosen.b = chance.below(3)
  if (kind === 3) chosen.d = chance.below(2 ** 32) | 0
  return chosen
}

function ipPacket(chance: Chance): Uint8Array {
  const family = chance.chance(0.5) ? 4 : 6
  const source = address(chance, family)
  const destination = chance.chance(0.6) ? OWN[family] : address(chance, family)
  const protocol = pick(chance, [
    Protocol.UDP,
    Protocol.UDP,
    family === 4 ? Protocol.ICMP : Protocol.ICMPV6,
    Protocol.TCP,
    chance.below(256),
  ])
  const body = chance.bytes(chance.below(pick(chance, [40, 400, 2000])))
  if (protocol === Protocol.UDP && body.length >= 8) {
    writeUint16(body, 2, pick(chance, [53, 53, chance.below(65_536)]))
    writeUint16(body, 4, body.length)
  } else if (body.length >= 2 && chance.chance(0.7)) {
    body[0] = pick(chance, family === 4 ? [0, 3, 8, 11] : [1, 2, 3, 4, 128, 129])
    body[1] = chance.below(6)
  }
  const whole = packet({ source, destination }, protocol, body)
  fixChecksums(whole)
  if (!chance.chance(0.5) || body.length < 16) return whole
  const start = 8 * chance.below(body.length >> 3)
  const end = Math.min(body.length, start + 8 * (1 + chance.below(60)))
  return fragment(whole, { start, end, identification: chance.below(3) })
}

/** ARP, or a solicitation or advertisement. */
function resolution(chance: Chance): Uint8Array {
  if (chance.chance(0.5)) {
    const arp = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1 + chance.below(2), ...PEER_MAC, ...new Array<number>(16).fill(0))
    address(chance, 4).write(arp, 14)
    arp.set(MAC, 18)
    address(chance, 4).write(arp, 24)
    return ethernet(chance, 0x0806, arp)
  }
  const message = new NdpMessage()
  message.type = pick(chance, [Icmpv6Type.NEIGHBOUR_SOLICITATION, Icmpv6Type.NEIGHBOUR_ADVERTISEMENT])
  message.target = address(chance, 6)
  message.linkLayerAddress = chance.chance(0.8) ? 0x02_00_00_00_00_09 : undefined
  message.solicited = chance.chance(0.5)
  message.override = chance.chance(0.5)
  const source = address(chance, 6)
  const destination = chance.chance(0.5) ? OWN[6] : solicitedNode(OWN[6], new IpAddress())
  const body = new Uint8Array(32)
  const length = writeNdp(body, 0, message, source, destination)
  const octets = packet({ source, destination }, Protocol.ICMPV6, body.subarray(0, length))
  octets[7] = 255
  return ethernet(chance, 0x86dd, octets)
}

function ethernet(chance: Chance, etherType: number, payload: Uint8Array): Uint8Array {
  const to = chance.chance(0.9)
    ? MAC
    : pick(chance, [[255, 255, 255, 255, 255, 255], [0x33, 0x33, 0, 0, 0, 1], PEER_MAC])
  return Uint8Array.of(...to, ...PEER_MAC, etherType >>> 8, etherType & 255, ...payload)
}

function frame(chance: Chance, index: number): Uint8Array {
  if (index === 0 && chance.chance(0.3)) return damaged(resolution(chance), chance)
  const octets = damaged(ipPacket(chance), chance)
  return index === 1 ? octets : ethernet(chance, octets[0]! >>> 4 === 4 ? 0x0800 : 0x86dd, octets)
}

function damaged(octets: Uint8Array, chance: Chance): Uint8Array {
  if (chance.chance(0.8)) return octets
  if (chance.chance(0.3)) return octets.subarray(0, chance.below(octets.length + 1))
  const copy = octets.slice()
  copy[chance.below(copy.length)]! ^= 1 << chance.below(8)
  return copy
}

test(`${STEPS} frames to a router with Ethernet, fragments, UDP and echoes: no exception, each one counted (seed ${SEED})`, () => {
  const chance = new Chance(SEED)
  const target = new Target(chance)
  for (let i = 0; i < STEPS; i++) {
    const index = chance.below(2)
    const octets = frame(chance, index)
    for (let times = chance.chance(0.1) ? 2 : 1; times > 0; times--) target.receive(octets, index)
    if (chance.chance(0.3)) target.use()
    if (chance.chance(0.9)) target.drain()
    if (chance.chance(0.1)) {
      target.now += chance.below(2000)
      target.stack.advance(target.now)
    }
    target.check()
  }
  const { counters } = target.stack
  for (const reason of EXPECTED) assert.ok((counters.drops[reason] ?? 0) > 0, `${reason} never happened`)
  for (const name of COUNTED) assert.ok(counters[name] > 0, `${name} is 0`)
  for (let i = 0; i < 100; i++) {
    target.now += 40_000
    target.stack.advance(target.now)
    target.drain()
  }
  assert.equal(target.stack['input'].reassembly.size, 0)
  assert.equal(target.stack.echoes.size, 0)
  for (const { packets } of target.stack.interfaces) assert.equal(packets.length, 0)
})

const EXPECTED = [
  'ip-not-ours',
  'ip-source',
  'ip-protocol',
  'ip-fragment-tiny',
  'ip-fragment-overlap',
  'ip-fragment-inconsistent',
  'ip-fragment-duplicate',
  'udp-no-socket',
  'udp-queue-full',
  'ethernet-not-ours',
  'ethernet-group',
  'ethernet-truncated',
  'neighbour-ignored',
] as const

const COUNTED = [
  'IpReasmOKs',
  'Ip6ReasmOKs',
  'IpReasmTimeout',
  'Ip6ReasmTimeout',
  'IpForwDatagrams',
  'Ip6OutForwDatagrams',
  'IpFragCreates',
  'Ip6FragCreates',
  'UdpInDatagrams',
  'UdpOutDatagrams',
  'NeighResFailed',
] as const
