/** Admission is a function of the SYN and the listener's load. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AdmissionPolicy,
  admitByCookie,
  admitDeferred,
  admitFairly,
  admitThenCookies,
  type Verdict,
} from '../../src/tcp/admission.ts'
import { ack, full, listening, syn } from './listening.ts'

describe('the verdict', () => {
  test('hold gives an entry', () => {
    const tcp = listening({ admission: () => 'hold' })
    syn(tcp)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.held], [1, 1])
  })

  test('hold in a full queue takes the place of the oldest entry of the heaviest prefix, be it the own', () => {
    const tcp = full(2, { admission: () => 'hold' })
    syn(tcp, 'next')
    assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.cookied, tcp.listener.halfOpen], [1, 0, 2])
    assert.ok(tcp.listener.halfOpens(tcp.now).every(({ remotePort }) => remotePort !== tcp.peer('p0').port))
  })

  test('cookie keeps nothing, though there is room', () => {
    const tcp = listening({ admission: () => 'cookie' })
    syn(tcp)
    assert.equal(tcp.listener.halfOpen, 0)
    ack(tcp)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('refuse is a RST, as where nobody listens', () => {
    const tcp = listening({ admission: () => 'refuse' })
    tcp.trace`
      +0 < S  0:10(10)     win 65535 <mss 1460>
      +0 > R. 0:0(0) ack 11 win 0 <>
    `
    assert.equal(tcp.listener.counters.refused, 1)
    assert.equal(tcp.stack.counters.drops['syn-refused'], 1)
  })

  test('ignore is nothing', () => {
    const tcp = listening({ admission: () => 'ignore' })
    tcp.trace`
      +0 < S 0:0(0) win 65535 <mss 1460>
      +9
    `
    assert.equal(tcp.listener.counters.ignored, 1)
    assert.equal(tcp.stack.counters.drops['syn-ignored'], 1)
  })

  test('defer holds an entry that the application answers', () => {
    const tcp = listening({ admission: () => 'defer' })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.deferred, true)
  })

  test('that is none is taken for ignore', () => {
    const tcp = listening({ admission: () => 'maybe' as Verdict })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.counters.ignored, 1)
  })
})

describe('a policy', () => {
  test('sees the SYN', () => {
    const seen: unknown[] = []
    const tcp = listening({
      isn: 5,
      admission: (asked) => {
        const { remoteAddress, remotePort, localAddress, localPort, irs, window } = asked
        seen.push([remoteAddress, remotePort, localAddress, localPort, irs, window])
        seen.push([asked.mss, asked.windowScale, asked.sackPermitted, asked.timestamp, asked.ecn, asked.options.length])
        return 'ignore'
      },
    })
    tcp.trace`+0 < SEW 0:0(0) win 100 <mss 900,nop,wscale 2,TS val 8 ecr 0,sackOK>`
    assert.deepEqual(seen, [
      ['192.0.2.2', 40_000, '192.0.2.1', 80, 5, 100],
      [900, 2, true, 8, true, 20],
    ])
  })

  test('sees the load as it is before the SYN', () => {
    const seen: number[][] = []
    const policy: AdmissionPolicy = (_, load) => {
      seen.push([load.halfOpen, load.backlog, load.acceptQueue, load.acceptBacklog])
      seen.push([load.samePrefix, load.heaviestPrefix, load.activePrefixes, load.isFull ? 1 : 0])
      return 'hold'
    }
    const tcp = listening({ admission: policy, backlog: 3, acceptBacklog: 2 })
    syn(tcp, 'a')
    syn(tcp, 'b')
    tcp.peer('c', { address: '198.51.100.1' })
    syn(tcp, 'c')
    ack(tcp, 'a')
    seen.length = 0
    syn(tcp, 'd')
    tcp.peer('e', { address: '203.0.113.1' })
    syn(tcp, 'e')
    assert.deepEqual(seen, [
      [2, 3, 1, 2],
      [1, 1, 2, 0],
      [3, 3, 1, 2],
      [0, 2, 2, 1],
    ])
  })

  test('is asked once for each SYN that asks for a connection anew, and for nothing else', () => {
    let asked = 0
    const tcp = listening({
      admission: () => {
        asked++
        return 'hold'
      },
    })
    syn(tcp)
    tcp.trace`
      +.5 < S  0:0(0)       win 65535 <mss 1460>
      +0  > S. 0:0(0) ack 1
      +0  < R  9:9(0)       win 0
      +0  <b . 1:1(0) ack 7 win 0
      +0  >b R 7:7(0)
      +0  < .  1:1(0) ack 1 win 65535
      +.1 < S  0:0(0)       win 65535 <mss 1460>
      +0  > .  1:1(0) ack 1
    `
    assert.equal(asked, 1)
  })

  test('may keep one source out and let others in', () => {
    const tcp = listening({
      admission: ({ remoteAddress }, load) =>
        remoteAddress.startsWith('198.51.100.') ? 'refuse' : admitFairly({} as never, load),
    })
    tcp.peer('bad', { address: '198.51.100.66' })
    tcp.trace`
      +0 <bad S  0:0(0) win 65535 <mss 1460>
      +0 >bad R. 0:0(0) ack 1
    `
    syn(tcp, 'good')
  })

  test('may take no more than so many of one prefix', () => {
    const tcp = listening({ admission: (_, load) => (load.samePrefix < 2 ? 'hold' : 'ignore') })
    syn(tcp, 'a')
    syn(tcp, 'b')
    tcp.trace`+0 <c S 0:0(0) win 65535 <mss 1460>`
    tcp.peer('d', { address: '198.51.100.1' })
    syn(tcp, 'd')
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.ignored], [3, 1])
  })

  test('may look at the accept queue', () => {
    const tcp = listening({
      acceptBacklog: 1,
      admission: (_, load) => (load.acceptQueue >= load.acceptBacklog ? 'ignore' : 'hold'),
    })
    syn(tcp, 'a')
    ack(tcp, 'a')
    tcp.trace`+0 <b S 0:0(0) win 65535 <mss 1460>`
    tcp.accept()
    syn(tcp, 'b')
  })
})

describe('policies that come with it', () => {
  const load = (halfOpen: number, samePrefix: number, heaviestPrefix: number): never =>
    ({ halfOpen, backlog: 10, isFull: halfOpen >= 10, samePrefix, heaviestPrefix }) as never

  for (const [name, policy, expected] of [
    ['admitFairly', admitFairly, ['hold', 'hold', 'hold', 'cookie', 'cookie']],
    ['admitThenCookies', admitThenCookies, ['hold', 'hold', 'cookie', 'cookie', 'cookie']],
    ['admitByCookie', admitByCookie, ['cookie', 'cookie', 'cookie', 'cookie', 'cookie']],
    ['admitDeferred', admitDeferred, ['defer', 'defer', 'ignore', 'ignore', 'ignore']],
  ] as const) {
    test(name, () => {
      const loads = [load(0, 0, 0), load(9, 5, 5), load(10, 3, 5), load(10, 4, 5), load(10, 5, 5)]
      assert.deepEqual(
        loads.map((at) => policy({} as never, at)),
        expected,
      )
    })
  }

  test('admitFairly is the default', () => assert.equal(listening().listener.admission, admitFairly))
})
