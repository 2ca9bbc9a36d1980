import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_CONFIG, type TcpConfig, tcpConfig } from '../../src/tcp/config.ts'

function refuses(what: string, given: Partial<TcpConfig>, name = Object.keys(given)[0]!): void {
  test(`refuses ${what}`, () => {
    assert.throws(() => tcpConfig(given), {
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
      message: new RegExp(`"tcp\\.${name}"`),
    })
  })
}

describe('the configuration', () => {
  test('is the default where nothing is given', () => {
    assert.deepEqual(tcpConfig(), DEFAULT_CONFIG)
    assert.deepEqual(tcpConfig({ msl: 1 }), { ...DEFAULT_CONFIG, msl: 1 })
  })

  // RFC 9293 MUST-23
  test('gives up a SYN after three minutes at the earliest by default', () => {
    assert.ok(DEFAULT_CONFIG.connectTimeout >= 180_000)
  })

  // RFC 9293 SHLD-11
  test('gives up data after 100 s at the earliest by default', () => {
    assert.ok(DEFAULT_CONFIG.userTimeout >= 100_000)
  })

  // RFC 9293 MUST-40
  refuses('to delay an ACK for longer than half a second', { delayedAck: 501 })
  refuses('an empty send buffer', { sendBuffer: 0 })
  refuses('half an octet of send buffer', { sendBuffer: 1000.5 })
  refuses('a receive buffer that no window can offer', { receiveBuffer: 2 ** 31 })
  refuses('half an octet of receive buffer', { receiveBuffer: 1000.5 })
  refuses('a least RTO of nothing', { rtoMin: 0 })
  refuses('a least RTO above the most', { rtoMin: 70_000 })
  refuses('an initial RTO below the least', { rtoInitial: 100 })
  refuses('an RTO that is no number', { rtoMax: Number.NaN })
  refuses('no time at all to connect', { connectTimeout: 0 })
  refuses('no time at all for data', { userTimeout: Number.NaN })
  refuses('a negative segment lifetime', { msl: -1 })
  refuses('a negative time in FIN-WAIT-2', { finWait2Timeout: -1 })
  refuses('a challenge interval that is no number', { challengeInterval: Number.NaN })
  refuses('a negative bound of TIME-WAIT', { maxTimeWait: -1 })
  refuses('a table for no connection', { maxConnections: 0 })
  refuses('a queue for no reply', { maxReplies: 0 })
  refuses('half a reply', { maxReplies: 1.5 })
  refuses('port 0 as an ephemeral one', { ephemeralPorts: [0, 1000] })
  refuses('ports beyond 65535', { ephemeralPorts: [60_000, 65_536] })
  refuses('a range of ports without a port', { ephemeralPorts: [2000, 1999] })
})
