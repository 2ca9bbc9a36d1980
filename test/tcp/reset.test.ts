/** RST in every state, and the RSTs that a closed port sends: RFC 9293 §3.10.7.1 and §3.10.7.4, RFC 5961 §3. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { host } from '../support/trace.ts'
import { inState, type OpenState, SYNCHRONIZED_STATES } from './states.ts'

/** The right edge of the window that a trace's connection has offered, in every one of these states. */
const EDGE = 65_536

describe('a RST at exactly RCV.NXT (RFC 5961 §3)', () => {
  const ENDS: Record<Exclude<OpenState, 'SYN-SENT'>, string | undefined> = {
    'SYN-RECEIVED': 'ECONNREFUSED',
    ESTABLISHED: 'ECONNRESET',
    'FIN-WAIT-1': 'ECONNRESET',
    'FIN-WAIT-2': 'ECONNRESET',
    'CLOSE-WAIT': 'ECONNRESET',
    CLOSING: undefined,
    'LAST-ACK': undefined,
    'TIME-WAIT': undefined,
  }

  for (const state of SYNCHRONIZED_STATES) {
    const error = ENDS[state as keyof typeof ENDS]
    for (const [what, flags, length] of [
      ['alone', 'R', 0],
      ['with an ACK', 'R.', 0],
      ['with data (RFC 9293 SHLD-2)', 'R', 10],
    ] as const) {
      test(`${what} ends ${state} with ${error ?? 'no error'}, and is not answered`, () => {
        const { tcp, snd, rcv } = inState(state, { stack: { tcp: { rfc1337: false } } })
        const ack = flags.includes('.') ? `ack ${snd}` : ''
        tcp.trace`+0 < ${flags} ${rcv}:${rcv + length}(${length}) ${ack} win 0`
        assert.equal(tcp.connection.state, 'CLOSED')
        assert.equal(tcp.connection.error?.code, error)
        assert.deepEqual(tcp.takeEvents(), state === 'TIME-WAIT' ? [] : ['closed'])
        assert.equal(tcp.stack.tcp.connections.size, 0)
        tcp.trace`+3600`
        assert.equal(tcp.stack.nextDeadline(), Infinity)
      })
    }
  }

  test('does not end TIME-WAIT by default, which an old one would cut short (RFC 1337 §3, fix 1)', () => {
    const { tcp, rcv } = inState('TIME-WAIT')
    tcp.trace`+0 < R ${rcv}:${rcv}(0) win 0`
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
    tcp.trace`+60`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('counts as a reset from ESTABLISHED and CLOSE-WAIT, and as a failed attempt from SYN-RECEIVED (RFC 4022)', () => {
    for (const state of SYNCHRONIZED_STATES) {
      const { tcp, rcv } = inState(state)
      tcp.trace`+0 < R ${rcv}:${rcv}(0) win 0`
      const { EstabResets, AttemptFails, CurrEstab } = tcp.stack.counters
      assert.equal(EstabResets, state === 'ESTABLISHED' || state === 'CLOSE-WAIT' ? 1 : 0, state)
      assert.equal(AttemptFails, state === 'SYN-RECEIVED' ? 1 : 0, state)
      assert.equal(CurrEstab, 0, state)
    }
  })

  test('counts where the number has wrapped', () => {
    const { tcp } = inState('ESTABLISHED', { isn: 0xffff_fff0 })
    tcp.trace`
      +0   < P. 1:21(20) ack 1 win 65535
      +.04 > .  1:1(0) ack 21
      +0   < R  21:21(0) win 0
    `
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
  })
})

describe('a RST in the window, but not at RCV.NXT (RFC 5961 §3)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    for (const seq of [3, 1000, EDGE - 1]) {
      test(`at ${seq} is answered with a challenge ACK in ${state}, which stays`, () => {
        const { tcp, snd, rcv } = inState(state)
        tcp.trace`
          +0 < R ${seq}:${seq}(0) win 0
          +0 > . ${snd}:${snd}(0) ack ${rcv}
        `
        assert.equal(tcp.connection.state, state)
        assert.deepEqual(tcp.takeEvents(), [])
        assert.equal(tcp.stack.counters.drops['tcp-rst-inexact'], 1)
        assert.equal(tcp.stack.counters.TCPChallengeACK, 1)
      })
    }
  }
})

describe('a RST out of the window (RFC 5961 §3)', () => {
  for (const state of SYNCHRONIZED_STATES) {
    for (const seq of [0, -1000, EDGE, EDGE + 1, 0x7fff_ffff]) {
      test(`at ${seq} is ignored in ${state}`, () => {
        const { tcp } = inState(state)
        tcp.trace`+0 < R ${seq}:${seq}(0) win 0`
        assert.equal(tcp.connection.state, state)
        assert.deepEqual(tcp.takeEvents(), [])
        assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
      })
    }
  }
})

describe('a RST at a closed window', () => {
  test('still counts (RFC 9293 MUST-66)', () => {
    const { tcp } = inState('ESTABLISHED', { stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < P. 1:1001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 1001 win 0
      +0   < R  1002:1002(0) win 0
      +0   < R  1000:1000(0) win 0
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`+0 < R 1001:1001(0) win 0`
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
  })
})

describe('a segment for nobody (RFC 9293 §3.10.7.1)', () => {
  for (const [what, segment, answer] of [
    ['a SYN', 'S 5:5(0)', 'R. 0:0(0) ack 6'],
    ['a SYN with data', 'S 5:15(10)', 'R. 0:0(0) ack 16'],
    ['a FIN without ACK', 'F 5:5(0)', 'R. 0:0(0) ack 6'],
    ['SYN and FIN', 'FS 5:5(0)', 'R. 0:0(0) ack 7'],
    ['no flag at all', '- 5:5(0)', 'R. 0:0(0) ack 5'],
    ['data without ACK', 'P 5:15(10)', 'R. 0:0(0) ack 15'],
    ['data that wrap', 'P -5:5(10)', 'R. 0:0(0) ack 5'],
    ['an ACK', '. 5:5(0) ack 77', 'R 77:77(0)'],
    ['a SYN-ACK', 'S. 5:5(0) ack 77', 'R 77:77(0)'],
    ['data and FIN with an ACK', 'FP. 5:15(10) ack 77', 'R 77:77(0)'],
    ['an ACK of 0', '. 5:5(0) ack 0', 'R 0:0(0)'],
  ] as const) {
    for (const family of [4, 6] as const) {
      test(`IPv${family}: ${what} is answered with ${answer}`, () => {
        const tcp = host({ family })
        tcp.trace`
          +0 < ${segment} win 100
          +0 > ${answer} win 0 <>
        `
        assert.equal(tcp.stack.counters.drops['tcp-no-listener'], 1)
        assert.equal(tcp.stack.counters.OutRsts, 1)
      })
    }
  }

  for (const segment of ['R 5:5(0)', 'R. 5:5(0) ack 77', 'SR 5:5(0)', 'FRP. 5:15(10) ack 77']) {
    test(`that has a RST (${segment}) is not answered`, () => {
      const tcp = host()
      tcp.trace`+0 < ${segment} win 100`
      assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
    })
  }
})
