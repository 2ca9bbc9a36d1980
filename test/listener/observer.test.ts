/** Each step of each handshake is told to whoever watches. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verdict } from '../../src/tcp/admission.ts'
import type { HalfOpenView } from '../../src/tcp/half-open.ts'
import type { HandshakeKind } from '../../src/tcp/observer.ts'
import type { Traced } from '../support/trace.ts'
import { ack, listening, type Options, syn } from './listening.ts'

interface Step {
  kind: HandshakeKind
  entry: HalfOpenView
  now: number
}

function watched(options: Options = {}): { tcp: Traced; steps: Step[]; kinds: () => HandshakeKind[] } {
  const steps: Step[] = []
  const observer = {
    handshake: (kind: HandshakeKind, _: unknown, entry: HalfOpenView, now: number): void => {
      steps.push({ kind, entry, now })
    },
  }
  const tcp = listening({ ...options, stack: { ...options.stack, observer } })
  return { tcp, steps, kinds: () => steps.splice(0).map(({ kind }) => kind) }
}

describe('the steps of a handshake', () => {
  test('by the queue: received, answered, answered again, completed', () => {
    const { tcp, kinds } = watched()
    syn(tcp)
    tcp.trace`+1 > S. 0:0(0) ack 1`
    ack(tcp)
    assert.deepEqual(kinds(), ['syn-received', 'syn-ack-sent', 'syn-ack-retransmitted', 'completed'])
  })

  test('by a cookie: sent, completed', () => {
    const { tcp, steps, kinds } = watched({ backlog: 0, isn: 77 })
    syn(tcp)
    ack(tcp)
    const { entry } = steps[1]!
    assert.deepEqual([entry.remotePort, entry.irs, entry.iss], [40_000, 77, tcp.peer().iss])
    assert.deepEqual(kinds(), ['cookie-sent', 'cookie-completed'])
  })

  test('of an ACK that is no cookie, and of a cookie that is used twice: with the four-tuple and the numbers they claim', () => {
    const { tcp, steps, kinds } = watched({ backlog: 0, isn: 77 })
    syn(tcp)
    const { iss } = tcp.peer()
    tcp.trace`+0 < . 6:6(0) ack 1 win 100`
    ack(tcp)
    tcp.accept().abort()
    tcp.trace`
      +0 > R. 1:1(0) ack 1
      +0 < .  1:1(0) ack 1 win 100
      +0 > R  1:1(0)
    `
    const four = { remoteAddress: '192.0.2.2', remotePort: 40_000, localAddress: '192.0.2.1', localPort: 80 }
    for (const [at, irs] of [
      [1, 82],
      [3, 77],
    ] as const) {
      const { remoteAddress, remotePort, localAddress, localPort, ...entry } = steps[at]!.entry
      assert.deepEqual({ remoteAddress, remotePort, localAddress, localPort }, four)
      assert.deepEqual([entry.irs, entry.iss], [irs, iss])
    }
    assert.deepEqual(kinds(), ['cookie-sent', 'cookie-failed', 'cookie-completed', 'cookie-replayed'])
  })

  test('of one that is evicted, and completes by its cookie', () => {
    const { tcp, kinds } = watched({ backlog: 1, admission: () => 'hold' })
    syn(tcp, 'a')
    syn(tcp, 'b')
    ack(tcp, 'a')
    const second = ['evicted', 'syn-received', 'syn-ack-sent']
    assert.deepEqual(kinds(), ['syn-received', 'syn-ack-sent', ...second, 'cookie-completed'])
  })

  test('of one that expires, and one that is reset', () => {
    const { tcp, kinds } = watched({ synAckRetries: 0 })
    syn(tcp, 'a')
    syn(tcp, 'b')
    tcp.trace`+.5 <a R 1:1(0) win 0`
    tcp.trace`+.5`
    assert.deepEqual(kinds().slice(4), ['reset', 'expired'])
  })

  for (const [answer, after] of [
    ['accept', ['syn-ack-sent']],
    ['refuse', ['refused']],
    ['ignore', ['ignored']],
  ] as const) {
    test(`of one that is deferred: ${answer}`, () => {
      const { tcp, kinds } = watched({ admission: () => 'defer', stack: { initialSequence: () => 0 } })
      tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
      assert.deepEqual(kinds(), ['syn-received', 'deferred'])
      tcp.events[0]?.incoming?.[answer]()
      if (answer === 'accept') tcp.trace`+0 > S. 0:0(0) ack 1`
      if (answer === 'refuse') tcp.trace`+0 > R. 0:0(0) ack 1`
      assert.deepEqual(kinds(), after)
    })
  }

  test('of one that waits for the accept queue, and of one that is reset for it', () => {
    const { tcp, kinds } = watched({ acceptBacklog: 1 })
    for (const name of ['a', 'b']) syn(tcp, name)
    kinds()
    for (const name of ['a', 'b']) ack(tcp, name)
    tcp.accept()
    assert.deepEqual(kinds(), ['completed', 'waiting', 'completed'])
    const other = watched({ acceptBacklog: 1, acceptOverflow: 'reset' })
    for (const name of ['a', 'b']) syn(other.tcp, name)
    ack(other.tcp, 'a')
    other.kinds()
    other.tcp.trace`
      +0 <b . 1:1(0) ack 1 win 65535
      +0 >b R 1:1(0)
    `
    assert.deepEqual(other.kinds(), ['refused'])
  })

  test('of those that the listener closes', () => {
    const { tcp, kinds } = watched()
    syn(tcp)
    kinds()
    tcp.listener.close()
    tcp.trace`+0 > R. 1:1(0) ack 1`
    assert.deepEqual(kinds(), ['closed'])
  })

  test('carry the instant and what is left of the life', () => {
    const { tcp, steps } = watched({ synAckWaits: [1000, 2000] })
    syn(tcp)
    tcp.trace`
      +1 > S. 0:0(0) ack 1
      +2
    `
    assert.deepEqual(
      steps.map(({ kind, now, entry }) => [kind, now, entry.expiresIn, entry.retransmissions]),
      [
        ['syn-received', 0, 3000, 0],
        ['syn-ack-sent', 0, 3000, 0],
        ['syn-ack-retransmitted', 1000, 2000, 1],
        ['expired', 3000, 0, 1],
      ],
    )
  })
})

describe('every handshake', () => {
  test('of many, told apart by port and ISN, begins and ends once', () => {
    const verdicts: Verdict[] = ['hold', 'cookie', 'defer', 'refuse', 'ignore']
    const { tcp, steps } = watched({
      backlog: 64,
      synAckRetries: 0,
      admission: ({ remotePort }) => verdicts[remotePort % 5]!,
      stack: { initialSequence: () => 0 },
    })
    for (let port = 1000; port < 1050; port++) {
      tcp.peer('', { port })
      const verdict = verdicts[port % 5]!
      tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>${verdict === 'hold' || verdict === 'cookie' ? '\n+0 > S. 0:0(0) ack 1' : ''}${verdict === 'refuse' ? '\n+0 > R. 0:0(0) ack 1' : ''}`
    }
    tcp.trace`+63`
    const count = (kind: HandshakeKind): number => steps.filter((step) => step.kind === kind).length
    assert.deepEqual((['syn-received', 'cookie-sent', 'deferred', 'expired'] as const).map(count), [20, 10, 10, 20])
    assert.equal(tcp.listener.halfOpen, 0)
  })
})
