/** The application's answers to a deferred SYN: accept, refuse, ignore; once, and in time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admitDeferred, type Verdict } from '../../src/tcp/admission.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { Traced } from '../support/trace.ts'
import { ack, listening, type Options, syn } from './listening.ts'

interface Deferred {
  tcp: Traced
  incoming: Incoming
}

/** A SYN that waits for the application, and what the application has of it. */
function deferred(options: Options = {}, syn = 'S 0:0(0) win 65535 <mss 1460>'): Deferred {
  const tcp = listening({ admission: admitDeferred, ...options })
  tcp.trace`+0 < ${syn}`
  const incoming = tcp.events.splice(0)[0]?.incoming ?? assert.fail('nothing is deferred')
  return { tcp, incoming }
}

describe('accept()', () => {
  test('sends the SYN-ACK, and the client completes', () => {
    const { tcp, incoming } = deferred()
    tcp.trace`+3`
    assert.equal(incoming.accept(), true)
    tcp.trace`
      +0  > S. 0:0(0) ack 1 win 65535 <mss 1460>
      +.1 < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.deepEqual([tcp.listener.counters.deferAccepted, tcp.listener.counters.completed], [1, 1])
  })

  test('agrees on all that the SYN offered', () => {
    const { tcp, incoming } = deferred({}, 'S 0:0(0) win 65535 <mss 1111,sackOK,TS val 5 ecr 0,wscale 6>')
    tcp.trace`+3`
    incoming.accept()
    tcp.trace`
      +0  > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 5,wscale 7>
      +.1 < .  1:1(0) ack 1 win 100 <TS val 3105 ecr last>
    `
    const { snd, sack, tsRecent } = tcp.accept().tcb
    assert.deepEqual([snd.mss, snd.scale, snd.wnd, sack, tsRecent], [1111, 6, 6400, true, 3105])
  })

  test('begins a life of its own, with all of its waits', () => {
    const { tcp, incoming } = deferred({ synAckWaits: [1000, 2000] })
    tcp.trace`@2.5`
    incoming.accept()
    tcp.trace`
      @2.5 > S. 0:0(0) ack 1
      @3.5 > S. 0:0(0) ack 1
      @5.499
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@5.5`
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.expired], [0, 1])
  })

  test('measures the round trip from the SYN-ACK, not from the SYN', () => {
    const { tcp, incoming } = deferred()
    tcp.trace`+30`
    incoming.accept()
    tcp.trace`
      +0  > S. 0:0(0) ack 1
      +.1 < .  1:1(0) ack 1 win 65535
    `
    // RFC 6298 (2.2): SRTT 100, RTTVAR 50.
    assert.equal(tcp.accept().rto.value, 300)
  })

  test('answers duplicates from then on as those of any entry', () => {
    const { tcp, incoming } = deferred()
    tcp.trace`+1 < S 0:0(0) win 65535 <mss 1460>`
    incoming.accept()
    tcp.trace`
      +0  > S. 0:0(0) ack 1
      +.3 < S  0:0(0) win 65535 <mss 1460>
      +.2 < S  0:0(0) win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
    `
  })

  for (const seconds of [0, 20, 45, 100]) {
    test(`after ${seconds} s gives an ISS that is a cookie of then: one who is evicted completes`, () => {
      let verdict: Verdict = 'defer'
      const { tcp, incoming } = deferred({ backlog: 1, deferTimeout: 200_000, admission: () => verdict })
      tcp.trace`+${seconds}`
      incoming.accept()
      tcp.trace`+0 > S. 0:0(0) ack 1`
      verdict = 'hold'
      syn(tcp, 'other')
      assert.equal(tcp.listener.counters.evicted, 1)
      ack(tcp)
      assert.equal(tcp.accept().remotePort, tcp.peer().port)
    })
  }

  test('in the order in which the application says so', () => {
    const tcp = listening({ admission: admitDeferred })
    tcp.trace`
      +0 <a S 0:0(0) win 65535 <mss 1460>
      +0 <b S 0:0(0) win 65535 <mss 1460>
    `
    const [a, b] = tcp.events.splice(0).map(({ incoming }) => incoming!)
    b!.accept()
    a!.accept()
    tcp.trace`
      +0 >b S. 0:0(0) ack 1
      +0 >a S. 0:0(0) ack 1
    `
  })
})

describe('refuse()', () => {
  test('sends the RST that a port without a listener would: "connection refused"', () => {
    const { tcp, incoming } = deferred({ stack: { initialSequence: () => 0 } })
    tcp.trace`+3`
    assert.equal(incoming.refuse(), true)
    tcp.trace`
      +0 > R. 0:0(0) ack 1 win 0 <>
      +100
    `
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.deferRefused], [0, 1])
    assert.equal(tcp.stack.counters.AttemptFails, 1)
  })

  test('is for one SYN: the next is deferred anew', () => {
    const { tcp, incoming } = deferred()
    incoming.refuse()
    tcp.trace`
      +0 > R. 0:0(0) ack 1
      +1 < S 0:0(0) win 65535 <mss 1460>
    `
    assert.deepEqual(tcp.takeEvents(), ['deferred'])
  })
})

describe('ignore()', () => {
  test('sends nothing, and forgets the SYN', () => {
    const { tcp, incoming } = deferred()
    assert.equal(incoming.ignore(), true)
    tcp.trace`+100`
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.deferIgnored], [0, 1])
  })

  test('has the client try again, which is told anew', () => {
    const { tcp, incoming } = deferred()
    incoming.ignore()
    tcp.trace`+1 < S 0:0(0) win 65535 <mss 1460>`
    assert.deepEqual(tcp.takeEvents(), ['deferred'])
  })
})

describe('an answer', () => {
  for (const first of ['accept', 'refuse', 'ignore'] as const) {
    test(`${first}() is given once: what follows is false and does nothing`, () => {
      const { tcp, incoming } = deferred()
      assert.equal(incoming[first](), true)
      assert.deepEqual([incoming.accept(), incoming.refuse(), incoming.ignore()], [false, false, false])
      if (first === 'accept') tcp.trace`+0 > S. 0:0(0) ack 1`
      if (first === 'refuse') tcp.trace`+0 > R. 0:0(0) ack 1`
      assert.equal(tcp.listener.halfOpen, first === 'accept' ? 1 : 0)
      assert.deepEqual([incoming.accept(), incoming.refuse(), incoming.ignore()], [false, false, false])
    })
  }

  test('is false after the entry was evicted', () => {
    const { tcp, incoming } = deferred({
      backlog: 1,
      admission: ({ remotePort }) => (remotePort === 40_000 ? 'defer' : 'hold'),
    })
    tcp.peer()
    syn(tcp, 'other')
    assert.equal(tcp.listener.counters.evicted, 1)
    assert.equal(incoming.accept(), false)
    assert.equal(tcp.listener.counters.deferAccepted, 0)
  })

  test('is false after the listener was closed, before its RSTs went out and after', () => {
    const { tcp, incoming } = deferred({ stack: { initialSequence: () => 0 } })
    tcp.listener.close()
    assert.equal(incoming.accept(), false)
    tcp.trace`+0 > R. 0:0(0) ack 1`
    assert.equal(incoming.refuse(), false)
    assert.equal(tcp.listener.counters.closed, 1)
  })

  test('is for the SYN that it was asked about, not for a later one in the same place', () => {
    const { tcp, incoming } = deferred({ backlog: 1 })
    incoming.ignore()
    tcp.trace`+1 <b S 0:0(0) win 65535 <mss 1460>`
    assert.deepEqual([incoming.accept(), incoming.refuse(), incoming.ignore()], [false, false, false])
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.remotePort, tcp.peer('b').port)
    assert.equal(tcp.events.at(-1)?.incoming?.accept(), true)
    tcp.trace`+0 >b S. 0:0(0) ack 1`
  })

  test('may be different for each of many', () => {
    const tcp = listening({ admission: admitDeferred, stack: { initialSequence: () => 0 } })
    for (let i = 0; i < 30; i++) {
      tcp.peer('p', { port: 1000 + i })
      tcp.trace`+0 <p S 0:0(0) win 65535 <mss 1460>`
      const incoming = tcp.events.splice(0)[0]!.incoming!
      if (i % 3 === 0) {
        incoming.accept()
        tcp.trace`+0 >p S. 0:0(0) ack 1`
      } else if (i % 3 === 1) {
        incoming.refuse()
        tcp.trace`+0 >p R. 0:0(0) ack 1`
      } else {
        incoming.ignore()
      }
    }
    const { deferAccepted, deferRefused, deferIgnored } = tcp.listener.counters
    assert.deepEqual([deferAccepted, deferRefused, deferIgnored, tcp.listener.halfOpen], [10, 10, 10, 10])
  })
})
