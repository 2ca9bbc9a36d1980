import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StackEvent } from '../../src/tcp/events.ts'
import { established, listen, type Traced } from '../support/trace.ts'
import { encodeSegment } from '../support/trace-packet.ts'
import { parseTrace } from '../support/trace-parse.ts'

/** The segment comes, and nobody asks for events yet. */
function arrives(tcp: Traced, segment: string): void {
  const [line] = parseTrace(`+0 < ${segment}`)
  assert.ok(line?.kind === 'in')
  const octets = encodeSegment(tcp.peer(), line.segment)
  tcp.stack.receive(octets, 0, octets.length, tcp.now)
}

function types(tcp: Traced): StackEvent['type'][] {
  const told: StackEvent['type'][] = []
  for (let event = tcp.stack.nextEvent(); event !== undefined; event = tcp.stack.nextEvent()) told.push(event.type)
  return told
}

describe('events', () => {
  test('that nobody has heard yet are told once, however often they happen', () => {
    const tcp = established()
    for (let i = 0; i < 10; i++) arrives(tcp, `P. ${1 + 10 * i}:${11 + 10 * i}(10) ack 1 win 65535`)
    assert.deepEqual(types(tcp), ['readable'])
    assert.deepEqual(types(tcp), [])
  })

  test('of one connection are told in their order: connected, readable, writable, closed', () => {
    const tcp = established({ stack: { tcp: { sendBuffer: 10 } } })
    tcp.send(20)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    arrives(tcp, 'P. 1:11(10) ack 11 win 65535')
    arrives(tcp, 'R 11:11(0) win 0')
    assert.deepEqual(types(tcp), ['readable', 'writable', 'closed'])
  })

  test('tell of a listener before its connections', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
    arrives(tcp, 'FP. 1:11(10) ack 1 win 65535')
    assert.deepEqual(types(tcp), ['acceptable', 'readable'])
  })

  test('end with closed: nothing is told of a connection after it', () => {
    const tcp = established()
    arrives(tcp, 'P. 1:11(10) ack 1 win 65535')
    tcp.connection.abort()
    assert.deepEqual(types(tcp), ['readable', 'closed'])
    arrives(tcp, 'P. 11:21(10) ack 1 win 65535')
    assert.deepEqual(types(tcp), [])
  })

  test('of acceptable connections are not told when they were accepted before', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
    arrives(tcp, '. 1:1(0) ack 1 win 65535')
    tcp.accept()
    assert.deepEqual(types(tcp), [])
  })

  test('are lent: the next call overwrites them', () => {
    const tcp = established({ stack: { tcp: { sendBuffer: 10 } } })
    tcp.send(20)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    arrives(tcp, 'P. 1:11(10) ack 11 win 65535')
    const first = tcp.stack.nextEvent()
    assert.equal(first?.type, 'readable')
    assert.equal(tcp.stack.nextEvent(), first)
    assert.equal(first.type, 'writable')
  })
})
