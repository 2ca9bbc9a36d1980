/** The user calls CLOSE, ABORT, SEND and RECEIVE in every state (RFC 9293 §3.10.2 to §3.10.5), and `release`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { State } from '../../src/tcp/state.ts'
import { established, type Traced } from '../support/trace.ts'
import { fullSegments } from './full-segments.ts'
import { inState, OPEN_STATES, type OpenState } from './states.ts'

describe('ABORT (RFC 9293 §3.10.5)', () => {
  const RESETS: readonly OpenState[] = ['SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT']

  for (const state of OPEN_STATES) {
    const resets = RESETS.includes(state)
    test(`in ${state} ${resets ? 'sends a RST' : 'sends nothing'}, and the connection is gone`, () => {
      const { tcp, snd, rcv } = inState(state)
      tcp.connection.abort()
      if (resets) tcp.trace`+0 > R. ${snd}:${snd}(0) ack ${rcv} win 0`
      assert.equal(tcp.connection.state, 'CLOSED')
      assert.equal(tcp.connection.error, undefined)
      assert.deepEqual(tcp.takeEvents(), state === 'TIME-WAIT' ? [] : ['closed'])
      tcp.connection.abort()
      tcp.trace`+3600`
      assert.equal(tcp.stack.nextDeadline(), Infinity)
      assert.equal(tcp.stack.tcp.connections.size, 0)
      assert.equal(tcp.stack.counters.CurrEstab, 0)
    })
  }

  test('forgets what was to be sent and what was not read', () => {
    const tcp = established()
    tcp.send(100_000)
    tcp.trace`${fullSegments(0, 10)}`
    tcp.connection.abort()
    tcp.trace`
      +0 > R. 14601:14601(0) ack 1
      +0 < .  1:1(0) ack 14601 win 65535
      +0 > R  14601:14601(0)
    `
    assert.equal(tcp.connection.sendBuffer.octets.length, 0)
  })

  test('of a connection that nobody heard of yet, before its SYN went out, leaves no trace of it', () => {
    const tcp = established()
    const connection = tcp.stack.connect({ address: '192.0.2.2', port: 99 })
    connection.abort()
    tcp.trace`+100`
    assert.equal(connection.state, 'CLOSED')
  })
})

describe('CLOSE (RFC 9293 §3.10.4)', () => {
  const AFTER: Record<OpenState, State> = {
    'SYN-SENT': 'CLOSED',
    'SYN-RECEIVED': 'SYN-RECEIVED',
    ESTABLISHED: 'FIN-WAIT-1',
    'FIN-WAIT-1': 'FIN-WAIT-1',
    'FIN-WAIT-2': 'FIN-WAIT-2',
    'CLOSE-WAIT': 'LAST-ACK',
    CLOSING: 'CLOSING',
    'LAST-ACK': 'LAST-ACK',
    'TIME-WAIT': 'TIME-WAIT',
  }

  for (const state of OPEN_STATES) {
    const after = AFTER[state]
    test(`in ${state} leads to ${after}`, () => {
      const { tcp, snd, rcv } = inState(state)
      tcp.connection.close()
      if (state === 'ESTABLISHED' || state === 'CLOSE-WAIT') tcp.trace`+0 > F. ${snd}:${snd}(0) ack ${rcv}`
      tcp.trace`+.1`
      assert.equal(tcp.connection.state, after)
      assert.deepEqual(tcp.takeEvents(), after === 'CLOSED' ? ['closed'] : [])
      tcp.connection.close()
      tcp.trace`+.1`
    })
  }

  test('in SYN-SENT forgets the data that were to go with the open', () => {
    const { tcp } = inState('SYN-SENT')
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`
      +0 < S. 0:0(0) ack 1 win 65535
      +0 > R  1:1(0)
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.error, undefined)
  })
})

describe('SEND (RFC 9293 §3.10.2)', () => {
  for (const state of OPEN_STATES) {
    const takes = ['SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT'].includes(state)
    test(`in ${state} ${takes ? 'takes octets' : 'is refused: EPIPE'}`, () => {
      const { tcp, snd, rcv } = inState(state)
      assert.equal(tcp.connection.writable > 0, takes)
      if (!takes) {
        assert.throws(() => tcp.send(10), { code: 'EPIPE' })
        return
      }
      assert.equal(tcp.send(10), 10)
      if (state === 'ESTABLISHED' || state === 'CLOSE-WAIT') tcp.trace`+0 > P. ${snd}:${snd + 10}(10) ack ${rcv}`
      else tcp.trace`+.1`
    })
  }

  test('of nothing does nothing', () => {
    const tcp = established()
    assert.equal(tcp.send(0), 0)
    tcp.trace`+1`
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('after a reset throws what ended the connection', () => {
    const tcp = established()
    tcp.trace`+0 < R 1:1(0) win 0`
    assert.throws(() => tcp.send(1), { code: 'ECONNRESET', syscall: 'read', address: '192.0.2.2' })
  })

  test('after ABORT is refused: EPIPE', () => {
    const tcp = established()
    tcp.connection.abort()
    tcp.trace`+0 > R. 1:1(0) ack 1`
    assert.throws(() => tcp.send(1), { code: 'EPIPE' })
  })
})

describe('RECEIVE (RFC 9293 §3.10.3)', () => {
  for (const state of OPEN_STATES) {
    test(`in ${state} gives nothing where nothing came, and says whether anything will`, () => {
      const { tcp } = inState(state)
      assert.equal(tcp.connection.receive(new Uint8Array(10)), 0)
      assert.equal(tcp.connection.ended, ['CLOSE-WAIT', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'].includes(state))
      tcp.trace`+.1`
    })
  }

  test('gives what came before the end when the connection is closed', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11
      +0   < F. 11:11(0) ack 1 win 65535
      +0   > .  1:1(0)   ack 12
    `
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 12
      +0 < .  12:12(0) ack 2 win 65535
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.connection.ended, false)
    assert.equal(tcp.read(), 10)
    assert.equal(tcp.connection.ended, true)
    tcp.trace`+1`
  })

  test('gives nothing any more after a reset (RFC 9293 §3.10.7.4: all segment queues are flushed)', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11
      +0   < R  11:11(0) win 0
    `
    assert.equal(tcp.connection.readable, 0)
    assert.equal(tcp.connection.ended, true)
  })
})

describe('release', () => {
  const isGone = (tcp: Traced): void => {
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.stack.tcp.connections.size, 0)
    tcp.trace`+3600`
  }

  test('delivers what was sent, and a FIN behind it', () => {
    const tcp = established()
    tcp.send(10)
    tcp.connection.release()
    tcp.trace`
      +0  > FP. 1:11(10) ack 1
      +.1 < F.  1:1(0) ack 12 win 65535
      +0  > .   12:12(0) ack 2
      +60
    `
    isGone(tcp)
  })

  test('with data unread resets the connection, so that the peer knows (RFC 9293 MAY-1, SHLD-3)', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)   ack 11
    `
    tcp.connection.release()
    tcp.trace`+0 > R. 1:1(0) ack 11`
    isGone(tcp)
  })

  for (const state of ['FIN-WAIT-1', 'FIN-WAIT-2'] as const) {
    test(`answers data that come in ${state} with a RST (RFC 9293 SHLD-3)`, () => {
      const { tcp } = inState(state)
      tcp.connection.release()
      const ack = state === 'FIN-WAIT-1' ? 1 : 2
      tcp.trace`
        +0 < P. 1:11(10) ack ${ack} win 65535
        +0 > R  ${ack}:${ack}(0)
      `
      assert.equal(tcp.stack.counters.drops['tcp-text-after-release'], 1)
      isGone(tcp)
    })
  }

  test('lets FIN-WAIT-2 last a minute at the most', () => {
    const { tcp } = inState('FIN-WAIT-2')
    tcp.connection.release()
    tcp.trace`+59.999`
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
    tcp.trace`+.001`
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    isGone(tcp)
  })

  test('before the FIN is acknowledged counts that minute from then on', () => {
    const { tcp } = inState('FIN-WAIT-1')
    tcp.connection.release()
    tcp.trace`
      +2 < . 1:1(0) ack 2 win 65535
      +59.999
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
    tcp.trace`+.001`
    isGone(tcp)
  })

  test('does not bound a half-close that is wanted: FIN-WAIT-2 lasts as long as the peer likes', () => {
    const { tcp } = inState('FIN-WAIT-2')
    tcp.trace`+86400`
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
  })

  for (const state of OPEN_STATES) {
    test(`in ${state} twice is once`, () => {
      const { tcp, snd, rcv } = inState(state)
      tcp.connection.release()
      tcp.connection.release()
      if (state === 'ESTABLISHED' || state === 'CLOSE-WAIT') tcp.trace`+0 > F. ${snd}:${snd}(0) ack ${rcv}`
      tcp.trace`+.1`
    })
  }
})
