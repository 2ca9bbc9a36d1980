/** One trace for each requirement of RFC 9293 on sending and receiving that a trace can show and that no other test is about. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, listen } from '../support/trace.ts'

describe('the size of segments', () => {
  for (const [family, mss] of [
    [4, 536],
    [6, 1220],
  ] as const) {
    test(`IPv${family}: a peer that names no MSS gets ${mss} octets (RFC 9293 MUST-15)`, () => {
      const tcp = listen({ family })
      tcp.trace`
        +0 < S  0:0(0)       win 65535
        +0 > S. 0:0(0) ack 1
        +0 < .  1:1(0) ack 1 win 65535
      `
      tcp.accept()
      tcp.send(mss + 1)
      tcp.trace`+0 > . 1:${1 + mss}(${mss}) ack 1`
    })
  }

  test('the MSS is that of the MTU, on a SYN and on nothing else (RFC 9293 MUST-14, MUST-65, MUST-67, SHLD-5, SHLD-6)', () => {
    const tcp = listen({ stack: { mtu: 1000 } })
    tcp.trace`
      +0   < S  0:0(0)        win 65535
      +0   > S. 0:0(0) ack 1  <mss 960>
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0) ack 11 <>
    `
  })

  test('options take their octets from the segment, and none is larger than the link lets (RFC 9293 MUST-16, SHLD-28)', () => {
    const tcp = listen({ stack: { mtu: 1000 } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 1 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 1 ecr last>
    `
    tcp.accept()
    tcp.send(1000)
    tcp.trace`
      +0 > .  1:949(948) ack 1 <TS val * ecr 1>
      +0 < .  1:1(0) ack 949 win 65535 <nop,nop,TS val 1 ecr last>
      +0 > P. 949:1001(52) ack 1 <TS val * ecr 1>
    `
  })
})

describe('sending', () => {
  test('small writes wait for the ACK of the last, unless the user wants no delay (RFC 9293 MUST-17, SHLD-7)', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.send(10)
    tcp.send(10)
    tcp.trace`
      +.01 < .  1:1(0) ack 11 win 65535
      +0   > P. 11:31(20) ack 1
    `
    tcp.connection.noDelay = true
    tcp.send(10)
    tcp.trace`+0 > P. 31:41(10) ack 1`
  })

  test('PSH stands on the segment that empties the buffer (RFC 9293 MUST-60, MUST-61, SHLD-27)', () => {
    const tcp = established()
    tcp.send(1000)
    tcp.send(1000)
    tcp.trace`
      +0   > .  1:1461(1460) ack 1
      +.01 < .  1:1(0) ack 1461 win 65535
      +0   > P. 1461:2001(540) ack 1
    `
  })

  test('a window of 65,535 is not -1 (RFC 9293 MUST-1)', () => {
    const tcp = established()
    tcp.trace`+0 < . 1:1(0) ack 1 win 65535`
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
  })

  test('in a window that shrinks below what is out nothing new is sent, and the old within it again (RFC 9293 MUST-34, SHLD-15, SHLD-16)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(2920)
    tcp.trace`
      +0  > .  1:1461(1460) ack 1
      +0  > P. 1461:2921(1460) ack 1
      +.1 < .  1:1(0) ack 1 win 1000
    `
    tcp.send(100)
    tcp.trace`
      @1  > .  1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 1001 win 65535
      +0  > .  1001:2461(1460) ack 1
      +0  > P. 2461:3021(560) ack 1
    `
  })

  test('a window that closes is probed after an RTO, then with doubled waits, for as long as the peer answers (RFC 9293 MUST-35, MUST-36, MUST-37, SHLD-17, SHLD-29, SHLD-30)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000, userTimeout: 1000 } } })
    tcp.send(1000)
    tcp.trace`
      +0  > P. 1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 1001 win 0
    `
    tcp.send(500)
    let wait = 1
    for (let probe = 0; probe < 20; probe++) {
      tcp.trace`
        +${wait} > . 1001:1002(1) ack 1
        +0       < . 1:1(0) ack 1001 win 0
      `
      wait = Math.min(2 * wait, 60)
    }
    tcp.trace`
      +1 < .  1:1(0) ack 1001 win 65535
      +0 > P. 1001:1501(500) ack 1
    `
  })

  test('a window too small for a segment is not filled at once (RFC 9293 MUST-38, MUST-60)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(1460)
    tcp.trace`
      +0  > P. 1:1461(1460) ack 1
      +.1 < .  1:1(0) ack 1461 win 100
    `
    tcp.send(1460)
    tcp.trace`+1 > . 1461:1561(100) ack 1`
  })
})

describe('receiving', () => {
  test('an ACK waits for a second full segment, or 40 ms (RFC 9293 MUST-40, MUST-58, SHLD-18, SHLD-19)', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:101(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 101
      +0   < .  101:1561(1460) ack 1 win 65535
      +0   < .  1561:3021(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 3021
    `
  })

  test('what comes early is kept (RFC 9293 SHLD-31)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 2921
    `
    assert.equal(tcp.read(), 2920)
  })

  test('the window opens by a segment or not at all, and its edge never moves back (RFC 9293 MUST-39, SHLD-14)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 8000 } } })
    tcp.trace`
      +0   < .  1:1461(1460) ack 1 win 65535
      +0   < P. 1461:2921(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 2921 win 5080
      +0   < .  2921:4381(1460) ack 1 win 65535
      +0   < .  4381:5841(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 5841 win 2160
      +0   < .  5841:7301(1460) ack 1 win 65535
      +.04 > .  1:1(0) ack 7301 win 700
      +0   < P. 7301:8001(700) ack 1 win 65535
      +.04 > .  1:1(0) ack 8001 win 0
    `
    tcp.read(1459)
    tcp.trace`+1`
    tcp.read(1)
    tcp.trace`+0 > . 1:1(0) ack 8001 win 1460`
  })

  test('a RST counts while the window is closed, and may carry data (RFC 9293 MUST-66, SHLD-2)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < P. 1:1001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 1001 win 0
      +0   < R  1001:1011(10) win 0
    `
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
  })
})

describe('congestion', () => {
  test('the window grows from slow start on, and falls to a segment when the timer runs out, which doubles (RFC 9293 MUST-19)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    const segments = (from: number, count: number): string =>
      Array.from({ length: count }, (_, i) => from + 1460 * i)
        .map((seq) => `+0 > . ${seq}:${seq + 1460}(1460) ack 1`)
        .join('\n')
    tcp.send(100_000)
    tcp.trace`
      ${segments(1, 10)}
      +.1 < . 1:1(0) ack 14601 win 65535
      ${segments(14_601, 18)}
      +1  > . 14601:16061(1460) ack 1
      +2  > . 14601:16061(1460) ack 1
      +.1 < . 1:1(0) ack 16061 win 65535
      ${segments(16_061, 2)}
    `
  })
})
