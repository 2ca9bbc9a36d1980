/** Windows that close, of the peer's and of ours: RFC 9293 §3.8.6.1. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type HostOptions, type Traced } from '../support/trace.ts'

/** A connection whose peer has closed its window, with 500 octets waiting; the RTO is 0.3 s. */
function closedWindow(options: HostOptions = {}): Traced {
  const tcp = established(options)
  tcp.send(1000)
  tcp.trace`
    +0  > P. 1:1001(1000) ack 1
    +.1 < .  1:1(0) ack 1001 win 0
  `
  tcp.send(500)
  tcp.takeEvents()
  return tcp
}

describe("the peer's window, when it is closed", () => {
  // RFC 9293 MUST-36, SHLD-29, SHLD-30
  test('is probed with one octet after an RTO, then with doubled waits up to a minute', () => {
    const tcp = closedWindow()
    const answer = '. 1:1(0) ack 1001 win 0'
    tcp.trace`
      @.3   > . 1001:1002(1) ack 1
      +0    < ${answer}
      @.7   > . 1001:1002(1) ack 1
      +0    < ${answer}
      @1.5  > . 1001:1002(1) ack 1
      +0    < ${answer}
      @3.1  > . 1001:1002(1) ack 1
      +0    < ${answer}
      @6.3  > . 1001:1002(1) ack 1
      +0    < ${answer}
      @12.7 > . 1001:1002(1) ack 1
      +0    < ${answer}
      @25.5 > . 1001:1002(1) ack 1
      +0    < ${answer}
      @51.1 > . 1001:1002(1) ack 1
      +0    < ${answer}
      @102.3 > . 1001:1002(1) ack 1
      +0    < ${answer}
      @162.3 > . 1001:1002(1) ack 1
      +0    < ${answer}
      @222.3 > . 1001:1002(1) ack 1
    `
    assert.equal(tcp.stack.counters.TCPWinProbe, 11)
    assert.equal(tcp.stack.counters.TCPTimeouts, 0)
  })

  test('is filled at once when it opens, and the back-off of the probes is forgotten', () => {
    const tcp = closedWindow()
    tcp.trace`
      @.3  > .  1001:1002(1) ack 1
      +0   < .  1:1(0) ack 1001 win 0
      @.5  < .  1:1(0) ack 1001 win 65535
      +0   > P. 1001:1501(500) ack 1
      +.1  < .  1:1(0) ack 1501 win 0
    `
    tcp.send(10)
    tcp.trace`
      @.8 > . 1501:1502(1) ack 1
    `
  })

  test('may have taken the octet of the probe, and opens behind it', () => {
    const tcp = closedWindow()
    tcp.trace`
      @.3 > .  1001:1002(1) ack 1
      +.1 < .  1:1(0) ack 1002 win 65535
      +0  > P. 1002:1501(499) ack 1
    `
  })

  test('may take the octet of the probe, and stay closed', () => {
    const tcp = closedWindow()
    tcp.trace`
      @.3 > . 1001:1002(1) ack 1
      +0  < . 1:1(0) ack 1002 win 0
      @.7 > . 1002:1003(1) ack 1
    `
  })

  test('is probed for ever while the peer answers (RFC 9293 MUST-37, SHLD-17)', () => {
    const tcp = closedWindow({ stack: { tcp: { userTimeout: 1000 } } })
    for (let i = 0, wait = 0.2; i < 100; i++, wait = Math.min(60, i === 1 ? 0.4 : 2 * wait)) {
      tcp.trace`
        +${(i === 0 ? wait : wait - 0.01).toFixed(3)} > . 1001:1002(1) ack 1
        +.01 < . 1:1(0) ack 1001 win 0
      `
    }
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.ok(tcp.now > 5_000_000)
  })

  test('whose probes nobody answers ends the connection after the user timeout: ETIMEDOUT', () => {
    const tcp = closedWindow({ stack: { tcp: { userTimeout: 1000 } } })
    tcp.trace`
      @.3 > . 1001:1002(1) ack 1
      @.7 > . 1001:1002(1) ack 1
      @1.299
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`@1.5`
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
    assert.equal(tcp.stack.counters.TCPAbortOnTimeout, 1)
    tcp.trace`+3600`
  })

  test('gives the FIN its turn when nothing else is left', () => {
    const tcp = closedWindow()
    tcp.connection.close()
    tcp.trace`
      @.3 > .  1001:1002(1) ack 1
      +.1 < .  1:1(0) ack 1002 win 499
      +0  > P. 1002:1501(499) ack 1
      +.1 < .  1:1(0) ack 1501 win 0
      +.2 > F. 1501:1501(0) ack 1
      +.1 < .  1:1(0) ack 1502 win 0
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
    tcp.trace`+3600`
  })

  test('still lets what the peer sends be acknowledged', () => {
    const tcp = closedWindow()
    tcp.trace`
      +.1  < P. 1:11(10) ack 1001 win 0
      +.04 > .  1001:1001(0) ack 11
    `
  })

  test('that closes over what is in flight: this is probed with, and goes again when it opens (RFC 9293 MUST-35, SHLD-17)', () => {
    const tcp = established({ stack: { tcp: { userTimeout: 2000 } } })
    tcp.send(1000)
    tcp.trace`
      +0 > P. 1:1001(1000) ack 1
      +0 < .  1:1(0) ack 1 win 0
    `
    for (const at of [0.2, 0.6, 1.4, 3, 6.2, 12.6]) {
      tcp.trace`
        @${at} > . 1:2(1) ack 1
        +0     < . 1:1(0) ack 1 win 0
      `
    }
    tcp.trace`
      +1 < .  1:1(0) ack 1 win 65535
      +0 > P. 1:1001(1000) ack 1
      +0 < .  1:1(0) ack 1001 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('that opens by too little for a segment is not filled before the override timeout (RFC 9293 §3.8.6.2.1)', () => {
    const tcp = closedWindow()
    tcp.trace`
      @.2 < . 1:1(0) ack 1001 win 100
      @.3 > . 1001:1101(100) ack 1
      +.1 < . 1:1(0) ack 1101 win 0
    `
  })
})

describe('our window, when it is closed', () => {
  function full(): Traced {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < P. 1:1001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 1001 win 0
    `
    return tcp
  }

  test('takes nothing of a probe, and answers it (RFC 9293 §3.8.6.1)', () => {
    const tcp = full()
    for (let i = 0; i < 3; i++) {
      tcp.trace`
        +.1 < . 1001:1002(1) ack 1 win 65535
        +0  > . 1:1(0) ack 1001 win 0
      `
    }
    assert.equal(tcp.connection.readable, 1000)
    assert.equal(tcp.stack.counters.drops['tcp-zero-window'], 3)
  })

  test('takes nothing at all of a segment beyond RCV.NXT', () => {
    const tcp = full()
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1001 win 0
      +0 < .  1006:1016(10) ack 11 win 65535
      +0 > .  11:11(0) ack 1001 win 0
    `
    assert.equal(tcp.connection.sendBuffer.length, 10)
    assert.equal(tcp.stack.counters.drops['tcp-out-of-window'], 1)
  })

  test('takes the ACK of a probe all the same (RFC 9293 §3.10.7.4, first)', () => {
    const tcp = full()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1001 win 0
      +.1 < .  1001:1002(1) ack 11 win 65535
      +0  > .  11:11(0) ack 1001 win 0
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('opens when the application reads, and says so', () => {
    const tcp = full()
    assert.equal(tcp.read(), 1000)
    tcp.trace`
      +0   > .  1:1(0) ack 1001 win 1000
      +.1  < P. 1001:2001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 2001 win 0
    `
    assert.equal(tcp.read(), 1000)
    tcp.trace`+0 > . 1:1(0) ack 2001 win 1000`
  })

  test('is told again to a probe when the update was lost', () => {
    const tcp = full()
    tcp.read(600)
    tcp.trace`
      +0   > . 1:1(0) ack 1001 win 600
      +1   < . 1001:1002(1) ack 1 win 65535
      +.04 > . 1:1(0) ack 1002 win 599
    `
    assert.equal(tcp.read(), 401)
  })

  test('stays closed to a probe until it opens by a segment or half the buffer (RFC 9293 MUST-39)', () => {
    const tcp = full()
    tcp.read(499)
    tcp.trace`
      +.1 < . 1001:1002(1) ack 1 win 65535
      +0  > . 1:1(0) ack 1001 win 0
    `
    tcp.read(1)
    tcp.trace`+0 > . 1:1(0) ack 1001 win 500`
  })

  test('takes a FIN, which needs no room', () => {
    const tcp = full()
    tcp.trace`
      +0 < F. 1001:1001(0) ack 1 win 65535
      +0 > .  1:1(0) ack 1002 win 0
    `
    assert.equal(tcp.connection.state, 'CLOSE-WAIT')
    assert.equal(tcp.read(), 1000)
    assert.equal(tcp.connection.ended, true)
    tcp.trace`+1`
  })

  test('lets ACKs count of a peer that stands at its edge', () => {
    const tcp = full()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1001 win 0
      +.1 < .  1001:1001(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })
})
