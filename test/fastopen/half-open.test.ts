import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HandshakeKind } from '../../src/tcp/observer.ts'
import type { State } from '../../src/tcp/state.ts'
import type { HostOptions, Traced } from '../support/trace.ts'
import { cookieFor, listenFast, opened, sums } from './support.ts'

const withTimestamps = (tcp: Traced): void => {
  tcp.trace`
    +0 < S  0:10(10)        win 65535 <mss 1000,TS val 100 ecr 0,FO ${cookieFor(tcp)}>
    +0 > S. 0:0(0)   ack 11           <mss 1460,TS val 0 ecr 100,FO *>
  `
  tcp.accept()
}

describe('the SYN-ACK of a Fast Open', () => {
  test("is sent again by the listener's schedule, without a cookie (RFC 7413 §4.2.2), then the connection is given up", () => {
    const tcp = opened({ synAckWaits: [500, 1000, 3000] })
    tcp.trace`
      +.5 > S. 0:0(0) ack 11 <mss 1460>
      +1  > S. 0:0(0) ack 11 <mss 1460>
      +3
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
    assert.equal(tcp.connection.error?.syscall, 'read')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    const { synAcks, synAckRetransmissions, fastOpenFailed } = tcp.listener.counters
    assert.deepEqual([synAcks, synAckRetransmissions, fastOpenFailed], [3, 2, 1])
    assert.equal(tcp.stack.counters.AttemptFails, 1)
    assert.equal(tcp.stack.nextDeadline(), Infinity)
    sums(tcp.listener)
  })

  test('of the default schedule: at 1, 3, 7, 15, 31 s, given up at 63 s', () => {
    const tcp = opened()
    tcp.trace`
      @1  > S. 0:0(0) ack 11
      @3  > S. 0:0(0) ack 11
      @7  > S. 0:0(0) ack 11
      @15 > S. 0:0(0) ack 11
      @31 > S. 0:0(0) ack 11
      @62.999
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
    tcp.trace`@63`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('of a listener that never sends again is given up after its one wait', () => {
    const tcp = opened({ synAckRetries: 0, synAckWaits: [0.3] })
    tcp.trace`+.001`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('a driver that comes late sends it once, and the life is not longer for that', () => {
    const tcp = opened()
    tcp.stack.advance(8000)
    tcp.now = 8000
    tcp.trace`
      @8  > S. 0:0(0) ack 11
      @15 > S. 0:0(0) ack 11
      @31 > S. 0:0(0) ack 11
      @63
    `
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('is not answered by a closed listener any more: a RST', () => {
    const tcp = listenFast()
    tcp.trace`
      +0 < S  0:10(10)        win 65535 <mss 1000,FO ${cookieFor(tcp)}>
      +0 > S. 0:0(0)   ack 11
    `
    tcp.listener.close()
    tcp.trace`+0 > R. 1:1(0) ack 11`
    assert.equal(tcp.listener.fastOpens.pending, 0)
    sums(tcp.listener)
  })
})

describe("the client's SYN again", () => {
  test('without data is answered with the SYN-ACK, at most every 500 ms, and prolongs nothing', () => {
    const tcp = opened({ synAckWaits: [10_000] })
    tcp.trace`
      +.499 < S  0:0(0)        win 65535 <mss 1000>
      +.001 < S  0:0(0)        win 65535 <mss 1000>
      +0    > S. 0:0(0) ack 11           <mss 1460>
      +9.5
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.listener.counters.duplicates, 2)
    assert.equal(tcp.stack.counters.TCPACKSkippedSynRecv, 1)
    assert.equal(tcp.stack.counters.drops['syn-duplicate'], 2)
  })

  test('with its data is answered the same way: the data is there once', () => {
    const tcp = opened()
    tcp.trace`
      +.5 < S  0:10(10)        win 65535 <mss 1000,FO ${cookieFor(tcp)}>
      +0  > S. 0:0(0)   ack 11
      +.1 < .  11:11(0) ack 1  win 65535
    `
    assert.equal(tcp.read(), 10)
    assert.equal(tcp.listener.counters.syns, 1)
  })

  test('with another number is answered with the present SYN-ACK, and the exact RST that follows ends the connection', () => {
    const tcp = opened()
    tcp.trace`
      +.5 < S  5000:5000(0)    win 65535 <mss 1000>
      +0  > S. 0:0(0)   ack 11
      +0  < R  11:11(0)        win 0
    `
    assert.equal(tcp.listener.counters.otherIsn, 1)
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('within the window kills nothing either', () => {
    const tcp = opened()
    tcp.trace`
      +.5 < S  11:11(0)        win 65535 <mss 1000>
      +0  > S. 0:0(0)   ack 11
      +0  < .  11:11(0) ack 1  win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })
})

describe("the client's answer", () => {
  test('may come with more data, and a FIN', () => {
    const tcp = opened()
    tcp.trace`
      +.1 < FP. 11:31(20) ack 1 win 65535
      +0  > .   1:1(0)    ack 32
    `
    assert.equal(tcp.connection.state, 'CLOSE-WAIT')
    assert.equal(tcp.read(), 30)
    assert.equal(tcp.connection.ended, true)
  })

  test('with a wrong acknowledgment number gets a RST, and changes nothing', () => {
    const tcp = opened()
    for (const ack of [0, 2, 1000]) {
      tcp.trace`
        +0 < . 11:11(0) ack ${ack} win 65535
        +0 > R ${ack}:${ack}(0)
      `
    }
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
  })

  test('without an ACK, or beyond the window, changes nothing', () => {
    const tcp = opened()
    tcp.trace`
      +0  < -  11:11(0)              win 65535
      +.6 < .  200000:200000(0) ack 1 win 65535
      +0  > .  1:1(0)          ack 11
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
  })

  test('is timed: the retransmission timer follows the round trip', () => {
    const tcp = opened()
    tcp.trace`+.1 < . 11:11(0) ack 1 win 65535`
    assert.equal(tcp.connection.rto.srtt, 100)
  })

  test('to a SYN-ACK that was sent again measures nothing without timestamps (RFC 6298 (5.7))', () => {
    const tcp = opened()
    tcp.trace`
      +1  > S. 0:0(0) ack 11
      +.1 < .  11:11(0) ack 1 win 65535
    `
    assert.equal(tcp.connection.rto.srtt, -1)
    assert.equal(tcp.connection.rto.value, 3000)
  })

  test('tells by its timestamp which SYN-ACK it is for (RFC 7323 §4)', () => {
    const tcp = listenFast()
    withTimestamps(tcp)
    tcp.trace`
      +1  > S. 0:0(0)   ack 11           <mss 1460,TS val 1000 ecr 100>
      +.1 < .  11:11(0) ack 1  win 65535 <TS val 1200 ecr 1000>
    `
    assert.equal(tcp.connection.rto.srtt, 100)
  })

  test('that is older than the SYN is an old duplicate (RFC 7323 §5.3)', () => {
    const tcp = listenFast()
    withTimestamps(tcp)
    tcp.trace`
      +.6 < . 11:11(0) ack 1  win 65535 <TS val 99 ecr 0>
      +0  > . 1:1(0)   ack 11           <TS val * ecr 100>
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
  })
})

describe('a RST', () => {
  test('at exactly RCV.NXT ends the connection; the application is told', () => {
    const tcp = opened()
    tcp.trace`+.1 < R 11:11(0) win 0`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    sums(tcp.listener)
  })

  test('within the window is challenged (RFC 5961 §3)', () => {
    const tcp = opened()
    tcp.trace`
      +.6 < R 12:12(0) win 0
      +0  > . 1:1(0) ack 11
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
  })

  test('at the number right behind the SYN, where the text was, is out of the window', () => {
    const tcp = opened()
    tcp.trace`+.6 < R 1:1(0) win 0`
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
  })
})

test('an observer sees each step', () => {
  const steps: (HandshakeKind | State)[] = []
  const stack: HostOptions['stack'] = {
    observer: { handshake: (kind) => steps.push(kind), state: (_connection, _from, to) => steps.push(to) },
  }
  const tcp = opened({ stack })
  tcp.trace`
    +1  > S. 0:0(0)   ack 11
    +.1 < .  11:11(0) ack 1  win 65535
  `
  assert.deepEqual(steps, ['fast-opened', 'syn-ack-sent', 'syn-ack-retransmitted', 'fast-completed', 'ESTABLISHED'])
})
