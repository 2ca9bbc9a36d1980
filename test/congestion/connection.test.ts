/** Congestion control as a connection uses it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_CONFIG, tcpConfig } from '../../src/tcp/config.ts'
import type { AckSample } from '../../src/tcp/congestion/controller.ts'
import { Cubic } from '../../src/tcp/congestion/cubic.ts'
import { NewReno } from '../../src/tcp/congestion/newreno.ts'
import { WindowUse } from '../../src/tcp/congestion/window-use.ts'
import { established, host, listen } from '../support/trace.ts'
import { fullSegments, startOf } from '../tcp/full-segments.ts'

/** A NewReno that remembers the samples it was given. */
class Recording extends NewReno {
  readonly samples: AckSample[] = []

  override acknowledged(sample: AckSample, now: number): void {
    this.samples.push({ ...sample })
    super.acknowledged(sample, now)
  }
}

describe('the choice of a congestion control', () => {
  const open = (traced: ReturnType<typeof listen>): string => {
    traced.trace`
      +0 < S 0:0(0) win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < . 1:1(0) ack 1 win 65535
    `
    return traced.accept().congestion!.name
  }

  test('is CUBIC unless told otherwise', () => {
    assert.equal(DEFAULT_CONFIG.congestionControl, 'cubic')
    assert.ok(established().connection.congestion instanceof Cubic)
  })

  test('is the stack’s, or the listener’s', () => {
    assert.equal(open(listen({ stack: { tcp: { congestionControl: 'newreno' } } })), 'newreno')
    assert.equal(open(listen({ congestionControl: 'newreno' })), 'newreno')
    assert.equal(
      open(listen({ stack: { tcp: { congestionControl: 'newreno' } }, congestionControl: 'cubic' })),
      'cubic',
    )
  })

  test('is the connection’s after an active open, and may be one’s own', () => {
    const given: number[] = []
    const traced = host()
    traced.connection = traced.stack.connect({
      address: '192.0.2.2',
      port: 80,
      localPort: 5000,
      congestionControl: (mss) => {
        given.push(mss)
        return new NewReno(mss)
      },
    })
    traced.peer('', { port: 80, localPort: 5000 })
    traced.trace`
      +0 > S 0:0(0)
      +0 < S. 0:0(0) ack 1 win 65535 <mss 1000>
      +0 > . 1:1(0) ack 1
    `
    assert.equal(traced.connection.congestion?.name, 'newreno')
    assert.deepEqual(given, [1000])
  })

  test('of an unknown name is a TypeError, and opens nothing', () => {
    const unknown = { congestionControl: 'vegas' as 'cubic' }
    const refusal = {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: /"cubic", "newreno" or a function.*vegas/,
    }
    assert.throws(() => tcpConfig(unknown), refusal)
    const { stack } = host()
    assert.throws(() => stack.listen({ port: 80, ...unknown }), refusal)
    assert.throws(() => stack.connect({ address: '192.0.2.2', port: 80, ...unknown }), refusal)
    assert.equal(stack.tcp.connections.size, 0)
    stack.listen({ port: 80 })
  })
})

describe('what an ACK tells it', () => {
  test('is how much it acknowledges of what was in flight, where sending stands, and the round trip', () => {
    const control = new Recording(1460)
    const tcp = listen({ congestionControl: () => control })
    tcp.trace`
      +0 < S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 100>
      +.1 < . 1:1(0) ack 1 win 65535 <TS val 200 ecr last>
    `
    tcp.accept()
    tcp.send(3 * 1448)
    tcp.trace`
      +0 > . 1:1449(1448) ack 1
      +0 > . 1449:2897(1448) ack 1
      +0 > P. 2897:4345(1448) ack 1
      +.05 < . 1:1(0) ack 1449 win 65535 <TS val 250 ecr last>
      +.01 < . 1:1(0) ack 4345 win 65535 <TS val 260 ecr last>
    `
    const base = control.samples[0]!.una - 1448
    const [first, second] = control.samples.map((s) => ({ ...s, una: s.una - base, nxt: s.nxt - base }))
    assert.deepEqual(first, { octets: 1448, flight: 4344, rtt: 50, una: 1448, nxt: 4344, limited: false })
    assert.deepEqual(second, { octets: 2896, flight: 2896, rtt: 60, una: 4344, nxt: 4344, limited: false })
  })

  test('is that the window was the limit, for all that was out while it was', () => {
    const control = new Recording(1460)
    const tcp = established({ congestionControl: () => control })
    control.setWindow(4 * 1460)
    control.ssthresh = 4 * 1460
    tcp.send(6 * 1460)
    tcp.trace`
      ${fullSegments(0, 4)}
      +.1 < . 1:1(0) ack ${startOf(2)} win 65535
      ${fullSegments(4, 6, 'P.')}
      +.1 < . 1:1(0) ack ${startOf(4)} win 65535
      +.1 < . 1:1(0) ack ${startOf(5)} win 65535
      +.1 < . 1:1(0) ack ${startOf(6)} win 65535
    `
    assert.deepEqual(
      control.samples.map(({ limited }) => limited),
      [true, true, false, false],
    )
  })

  test('is not that, where the peer’s window was the limit', () => {
    const control = new Recording(1460)
    const tcp = established({ congestionControl: () => control })
    control.setWindow(60 * 1460)
    control.ssthresh = 40 * 1460
    tcp.trace`+0 < . 1:1(0) ack 1 win 2920`
    tcp.send(4 * 1460)
    tcp.trace`
      ${fullSegments(0, 2)}
      +.1 < . 1:1(0) ack ${startOf(2)} win 2920
      ${fullSegments(2, 4, 'P.')}
    `
    assert.deepEqual(
      control.samples.map(({ limited }) => limited),
      [false],
    )
  })

  test('counts half a window for a whole one in slow start, where the window may be twice what was proven', () => {
    const use = new WindowUse()
    assert.equal(use.isLimited(1000, 5000, 10_000, Number.POSITIVE_INFINITY), true)
    assert.equal(use.isLimited(1000, 4999, 10_000, Number.POSITIVE_INFINITY), false)
    assert.equal(use.isLimited(1000, 10_000, 10_000, 10_000), false)
  })

  test('forgets when the window was the limit before the numbers come round again', () => {
    const use = new WindowUse()
    use.full(5000)
    assert.equal(use.isLimited(5000, 0, 10, 10), true)
    assert.equal(use.isLimited(5001, 0, 10, 10), false)
    assert.equal(use.isLimited((5000 - 2 ** 30) >>> 0, 0, 10, 10), false)
  })
})

describe('a connection that was idle', () => {
  test('restarts with no more than the initial window (RFC 5681 §4.1, RFC 6928 §3)', () => {
    const tcp = established()
    tcp.send(1460 * 10)
    tcp.trace`
      ${fullSegments(0, 10, 'P.')}
      +.1 < . 1:1(0) ack ${startOf(5)} win 65535
      +0  < . 1:1(0) ack ${startOf(10)} win 65535
    `
    assert.ok(tcp.connection.congestion!.cwnd > 14_600)
    tcp.trace`+10`
    tcp.send(1460 * 20)
    tcp.trace`${fullSegments(10, 20)}`
  })
})
