import { Driver } from '../../src/host/driver.ts'
import { createWire } from '../../src/link/wire.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { ADDRESSES, makeStack } from '../pump.ts'
import { SYN_LENGTH, spoofedSyns } from './spoofed.ts'

const PORT = 80
/** One way, ms. */
const DELAY = 10

export interface Honest {
  /** Per cent of the clients that got in. */
  readonly served: number
  /** The 99th percentile of the time that a connect took, in round trips. */
  readonly rtts: number
}

/**
 * Clients that connect over a wire, 100 a second for so many virtual seconds, while `flood` spoofed SYNs a second reach
 * the same listener.
 */
export function honestClients(backlog: number, flood: number, duration: number): Honest {
  const clock = new VirtualClock()
  const [linkA, linkB] = createWire(clock, { delay: DELAY, queue: 2 * flood })
  const a = new Driver(makeStack('a'), linkA, clock)
  const b = new Driver(makeStack('b'), linkB, clock)
  const listener = b.stack.listen({ port: PORT, backlog })
  const began = new Map<Connection, number>()
  const took: number[] = []
  a.onEvent = (event) => {
    if (event.type !== 'connected') return
    took.push(clock.now() - began.get(event.connection)!)
    event.connection.abort()
    a.touch()
  }
  b.onEvent = (event) => {
    if (event.type === 'acceptable') listener.accept()
  }
  const syns = spoofedSyns(200_000)
  let sent = 0
  const clients = 100 * duration
  for (let ms = 1; ms <= 1000 * duration + 2000; ms++) {
    for (; sent < (flood * ms) / 1000; sent++) {
      const at = (sent * SYN_LENGTH) % syns.length
      b.stack.receive(syns, at, at + SYN_LENGTH, clock.now())
    }
    b.touch()
    if (ms % 10 === 0 && began.size < clients) {
      began.set(a.stack.connect({ address: ADDRESSES.b, port: PORT }), clock.now())
      a.touch()
    }
    clock.advance(1)
  }
  a.close()
  b.close()
  took.sort((x, y) => x - y)
  const p99 = took[Math.ceil(0.99 * took.length) - 1] ?? Number.POSITIVE_INFINITY
  return { served: (100 * took.length) / clients, rtts: p99 / (2 * DELAY) }
}
