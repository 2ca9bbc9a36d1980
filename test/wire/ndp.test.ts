import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpAddress } from '../../src/wire/address.ts'
import type { WireDefect } from '../../src/wire/defect.ts'
import { IcmpMessage } from '../../src/wire/icmp.ts'
import { Icmpv6Type, parseIcmpv6 } from '../../src/wire/icmpv6.ts'
import { NdpMessage, parseNdp, solicitedNode, writeNdp } from '../../src/wire/ndp.ts'
import { ipv6Address, mac, uint8, uint16, uint32 } from './arbitraries.ts'
import {
  ECHO_REPLY_V6,
  hex,
  ipHeader,
  NEIGHBOUR_ADVERTISEMENT,
  NEIGHBOUR_SOLICITATION,
  octets,
  ROUTER_SOLICITATION,
} from './golden.ts'

const { ROUTER_SOLICITATION: RS, ROUTER_ADVERTISEMENT: RA } = Icmpv6Type
const { NEIGHBOUR_SOLICITATION: NS, NEIGHBOUR_ADVERTISEMENT: NA } = Icmpv6Type

const KERNEL = 0x02_00_00_00_00_01
const HOST = IpAddress.parse('fe80::1')!
const OTHER = IpAddress.parse('fd79::2')!
const ANY = IpAddress.parse('::')!
const ALL_NODES = IpAddress.parse('ff02::1')!

function icmpOf(packet: Uint8Array): IcmpMessage {
  const { source, destination, payloadStart, payloadEnd } = ipHeader(packet)
  const message = Object.assign(new IcmpMessage(), { source, destination })
  assert.equal(parseIcmpv6(packet, payloadStart, payloadEnd, message), undefined)
  return message
}

/** A message of Linux, in an Ethernet frame, is read and written again with the same octets. */
function roundTrip(frame: Uint8Array): NdpMessage {
  const packet = frame.subarray(14)
  const { hopLimit, source, destination } = ipHeader(packet)
  const message = new NdpMessage()
  assert.equal(parseNdp(icmpOf(packet), hopLimit, message), undefined)
  const written = new Uint8Array(packet.length - 40)
  assert.equal(writeNdp(written, 0, message, source, destination), written.length)
  assert.equal(hex(written), hex(packet, 40))
  return message
}

/** A message without a packet around it: its type, octets 4 to 7, and what follows them. */
function icmp(type: number, body: string, source: IpAddress = HOST, destination: IpAddress = OTHER): IcmpMessage {
  const data = octets(body)
  return Object.assign(new IcmpMessage(), { type, source, destination, octets: data, length: data.length })
}

function defectOf(message: IcmpMessage, hopLimit = 255): WireDefect | undefined {
  return parseNdp(message, hopLimit, new NdpMessage())
}

test('a neighbour solicitation of Linux', () => {
  const { type, target, linkLayerAddress } = roundTrip(NEIGHBOUR_SOLICITATION)
  assert.deepEqual([type, String(target), linkLayerAddress], [NS, 'fd79::2', KERNEL])
})

test('a neighbour advertisement of Linux', () => {
  const message = roundTrip(NEIGHBOUR_ADVERTISEMENT)
  assert.deepEqual([message.type, String(message.target), message.linkLayerAddress], [NA, 'fd79::1', undefined])
  assert.deepEqual([message.router, message.solicited, message.override], [true, true, false])
})

test('a router solicitation of Linux', () => {
  const { type, linkLayerAddress } = roundTrip(ROUTER_SOLICITATION)
  assert.deepEqual([type, linkLayerAddress], [RS, KERNEL])
})

const anyMessage: fc.Arbitrary<NdpMessage> = fc
  .record({
    type: fc.constantFrom(RS, RA, NS, NA),
    target: ipv6Address.filter((address) => !address.isMulticast),
    linkLayerAddress: fc.option(mac, { nil: undefined }),
    flags: fc.record({ router: fc.boolean(), solicited: fc.boolean(), override: fc.boolean() }),
    rest: fc.record({ hopLimit: uint8, routerLifetime: uint16, reachableTime: uint32, retransTimer: uint32 }),
  })
  .map(({ type, target, linkLayerAddress, flags, rest }) => {
    const message = Object.assign(new NdpMessage(), { type, linkLayerAddress })
    if (type === NS || type === NA) message.target = target
    return Object.assign(message, type === NA ? flags : {}, type === RA ? rest : {})
  })

test('what is written is read back', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const written = new Uint8Array(32)
      const length = writeNdp(written, 0, message, HOST, OTHER)
      const carrier = Object.assign(new IcmpMessage(), { source: HOST, destination: OTHER })
      assert.equal(parseIcmpv6(written, 0, length, carrier), undefined)
      const back = new NdpMessage()
      assert.equal(parseNdp(carrier, 255, back), undefined)
      assert.deepEqual(back, message)
    }),
  )
})

test('a packet that a router can have forwarded is refused', () => {
  assert.equal(defectOf(icmpOf(NEIGHBOUR_SOLICITATION.subarray(14)), 254), 'ndp-hop-limit')
})

test('each other defect has its name', () => {
  const target = 'fd790000000000000000000000000002'
  assert.equal(defectOf(icmpOf(ECHO_REPLY_V6)), 'ndp-type')
  assert.equal(defectOf(Object.assign(icmp(RS, ''), { code: 1 })), 'ndp-code')
  assert.equal(defectOf(icmp(NS, target.slice(2))), 'ndp-truncated')
  assert.equal(defectOf(icmp(RA, '00000000000000')), 'ndp-truncated')
  assert.equal(defectOf(icmp(NS, `${target}0100000000000000`)), 'ndp-option')
  assert.equal(defectOf(icmp(NS, `${target}0102000000000000`)), 'ndp-option')
  assert.equal(defectOf(icmp(NS, `${target}01`)), 'ndp-option')
  assert.equal(defectOf(icmp(NS, 'ff020000000000000000000000000002')), 'ndp-address')
  assert.equal(defectOf(icmp(RA, '0000000000000000', OTHER)), 'ndp-address')
})

test('who has no address asks without its link-layer address, and nobody but the group of the target', () => {
  const target = 'fd790000000000000000000000000002'
  const group = solicitedNode(OTHER, new IpAddress())
  assert.equal(String(group), 'ff02::1:ff00:2')
  assert.equal(defectOf(icmp(NS, target, ANY, group)), undefined)
  assert.equal(defectOf(icmp(NS, target, ANY, ALL_NODES)), 'ndp-address')
  assert.equal(defectOf(icmp(NS, `${target}0101020000000001`, ANY, group)), 'ndp-option')
  assert.equal(defectOf(icmp(RS, '', ANY, ALL_NODES)), undefined)
  assert.equal(defectOf(icmp(RS, '0101020000000001', ANY, ALL_NODES)), 'ndp-option')
})

test('an advertisement to all is not the answer to one', () => {
  const advertisement = icmp(NA, 'fd790000000000000000000000000002', HOST, ALL_NODES)
  assert.equal(defectOf(advertisement), undefined)
  advertisement.rest = 0x4000_0000
  assert.equal(defectOf(advertisement), 'ndp-address')
})

test('other options are skipped', () => {
  const message = new NdpMessage()
  const body = '0000000000000000 05010000000005dc 0304404000000000000000000000000000000000000000000000000000000000'
  assert.equal(parseNdp(icmp(RA, `${body} 0101020000000001`), 255, message), undefined)
  assert.equal(message.linkLayerAddress, KERNEL)
})
