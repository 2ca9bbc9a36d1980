import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { established, host, type Traced } from '../support/trace.ts'

/** The IP header of the next packet that the stack sends. */
function nextHeader(tcp: Traced): [dscp: number, hopLimit: number] {
  const frame = new Uint8Array(1500)
  const length = tcp.stack.transmit(frame, 0, tcp.now)
  const header = new IpHeader()
  assert.equal(parseIp(frame, 0, length, header), undefined)
  return [header.trafficClass >>> 2, header.hopLimit]
}

describe('the IP header of segments', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: has the code point and time to live that its connection wants (RFC 9293 MUST-48, MUST-49, SHLD-22)`, () => {
      const tcp = established({ family })
      tcp.connection.noDelay = true
      tcp.send(1)
      assert.deepEqual(nextHeader(tcp), [0, 64])
      tcp.connection.ip.dscp = 46
      tcp.connection.ip.hopLimit = 7
      tcp.send(1)
      assert.deepEqual(nextHeader(tcp), [46, 7])
    })
  }

  test('changes when the application changes its mind (RFC 9293 SHLD-21)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    for (const dscp of [10, 63, 0]) {
      tcp.connection.ip.dscp = dscp
      tcp.send(1)
      assert.deepEqual(nextHeader(tcp), [dscp, 64])
    }
    tcp.connection.ip.dscp = 12
    tcp.connection.abort()
    assert.equal(nextHeader(tcp)[1], 64)
  })

  test('is set for the whole stack, what has no connection included', () => {
    const tcp: Partial<TcpConfig> = { dscp: 8, hopLimit: 255 }
    const open = established({ stack: { tcp } })
    open.send(1)
    assert.deepEqual(nextHeader(open), [8, 255])
    const closed = host({ stack: { tcp } })
    closed.stack.connect({ address: '192.0.2.9', port: 1 })
    assert.deepEqual(nextHeader(closed), [8, 255])
  })

  for (const wrong of [-1, 64, 1.5, NaN]) {
    test(`has no code point ${wrong}`, () => {
      assert.throws(() => Object.assign(established().connection.ip, { dscp: wrong }), { code: 'ERR_OUT_OF_RANGE' })
    })
  }

  for (const wrong of [0, 256, 1.5, NaN]) {
    test(`has no time to live of ${wrong}`, () => {
      assert.throws(() => Object.assign(established().connection.ip, { hopLimit: wrong }), { code: 'ERR_OUT_OF_RANGE' })
    })
  }
})
