/** The waits of the SYN-ACK as data: presets, lists, functions; and the survival time that is their sum. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import { PRESETS } from '../../src/tcp/syn-ack-schedule.ts'
import { listening } from './listening.ts'

/** The SYN,ACKs of one entry at these instants (s), and its end. */
function lives(options: Partial<ListenOptions>, sends: readonly number[], end: number): void {
  const tcp = listening(options)
  assert.equal(tcp.listener.survivalTime, end * 1000)
  const lines = sends.map((at) => `@${at} > S. 0:0(0) ack 1`).join('\n')
  tcp.trace`
    +0 < S 0:0(0) win 65535 <mss 1460>
    ${lines}
    @${end - 0.001}
  `
  assert.equal(tcp.listener.halfOpen, 1)
  tcp.trace`@${end}`
  assert.equal(tcp.listener.halfOpen, 0)
  assert.equal(tcp.listener.counters.expired, 1)
  assert.equal(tcp.stack.counters.TCPSynRetrans, sends.length - 1)
}

describe('SYN-ACK waits', () => {
  // RFC 9293 §3.8.3, R2 of a SYN: Linux's 63 s and FreeBSD's 15 s are below the 3 minutes that it asks for.
  for (const [preset, sends, end] of [
    ['linux', [0, 1, 3, 7, 15, 31], 63],
    ['freebsd', [0, 1, 3, 7], 15],
    ['rfc9293', [0, 1, 3, 7, 15, 31, 63, 125], 187],
  ] as const) {
    test(`preset ${preset}: ${sends.join(', ')} s, deleted at ${end}`, () => lives({ synAckWaits: preset }, sends, end))

    test(`preset ${preset} with fewer retries`, () => {
      const waits = PRESETS[preset].slice(0, 3).map((wait) => wait / 1000)
      lives({ synAckWaits: preset, synAckRetries: 2 }, [0, 1, 3], waits[0]! + waits[1]! + waits[2]!)
    })

    test(`preset ${preset} with more retries than waits is refused`, () => {
      assert.throws(() => listening({ synAckWaits: preset, synAckRetries: PRESETS[preset].length }), {
        code: 'ERR_OUT_OF_RANGE',
      })
    })
  }

  test('by default are those of Linux', () => {
    assert.deepEqual(listening().listener.schedule.waits, PRESETS.linux)
    assert.equal(listening().listener.survivalTime, 63_000)
  })

  test('of a list are that list, and as many retries as it has room for', () => {
    lives({ synAckWaits: [500, 100, 2000] }, [0, 0.5, 0.6], 2.6)
  })

  test('of a function are what it says for each retransmission', () => {
    lives({ synAckWaits: (n: number) => 100 * (n + 1), synAckRetries: 3 }, [0, 0.1, 0.3, 0.6], 1)
  })

  test('of 0 retries are one wait', () => lives({ synAckRetries: 0 }, [0], 1))

  test('may have fractions of a millisecond', () => {
    const tcp = listening({ synAckWaits: [0.5, 0.25] })
    tcp.trace`
      +0     < S  0:0(0)       win 65535 <mss 1460>
      +0     > S. 0:0(0) ack 1
      +.0005 > S. 0:0(0) ack 1
      @.00075
    `
    assert.equal(tcp.listener.halfOpen, 0)
  })

  for (const options of [
    { synAckRetries: -1 },
    { synAckRetries: 65 },
    { synAckRetries: 1.5 },
    { synAckWaits: [] },
    { synAckWaits: [0] },
    { synAckWaits: [1000, -1] },
    { synAckWaits: [Number.NaN] },
    { synAckWaits: [Number.POSITIVE_INFINITY] },
    { synAckWaits: [57_600_001] },
    { synAckWaits: [1000], synAckRetries: 1 },
    { deferTimeout: 0 },
    { deferTimeout: 57_600_001 },
  ] satisfies Partial<ListenOptions>[]) {
    test(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => listening(options), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' })
    })
  }
})
