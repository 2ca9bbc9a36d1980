/** What a half-open connection and a listener answer (RFC 9293 §3.10.7.2, §3.10.7.4; RFC 5961). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DropReason } from '../../src/tcp/drop-reason.ts'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'

/** An entry whose SYN-ACK went out half a second ago, so that nothing is rate-limited. */
function halfOpen(options: HostOptions = {}): Traced {
  const tcp = listen(options)
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460>
    +0 > S. 0:0(0) ack 1
    +.5
  `
  return tcp
}

function kept(tcp: Traced, reason: DropReason): void {
  assert.equal(tcp.listener.halfOpen, 1)
  assert.equal(tcp.stack.counters.drops[reason], 1)
  // It is not worse for it.
  tcp.trace`+0 < . 1:1(0) ack 1 win 65535`
  assert.equal(tcp.accept().state, 'ESTABLISHED')
}

describe('a half-open connection', () => {
  test('answers a SYN with another number by the present SYN-ACK, and stays (RFC 5961 §4)', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0 < S  5000:5000(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
    `
    kept(tcp, 'syn-other-isn')
  })

  test('answers SYNs with other numbers no more often than duplicates', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0   < S  5000:5000(0) win 65535 <mss 1460>
      +0   > S. 0:0(0) ack 1
      +0   < S  6000:6000(0) win 65535 <mss 1460>
      +.499 < S 0:0(0)       win 65535 <mss 1460>
    `
    assert.equal(tcp.stack.counters.TCPACKSkippedSynRecv, 2)
  })

  test('goes when a client that has restarted answers the SYN-ACK with a RST, and its next SYN starts anew', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0 < S  5000:5000(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < R  1:1(0)       win 0
      +1 < S  5000:5000(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 5001
      +0 < .  5001:5001(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  for (const ack of [0, 2, -1, 1000, 0x7fff_ffff]) {
    test(`answers the wrong ACK ${ack} with RST <SEQ=SEG.ACK>, and stays (RFC 9293 §3.10.7.4)`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +0 < .  1:1(0) ack ${ack} win 65535
        +0 > R  ${ack}:${ack}(0)
      `
      kept(tcp, 'tcp-ack-unacceptable')
    })
  }

  test('does not take the data of a wrong ACK', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0   < P. 1:11(10) ack 2 win 65535
      +0   > R  2:2(0)
      +0   < P. 1:6(5) ack 1 win 65535
      +.04 > .  1:1(0) ack 6
    `
    tcp.accept()
    assert.equal(tcp.read(), 5)
  })

  test('goes with a RST at exactly RCV.NXT: back to LISTEN, and the user is not told (RFC 9293 §3.10.7.4)', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0 < R 1:1(0) win 0
      +100
    `
    assert.equal(tcp.listener.halfOpen, 0)
    assert.equal(tcp.listener.counters.reset, 1)
    assert.equal(tcp.stack.counters.EmbryonicRsts, 1)
    assert.equal(tcp.stack.counters.AttemptFails, 1)
    assert.deepEqual(tcp.takeEvents(), [])
  })

  for (const seq of [2, 65_535]) {
    test(`answers a RST at ${seq}, in the window but not exact, with a challenge ACK, and stays (RFC 5961 §3)`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +0 < R ${seq}:${seq}(0) win 0
        +0 > . 1:1(0) ack 1 win 65535
      `
      assert.equal(tcp.stack.counters.TCPChallengeACK, 1)
      kept(tcp, 'tcp-rst-inexact')
      assert.equal(tcp.connection.rto.srtt, -1, 'nobody knows which answer the ACK was for (Karn)')
    })
  }

  for (const seq of [0, -1, 65_536, 0x7fff_ffff]) {
    test(`ignores a RST at ${seq}, out of the window, and stays (RFC 5961 §3)`, () => {
      const tcp = halfOpen()
      tcp.trace`+0 < R ${seq}:${seq}(0) win 0`
      kept(tcp, 'tcp-rst-ignored')
    })
  }

  test('challenges RSTs no more than twice a second (RFC 5961 §7)', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0    < R 2:2(0) win 0
      +0    > . 1:1(0) ack 1
      +.499 < R 3:3(0) win 0
      +.001 > S. 0:0(0) ack 1
      +.499 < R 4:4(0) win 0
      +.001 < R 5:5(0) win 0
      +0    > . 1:1(0) ack 1
    `
  })

  for (const [what, segment] of [
    ['with no flag', '- 1:1(0)'],
    ['with data alone', 'P 1:11(10)'],
    ['with a FIN alone', 'F 1:1(0)'],
  ] as const) {
    test(`ignores a segment ${what}: without ACK nothing can be done (RFC 9293 §3.10.7.4)`, () => {
      const tcp = halfOpen()
      tcp.trace`+0 < ${segment} win 65535`
      kept(tcp, 'tcp-no-ack')
    })
  }

  for (const segment of ['. -10:-10(0)', '. 0:0(0)', 'P. -10:-5(5)', '. 65537:65537(0)', 'P. 65536:65546(10)']) {
    test(`answers ${segment}, out of the window, with an ACK, and stays`, () => {
      const tcp = halfOpen()
      tcp.trace`
        +0 < ${segment} ack 1 win 65535
        +0 > . 1:1(0) ack 1
      `
      kept(tcp, 'tcp-out-of-window')
    })
  }

  test('is completed by data that come before those of the ACK, and answers them as early', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0)   ack 1
      +0 < P. 1:11(10) ack 1 win 65535
      +0 > .  1:1(0)   ack 21
    `
    tcp.accept()
    assert.equal(tcp.read(), 20)
  })

  test('is not moved by an ICMP error, whatever number it quotes', () => {
    const tcp = halfOpen()
    tcp.trace`
      +0 < icmp unreachable port_unreachable [0:0(0)]
      +0 < icmp unreachable host_unreachable [5000:5000(0)]
      +.5 > S. 0:0(0) ack 1
    `
    assert.equal(tcp.listener.halfOpen, 1)
  })
})

describe('a listener', () => {
  for (const [what, segment, reason] of [
    ['a RST', 'R 1:1(0) win 0', 'tcp-rst-ignored'],
    ['a RST with an ACK', 'R. 1:1(0) ack 1 win 0', 'tcp-rst-ignored'],
    ['a SYN with a RST', 'SR 1:1(0) win 0', 'tcp-rst-ignored'],
    ['a FIN alone', 'F 1:1(0) win 100', 'tcp-no-syn'],
    ['no flag at all', '- 1:11(10) win 100', 'tcp-no-syn'],
    ['a SYN with a FIN', 'FS 1:1(0) win 100', 'tcp-syn-fin'],
  ] as const) {
    test(`does not answer ${what} (RFC 9293 §3.10.7.2)`, () => {
      const tcp = listen()
      tcp.trace`+0 < ${segment}`
      assert.equal(tcp.listener.halfOpen, 0)
      assert.equal(tcp.stack.counters.drops[reason], 1)
    })
  }

  for (const [what, segment] of [
    ['an ACK', '. 5:5(0) ack 77 win 100'],
    ['a SYN-ACK', 'S. 5:5(0) ack 77 win 100'],
    ['a FIN with an ACK', 'F. 5:5(0) ack 77 win 100'],
    ['data with an ACK', 'P. 5:15(10) ack 77 win 100'],
  ] as const) {
    test(`answers ${what} with RST <SEQ=SEG.ACK> (RFC 9293 §3.10.7.2)`, () => {
      const tcp = listen()
      tcp.trace`
        +0 < ${segment}
        +0 > R 77:77(0) win 0 <>
      `
      assert.equal(tcp.stack.counters.drops['tcp-ack-to-listener'], 1)
      assert.equal(tcp.stack.counters.OutRsts, 1)
    })
  }
})
