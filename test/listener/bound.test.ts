/** Whatever arrives: the SYN queue holds no more than the backlog, the books add up, and no handshake is used twice. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Verdict } from '../../src/tcp/admission.ts'
import type { HalfOpenView } from '../../src/tcp/half-open.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { HandshakeKind } from '../../src/tcp/observer.ts'
import { ACK, FIN, RST, SYN } from '../../src/wire/segment.ts'
import { packetOf } from '../fuzz/packets.ts'
import { accounts } from './accounts.ts'
import { Bench, Client, type Offer } from './clients.ts'

const OFFERS: readonly Offer[] = [
  {},
  { mss: 1460 },
  { mss: 1000, scale: 7, sack: true, timestamps: true },
  { mss: 536, timestamps: true, ecn: true },
]

/** Three prefixes of IPv4 and two of IPv6, two hosts in each, two ports. */
function newClients(): Client[] {
  const addresses = ['10.0.0.', '10.0.1.', '10.0.2.', '2001:db8:a::', '2001:db8:b::']
  return addresses.flatMap((network, i) =>
    [1, 2, 3, 4].map((n) => new Client(`${network}${n & 1 ? 1 : 2}`, 5000 + (n >> 1), 100 * i, OFFERS[(i + n) & 3])),
  )
}

const who = fc.nat({ max: 19 })
const STEP = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('syn' as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart' as const), who }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('ack' as const), who, flags: fc.constantFrom(0, 0, FIN) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('reset' as const), who, off: fc.constantFrom(0, 0, 1, -1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('stray' as const),
      who,
      flags: fc.constantFrom(0, SYN | FIN, SYN | ACK, ACK, FIN, SYN | RST),
      off: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 400, 1000, 31_000) }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'accept' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('answer' as const),
      which: fc.nat({ max: 9 }),
      answer: fc.constantFrom('accept' as const, 'refuse' as const, 'ignore' as const),
    }),
  },
)
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

const OPTIONS = fc.record({
  backlog: fc.nat({ max: 6 }),
  acceptBacklog: fc.integer({ min: 1, max: 3 }),
  acceptOverflow: fc.constantFrom('wait' as const, 'reset' as const),
  cookies: fc.constantFrom<boolean | 'always'>(true, true, false, 'always'),
  synAckWaits: fc.constantFrom([1000], [500, 1500], [1000, 2000, 4000]),
  deferTimeout: fc.constantFrom(700, 5000),
})

const VERDICTS = fc.array(fc.constantFrom<Verdict>('hold', 'hold', 'cookie', 'defer', 'refuse', 'ignore'), {
  maxLength: 5,
})

class World extends Bench {
  private readonly clients = newClients()

  constructor(options: Partial<ListenOptions>, verdicts: readonly Verdict[]) {
    const used = new Set<string>()
    let asked = 0
    const admission = (): Verdict => verdicts[asked++ % verdicts.length]!
    const observer = {
      handshake: (kind: HandshakeKind, _: Listener, entry: HalfOpenView): void => {
        if (kind !== 'completed' && kind !== 'cookie-completed') return
        const key = `${entry.remoteAddress} ${entry.remotePort} ${entry.irs} ${entry.iss}`
        if (kind === 'cookie-completed') assert.ok(!used.has(key), 'no ACK makes a second connection of a handshake')
        used.add(key)
      },
    }
    super({ ...options, ...(verdicts.length > 0 ? { admission } : {}) }, { observer, tcp: { msl: 500 } })
  }

  run(step: Step): void {
    const client = 'who' in step ? this.clients[step.who]! : this.clients[0]!
    switch (step.type) {
      case 'syn':
        client.open(this)
        break
      case 'restart':
        client.isn = (client.isn + 70_000) >>> 0
        client.open(this)
        break
      case 'ack':
        this.receive(client.ack(step.flags === 0 ? 0 : 10, step.flags))
        break
      case 'reset':
        this.receive(client.segment(RST, client.isn + 1 + step.off))
        break
      case 'stray':
        this.receive(client.segment(step.flags, client.isn + 1 + step.off, client.iss + 1 + step.off, 3))
        break
      case 'wait':
        this.wait(step.ms)
        break
      case 'accept':
        this.listener.accept()?.abort()
        this.drain()
        break
      case 'answer':
        this.deferred[step.which % this.deferred.length]?.[step.answer]()
        this.drain()
    }
  }

  /** Closes, and nothing is left. */
  end(): void {
    this.listener.close()
    this.drain()
    accounts(this.listener)
    assert.deepEqual([this.listener.halfOpen, this.listener.acceptQueueLength], [0, 0])
    const { completed, cookieCompleted, cookieHeld } = this.listener.counters
    assert.equal(this.stack.counters.PassiveOpens, completed + cookieCompleted)
    assert.equal(this.stack.counters.SyncookiesRecv, cookieCompleted + cookieHeld)
  }
}

describe('whatever arrives', () => {
  test('half-open connections are no more than the backlog, and every SYN and entry has one fate', () => {
    fc.assert(
      fc.property(OPTIONS, VERDICTS, fc.array(STEP, { maxLength: 120 }), (options, verdicts, steps) => {
        const world = new World(options, verdicts)
        for (const step of steps) world.run(step)
        world.end()
      }),
      { numRuns: 400 },
    )
  })

  test('the same holds when segments come in batches, before anything is sent', () => {
    const batch = fc.array(fc.tuple(who, fc.constantFrom('syn', 'ack', 'reset')), { maxLength: 40 })
    fc.assert(
      fc.property(OPTIONS, VERDICTS, fc.array(batch, { maxLength: 6 }), (options, verdicts, batches) => {
        const world = new World(options, verdicts)
        const clients = newClients()
        for (const batch of batches) {
          for (const [who, what] of batch) {
            const client = clients[who]!
            const packet = packetOf(what === 'syn' ? client.syn() : what === 'ack' ? client.ack() : client.reset())
            world.stack.receive(packet, 0, packet.length, world.now)
            accounts(world.listener)
          }
          const sent = world.drain()
          for (const client of clients) client.hear(sent)
          world.wait(300)
        }
        world.end()
      }),
      { numRuns: 150 },
    )
  })

  test('at the end of their lives nothing is left of a flood, and no timer', () => {
    const bench = new Bench({ backlog: 500 })
    for (let i = 0; i < 5000; i++) {
      const address = `${1 + (i % 200)}.${i % 7}.${i % 11}.${1 + (i % 250)}`
      bench.stack.receive(...frame(new Client(address, 1024 + (i % 60_000), i)), bench.now)
      if (i % 100 === 0) bench.drain()
    }
    assert.equal(bench.listener.halfOpen, 500)
    bench.wait(63_000)
    assert.equal(bench.listener.halfOpen, 0)
    assert.equal(bench.stack.nextDeadline(), Number.POSITIVE_INFINITY)
    assert.equal(bench.listener.load.activePrefixes, 0)
  })
})

function frame(client: Client): [Uint8Array, number, number] {
  const packet = packetOf(client.syn())
  return [packet, 0, packet.length]
}
