/** A full queue makes room for whoever has clearly less of it: the heaviest source prefix gives, its oldest entry first. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admitThenCookies } from '../../src/tcp/admission.ts'
import type { Traced } from '../support/trace.ts'
import { ack, full, listening, type Options, syn } from './listening.ts'

/** Peers `name` and a number, in the prefix `network`, each with an entry. */
function fill(tcp: Traced, name: string, network: string, count: number): void {
  for (let i = 0; i < count; i++) {
    tcp.peer(`${name}${i}`, { address: `${network}${i + 1}`, port: 5000 })
    syn(tcp, `${name}${i}`)
  }
}

/** Entries of each remote address. */
function held(tcp: Traced): string[] {
  return tcp.listener
    .halfOpens(tcp.now)
    .map(({ remoteAddress }) => remoteAddress)
    .sort()
}

describe('in a full queue, the SYN of another prefix', () => {
  test('takes the place of the oldest entry of the prefix that holds most', () => {
    const tcp = full(4)
    fill(tcp, 'b', '198.51.100.', 1)
    assert.deepEqual([tcp.listener.halfOpen, tcp.listener.counters.evicted, tcp.listener.counters.cookied], [4, 1, 0])
    const ports = tcp.listener.halfOpens(tcp.now).map(({ remotePort }) => remotePort)
    assert.ok(!ports.includes(tcp.peer('p0').port), 'the oldest is gone')
    assert.ok(ports.includes(tcp.peer('p1').port))
  })

  test('takes no more than its share: then it is answered with cookies', () => {
    const tcp = full(4)
    fill(tcp, 'b', '198.51.100.', 4)
    assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.cookied], [2, 2])
    assert.equal(held(tcp).filter((address) => address.startsWith('198.51.100.')).length, 2)
  })

  test('takes nothing where all hold one', () => {
    const tcp = listening({ backlog: 3 })
    for (const network of ['10.0.0.', '10.0.1.', '10.0.2.', '10.0.3.']) fill(tcp, 'x', network, 1)
    assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.cookied], [0, 1])
  })

  test('takes from the heaviest, whoever else there is', () => {
    const tcp = listening({ backlog: 6 })
    fill(tcp, 'a', '10.0.0.', 2)
    fill(tcp, 'b', '10.0.1.', 3)
    fill(tcp, 'c', '10.0.2.', 1)
    fill(tcp, 'd', '10.0.3.', 1)
    assert.deepEqual(held(tcp), ['10.0.0.1', '10.0.0.2', '10.0.1.2', '10.0.1.3', '10.0.2.1', '10.0.3.1'])
  })

  test('is of another prefix at /24', () => {
    const tcp = full(4)
    fill(tcp, 'same', '192.0.2.10', 1)
    fill(tcp, 'next', '192.0.3.', 1)
    assert.deepEqual([tcp.listener.counters.cookied, tcp.listener.counters.evicted], [1, 1])
  })

  test('is of another prefix at /48 with IPv6', () => {
    const tcp = listening({ family: 6, backlog: 4 })
    for (let i = 0; i < 4; i++) {
      tcp.peer(`a${i}`, { address: `2001:db8:1:${i}::1`, port: 5000 })
      syn(tcp, `a${i}`)
    }
    tcp.peer('same', { address: '2001:db8:1:ffff::9' })
    syn(tcp, 'same')
    assert.deepEqual([tcp.listener.counters.cookied, tcp.listener.counters.evicted], [1, 0])
    tcp.peer('other', { address: '2001:db8:2::9' })
    syn(tcp, 'other')
    assert.deepEqual([tcp.listener.counters.cookied, tcp.listener.counters.evicted], [1, 1])
  })

  test('takes from the other family, if that is heavier', () => {
    const tcp = listening({ backlog: 4, stack: { addresses: ['192.0.2.1/24', '2001:db8::1/64'] } })
    fill(tcp, 'four', '10.0.0.', 4)
    tcp.peer('six', { address: '2001:db8:7::1', localAddress: '2001:db8::1' })
    syn(tcp, 'six')
    assert.deepEqual(held(tcp), ['10.0.0.2', '10.0.0.3', '10.0.0.4', '2001:db8:7::1'])
  })

  test('without cookies nobody is evicted, who could not complete any more: the SYN is dropped', () => {
    const policies: Options[] = [{}, { admission: () => 'hold' }]
    for (const policy of policies) {
      const tcp = full(2, { cookies: false, ...policy })
      tcp.peer('b', { address: '198.51.100.1' })
      tcp.trace`+0 <b S 0:0(0) win 65535 <mss 1460>`
      assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.queueFull], [0, 1])
      ack(tcp, 'p0')
      assert.equal(tcp.accept().state, 'ESTABLISHED')
    }
  })

  test('evicts nobody where the policy is another', () => {
    const tcp = full(4, { admission: admitThenCookies })
    fill(tcp, 'b', '198.51.100.', 2)
    assert.deepEqual([tcp.listener.counters.evicted, tcp.listener.counters.cookied], [0, 2])
  })
})

describe('an entry that was evicted', () => {
  test('is completed by its client all the same: the ISS was a cookie', () => {
    const tcp = full(2)
    fill(tcp, 'b', '198.51.100.', 1)
    ack(tcp, 'p0')
    assert.equal(tcp.accept().remotePort, tcp.peer('p0').port)
    assert.equal(tcp.connection.tcb.snd.mss, 1460)
    assert.equal(tcp.listener.counters.cookieCompleted, 1)
  })

  test('is completed with all that the SYN offered', () => {
    const tcp = listening({ backlog: 2, synAckRetries: 0 })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1234,sackOK,wscale 9,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,sackOK,wscale 7,TS val 0 ecr 100>
    `
    syn(tcp, 'same')
    fill(tcp, 'b', '198.51.100.', 1)
    tcp.trace`+.2 < . 1:1(0) ack 1 win 10 <TS val 300 ecr last>`
    const { snd, sack, tsRecent } = tcp.accept().tcb
    assert.deepEqual([snd.mss, snd.scale, snd.wnd, sack, tsRecent], [1234, 9, 5120, true, 300])
  })

  test('sends its SYN-ACK no more', () => {
    const tcp = full(2, { synAckRetries: 1 })
    fill(tcp, 'b', '198.51.100.', 1)
    tcp.trace`
      @1 >p1 S. 0:0(0) ack 1
      @1 >b0 S. 0:0(0) ack 1
      @3
    `
    assert.deepEqual([tcp.listener.counters.expired, tcp.listener.halfOpen], [2, 0])
  })

  test('that its client resets is nobody: the RST is ignored', () => {
    const tcp = full(2)
    fill(tcp, 'b', '198.51.100.', 1)
    tcp.trace`+0 <p0 R 1:1(0) win 0`
    assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
  })

  test('whose client sends its SYN again is answered as a new one', () => {
    const tcp = full(2)
    fill(tcp, 'b', '198.51.100.', 1)
    syn(tcp, 'p0')
    assert.equal(tcp.listener.counters.cookied, 1)
    ack(tcp, 'p0')
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('while it waited for the accept queue is completed by the first data of its client', () => {
    const tcp = listening({ backlog: 2, acceptBacklog: 1, synAckRetries: 0 })
    fill(tcp, 'x', '10.9.9.', 1)
    ack(tcp, 'x0')
    for (const name of ['p0', 'p1']) syn(tcp, name)
    ack(tcp, 'p0')
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.acknowledged, true)
    fill(tcp, 'b', '198.51.100.', 1)
    assert.equal(tcp.listener.counters.evicted, 1)
    tcp.accept()
    assert.equal(tcp.listener.accept(), undefined)
    tcp.trace`
      +.1  <p0 P. 1:11(10) ack 1 win 65535
      +.04 >p0 .  1:1(0) ack 11
    `
    assert.equal(tcp.accept().remotePort, tcp.peer('p0').port)
    assert.equal(tcp.read(), 10)
  })
})
