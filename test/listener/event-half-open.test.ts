/**
 * The answer to every event in passive SYN-RECEIVED, a test for each. Linux: net/ipv4/tcp_minisocks.c tcp_check_req() and
 * net/ipv4/inet_connection_sock.c reqsk_timer_handler(), 6.12.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertGone, assertKept, halfOpen, listening, syn } from './listening.ts'

describe('SYN-RECEIVED, duplicate SYN with the same ISN', () => {
  // RFC 9293 §3.10.7.4, first; RFC 5961 §7. Linux: the same answer, but each one prolongs the entry's life.
  test('is answered with the SYN-ACK again', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.5 < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1 <mss 1460>
    `
    assert.equal(tcp.listener.counters.duplicates, 1)
    assertKept(tcp)
  })

  test('is answered at most once in 500 ms', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.1   < S  0:0(0)       win 65535 <mss 1460>
      +.3   < S  0:0(0)       win 65535 <mss 1460>
      +.1   < S  0:0(0)       win 65535 <mss 1460>
      +0    > S. 0:0(0) ack 1
      +.499 < S  0:0(0)       win 65535 <mss 1460>
    `
    assert.equal(tcp.stack.counters.TCPACKSkippedSynRecv, 3)
    assert.equal(tcp.listener.counters.duplicates, 4)
  })

  test('does not prolong the life of the entry, and moves no retransmission', () => {
    const tcp = halfOpen({ synAckRetries: 1 })
    tcp.trace`
      @.9   < S  0:0(0)       win 65535 <mss 1460>
      +0    > S. 0:0(0) ack 1
      @1    > S. 0:0(0) ack 1
      @2.9  < S  0:0(0)       win 65535 <mss 1460>
      +0    > S. 0:0(0) ack 1
      @2.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@3`
    assertGone(tcp)
  })
})

describe('SYN-RECEIVED, SYN with another ISN', () => {
  // RFC 5961 §4 in the place of RFC 9293 §3.10.7.4, fourth. Linux: one in the window resets the entry (embryonic_reset), so
  // that a blind SYN ends a handshake; one out of the window is answered with a bare ACK.
  for (const isn of [2, 65_535, 65_536, -1, 0x4000_0000, -0x8000_0000]) {
    test(`${isn}: challenged with the present SYN-ACK, entry kept`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +.5 < S  ${isn}:${isn}(0) win 65535 <mss 536>
        +0  > S. 0:0(0) ack 1 <mss 1460>
      `
      assert.equal(tcp.listener.counters.otherIsn, 1)
      assertKept(tcp)
    })
  }

  test('a restarted client answers the SYN-ACK with the exact RST, and its next SYN starts anew', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.5 < S  9000:9000(0) win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
      +0  < R  1:1(0)       win 0
      +.5 < S  9000:9000(0) win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 9001
      +0  < .  9001:9001(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('takes part in the limit of one answer in 500 ms', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.5   < S  9000:9000(0) win 65535 <mss 1460>
      +0    > S. 0:0(0) ack 1
      +.4   < S  0:0(0)       win 65535 <mss 1460>
      +.099 < S  7000:7000(0) win 65535 <mss 1460>
    `
    assertKept(tcp)
  })
})

describe('SYN-RECEIVED, ACK of our SYN in the window', () => {
  // RFC 9293 §3.10.7.4, fifth to eighth. Linux: the same.
  test('is established', () => {
    const tcp = halfOpen()
    tcp.trace`+.1 < . 1:1(0) ack 1 win 65535`
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('data on it is taken in the same step', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.1  < P. 1:101(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 101
    `
    tcp.accept()
    assert.equal(tcp.read(), 100)
  })

  test('a FIN on it is processed in the same step', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.1 < F. 1:1(0) ack 1 win 65535
      +0  > .  1:1(0) ack 2
    `
    assert.equal(tcp.accept().state, 'CLOSE-WAIT')
    assert.ok(tcp.connection.ended)
  })

  test('data and a FIN on it are processed in the same step', () => {
    const tcp = halfOpen()
    tcp.trace`
      +.1 < FP. 1:101(100) ack 1 win 65535
      +0  > .   1:1(0) ack 102
    `
    assert.equal(tcp.accept().state, 'CLOSE-WAIT')
    assert.equal(tcp.read(), 100)
  })
})

describe('SYN-RECEIVED, wrong ACK number', () => {
  // RFC 9293 §3.10.7.4, fifth. Linux: the same; FreeBSD loses the entry.
  for (const number of [0, 2, 1461, -1, 0x7fff_ffff, -0x8000_0000]) {
    test(`${number}: RST <SEQ=SEG.ACK>, entry kept`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +.1 < . 1:1(0) ack ${number} win 65535
        +0  > R ${number}:${number}(0) win 0 <>
      `
      assert.equal(tcp.stack.counters.drops['tcp-ack-unacceptable'], 1)
      assertKept(tcp)
    })
  }
})

describe('SYN-RECEIVED, RST', () => {
  // RFC 9293 §3.10.7.4, second; RFC 5961 §3. Linux: the exact one does the same.
  test('at exactly RCV.NXT: entry deleted', () => {
    const tcp = halfOpen()
    tcp.trace`+.1 < R 1:1(0) win 0`
    assert.equal(tcp.listener.counters.reset, 1)
    assert.equal(tcp.stack.counters.EmbryonicRsts, 1)
    assertGone(tcp)
  })

  test('at exactly RCV.NXT, with ACK: entry deleted', () => {
    const tcp = halfOpen()
    tcp.trace`+.1 < R. 1:1(0) ack 1 win 0`
    assertGone(tcp)
  })

  // RFC 5961 §3. Linux, gVisor and smoltcp delete the entry for any RST in the window.
  for (const seq of [2, 1000, 65_535]) {
    test(`at ${seq}, in the window but not exact: challenge ACK, entry kept`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +.5 < R ${seq}:${seq}(0) win 0
        +0  > . 1:1(0) ack 1
      `
      assert.equal(tcp.stack.counters.TCPChallengeACK, 1)
      assertKept(tcp)
    })
  }

  // RFC 5961 §3. Linux: the same.
  for (const seq of [0, -1, 65_536, -0x8000_0000]) {
    test(`at ${seq}, out of the window: ignored`, () => {
      const tcp = halfOpen()
      tcp.trace`+.5 < R ${seq}:${seq}(0) win 0`
      assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
      assertKept(tcp)
    })
  }
})

describe('SYN-RECEIVED, neither ACK nor SYN nor RST', () => {
  // RFC 9293 §3.10.7.4, fifth. Linux: the same.
  for (const segment of ['- 1:1(0)', 'P 1:11(10)', 'F 1:1(0)', 'FPU 1:11(10)']) {
    test(`${segment}: ignored`, () => {
      const tcp = halfOpen()
      tcp.trace`+.1 < ${segment} win 65535`
      assert.equal(tcp.stack.counters.drops['tcp-no-ack'], 1)
      assertKept(tcp)
    })
  }
})

describe('SYN-RECEIVED, ICMP unreachable', () => {
  // RFC 9293 §3.9.2.2; RFC 5927 §4.1. Linux deletes the entry when net or host are said to be unreachable.
  for (const code of ['net_unreachable', 'host_unreachable', 'port_unreachable', 'admin_prohibited']) {
    test(`${code} quoting our ISS: deletes nothing before the last retransmission`, () => {
      const tcp = halfOpen()
      tcp.trace`+.1 < icmp unreachable ${code} [0:0(0)]`
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 0, 'it is about what we sent')
      assert.equal(tcp.listener.counters.softErrors, 1)
      assertKept(tcp)
    })
  }

  for (const seq of [1, -1, 5000]) {
    test(`quoting ${seq}: ignored and counted (gVisor deletes the entry)`, () => {
      const tcp = halfOpen()
      tcp.trace`+.1 < icmp unreachable host_unreachable [${seq}:${seq}(0)]`
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
      assertKept(tcp)
    })
  }
})

describe('SYN-RECEIVED, data on the SYN', () => {
  // RFC 9293 §3.10.7.2, third; no Fast Open (RFC 7413). Linux: the same.
  test('is not acknowledged and not stored', () => {
    const tcp = listening()
    tcp.trace`
      +0   < S  0:100(100)   win 65535 <mss 1460>
      +0   > S. 0:0(0) ack 1
      +.1  < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().readable, 0)
    tcp.trace`
      +0   < P. 1:101(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 101
    `
    assert.equal(tcp.read(), 100)
  })
})

describe('SYN-RECEIVED, timer', () => {
  // RFC 9293 §3.8.1, with the schedule as data. Linux: the same waits, but the last ones fall away when more than half of
  // the queue is young, and deletion is up to 1.5 s late.
  test('the SYN-ACK again, next wait; after the last wait the entry is deleted and counted', () => {
    const tcp = listening()
    tcp.trace`
      @0  < S  0:0(0)       win 65535 <mss 1460>
      @0  > S. 0:0(0) ack 1
      @1  > S. 0:0(0) ack 1
      @3  > S. 0:0(0) ack 1
      @7  > S. 0:0(0) ack 1
      @15 > S. 0:0(0) ack 1
      @31 > S. 0:0(0) ack 1
      @62.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@63`
    const { counters } = tcp.listener
    assert.deepEqual([counters.expired, counters.synAcks, counters.synAckRetransmissions], [1, 6, 5])
    assertGone(tcp)
  })

  test('is as exact for an entry of another half second', () => {
    const tcp = halfOpen({ synAckRetries: 0 })
    tcp.trace`+.4375`
    syn(tcp, 'b')
    tcp.trace`@1`
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@1.4365`
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@1.4375`
    assert.equal(tcp.listener.halfOpen, 0)
  })
})

describe('SYN-RECEIVED, listener closes', () => {
  // RFC 9293 §3.10.4. Linux resets those that are established, and says nothing to those that are half-open.
  test('RST for each half-open and each unaccepted connection', () => {
    const tcp = listening()
    for (const name of ['a', 'b', 'c']) syn(tcp, name)
    tcp.trace`+.1 <b . 1:1(0) ack 1 win 65535`
    tcp.listener.close()
    tcp.trace`
      +0 >a R. 1:1(0) ack 1 win 0 <>
      +0 >c R. 1:1(0) ack 1 win 0 <>
      +0 >b R. 1:1(0) ack 1
      +100
    `
    assert.equal(tcp.listener.counters.closed, 2)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.acceptQueueLength], [0, 0])
  })

  // RFC 9293 §3.10.7.1: nothing was sent yet, so there is no number to go on from.
  test('RST <SEQ=0><ACK=SEG.SEQ+1> to a client whose SYN was deferred, as from a closed port', () => {
    const tcp = listening({ admission: () => 'defer', stack: { initialSequence: () => 0 } })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    tcp.listener.close()
    tcp.trace`+0 > R. 0:0(0) ack 1 win 0 <>`
    assert.equal(tcp.listener.counters.closed, 1)
  })
})
