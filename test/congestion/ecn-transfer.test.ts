/** Two stacks over a router that marks: ECN end to end (RFC 9293 SHLD-8). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Driver } from '../../src/host/driver.ts'
import { Chance } from '../../src/sim/chance.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { type MarkingEnd, markingWire } from './marking-wire.ts'

/** 20 Mbit/s, 50 ms, and marks from a third of what the path holds. */
const PATH = { rate: 2500, delay: 25, threshold: 40_000 }
const LASTING = 8000

interface Outcome {
  /** Of the rate, headers left out. */
  share: number
  link: MarkingEnd
  sender: Stack
  receiver: Stack
}

function transfer(family: 4 | 6, tcp: Partial<TcpConfig>): Outcome {
  const clock = new VirtualClock()
  const [out, back] = markingWire(clock, PATH)
  const addresses = family === 4 ? ['10.0.0.1/24', '10.0.0.2/24'] : ['fd00::1/64', 'fd00::2/64']
  const [a, b] = [out, back].map((link, i) => {
    const config = i === 0 ? tcp : {}
    const stack = new Stack({ addresses: [addresses[i]!], secret: new Chance(i).bytes(64), tcp: config })
    return new Driver(stack, link, clock)
  }) as [Driver<Stack>, Driver<Stack>]
  const listener = b.stack.listen({ port: 80 })
  const into = new Uint8Array(65_536)
  let received = 0
  b.onEvent = (event) => {
    if (event.type === 'acceptable') listener.accept()
    if (event.type !== 'readable') return
    for (let length = -1; length !== 0; received += length) length = event.connection.receive(into)
    b.touch()
  }
  const connection = a.stack.connect({ address: addresses[1]!.replace(/\/.*/, ''), port: 80 })
  const fill = (): void => {
    while (connection.send(into) === into.length);
    a.touch()
  }
  a.onEvent = (event) => {
    if (event.type === 'connected' || event.type === 'writable') fill()
  }
  a.touch()
  while (clock.now() < LASTING) assert.ok(clock.step())
  return { share: received / LASTING / PATH.rate, link: out, sender: a.stack, receiver: b.stack }
}

describe('over a router that marks', () => {
  for (const family of [4, 6] as const) {
    for (const congestionControl of ['cubic', 'newreno'] as const) {
      for (const pacing of [false, true]) {
        test(`${congestionControl} over IPv${family}${pacing ? ', paced,' : ''} fills the link and loses nothing`, () => {
          const { share, link, sender, receiver } = transfer(family, { ecn: true, congestionControl, pacing })
          // NewReno halves the window, and the queue that marks is shorter than that half.
          assert.ok(share > (congestionControl === 'cubic' ? 0.8 : 0.75), `${share}`)
          assert.deepEqual([link.dropped, sender.counters.RetransSegs, sender.counters.TCPTimeouts], [0, 0, 0])
          assert.ok(link.marked > 0 && receiver.counters.InCEPkts > 0 && receiver.counters.InCEPkts <= link.marked)
          const { TCPECNReductions } = sender.counters
          assert.ok(TCPECNReductions > 0 && TCPECNReductions < link.marked, `${TCPECNReductions}`)
        })
      }
    }
  }

  test('who has not agreed on ECN is dropped instead', () => {
    const { link, receiver } = transfer(4, { ecn: 'passive' })
    assert.equal(link.marked, 0)
    assert.ok(link.dropped > 0)
    assert.equal(receiver.counters.InCEPkts, 0)
  })
})
