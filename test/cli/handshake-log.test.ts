import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN } from '../../src/cli/colors.ts'
import { jsonLog, ladderLog } from '../../src/cli/handshake-log.ts'
import { admitDeferred } from '../../src/tcp/admission.ts'
import { type HostOptions, listen, type Traced } from '../support/trace.ts'

type Options = HostOptions & Parameters<typeof listen>[0]

/** A traced listener whose steps gather as JSON events: kind, age, and both queues. */
function logged(options: Options): { tcp: Traced; events: unknown[] } {
  const events: unknown[] = []
  const observer = jsonLog((event, fields) => {
    const { age, synQueue, acceptQueue, reason } = fields as Record<string, unknown>
    events.push(reason === undefined ? [event, age, `${synQueue} ${acceptQueue}`] : [event, reason])
  })
  return { tcp: listen({ ...options, stack: { observer } }), events }
}

test('a cookie: no entry, and nobody remembers when it began', () => {
  const { tcp, events } = logged({ backlog: 0 })
  tcp.trace`
    +0  < S  0:0(0) win 65535 <mss 1460>
    +0  > S. 0:0(0) ack 1
    +.2 < .  1:1(0) ack 1 win 65535
  `
  assert.deepEqual(events, [
    ['cookie-sent', 0, '0 0'],
    ['cookie-completed', undefined, '0 1'],
  ])
})

test('a lighter prefix takes the place of the heaviest', () => {
  const { tcp, events } = logged({ backlog: 2 })
  tcp.peer('b', { port: 5000 })
  tcp.peer('c', { address: '198.51.100.1' })
  tcp.trace`
    +0  <  S  0:0(0) win 65535 <mss 1460>
    +0  >  S. 0:0(0) ack 1
    +0  <b S  0:0(0) win 65535 <mss 1460>
    +0  >b S. 0:0(0) ack 1
    +.2 <c S  0:0(0) win 65535 <mss 1460>
    +0  >c S. 0:0(0) ack 1
  `
  assert.deepEqual(events.slice(4), [
    ['evicted', 200, '1 0'],
    ['syn-received', 0, '2 0'],
    ['syn-ack-sent', 0, '2 0'],
  ])
})

test('without cookies a SYN is dropped', () => {
  const { tcp, events } = logged({ backlog: 0, cookies: false })
  tcp.trace`
    +0 < S 0:0(0) win 65535 <mss 1460>
  `
  assert.deepEqual(events, [['syn-dropped', 'syn-queue-full']])
})

test('a full accept queue, where the policy is to reset', () => {
  const { tcp, events } = logged({ acceptBacklog: 1, acceptOverflow: 'reset' })
  tcp.peer('b', { port: 5000 })
  tcp.trace`
    +0 <  S  0:0(0) win 65535 <mss 1460>
    +0 >  S. 0:0(0) ack 1
    +0 <  .  1:1(0) ack 1 win 65535
    +0 <b S  0:0(0) win 65535 <mss 1460>
    +0 >b S. 0:0(0) ack 1
    +0 <b .  1:1(0) ack 1 win 65535
    +0 >b R  1:1(0)
  `
  assert.deepEqual(events.slice(-1), [['refused', 0, '0 1']])
})

test('deferred SYNs, refused and ignored', () => {
  const { tcp, events } = logged({ admission: admitDeferred })
  tcp.peer('b', { port: 5000 })
  tcp.trace`
    +0 <  S  0:0(0) win 65535 <mss 1460>
    +0 <b S  0:0(0) win 65535 <mss 1460>
  `
  const [first, second] = tcp.events.map(({ incoming }) => incoming)
  first!.refuse()
  second!.ignore()
  tcp.trace`
    +0 > R. 0:0(0) ack 1
  `
  assert.deepEqual(events, [
    ['syn-received', 0, '1 0'],
    ['deferred', 0, '1 0'],
    ['syn-received', 0, '2 0'],
    ['deferred', 0, '2 0'],
    ['refused', 0, '1 0'],
    ['ignored', 0, '0 0'],
  ])
})

test('a ladder says what a cookie, an eviction and a reset are about', () => {
  const lines: string[] = []
  const tcp = listen({ backlog: 0, stack: { observer: ladderLog((line) => lines.push(line), PLAIN) } })
  tcp.trace`
    +0  < S  0:0(0) win 65535 <mss 1460>
    +0  > S. 0:0(0) ack 1
    +.2 < .  1:1(0) ack 1 win 65535
  `
  assert.deepEqual(
    lines.slice(2).map((line) => line.trim().replace(/ {2,}/g, ' ')),
    [
      '0.000 s SYN-SENT (SYN_SEND) ── SYN (seq=j) ───────────────▶ LISTEN 0/0 0/1',
      '0.000 s SYN-SENT (SYN_SEND) ◀── SYN+ACK (ack=j+1, seq=k) ── LISTEN 0/0 0/1',
      '└ the SYN queue is full: a cookie, and nothing is kept',
      'ESTABLISHED ── ACK (ack=k+1) ─────────────▶ ESTABLISHED 0/0 1/1',
    ],
  )
})
