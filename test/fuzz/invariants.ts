// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
import assert from 'node:assert/strict'
import type { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { MAX_RANGES } from '../../src/tcp/receive-buffer.ts'
import { seqDistance } from '../../src/tcp/seq.ts'

/** What must hold of a stack at any moment at which it has nothing to send, whatever it was sent. */
export function assertSound(stack: Stack, listeners: readonly Listener[]): void {
  const { counters, tcp } = stack
  let drops = 0
  for (const reason in counters.drops) drops += counters.drops[reason as keyof typeof counters.drops]!
  assert.equal(counters.received, counters.accepted + drops, 'received = accepted + the sum of the drops')
  let connections = 0
  let open = 0
  for (const connection of tcp.connections) {
    connections++
    if (connection.state === 'ESTABLISHED' || connection.state === 'CLOSE-WAIT') open++
    assertConnection(stack, connection)
  }
  assert.equal(connections, tcp.connections.size)
  assert.equal(open, counters.CurrEstab)
  assert.ok(connections <= tcp.config.maxConnections, 'connections within their limit')
  assert.ok(tcp.timeWait.size <= tcp.config.maxTimeWait, 'TIME-WAIT within its limit')
  for (const listener of listeners) assertListener(listener)
  assertQueues(stack, connections)
}

function assertListener(listener: Listener): void {
  const { counters, halfOpen } = listener
  assert.ok(halfOpen <= listener.backlog, `${halfOpen} half-open of ${listener.backlog}`)
  assert.ok(listener.acceptQueueLength <= listener.acceptBacklog, 'the accept queue within its limit')
  const { held, cookied, refused, ignored, queueFull } = counters
  assert.equal(counters.syns, held + cookied + refused + ignored + queueFull, 'every SYN has one answer')
  const { completed, reset, expired, evicted, closed, acceptReset } = counters
  const deferred = counters.deferRefused + counters.deferIgnored + counters.deferExpired
  const ended = completed + reset + expired + evicted + closed + acceptReset + deferred
  assert.equal(held + counters.cookieHeld, ended + halfOpen, 'every entry ends in one way')
  const made = completed + counters.cookieCompleted
  if (listener.open) assert.equal(made, counters.accepted + listener.acceptQueueLength)
  assert.ok(listener['answers'].length <= 2 * listener.backlog + 65)
  assert.ok(listener['waiting'].length <= 2 * listener.backlog + 65)
}

/** All that could hold frames, answers or events for the outside is bounded; what was drained is empty. */
function assertQueues(stack: Stack, connections: number): void {
  const output = stack.tcp['output']
  assert.equal(output['replies'].length, 0)
  assert.equal(output['ready'].length, 0)
  assert.equal(output['due'].length, 0)
  for (const { packets } of stack.interfaces) assert.equal(packets.length, 0)
  assert.ok(stack.tcp['deadlines'].size <= connections)
}

function assertConnection(stack: Stack, connection: Connection): void {
  const { state, tcb, sendBuffer, receiveBuffer } = connection
  const { snd, rcv } = tcb
  assert.ok(state !== 'CLOSED' && state !== 'LISTEN' && state !== 'TIME-WAIT', `${state} has no place in the table`)
  const flight = seqDistance(snd.una, snd.nxt)
  const resend = seqDistance(snd.una, snd.resend)
  assert.ok(resend >= 0 && resend <= flight, `SND.UNA ${snd.una}, resend ${snd.resend}, SND.NXT ${snd.nxt}`)
  assert.ok(sendBuffer.length >= 0 && sendBuffer.length <= sendBuffer.limit, 'the send buffer within its limit')
  const controls = connection.finSent || state === 'SYN-SENT' || state === 'SYN-RECEIVED' ? 1 : 0
  assert.ok(flight <= sendBuffer.length + controls, `${flight} in flight`)
  assert.ok(!connection.finAcked || connection.finSent)
  assert.ok(!connection.finSent || connection.finQueued)

  const { limit } = receiveBuffer
  const unit = 2 ** rcv.scale
  const window = seqDistance(rcv.nxt, rcv.edge)
  assert.ok(state === 'SYN-SENT' || window >= 0, 'the window does not end before it begins')
  assert.ok(receiveBuffer.length >= 0)
  if (!connection.released) {
    const held = receiveBuffer.highest - receiveBuffer.base
    assert.ok(held <= limit + unit, `${held} octets held of ${limit}`)
    assert.ok(state === 'SYN-SENT' || receiveBuffer.length + window <= limit + unit, 'no more is promised than held')
  }
  assertRanges(connection)
  for (const { octets } of [sendBuffer, receiveBuffer]) assert.ok(octets.length <= 4 * limit + 4096)

  assert.ok(connection.acksDue === 0, 'no ACK is due any more')
  const { value } = connection.rto
  assert.ok(value >= stack.tcp.config.rtoMin && value <= stack.tcp.config.rtoMax, `RTO ${value}`)
  const congestion = connection.congestion
  if (congestion !== undefined) {
    assert.ok(congestion.cwnd >= 1 && congestion.cwnd < 2 ** 40, `congestion window ${congestion.cwnd}`)
    assert.ok(snd.mss >= 1 && snd.mss <= stack.mtu)
  }
  assertTimers(stack, connection, flight)
}

function assertRanges({ receiveBuffer }: Connection): void {
  const ranges = receiveBuffer['early']?.ranges
  if (ranges === undefined) return
  assert.ok(ranges.count <= MAX_RANGES)
  let before = receiveBuffer.next
  for (let i = 0; i < ranges.count; i++) {
    assert.ok(ranges.from(i) > before && ranges.to(i) > ranges.from(i), `early ranges after ${receiveBuffer.next}`)
    before = ranges.to(i)
  }
}

/** Who waits has a timer: nothing can stand still for ever. */
function assertTimers(stack: Stack, connection: Connection, flight: number): void {
  const { state, sendBuffer } = connection
  const deadline = connection.deadline()
  if (flight > 0 || sendBuffer.length > 0 || (connection.finQueued && !connection.finAcked)) {
    const answered = Math.min(connection.retransmitAt, connection.persistAt, connection.cork.until)
    assert.ok(answered < Number.POSITIVE_INFINITY, `${state} waits for an answer without a timer`)
  } else if (state !== 'FIN-WAIT-2') {
    assert.equal(connection.retransmitAt, Number.POSITIVE_INFINITY, 'no timer for nothing')
  }
  assert.ok(stack.nextDeadline() <= deadline, 'the stack wakes in time')
}
