import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HandshakeKind } from '../../src/tcp/observer.ts'
import { host, listen, type Traced } from '../support/trace.ts'

/** What both queues hold: half-open and accepted. */
function queues(tcp: Traced): [halfOpen: number, acceptQueue: number] {
  return [tcp.listener.halfOpen, tcp.listener.acceptQueueLength]
}

describe('the three-way handshake', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: goes SYN, SYN-ACK, ACK, through both queues`, () => {
      const tcp = listen({ family })
      assert.deepEqual(queues(tcp), [0, 0])
      tcp.trace`
        +0  < S  0:0(0)       win 65535 <mss 1460>
        +0  > S. 0:0(0) ack 1 win 65535
      `
      assert.deepEqual(queues(tcp), [1, 0])
      assert.deepEqual(tcp.takeEvents(), [])
      tcp.trace`+.1 < . 1:1(0) ack 1 win 65535`
      assert.deepEqual(queues(tcp), [0, 1])
      assert.deepEqual(tcp.takeEvents(), ['acceptable'])
      const connection = tcp.accept()
      assert.deepEqual(queues(tcp), [0, 0])
      assert.equal(connection.state, 'ESTABLISHED')
      assert.equal(connection.localPort, 80)
      assert.equal(connection.remotePort, tcp.peer().port)
      assert.equal(connection.remoteAddress, family === 4 ? '192.0.2.2' : '2001:db8::2')
      assert.equal(connection.localAddress, family === 4 ? '192.0.2.1' : '2001:db8::1')
    })
  }

  test('is over once the ACK is in: nothing is sent any more', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
      +3600
    `
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('can be looked at while it lasts', () => {
    const tcp = listen({ isn: 1000 })
    tcp.trace`
      +1 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +1 > S. 0:0(0) ack 1
      +.5
    `
    assert.deepEqual(tcp.listener.halfOpens(tcp.now), [
      {
        remoteAddress: '192.0.2.2',
        remotePort: 40_000,
        localAddress: '192.0.2.1',
        localPort: 80,
        irs: 1000,
        iss: tcp.peer().iss,
        retransmissions: 1,
        expiresIn: 61_500,
        acknowledged: false,
      },
    ])
  })

  test('is told to the observer step by step', () => {
    const steps: [HandshakeKind, number][] = []
    const tcp = listen({
      stack: { observer: { handshake: (kind, _, entry) => steps.push([kind, entry.retransmissions]) } },
    })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +1 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    assert.deepEqual(steps, [
      ['syn-received', 0],
      ['syn-ack-sent', 0],
      ['syn-ack-retransmitted', 1],
      ['completed', 1],
    ])
  })

  for (const [what, lines, kinds] of [
    ['a reset', '+0 < R 1:1(0) win 0', ['reset']],
    ['its expiry', '+1', ['expired']],
    ['a full accept queue', '+0 <a . 1:1(0) ack 1 win 65535\n+0 < . 1:1(0) ack 1 win 65535', ['completed', 'waiting']],
  ] as const) {
    test(`is told to the observer when ${what} ends it or holds it up`, () => {
      const kindsTold: HandshakeKind[] = []
      const observer = { handshake: (kind: HandshakeKind) => kindsTold.push(kind) }
      const tcp = listen({ stack: { observer }, acceptBacklog: 1, synAckRetries: 0 })
      if (what === 'a full accept queue') {
        tcp.trace`
          +0 <a S  0:0(0)       win 65535
          +0 >a S. 0:0(0) ack 1
        `
      }
      tcp.trace`
        +0 < S  0:0(0)       win 65535
        +0 > S. 0:0(0) ack 1
      `
      kindsTold.length = 0
      tcp.trace`${lines}`
      assert.deepEqual(kindsTold, kinds)
    })
  }

  test('counts as one passive open', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    const { PassiveOpens, CurrEstab, InSegs, OutSegs, received, accepted, transmitted } = tcp.stack.counters
    assert.deepEqual(
      { PassiveOpens, CurrEstab, InSegs, OutSegs, received, accepted, transmitted },
      { PassiveOpens: 1, CurrEstab: 1, InSegs: 2, OutSegs: 1, received: 2, accepted: 2, transmitted: 1 },
    )
    const { syns, held, completed, synAcks } = tcp.listener.counters
    assert.deepEqual({ syns, held, completed, synAcks }, { syns: 1, held: 1, completed: 1, synAcks: 1 })
  })
})

describe('data beside the handshake', () => {
  test('and a FIN on the third ACK are taken in the same step', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S   0:0(0)         win 65535 <mss 1460>
      +0 > S.  0:0(0)  ack 1
      +0 < FP. 1:11(10) ack 1 win 65535
      +0 > .   1:1(0)  ack 12
    `
    assert.equal(tcp.accept().state, 'CLOSE-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['acceptable', 'readable'])
    assert.equal(tcp.read(), 10)
    assert.equal(tcp.connection.ended, true)
  })

  test('on the third ACK establishes the connection when the bare ACK was lost', () => {
    const tcp = listen()
    tcp.trace`
      +0   < S  0:0(0)        win 65535 <mss 1460>
      +0   > S. 0:0(0)  ack 1
      +.2  < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0)  ack 11
    `
    tcp.accept()
    assert.equal(tcp.read(), 10)
  })

  test('on a SYN is not acknowledged and not stored: the client sends it again (RFC 9293 §3.10.7.2)', () => {
    const tcp = listen()
    tcp.trace`
      +0   < S  0:5(5)       win 65535 <mss 1460>
      +0   > S. 0:0(0) ack 1
      +0   < P. 1:6(5) ack 1 win 65535
      +.04 > .  1:1(0) ack 6
    `
    assert.equal(tcp.stack.counters.drops['tcp-text-ignored'], 1)
    tcp.accept()
    assert.equal(tcp.read(), 5)
  })
})

describe('sequence numbers that wrap within the handshake', () => {
  for (const isn of [0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x8000_0000]) {
    test(`are as good as others: the client's is ${isn}`, () => {
      const tcp = listen({ isn })
      tcp.trace`
        +0   < S  0:0(0)        win 65535 <mss 1460>
        +0   > S. 0:0(0)  ack 1
        +0   < P. 1:11(10) ack 1 win 65535
        +.04 > .  1:1(0)  ack 11
      `
      assert.equal(tcp.accept().tcb.irs, isn)
      assert.equal(tcp.read(), 10)
    })
  }

  for (const target of [0xffff_ffff, 0xffff_fffe, 0, 0x7fff_ffff]) {
    test(`are as good as others: ours is ${target}`, () => {
      const tcp = listen()
      tcp.trace`+${secondsUntilIss(target)}`
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1
        +0 < .  1:1(0) ack 1 win 65535
      `
      assert.equal(tcp.peer().iss, target)
      tcp.accept()
      tcp.send(10)
      tcp.trace`
        +0  > P. 1:11(10) ack 1
        +.1 < .  1:1(0)  ack 11 win 65535
      `
      assert.equal(tcp.connection.sendBuffer.length, 0)
    })
  }
})

/** The clock of RFC 6528 ticks every 4 µs: the moment at which the first peer of a trace is given this number. */
function secondsUntilIss(target: number): string {
  const tcp = listen()
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460>
    +0 > S. 0:0(0) ack 1
  `
  return (((target - tcp.peer().iss!) >>> 0) * 4e-6).toFixed(6)
}

describe('initial sequence numbers', () => {
  test('of one moment differ for each client, by a keyed hash (RFC 9293 SHLD-1, RFC 6528 §3)', () => {
    const tcp = listen()
    const seen = new Set<number>()
    for (let i = 0; i < 100; i++) {
      tcp.peer('', { port: 1000 + i })
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1
      `
      seen.add(tcp.peer().iss!)
    }
    assert.equal(seen.size, 100)
  })

  test('of one client move on with the clock, 250 a millisecond (RFC 9293 MUST-8)', () => {
    const tcp = listen()
    const syn = (): number => {
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1
        +0 < R  1:1(0)       win 0
      `
      return tcp.peer().iss!
    }
    const first = syn()
    tcp.trace`+10`
    assert.equal((syn() - first) >>> 0, 2_500_000)
  })

  test('of two stacks with other secrets have nothing in common (RFC 9293 MUST-9)', () => {
    const iss = [1, 2].map((octet) => {
      const tcp = listen({ stack: { secret: new Uint8Array(32).fill(octet) } })
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1
      `
      return tcp.peer().iss
    })
    assert.notEqual(iss[0], iss[1])
  })

  test('need a secret of 32 octets', () => {
    assert.throws(() => host({ stack: { secret: new Uint8Array(31) } }), { code: 'ERR_INVALID_ARG_VALUE' })
  })
})
