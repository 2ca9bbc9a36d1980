import assert from 'node:assert/strict'
import test from 'node:test'
import { markCongestion } from '../../src/sim/ecn.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { readUdp, udpPacket } from './support.ts'

const FIELDS = {
  4: { source: '10.0.0.1', destination: '10.0.0.2', trafficClass: 0 },
  6: { source: 'fd00::1', destination: 'fd00::2', trafficClass: 0 },
} as const

for (const family of [4, 6] as const) {
  test(`IPv${family}: what is ECN-capable is marked, and all else is as it was (RFC 3168 §5)`, () => {
    for (const [codepoint, marked] of [
      [0b00, 0b00],
      [0b01, 0b11],
      [0b10, 0b11],
      [0b11, 0b11],
    ] as const) {
      const packet = udpPacket({ ...FIELDS[family], trafficClass: 0b101000 | codepoint })
      assert.equal(markCongestion(packet, 0, packet.length), codepoint !== 0)
      const ip = new IpHeader()
      assert.equal(parseIp(packet, 0, packet.length, ip), undefined)
      assert.equal(ip.trafficClass, 0b101000 | marked)
      assert.notEqual(readUdp(packet), undefined)
    }
  })
}
