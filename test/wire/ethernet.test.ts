import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IpAddress } from '../../src/wire/address.ts'
import { ArpOperation, ArpPacket, parseArp, writeArp } from '../../src/wire/arp.ts'
import { EthernetHeader, EtherType, parseEthernet, writeEthernet } from '../../src/wire/ethernet.ts'
import { isGroupMac, MAC_BROADCAST, macText, multicastMac, parseMac, readMac, writeMac } from '../../src/wire/mac.ts'
import { ipv4Address, mac, uint16 } from './arbitraries.ts'
import { ARP_REPLY, ARP_REQUEST, hex, NEIGHBOUR_SOLICITATION } from './golden.ts'

const KERNEL = 0x02_00_00_00_00_01
const PEER = 0x02_00_00_00_00_02

test('a frame of Linux is read, and its header written with the same octets', () => {
  const header = new EthernetHeader()
  assert.equal(parseEthernet(NEIGHBOUR_SOLICITATION, 0, NEIGHBOUR_SOLICITATION.length, header), undefined)
  const { destination, source, etherType, payloadStart, payloadEnd } = header
  assert.deepEqual([macText(destination), source, etherType], ['33:33:ff:00:00:02', KERNEL, EtherType.IPV6])
  assert.deepEqual([payloadStart, payloadEnd], [14, NEIGHBOUR_SOLICITATION.length])
  const written = new Uint8Array(14)
  assert.equal(writeEthernet(written, 0, header), 14)
  assert.equal(hex(written), hex(NEIGHBOUR_SOLICITATION, 0, 14))
  assert.equal(parseEthernet(written, 0, 13, header), 'ethernet-truncated')
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(mac, mac, uint16, (destination, source, etherType) => {
      const made = Object.assign(new EthernetHeader(), { destination, source, etherType })
      const written = new Uint8Array(14)
      writeEthernet(written, 0, made)
      const back = new EthernetHeader()
      assert.equal(parseEthernet(written, 0, 14, back), undefined)
      assert.deepEqual(back, Object.assign(made, { payloadStart: 14, payloadEnd: 14 }))
    }),
  )
})

test('a link-layer address is read from its octets and from its text', () => {
  fc.assert(
    fc.property(mac, (address) => {
      const octets = new Uint8Array(6)
      writeMac(octets, 0, address)
      assert.equal(readMac(octets, 0), address)
      assert.equal(macText(address).replaceAll(':', ''), hex(octets))
      assert.equal(parseMac(macText(address)), address)
    }),
  )
  assert.equal(parseMac('02-00-00-00-00-0A'), 0x02_00_00_00_00_0a)
  for (const text of [
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:0',
    '02:00-00:00:00:01',
    '02:00:00:00:00:0g',
    '0200.0000.0001',
  ]) {
    assert.equal(parseMac(text), undefined, text)
  }
})

test('groups are told from stations', () => {
  assert.ok(isGroupMac(MAC_BROADCAST))
  assert.ok(isGroupMac(parseMac('33:33:00:00:00:01')!))
  assert.ok(!isGroupMac(KERNEL))
})

test('a multicast address has its group', () => {
  const group = (text: string): string => macText(multicastMac(IpAddress.parse(text)!))
  assert.equal(group('224.0.0.251'), '01:00:5e:00:00:fb')
  assert.equal(group('239.255.255.250'), '01:00:5e:7f:ff:fa')
  assert.equal(group('ff02::1:ff80:1'), '33:33:ff:80:00:01')
})

test('ARP of Linux is read, and written with the same octets', () => {
  for (const [frame, operation, target] of [
    [ARP_REQUEST, ArpOperation.REQUEST, 0],
    [ARP_REPLY, ArpOperation.REPLY, PEER],
  ] as const) {
    const packet = new ArpPacket()
    assert.equal(parseArp(frame, 14, frame.length, packet), undefined)
    assert.deepEqual([packet.operation, packet.senderMac, packet.targetMac], [operation, KERNEL, target])
    assert.deepEqual([String(packet.sender), String(packet.target)], ['10.79.0.1', '10.79.0.2'])
    const written = new Uint8Array(28)
    assert.equal(writeArp(written, 0, packet), 28)
    assert.equal(hex(written), hex(frame, 14))
  }
})

test('an ARP packet that is written is read back, padding or not', () => {
  fc.assert(
    fc.property(uint16, mac, ipv4Address, mac, ipv4Address, (operation, senderMac, sender, targetMac, target) => {
      const made = Object.assign(new ArpPacket(), { operation, senderMac, sender, targetMac, target })
      const written = new Uint8Array(46)
      writeArp(written, 0, made)
      const back = new ArpPacket()
      assert.equal(parseArp(written, 0, 46, back), undefined)
      assert.deepEqual(back, made)
    }),
  )
})

test('ARP of other links or protocols is a defect', () => {
  assert.equal(parseArp(ARP_REQUEST, 14, 41, new ArpPacket()), 'arp-truncated')
  for (let at = 14; at < 20; at++) {
    const copy = ARP_REQUEST.slice()
    copy[at]! ^= 0x40
    assert.equal(parseArp(copy, 14, copy.length, new ArpPacket()), 'arp-format')
  }
})
