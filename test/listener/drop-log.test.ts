/** The last drops of a listener: who, why, and how long its queues were. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DropLog, LAST_DROPS } from '../../src/tcp/drop-log.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { Segment } from '../../src/wire/segment.ts'
import { ack, full, listening, syn } from './listening.ts'

describe('the last drops of a listener', () => {
  test('have four-tuple, reason, instant and the lengths of both queues', () => {
    const tcp = full(2, { cookies: false, acceptBacklog: 2 })
    tcp.trace`
      +.6 <x S 0:0(0) win 65535 <mss 1460>
      +.1 <p0 S 0:0(0) win 65535 <mss 1460>
      +0 >p0 S. 0:0(0) ack 1
    `
    assert.deepEqual(tcp.listener.lastDrops(), [
      {
        at: 600,
        reason: 'syn-queue-full',
        remoteAddress: '192.0.2.2',
        remotePort: tcp.peer('x').port,
        localAddress: '192.0.2.1',
        localPort: 80,
        halfOpen: 2,
        acceptQueue: 0,
      },
      { ...tcp.listener.lastDrops()[0]!, at: 700, reason: 'syn-duplicate', remotePort: tcp.peer('p0').port },
    ])
  })

  test('are those of its connections, too, each under its first reason; not those of other ports', () => {
    const tcp = listening()
    syn(tcp)
    ack(tcp)
    tcp.trace`
      +0 < R 5:5(0) win 0
      +0 > . 1:1(0) ack 1
    `
    tcp.peer('other', { localPort: 81 })
    tcp.trace`
      +0 <other S 0:0(0) win 100
      +0 >other R. 0:0(0) ack 1
    `
    const drops = tcp.listener.lastDrops().map(({ reason, acceptQueue }) => [reason, acceptQueue])
    assert.deepEqual(drops, [['tcp-rst-inexact', 1]])
  })

  test('are 64, the oldest first', () => {
    const log = new DropLog()
    assert.deepEqual(log.read(), [])
    const segment = new Segment()
    segment.source = IpAddress.parse('2001:db8::7')!
    segment.destination = IpAddress.parse('2001:db8::1')!
    segment.destinationPort = 443
    for (let i = 0; i < LAST_DROPS + 10; i++) {
      segment.sourcePort = 65_000 + i
      log.record('cookie-failed', segment, i, 2 * i, 1000 + i)
      assert.equal(log.read().length, Math.min(i + 1, LAST_DROPS))
    }
    const views = log.read()
    assert.deepEqual(
      views.map(({ remotePort }) => remotePort),
      Array.from({ length: LAST_DROPS }, (_, i) => 65_010 + i),
    )
    const ends = { remoteAddress: '2001:db8::7', remotePort: 65_010, localAddress: '2001:db8::1', localPort: 443 }
    assert.deepEqual(views[0], { ...ends, at: 1010, reason: 'cookie-failed', halfOpen: 10, acceptQueue: 20 })
  })
})
