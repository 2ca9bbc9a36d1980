import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { NewReno } from '../../src/tcp/congestion/newreno.ts'
import { listen, type Traced } from '../support/trace.ts'

const MSS = 1000

/** A connection with a round trip of `rtt` ms and a window of `segments`, from its threshold on unless told otherwise. */
function connection(
  rtt: number,
  segments: number,
  tcp: Partial<TcpConfig> = { pacing: true },
  slowStart = false,
): Traced {
  const control = new NewReno(MSS)
  const traced = listen({ congestionControl: () => control, stack: { tcp: { windowScale: true, ...tcp } } })
  traced.trace`
    +0 < S 0:0(0) win 65535 <mss 1000,wscale 7>
    +0 > S. 0:0(0) ack 1
    +${rtt / 1000} < . 1:1(0) ack 1 win 65535
  `
  traced.accept()
  traced.send(MSS)
  traced.trace`
    +0 > P. 1:1001(1000) ack 1
    +${rtt / 1000} < . 1:1(0) ack 1001 win 65535
  `
  control.setWindow(segments * MSS)
  if (!slowStart) control.ssthresh = segments * MSS
  return traced
}

/** When the segments go out, in ms after the first, if nothing ever comes back: [at, how many] for each burst. */
function bursts(traced: Traced, count: number): [number, number][] {
  const { stack } = traced
  const from = traced.now
  const into = new Uint8Array(2000)
  const sent: [number, number][] = []
  for (let now = from; count > 0; now = stack.nextDeadline()) {
    assert.ok(now < from + 1000, 'it stands still')
    stack.advance(now)
    let burst = 0
    while (stack.transmit(into, 0, now) > 0) burst++
    if (burst > 0) sent.push([Math.round((now - from) * 100) / 100, burst])
    count -= burst
  }
  return sent
}

describe('the pacer', () => {
  test('is off by default: the window goes at once', () => {
    const traced = connection(100, 40, {})
    traced.send(60 * MSS)
    assert.deepEqual(bursts(traced, 40), [[0, 40]])
  })

  test('spreads the window over the round trip at 1.2 times its rate, in quanta of five segments, two at first', () => {
    // 40 segments in 100 ms are 0.4 a millisecond, times 1.2 are 0.48.
    const traced = connection(100, 40)
    traced.send(60 * MSS)
    const sent = bursts(traced, 40)
    assert.deepEqual(
      sent.map(([, burst]) => burst),
      [10, 5, 5, 5, 5, 5, 5],
    )
    // Of the two quanta that went at once, one was due a quantum earlier.
    const times = sent.slice(1).map((_, i) => (5 + 5 * i) / 0.48)
    for (const [i, [at]] of sent.slice(1).entries()) assert.ok(Math.abs(at - times[i]!) < 0.1, `${at}, not ${times[i]}`)
  })

  test('goes twice as fast as the window in slow start', () => {
    const traced = connection(100, 40, { pacing: true }, true)
    traced.send(60 * MSS)
    const sent = bursts(traced, 40)
    assert.ok(sent.at(-1)![0] <= 50 && sent.at(-1)![0] > 30, `${sent}`)
  })

  test('has quanta of a millisecond where that is more than five segments', () => {
    // 600 segments in 10 ms, times 1.2: 72 a millisecond.
    const traced = connection(10, 600)
    traced.send(500 * MSS)
    const sent = bursts(traced, 500)
    assert.deepEqual(sent.slice(0, 3), [
      [0, 144],
      [1, 72],
      [2, 72],
    ])
  })

  test('leaves alone a window of the initial size, and a round trip of less than a millisecond', () => {
    const small = connection(100, 10)
    small.send(20 * MSS)
    assert.deepEqual(bursts(small, 10), [[0, 10]])
    const near = connection(0.9, 40)
    near.send(60 * MSS)
    assert.deepEqual(bursts(near, 40), [[0, 40]])
  })

  test('loses no rate to a clock that is late', () => {
    const traced = connection(100, 400)
    traced.send(500 * MSS)
    const { stack } = traced
    const into = new Uint8Array(2000)
    let sent = 0
    let now = traced.now
    for (const end = now + 80; now < end; ) {
      stack.advance(now)
      while (stack.transmit(into, 0, now) > 0) sent++
      // Each timer fires half a millisecond late.
      now = Math.max(now, stack.nextDeadline()) + 0.5
    }
    assert.ok(sent >= 380, `${sent} segments in 80 ms, at a rate of 4.8 a millisecond`)
  })

  test('lets a FIN go with the last of the data', () => {
    const traced = connection(100, 40)
    traced.send(12 * MSS)
    traced.connection.close()
    assert.deepEqual(
      bursts(traced, 12).map(([, burst]) => burst),
      [10, 2],
    )
    assert.equal(traced.connection.finSent, true)
  })
})
