import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type HostOptions, listen, stream, type Traced } from '../support/trace.ts'
import { fullSegments } from './full-segments.ts'

/** A connection whose peer has offered that window from the beginning. */
function offered(win: number, options: HostOptions & { mss?: number } = {}): Traced {
  const { mss = 1460, ...rest } = options
  const tcp = listen(rest)
  tcp.trace`
    +0 < S  0:0(0)       win ${win} <mss ${mss}>
    +0 > S. 0:0(0) ack 1
    +0 < .  1:1(0) ack 1 win ${win}
  `
  tcp.accept()
  tcp.takeEvents()
  return tcp
}

describe('segmentation', () => {
  // RFC 9293 SHLD-28
  test('cuts what is sent into full segments, and pushes the last (RFC 9293 MUST-61)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    tcp.send(4000)
    tcp.trace`
      +0 > .  1:1461(1460)    ack 1 win 65535 <>
      +0 > .  1461:2921(1460) ack 1 win 65535 <>
      +0 > P. 2921:4001(1080) ack 1 win 65535 <>
    `
  })

  test('joins small writes that could not go at once', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    for (let i = 0; i < 100; i++) tcp.send(20)
    tcp.trace`
      +0  > .  11:1471(1460) ack 1
      +.1 < .  1:1(0) ack 1471 win 65535
      +0  > P. 1471:2011(540) ack 1
    `
  })

  test('leaves room for the options of each segment (RFC 9293 MUST-16)', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 1 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 1 ecr last>
    `
    tcp.accept()
    tcp.send(1460)
    tcp.trace`
      +0   > .  1:1449(1448) ack 1 <TS val 0 ecr 1>
      +.05 < .  1:1(0) ack 1449 win 65535 <nop,nop,TS val 2 ecr last>
      +0   > P. 1449:1461(12) ack 1 <TS val 50 ecr 2>
    `
  })

  test('leaves room for SACK blocks while there are gaps', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,sackOK>
      +0 > S. 0:0(0) ack 1
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    tcp.accept()
    tcp.trace`
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <sack 11:21 11:21>
    `
    tcp.send(1460)
    tcp.trace`+0 > . 1:1425(1424) ack 1 <nop,nop,sack 11:21>`
  })

  test('of a stream whose numbers wrap goes on as if nothing were', () => {
    // The third segment is beyond the wrap.
    const tcp = listen({ stack: { initialSequence: () => 2 ** 32 - 3000 } })
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
      +.1 < .  1:1(0) ack 1 win 65535
    `
    tcp.accept().noDelay = true
    assert.equal(tcp.peer().iss, 2 ** 32 - 3000)
    tcp.send(6000)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +0  > .  2921:4381(1460) ack 1
      +0  > .  4381:5841(1460) ack 1
      +0  > P. 5841:6001(160)  ack 1
      +.1 < .  1:1(0) ack 2921 win 65535
      +.1 < .  1:1(0) ack 2921 win 65535
      +0  < .  1:1(0) ack 2921 win 65535
      +0  < .  1:1(0) ack 2921 win 65535
      +0  > .  2921:4381(1460) ack 1
      +.1 < .  1:1(0) ack 6001 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
    assert.deepEqual([tcp.connection.tcb.snd.una, tcp.connection.tcb.snd.nxt], [3001, 3001])
  })
})

describe('the send window', () => {
  test('is never exceeded, and what is left of it not filled with a small segment (RFC 9293 MUST-38)', () => {
    const tcp = offered(3000)
    tcp.send(5000)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +.1 < .  1:1(0) ack 1461 win 3000
      +0  > .  2921:4381(1460) ack 1
      +.1 < .  1:1(0) ack 4381 win 3000
      +0  > P. 4381:5001(620)  ack 1
    `
  })

  test('that is smaller than a segment is used by halves of the largest there was (RFC 9293 §3.8.6.2.1)', () => {
    const tcp = offered(1000)
    tcp.send(5000)
    tcp.trace`
      +0   > . 1:1001(1000)   ack 1
      +.01 < . 1:1(0) ack 1001 win 499
      +.01 < . 1:1(0) ack 1001 win 500
      +0   > . 1001:1501(500) ack 1
    `
  })

  test('takes updates only from segments that are not older than the last (RFC 9293 §3.10.7.4, fifth)', () => {
    const tcp = offered(1460)
    tcp.send(5000)
    tcp.trace`
      +0   > .  1:1461(1460)   ack 1
      +.01 < P. 11:21(10) ack 1461 win 0
      +0   > .  1461:1461(0) ack 1
      +0   < P. 1:11(10)  ack 1461 win 5000
      +0   > .  1461:1461(0) ack 21
      +.01 < .  21:21(0)  ack 1461 win 1460
      +0   > .  1461:2921(1460) ack 21
    `
  })

  for (const isn of [0x7fff_fff0, 0x9000_0000, 0xffff_fff0]) {
    test(`takes updates from the first on, wherever the numbers of the peer start: at ${isn}`, () => {
      const tcp = offered(1460, { isn })
      tcp.trace`+0 < . 1:1(0) ack 1 win 5000`
      tcp.send(2920)
      tcp.trace`
        +0 > .  1:1461(1460)    ack 1
        +0 > P. 1461:2921(1460) ack 1
      `
    })
  }

  test('is the smaller of what the peer offers and what congestion control lets out (RFC 9293 MUST-19)', () => {
    const tcp = established()
    tcp.send(100_000)
    tcp.trace`
      ${fullSegments(0, 10)}
      +.1 < . 1:1(0) ack 2921 win 65535
      ${fullSegments(10, 14)}
    `
  })
})

describe('small segments (Nagle, RFC 9293 SHLD-7)', () => {
  test('wait while anything is in flight, full ones do not', () => {
    const tcp = established()
    tcp.send(1)
    tcp.trace`+0 > P. 1:2(1) ack 1`
    tcp.send(1)
    tcp.trace`+.1`
    tcp.send(1459)
    tcp.trace`
      +0   > P. 2:1462(1460) ack 1
      +.05 < .  1:1(0) ack 2 win 65535
    `
    tcp.send(1)
    tcp.trace`
      +.05 < .  1:1(0) ack 1462 win 65535
      +0   > P. 1462:1463(1) ack 1
    `
  })

  test('go at once when the user wants no delay (RFC 9293 MUST-17)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    for (let i = 0; i < 3; i++) {
      tcp.send(10)
      tcp.trace`+0 > P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1`
    }
  })

  test('go at once with the FIN behind them', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`+0 > FP. 11:21(10) ack 1`
  })

  test('that are written without an ACK between become one when nothing is in flight', () => {
    const tcp = established()
    for (let i = 0; i < 10; i++) tcp.send(10)
    tcp.trace`+0 > P. 1:101(100) ack 1`
  })
})

describe('the send buffer', () => {
  const small = { stack: { tcp: { sendBuffer: 1000 } } }

  test('takes what it has room for, and says so when there is more', () => {
    const tcp = established(small)
    assert.equal(tcp.connection.writable, 1000)
    assert.equal(tcp.send(1500), 1000)
    assert.equal(tcp.connection.writable, 0)
    assert.equal(tcp.send(1), 0)
    tcp.trace`
      +0  > P. 1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 601 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), ['writable'])
    assert.equal(tcp.connection.writable, 600)
  })

  test('takes a part of an array', () => {
    const tcp = established(small)
    assert.equal(tcp.connection.send(stream(0, 20), 0, 10), 10)
    assert.equal(tcp.connection.send(stream(0, 20), 10, 20), 10)
    tcp.trace`
      +0  > P. 1:21(20) ack 1
      +.1 < .  1:1(0) ack 21 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('says nothing when all was taken', () => {
    const tcp = established(small)
    assert.equal(tcp.send(1000), 1000)
    tcp.trace`
      +0  > P. 1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 1001 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('says so once, and again only after more was offered than it took', () => {
    const tcp = established(small)
    tcp.send(1001)
    tcp.trace`
      +0  > P. 1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 301 win 65535
      +0  < .  1:1(0) ack 601 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), ['writable'])
    assert.equal(tcp.send(601), 600)
    tcp.trace`
      +.01 < .  1:1(0) ack 1001 win 65535
      +0   > P. 1001:1601(600) ack 1
    `
    assert.deepEqual(tcp.takeEvents(), ['writable'])
  })

  test('holds what is sent until it is acknowledged, however it is cut', () => {
    const tcp = established({ stack: { tcp: { sendBuffer: 3000, rtoMin: 1000 } } })
    tcp.send(3000)
    tcp.trace`
      +0  > .  1:1461(1460)    ack 1
      +0  > .  1461:2921(1460) ack 1
      +.1 < .  1:1(0) ack 1000 win 65535
    `
    assert.equal(tcp.connection.writable, 999)
    tcp.send(999)
    tcp.trace`
      +1  > .  1000:2460(1460) ack 1
      +.1 < .  1:1(0) ack 2921 win 65535
      +0  > P. 2921:4000(1079) ack 1
    `
  })
})
