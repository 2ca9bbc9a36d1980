/** Controllers over a bottleneck, with a loss recovery that is ideal. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CongestionControl } from '../../src/tcp/congestion/controller.ts'
import { Cubic } from '../../src/tcp/congestion/cubic.ts'
import { NewReno } from '../../src/tcp/congestion/newreno.ts'
import { type Bottleneck, Flow, share } from './bottleneck.ts'

const MSS = 1460
/** 20 Mbit/s in segments each ms, and a queue that holds as much as the path. */
const RATE = 20_000 / 8 / 1500
const PATH: Bottleneck = { rate: RATE, rtt: 50, queue: RATE * 50 }
const MINUTE = 60_000

/** The share of the rate that each flow got, the n-th of which begins n times `apart` ms after the first. */
function shares(controls: readonly CongestionControl[], path: Bottleneck = PATH, apart = 0): number[] {
  const flows = controls.map((control) => new Flow(control, MSS))
  share(
    flows.map((flow, i) => ({ flow, from: i * apart })),
    path,
    MINUTE,
  )
  return flows.map(({ delivered }) => delivered / path.rate / MINUTE)
}

for (const [name, make] of [
  ['CUBIC', () => new Cubic(MSS)],
  ['NewReno', () => new NewReno(MSS)],
] as const) {
  describe(name, () => {
    test('fills a link whose queue holds as much as the path', () => {
      const [one] = shares([make()])
      assert.ok(one! > 0.95, `${one}`)
    })

    test('shares it with another of its kind, whoever wins the race at the start', () => {
      // Without some chance, equal round trips decide for ever who finds the queue full (the phase effects of a drop-tail queue).
      const differences = [0, 5, 13, 29, 41, 50].map((apart) => {
        const [one, other] = shares([make(), make()], { ...PATH, loss: 0.0001, seed: apart }, apart)
        assert.ok(one! + other! > 0.93, `${one} and ${other}`)
        return one! - other!
      })
      const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length
      assert.ok(Math.abs(mean) < 0.1 && differences.every((d) => Math.abs(d) < 0.3), `${differences}`)
    })

    test('gets by with the losses of a bad path', () => {
      const [one] = shares([make()], { ...PATH, loss: 0.001 })
      const [bad] = shares([make()], { ...PATH, loss: 0.01 })
      // Reno's 1.22 / sqrt(p) segments each round trip (RFC 5681's response function), or more.
      const reno = (p: number): number => 1.22 / Math.sqrt(p) / (RATE * PATH.rtt)
      assert.ok(one! > 0.8 * reno(0.001) && bad! > 0.8 * reno(0.01) && bad! < one!, `${one} and ${bad}`)
    })
  })
}

test('CUBIC comes back sooner than NewReno after a loss on a long path, and leaves NewReno alone on a short one', () => {
  const long = { rate: RATE, rtt: 300, queue: RATE * 30 }
  const [cubic] = shares([new Cubic(MSS)], long)
  const [newreno] = shares([new NewReno(MSS)], long)
  assert.ok(cubic! > 1.2 * newreno!, `${cubic} and ${newreno}`)
  // In the Reno-friendly region (RFC 9438 §4.3): rounds of 5 ms, and a window of a few segments.
  const [one, other] = shares([new Cubic(MSS), new NewReno(MSS)], { rate: RATE, rtt: 5, queue: RATE * 5 })
  assert.ok(one! < 2 * other! && other! < 2 * one!, `${one} and ${other}`)
})

test('HyStart++ ends the first slow start before a queue of twice the path is full', () => {
  const path = { rate: RATE, rtt: 50, queue: RATE * 50 * 4 }
  const flows = [new Flow(new Cubic(MSS), MSS), new Flow(new NewReno(MSS), MSS)]
  for (const flow of flows) share([{ flow, from: 0 }], path, 3000)
  assert.ok(flows[0]!.lost < flows[1]!.lost / 2, `${flows.map(({ lost }) => lost)}`)
})
