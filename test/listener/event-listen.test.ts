/**
 * The answer to every event in LISTEN, and around it: no listener, TIME-WAIT, ESTABLISHED. Linux:
 * net/ipv4/tcp_input.c tcp_rcv_state_process() and tcp_conn_request(), net/ipv4/tcp_minisocks.c
 * tcp_timewait_state_process(), 6.12.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admitFairly } from '../../src/tcp/admission.ts'
import { seqLess } from '../../src/tcp/seq.ts'
import { ACK, FIN } from '../../src/wire/segment.ts'
import { host, type Traced } from '../support/trace.ts'
import { Bench, Client } from './clients.ts'
import { ack, cookieOnly, full, listening, type Options, syn } from './listening.ts'

describe('LISTEN, RST', () => {
  // RFC 9293 §3.10.7.2, first. Linux: the same.
  for (const segment of ['R 1:1(0)', 'R. 1:1(0) ack 1', 'SR 1:1(0)', 'RF. 1:1(0) ack 1']) {
    test(`${segment}: ignored`, () => {
      const tcp = listening()
      tcp.trace`+0 < ${segment} win 0`
      assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
    })
  }

  test('is ignored after cookies went out, too', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`+0 < R. 1:1(0) ack 1 win 0`
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })
})

describe('LISTEN, ACK', () => {
  // RFC 9293 §3.10.7.2, second. Linux: the same, with "lately" two minutes.
  for (const segment of ['. 5:5(0)', 'P. 5:15(10)', 'F. 5:5(0)', 'FPU. 5:15(10)']) {
    test(`${segment}, no cookies lately: RST <SEQ=SEG.ACK>`, () => {
      const tcp = listening()
      tcp.trace`
        +0 < ${segment} ack 77 win 100
        +0 > R 77:77(0) win 0 <>
      `
      assert.equal(tcp.stack.counters.drops['tcp-ack-to-listener'], 1)
      assert.equal(tcp.stack.counters.SyncookiesFailed, 0)
    })
  }

  test('of a cookie that went out lately: established', () => {
    const tcp = cookieOnly()
    syn(tcp)
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.equal(tcp.stack.counters.SyncookiesRecv, 1)
  })

  // Here Linux resets: a cookie's client whose ACK and first data were lost or overtaken dies of it.
  test('of no cookie, though some went out lately: dropped and counted, as it may belong to one', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +0 < .  1:1(0) ack 2 win 100
      +0 < .  2:2(0) ack 1 win 100
      +0 < P. 9:19(10) ack 1 win 100
    `
    assert.equal(tcp.stack.counters.SyncookiesFailed, 3)
    assert.equal(tcp.listener.counters.cookieFailed, 3)
    assert.equal(tcp.stack.counters.drops['cookie-failed'], 3)
  })
})

describe('LISTEN, SYN-ACK', () => {
  // RFC 9293 §3.10.7.2, second: it has an ACK. Linux: the same.
  test('RST <SEQ=SEG.ACK>', () => {
    const tcp = listening()
    tcp.trace`
      +0 < S. 5:5(0) ack 77 win 100 <mss 1460>
      +0 > R  77:77(0) win 0 <>
    `
    assert.equal(tcp.listener.counters.syns, 0)
  })

  test('RST, also where its ACK would be that of a cookie', () => {
    const tcp = cookieOnly()
    syn(tcp)
    tcp.trace`
      +0 < S. 1:1(0) ack 1 win 100
      +0 > R  1:1(0) win 0 <>
    `
    assert.equal(tcp.listener.acceptQueueLength, 0)
  })
})

describe('LISTEN, SYN with FIN', () => {
  // RFC 9293 §3.10.7.2 lets it pass; no TCP sends it. Linux: dropped, not counted.
  test('is dropped and counted', () => {
    const tcp = listening()
    tcp.trace`+0 < SF 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.stack.counters.drops['tcp-syn-fin'], 1)
    assert.equal(tcp.stack.counters.ListenDrops, 1)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.syns], [0, 0])
  })
})

describe('LISTEN, neither RST nor ACK nor SYN', () => {
  // RFC 9293 §3.10.7.2, fourth. Linux: the same.
  for (const segment of ['- 1:1(0)', 'F 1:1(0)', 'PU 1:11(10)']) {
    test(`${segment}: ignored`, () => {
      const tcp = listening()
      tcp.trace`+0 < ${segment} win 100`
      assert.equal(tcp.stack.counters.drops['tcp-no-syn'], 1)
    })
  }
})

describe('LISTEN, SYN', () => {
  // RFC 9293 §3.10.7.2, third.
  for (const segment of ['S 0:0(0)', 'SP 0:0(0)', 'SU 0:0(0)', 'SEW 0:0(0)']) {
    test(`${segment}: to admission, which holds it`, () => {
      const tcp = listening()
      tcp.trace`
        +0 < ${segment} win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1 win 65535 <mss 1460>
      `
      assert.deepEqual([tcp.listener.counters.syns, tcp.listener.counters.held], [1, 1])
    })
  }
})

describe('No listener', () => {
  // RFC 9293 §3.10.7.1. Linux: the same.
  test('SYN: RST <SEQ=0><ACK=SEG.SEQ+SEG.LEN>', () => {
    const tcp = host()
    tcp.trace`
      +0 < S  100:110(10) win 65535 <mss 1460>
      +0 > R. 0:0(0) ack 111 win 0 <>
    `
  })

  test('ACK: RST <SEQ=SEG.ACK>', () => {
    const tcp = host()
    tcp.trace`
      +0 < . 100:100(0) ack 7 win 100
      +0 > R 7:7(0) win 0 <>
    `
  })

  test('RST: nothing', () => {
    host().trace`+0 < R 100:100(0) win 0`
  })
})

/** The connection of the peer without a name stands in TIME-WAIT; it used numbers up to 2 on both sides. */
function inTimeWait(options: Options = {}): Traced {
  const tcp = listening(options)
  syn(tcp)
  ack(tcp)
  tcp.accept().close()
  tcp.trace`
    +0 > F. 1:1(0) ack 1
    +0 < F. 1:1(0) ack 2 win 65535
    +0 > .  2:2(0) ack 2
  `
  assert.equal(tcp.connection.state, 'TIME-WAIT')
  return tcp
}

describe('TIME-WAIT, SYN', () => {
  // RFC 6191 §2, RFC 1122 §4.2.2.13. Linux: recycled as well, but such a SYN bypasses the backlog.
  test('beyond the last number: a new connection, through admission', () => {
    const tcp = inTimeWait()
    tcp.trace`
      +1 < S  5000:5000(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 5001
      +0 < .  5001:5001(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.equal(tcp.stack.counters.TWRecycled, 1)
  })

  test('not beyond the last number: ACK, and TIME-WAIT stays', () => {
    const tcp = inTimeWait()
    tcp.trace`
      +1 < S 0:0(0) win 65535 <mss 1460>
      +0 > . 2:2(0) ack 2
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    assert.equal(tcp.listener.counters.syns, 1)
  })

  test('queue full and no cookies: dropped like any SYN, and TIME-WAIT stays', () => {
    const tcp = inTimeWait({ backlog: 1, cookies: false })
    syn(tcp, 'other')
    tcp.trace`+.5 < S 5000:5000(0) win 65535 <mss 1460>`
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    assert.equal(tcp.listener.counters.queueFull, 1)
  })

  test('refused or ignored by the policy: TIME-WAIT stays', () => {
    let verdict: 'hold' | 'refuse' | 'ignore' = 'hold'
    const tcp = inTimeWait({ admission: () => verdict, stack: { initialSequence: () => 0 } })
    verdict = 'ignore'
    tcp.trace`+.5 < S 5000:5000(0) win 65535 <mss 1460>`
    verdict = 'refuse'
    tcp.trace`
      +.5 < S  5000:5000(0) win 65535 <mss 1460>
      +0  > R. 0:0(0) ack 5001
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
  })

  // Whether a cookie's number lies beyond those of the old incarnation (RFC 9293 §3.6.1) is a matter of chance: where it does not,
  // the client gets an entry, if there can be any.
  for (const [backlog, isn] of [
    [1, 5000],
    [1, 6000],
    [1, 7000],
    [0, 5000],
    [0, 6000],
    [0, 7000],
  ] as const) {
    test(`queue of ${backlog} full, ISN ${isn}: who is answered completes the handshake, and else TIME-WAIT stays`, () => {
      const bench = new Bench({ backlog, admission: backlog === 0 ? () => 'hold' : admitFairly })
      const old = new Client('192.0.2.2', 40_000, 0)
      old.open(bench)
      bench.receive(old.ack())
      const connection = bench.accept()
      connection.close()
      bench.drain()
      bench.receive(old.segment(ACK | FIN, old.isn + 1, old.iss + 2))
      assert.equal(connection.state, 'TIME-WAIT')
      new Client('192.0.2.3', 40_000, 0).open(bench)
      const next = new Client('192.0.2.2', 40_000, isn)
      if (next.open(bench) === undefined) {
        assert.equal(backlog, 0)
        assert.equal(connection.state, 'TIME-WAIT')
        return
      }
      assert.equal(bench.receive(next.ack()).length, 0, 'nobody objects to its ACK')
      assert.equal(bench.accept().state, 'ESTABLISHED')
      assert.ok(seqLess(old.iss + 2, next.iss), 'a number beyond all that were used')
    })
  }
})

describe('ESTABLISHED, SYN', () => {
  // RFC 5961 §4. Linux: the same.
  test('challenge ACK; the client that has rebooted resets, and is back in one round trip', () => {
    const tcp = listening()
    syn(tcp)
    ack(tcp)
    tcp.accept()
    tcp.trace`
      +5  < S 70000:70000(0) win 65535 <mss 1460>
      +0  > . 1:1(0) ack 1
      +.1 < R 1:1(0) win 0
      +.9 < S 70000:70000(0) win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 70001
      +.1 < . 70001:70001(0) ack 1 win 65535
    `
    assert.equal(tcp.stack.counters.TCPSYNChallenge, 1)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('with the number of the handshake: challenge ACK, whatever the queues hold', () => {
    const tcp = full(1)
    ack(tcp, 'p0')
    syn(tcp, 'p1')
    tcp.trace`
      +.1 <p0 S 0:0(0) win 65535 <mss 1460>
      +0  >p0 . 1:1(0) ack 1
    `
    assert.equal(tcp.listener.counters.syns, 2)
  })
})
