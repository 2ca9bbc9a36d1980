import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import { seqLess } from '../../src/tcp/seq.ts'
import { established, type HostOptions, listen, type Traced } from '../support/trace.ts'
import { fullSegments } from './full-segments.ts'

/** In TIME-WAIT since now; the peer's FIN was 1, ours 1. */
function timeWait(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  const tcp = established(options)
  tcp.connection.close()
  tcp.trace`
    +0 > F. 1:1(0) ack 1
    +0 < F. 1:1(0) ack 2 win 65535
    +0 > .  2:2(0) ack 2
  `
  tcp.takeEvents()
  return tcp
}

/** The same with timestamps: TS.Recent is 100. */
function stampedTimeWait(): Traced {
  const tcp = listen()
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
    +0 > S. 0:0(0) ack 1
    +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 100 ecr last>
  `
  tcp.accept().close()
  tcp.trace`
    +0 > F. 1:1(0) ack 1
    +0 < F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 100 ecr last>
    +0 > .  2:2(0) ack 2
  `
  return tcp
}

/** After a second, this SYN is answered as that of a new connection. */
function reopens(tcp: Traced, isn: number, options = 'mss 1460'): void {
  tcp.trace`
    +1 < S  ${isn}:${isn}(0) win 65535 <${options}>
    +0 > S. 0:0(0) ack ${isn + 1}
  `
  assert.equal(tcp.connection.state, 'CLOSED')
  assert.equal(tcp.listener.halfOpen, 1)
  assert.equal(tcp.stack.counters.TWRecycled, 1)
}

/** After a second, this SYN is answered with a challenge ACK. */
function isChallenged(tcp: Traced, isn: number, options = 'mss 1460'): void {
  tcp.trace`
    +1 < S ${isn}:${isn}(0) win 65535 <${options}>
    +0 > . 2:2(0) ack 2
  `
  assert.equal(tcp.connection.state, 'TIME-WAIT')
  assert.equal(tcp.listener.halfOpen, 0)
}

describe('TIME-WAIT', () => {
  test('lasts two maximum segment lifetimes, a minute by default, and then is silent (RFC 9293 MUST-13)', () => {
    const tcp = timeWait()
    tcp.trace`+59.999`
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    tcp.trace`+.001`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual(tcp.takeEvents(), [], 'its end was told when it began')
    assert.equal(tcp.stack.counters.TW, 1)
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('lasts as long as the MSL that it is given', () => {
    const tcp = timeWait({ stack: { tcp: { msl: 120_000 } } })
    tcp.trace`+239.999`
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    tcp.trace`+.001`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('acknowledges the FIN of the peer again, and starts anew (RFC 9293 §3.10.7.4, eighth)', () => {
    const tcp = timeWait()
    tcp.trace`
      +30 < F. 1:1(0) ack 2 win 65535
      +0  > .  2:2(0) ack 2
      +.1 < F. 1:1(0) ack 2 win 65535
      +0  > .  2:2(0) ack 2
      +59.999
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    tcp.trace`+.001`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('is not prolonged by anything else', () => {
    const tcp = timeWait()
    tcp.trace`
      +30 < .  2:2(0)   ack 2 win 65535
      +0  < P. 2:12(10) ack 2 win 65535
      +0  < R  5:5(0)   win 0
      +0  > .  2:2(0)   ack 2
      +30
    `
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('ignores text (RFC 9293 §3.10.7.4, seventh)', () => {
    const tcp = timeWait()
    tcp.trace`+0 < P. 2:12(10) ack 2 win 65535`
    assert.equal(tcp.connection.readable, 0)
  })

  test('holds no memory for what was sent', () => {
    const tcp = established()
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`
      +0 > FP. 1:11(10) ack 1
      +0 < F.  1:1(0) ack 12 win 65535
      +0 > .   12:12(0) ack 2
    `
    assert.equal(tcp.connection.sendBuffer.octets.length, 0)
  })

  test('still gives the application what the peer has sent', () => {
    const tcp = established()
    tcp.connection.close()
    tcp.trace`
      +0 > F.  1:1(0)   ack 1
      +0 < FP. 1:11(10) ack 2 win 65535
      +0 > .   2:2(0)   ack 12
      +60
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.ended, false)
    assert.equal(tcp.read(), 10)
    assert.equal(tcp.connection.ended, true)
  })

  test('frees its four-tuple for an active open at its end, and not before', () => {
    const tcp = timeWait()
    const again = { address: '192.0.2.2', port: tcp.peer().port, localPort: 80 }
    assert.throws(() => tcp.stack.connect(again), { code: 'EADDRINUSE' })
    tcp.trace`+60`
    assert.equal(tcp.stack.connect(again).state, 'SYN-SENT')
    tcp.trace`+0 > S 0:0(0)`
  })
})

describe('the bound of TIME-WAIT', () => {
  function closeEach(tcp: Traced, names: readonly string[]): void {
    for (const name of names) {
      tcp.trace`
        +0 <${name} S  0:0(0)       win 65535
        +0 >${name} S. 0:0(0) ack 1
        +0 <${name} .  1:1(0) ack 1 win 65535
      `
      tcp.accept().close()
      tcp.trace`
        +0 >${name} F. 1:1(0) ack 1
        +0 <${name} F. 1:1(0) ack 2 win 65535
        +0 >${name} .  2:2(0) ack 2
      `
    }
  }

  test('ends the oldest when there is one too many', () => {
    const tcp = listen({ stack: { tcp: { maxTimeWait: 2 } } })
    closeEach(tcp, ['a', 'b', 'c'])
    assert.equal(tcp.stack.counters.TCPTimeWaitOverflow, 1)
    tcp.trace`
      +1 <a F. 1:1(0) ack 2 win 65535
      +0 >a R  2:2(0)
      +0 <b F. 1:1(0) ack 2 win 65535
      +0 >b .  2:2(0) ack 2
    `
  })

  test('of 0 has no TIME-WAIT, but the last ACK goes out', () => {
    const tcp = listen({ stack: { tcp: { maxTimeWait: 0 } } })
    closeEach(tcp, ['a'])
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual(tcp.takeEvents().slice(-1), ['closed'])
  })
})

describe('a SYN to a connection in TIME-WAIT', () => {
  test('beyond its last number opens it anew (RFC 9293 MAY-2)', () => {
    const tcp = timeWait()
    reopens(tcp, 3)
    tcp.trace`+0 < . 4:4(0) ack 1 win 65535`
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  for (const isn of [2, 1, 0, -1000, 0x8000_0003]) {
    test(`at ${isn}, not beyond it, is answered with a challenge ACK (RFC 9293 §3.10.7.4, fourth)`, () => {
      const tcp = timeWait()
      isChallenged(tcp, isn)
    })
  }

  test('beyond it compares across the wrap', () => {
    const tcp = timeWait({ isn: 0xffff_fffd })
    reopens(tcp, 5)
  })

  // RFC 9293 SHLD-4: RFC 6191 §2
  test('with a later timestamp opens it anew, whatever its number', () => {
    const tcp = stampedTimeWait()
    reopens(tcp, -5000, 'mss 1460,TS val 101 ecr 0')
  })

  test('with the same timestamp and a number beyond the last opens it anew (RFC 6191 §2)', () => {
    const tcp = stampedTimeWait()
    reopens(tcp, 3, 'mss 1460,TS val 100 ecr 0')
  })

  test('with the same timestamp and no number beyond the last does not (RFC 6191 §2)', () => {
    const tcp = stampedTimeWait()
    isChallenged(tcp, 2, 'mss 1460,TS val 100 ecr 0')
  })

  test('with an earlier timestamp does not, even if its number is beyond the last (RFC 6191 §2)', () => {
    const tcp = stampedTimeWait()
    isChallenged(tcp, 3000, 'mss 1460,TS val 99 ecr 0')
  })

  test('without a timestamp, after a connection with them, goes by its number (RFC 6191 §2)', () => {
    const tcp = stampedTimeWait()
    reopens(tcp, 3)
  })

  test('is given an initial number beyond the last of ours, however fast that was used up (RFC 9293 MAY-2 (1))', () => {
    const tcp = established()
    const last = (tcp.peer().iss! + 14_602) >>> 0
    tcp.send(14_600)
    tcp.connection.close()
    // The clock of RFC 6528 allows for 250 octets a millisecond: this was faster.
    tcp.trace`
      ${fullSegments(0, 10, 'FP.')}
      +.01 < F. 1:1(0) ack 14602 win 65535
      +0   > .  14602:14602(0) ack 2
      +0   < S  1000:1000(0) win 65535 <mss 1460>
      +0   > S. 0:0(0) ack 1001
    `
    assert.ok(seqLess(last, tcp.peer().iss!), `${tcp.peer().iss} is not beyond ${last}`)
  })

  test('leaves it as it is when there is no room in the SYN queue', () => {
    const tcp = timeWait({ backlog: 1, cookies: false })
    tcp.trace`
      +1 <b S  0:0(0)       win 65535
      +0 >b S. 0:0(0) ack 1
      +0 <  S  3:3(0)       win 65535
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    assert.equal(tcp.stack.counters.TCPReqQFullDrop, 1)
  })

  test('is challenged where nobody listens any more', () => {
    const tcp = timeWait()
    tcp.listener.close()
    isChallenged(tcp, 3)
  })
})
