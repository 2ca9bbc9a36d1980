/** Segments that are not acceptable, in every synchronised state: RFC 9293 §3.10.7.4, RFC 5961 §4, §5, §7. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DropReason } from '../../src/tcp/drop-reason.ts'
import { listen, type Traced } from '../support/trace.ts'
import { type InState, inState, type OpenState, SYNCHRONIZED_STATES } from './states.ts'

/** SND.UNA: what is out is a FIN, or the SYN of a simultaneous open, or nothing. */
const UNACKNOWLEDGED: readonly OpenState[] = ['SYN-RECEIVED', 'FIN-WAIT-1', 'CLOSING', 'LAST-ACK']

function una({ snd }: InState, state: OpenState): number {
  return UNACKNOWLEDGED.includes(state) ? snd - 1 : snd
}

/** The segment is dropped for that reason, answered with a challenge ACK, and nothing has changed. */
function isChallenged(at: InState, sent: string, reason: DropReason): void {
  const { tcp, snd, rcv } = at
  isUnchanged(
    tcp,
    reason,
    () => tcp.trace`
    +0 < ${sent}
    +0 > . ${snd}:${snd}(0) ack ${rcv}
  `,
  )
  const challenges = reason === 'tcp-out-of-window' || reason === 'tcp-paws' ? 0 : 1
  assert.equal(tcp.stack.counters.TCPChallengeACK, challenges)
}

function isUnchanged(tcp: Traced, reason: DropReason, run: () => void): void {
  const { state } = tcp.connection
  run()
  assert.equal(tcp.connection.state, state)
  assert.equal(tcp.stack.counters.drops[reason], 1)
  assert.equal(tcp.connection.readable, 0)
  assert.deepEqual(tcp.takeEvents(), [])
}

describe('a SYN, whatever its number, is challenged (RFC 5961 §4)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    for (const offset of [-1, 0, 1, 1000, -1000, 0x7000_0000]) {
      // Beyond its last number it opens a connection in TIME-WAIT anew.
      if (state === 'TIME-WAIT' && offset > 0) continue
      test(`at RCV.NXT ${offset < 0 ? '-' : '+'} ${Math.abs(offset)} in ${state}`, () => {
        const at = inState(state)
        const seq = at.rcv + offset
        isChallenged(at, `S ${seq}:${seq}(0) win 100 <mss 1000>`, 'tcp-syn-challenged')
        assert.equal(at.tcp.stack.counters.TCPSYNChallenge, 1)
      })
    }

    test(`with an ACK in ${state}`, () => {
      const at = inState(state)
      isChallenged(at, `S. ${at.rcv}:${at.rcv}(0) ack ${at.snd} win 100`, 'tcp-syn-challenged')
    })
  }

  test('even without the timestamps that were agreed on: it is from a client that has restarted', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 100 ecr last>
      +1 < S  9999:9999(0) win 65535 <mss 1460>
      +0 > .  1:1(0) ack 1
    `
  })

  test('and a client that has restarted answers with the exact RST, so that it is back in one round trip', () => {
    const { tcp } = inState('ESTABLISHED')
    tcp.trace`
      +0 < S  9999:9999(0) win 65535 <mss 1460>
      +0 > .  1:1(0) ack 1
      +0 < R  1:1(0) win 0
      +1 < S  9999:9999(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 10000
    `
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
    assert.equal(tcp.listener.halfOpen, 1)
  })
})

describe('an ACK of what was never sent is challenged (RFC 9293 §3.10.7.4, fifth; RFC 5961 §5)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    if (state === 'SYN-RECEIVED') continue
    for (const beyond of [1, 1000, 0x7fff_fff0]) {
      test(`by ${beyond} in ${state}`, () => {
        const at = inState(state)
        isChallenged(at, `. ${at.rcv}:${at.rcv}(0) ack ${at.snd + beyond} win 100`, 'tcp-ack-unacceptable')
      })
    }

    test(`with data in ${state}, which are not taken`, () => {
      const at = inState(state)
      isChallenged(at, `P. ${at.rcv}:${at.rcv + 10}(10) ack ${at.snd + 1} win 100`, 'tcp-ack-unacceptable')
    })
  }

  for (const ack of [0, 2, -1, 1000]) {
    test(`but is answered with RST <SEQ=SEG.ACK> in SYN-RECEIVED: ack ${ack} (RFC 9293 §3.10.7.4, fifth)`, () => {
      const { tcp } = inState('SYN-RECEIVED')
      isUnchanged(
        tcp,
        'tcp-ack-unacceptable',
        () => tcp.trace`
        +0 < . 1:1(0) ack ${ack} win 100
        +0 > R ${ack}:${ack}(0)
      `,
      )
    })
  }
})

describe('an ACK from further back than the largest window is challenged (RFC 5961 §5)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    if (state === 'SYN-RECEIVED') continue
    test(`in ${state}, and one less far back is an old duplicate`, () => {
      const at = inState(state)
      const { tcp, rcv } = at
      const oldest = una(at, state) - 65_535
      tcp.trace`+0 < . ${rcv}:${rcv}(0) ack ${oldest} win 100`
      isChallenged(at, `. ${rcv}:${rcv}(0) ack ${oldest - 1} win 100`, 'tcp-ack-unacceptable')
    })
  }
})

describe('a segment out of the window is answered with an ACK (RFC 9293 §3.10.7.4, first)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    for (const [what, offset, length] of [
      ['an old duplicate', -20, 20],
      ['an ACK from before', -1, 0],
      ['a keep-alive of one octet (RFC 9293 §3.8.4)', -1, 1],
      ['data beyond it', 65_535, 10],
      ['an ACK beyond it', 65_536, 0],
    ] as const) {
      test(`${what}, in ${state}`, () => {
        const at = inState(state)
        const seq = at.rcv + offset
        isChallenged(at, `. ${seq}:${seq + length}(${length}) ack ${at.snd} win 100`, 'tcp-out-of-window')
      })
    }
  }
})

describe('a segment without an ACK bit is dropped (RFC 9293 §3.10.7.4, fifth)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    for (const flags of ['-', 'P', 'F', 'FPU']) {
      test(`${flags} in ${state}`, () => {
        const { tcp, rcv } = inState(state)
        isUnchanged(tcp, 'tcp-no-ack', () => tcp.trace`+0 < ${flags} ${rcv}:${rcv + 10}(10) win 100`)
      })
    }
  }
})

describe('challenge ACKs are rationed (RFC 5961 §7)', () => {
  for (const [what, segment, counted] of [
    ['RSTs', 'R 5:5(0) win 0', 'TCPACKSkippedChallenge'],
    ['SYNs', 'S 5:5(0) win 100', 'TCPACKSkippedChallenge'],
    ['SYNs with data', 'S 5:15(10) win 100', 'TCPACKSkippedChallenge'],
    ['ACKs of what was never sent', '. 1:1(0) ack 99 win 100', 'TCPACKSkippedChallenge'],
    ['ACKs out of the window', '. -5:-5(0) ack 1 win 100', 'TCPACKSkippedSeq'],
  ] as const) {
    test(`to two a second for ${what}`, () => {
      const { tcp } = inState('ESTABLISHED')
      tcp.trace`
        +0    < ${segment}
        +0    > . 1:1(0) ack 1
        +0    < ${segment}
        +.499 < ${segment}
        +.001 < ${segment}
        +0    > . 1:1(0) ack 1
        +0    < ${segment}
      `
      // Linux: TCPChallengeACK counts what tcp_send_challenge_ack() sends, not the ACK of what is out of the window.
      assert.equal(tcp.stack.counters.TCPChallengeACK, counted === 'TCPACKSkippedChallenge' ? 2 : 0)
      assert.equal(tcp.stack.counters[counted], 3)
    })
  }

  // RFC 7323 §5.3 R1. Linux: TCPACKSkippedPAWS.
  test('to two a second for old duplicates', () => {
    const tcp = listen({ stack: { tcp: { timestamps: true } } })
    tcp.trace`
      +0 < S  0:0(0) win 65535 <mss 1460,TS val 1000 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <TS val 1000 ecr last>
    `
    tcp.accept()
    tcp.trace`
      +1 < . 1:1(0) ack 1 win 65535 <TS val 999 ecr last>
      +0 > . 1:1(0) ack 1
      +0 < . 1:1(0) ack 1 win 65535 <TS val 999 ecr last>
    `
    const { PAWSEstab, TCPACKSkippedPAWS, TCPChallengeACK } = tcp.stack.counters
    assert.deepEqual([PAWSEstab, TCPACKSkippedPAWS, TCPChallengeACK], [2, 1, 0])
  })

  test('across all of these kinds together', () => {
    const { tcp } = inState('ESTABLISHED')
    tcp.trace`
      +0  < R 5:5(0) win 0
      +0  > . 1:1(0) ack 1
      +.1 < S 5:5(0) win 100
      +.1 < . 1:1(0) ack 99 win 100
      +.1 < . -5:-5(0) ack 1 win 100
    `
  })

  test('but never for data or a FIN, whose sender waits for an ACK', () => {
    const { tcp } = inState('CLOSE-WAIT')
    tcp.trace`
      +0 < R 5:5(0) win 0
      +0 > . 1:1(0) ack 2
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > . 1:1(0) ack 2
      +0 < . 0:1(1) ack 1 win 65535
      +0 > . 1:1(0) ack 2
    `
  })

  test('for each connection on its own', () => {
    const tcp = listen()
    for (const name of ['a', 'b']) {
      tcp.trace`
        +0 <${name} S  0:0(0)       win 65535
        +0 >${name} S. 0:0(0) ack 1
        +0 <${name} .  1:1(0) ack 1 win 65535
      `
    }
    tcp.trace`
      +0 <a R 5:5(0) win 0
      +0 >a . 1:1(0) ack 1
      +0 <b R 5:5(0) win 0
      +0 >b . 1:1(0) ack 1
    `
  })

  test('by the interval that is configured', () => {
    const { tcp } = inState('ESTABLISHED', { stack: { tcp: { challengeInterval: 2000 } } })
    tcp.trace`
      +0     < R 5:5(0) win 0
      +0     > . 1:1(0) ack 1
      +1.999 < R 5:5(0) win 0
      +.001  < R 5:5(0) win 0
      +0     > . 1:1(0) ack 1
    `
  })
})
