import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '../../src/tcp/connection.ts'
import { listen, type Traced } from '../support/trace.ts'
import { cookieFor, listenFast, sums } from './support.ts'

/** So many clients' SYNs with a cookie and an octet of text, each opened at once; the first is named `c0`. */
function openFast(tcp: Traced, count: number): void {
  for (let i = 0; i < count; i++) {
    tcp.trace`
      +0 <c${i} S  0:1(1)         win 65535 <mss 1460,FO ${cookieFor(tcp)}>
      +0 >c${i} S. 0:0(0)   ack 2
    `
  }
}

/** A further one, and a request for a cookie: both come to the ordinary handshake. */
function isOff(tcp: Traced, name: string): void {
  tcp.trace`
    +0 <${name}1 S  0:1(1)         win 65535 <mss 1460,FO ${cookieFor(tcp)}>
    +0 >${name}1 S. 0:0(0)   ack 1           <mss 1460>
    +0 <${name}1 R  1:1(0)         win 0
    +0 <${name}2 S  0:0(0)         win 65535 <mss 1460,FO>
    +0 >${name}2 S. 0:0(0)   ack 1           <mss 1460>
    +0 <${name}2 R  1:1(0)         win 0
  `
}

function isOn(tcp: Traced, name: string): void {
  tcp.trace`
    +0 <${name} S  0:1(1)         win 65535 <mss 1460,FO ${cookieFor(tcp)}>
    +0 >${name} S. 0:0(0)   ack 2
  `
}

describe('the bound of connections in SYN-RECEIVED by Fast Open', () => {
  for (const bound of [1, 2, 16]) {
    test(`of ${bound}: at it, there is no Fast Open for anybody (RFC 7413 §4.2)`, () => {
      const tcp = listenFast({ fastOpen: bound })
      openFast(tcp, bound)
      assert.equal(tcp.listener.fastOpens.pending, bound)
      isOff(tcp, 'x')
      const { TCPFastOpenListenOverflow, TCPFastOpenCookieReqd, TCPFastOpenPassiveFail } = tcp.stack.counters
      assert.deepEqual([TCPFastOpenListenOverflow, TCPFastOpenCookieReqd, TCPFastOpenPassiveFail], [2, 0, 0])
      sums(tcp.listener)
    })
  }

  test('counts none that is established', () => {
    const tcp = listenFast({ fastOpen: 1 })
    openFast(tcp, 1)
    isOff(tcp, 'x')
    tcp.trace`+0 <c0 . 2:2(0) ack 1 win 65535`
    isOn(tcp, 'y')
  })

  test('counts one that the client reset for a minute more (RFC 7413 §5.1)', () => {
    const tcp = listenFast({ fastOpen: 1 })
    openFast(tcp, 1)
    tcp.trace`+.1 <c0 R 2:2(0) win 0`
    assert.equal(tcp.listener.fastOpens.pending, 0)
    isOff(tcp, 'x')
    tcp.trace`+59.999`
    isOff(tcp, 'y')
    tcp.trace`+.001`
    isOn(tcp, 'z')
  })

  test('counts none that has timed out, or that the application aborted', () => {
    const tcp = listenFast({ fastOpen: 1, synAckWaits: [1000] })
    openFast(tcp, 1)
    tcp.trace`+1`
    isOn(tcp, 'y')
    tcp.accept()
    tcp.accept().abort()
    tcp.trace`+0 >y R. 1:1(0) ack 2`
    isOn(tcp, 'z')
  })

  test("is the listener's own", () => {
    const tcp = listenFast({ fastOpen: 1 })
    openFast(tcp, 1)
    const other = tcp.stack.listen({ port: 81, fastOpen: 1 })
    tcp.peer('other', { localPort: 81 })
    isOn(tcp, 'other')
    assert.equal(other.fastOpens.pending, 1)
  })

  test('is 0 by default, and an integer', () => {
    assert.equal(listen().listener.fastOpens.limit, 0)
    for (const fastOpen of [-1, 1.5, Number.NaN, 2 ** 24]) {
      assert.throws(() => listen({ fastOpen }), { code: 'ERR_OUT_OF_RANGE' }, `${fastOpen}`)
    }
  })
})

/** What clients and the application may do, one after another. */
type Step =
  | { kind: 'syn'; client: number; cookie: 'valid' | 'forged' | 'request' | 'none'; length: number }
  | { kind: 'ack' | 'rst' | 'inexact'; client: number; length: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'accept' | 'abort' | 'close' }

const client = fc.nat({ max: 11 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('syn' as const),
      client,
      cookie: fc.constantFrom(
        'valid' as const,
        'valid' as const,
        'forged' as const,
        'request' as const,
        'none' as const,
      ),
      length: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack' as const, 'rst' as const, 'inexact' as const),
      client,
      length: fc.nat({ max: 3 }),
    }),
  },
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 400, 1000, 20_000) }),
  fc.record({ kind: fc.constantFrom('accept' as const, 'abort' as const, 'close' as const) }),
)

describe('whatever clients and the application do', () => {
  test('there are never more than the bound, and every SYN and every connection is accounted for', () => {
    let opened = 0
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.array(step, { minLength: 20, maxLength: 80 }), (bound, steps) => {
        const run = new Run(bound)
        for (const each of steps) run.take(each)
        opened += run.tcp.stack.counters.TCPFastOpenPassive
      }),
      { numRuns: 150 },
    )
    assert.ok(opened > 100, `${opened} connections were opened at once`)
  })
})

class Run {
  readonly tcp: Traced
  private readonly bound: number
  private readonly accepted: Connection[] = []
  private readonly cookie: string

  constructor(bound: number) {
    this.bound = bound
    this.tcp = listenFast({ fastOpen: bound, backlog: 4, acceptBacklog: 4, synAckWaits: [1000, 5000] })
    this.cookie = cookieFor(this.tcp)
  }

  take(step: Step): void {
    const { tcp, accepted } = this
    switch (step.kind) {
      case 'syn': {
        const option = { valid: `,FO ${this.cookie}`, forged: ',FO 01234567', request: ',FO', none: '' }[step.cookie]
        this.give(`+0 <c${step.client} S 0:${step.length}(${step.length}) win 9999 <mss 1460${option}>`)
        break
      }
      case 'ack':
        this.give(`+0 <c${step.client} . ${1 + step.length}:${1 + step.length}(0) ack 1 win 9999`)
        break
      case 'rst':
      case 'inexact': {
        const seq = 1 + step.length + (step.kind === 'rst' ? 0 : 50)
        this.give(`+0 <c${step.client} R ${seq}:${seq}(0) win 0`)
        break
      }
      case 'wait':
        this.wait(step.ms)
        break
      case 'accept': {
        const connection = tcp.listener.accept()
        if (connection !== undefined) accepted.push(connection)
        break
      }
      case 'abort':
        accepted.shift()?.abort()
        break
      case 'close':
        accepted.shift()?.close()
    }
    this.check()
  }

  /** Runs the line, or up to where the stack sends something, which is not looked at. */
  private give(line: string): void {
    try {
      this.tcp.trace`${line}`
    } catch (error) {
      if (!/nothing to be sent before this/.test((error as Error).message)) throw error
    }
  }

  private wait(ms: number): void {
    const until = this.tcp.now + ms
    while (this.tcp.now < until) this.give(`@${until / 1000}`)
  }

  private check(): void {
    const { listener, stack } = this.tcp
    const { fastOpens } = listener
    assert.ok(fastOpens.pending >= 0 && fastOpens.pending <= this.bound)
    const half = [...stack.tcp.connections].filter(({ state }) => state === 'SYN-RECEIVED')
    assert.equal(half.length, fastOpens.pending)
    sums(listener)
  }
}
