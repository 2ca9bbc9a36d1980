import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import type { State } from '../../src/tcp/state.ts'
import { PORT, Rig } from './harness.ts'

/** A rig whose line can be cut. */
function mortal(): { rig: Rig; cut: () => void } {
  let dead = false
  const rig = new Rig({ impairment: { delay: 10 }, passes: () => !dead })
  return {
    rig,
    cut: () => {
      dead = true
    },
  }
}

function act(rig: Rig, body: () => void): void {
  body()
  rig.a.driver.touch()
  rig.b.driver.touch()
  rig.clock.advance(200)
}

test('a SYN that nobody answers: ETIMEDOUT after 3 minutes (RFC 9293 MUST-23)', () => {
  const { rig, cut } = mortal()
  cut()
  const a = rig.a.connect(rig.b, 4, PORT)
  rig.clock.advance(179_999)
  assert.equal(a.state, 'SYN-SENT')
  rig.clock.advance(2)
  assert.equal(a.state, 'CLOSED')
  assert.equal(rig.a.closed.get(a), 'ETIMEDOUT')
  rig.finish()
})

const octets = new Uint8Array(10_000)

/** How a connection comes into a state in which it needs an answer that will never come. */
const deaths: readonly {
  state: State
  before: (a: Connection, b: Connection) => void
  after: (a: Connection) => void
}[] = [
  { state: 'ESTABLISHED', before: () => {}, after: (a) => a.send(octets) },
  { state: 'FIN-WAIT-1', before: () => {}, after: (a) => a.close() },
  { state: 'CLOSE-WAIT', before: (_, b) => b.close(), after: (a) => a.send(octets) },
  { state: 'LAST-ACK', before: (_, b) => b.close(), after: (a) => a.close() },
]

for (const { state, before, after } of deaths) {
  test(`the peer dies, and the connection waits in ${state}: ETIMEDOUT after 5 minutes (RFC 9293 SHLD-11)`, () => {
    const { rig, cut } = mortal()
    const [a, b] = rig.connected()
    act(rig, () => before(a, b))
    cut()
    act(rig, () => after(a))
    assert.equal(a.state, state)
    rig.clock.advance(299_000)
    assert.equal(a.state, state)
    rig.clock.advance(1000)
    assert.equal(a.state, 'CLOSED')
    assert.equal(rig.a.closed.get(a), 'ETIMEDOUT')
    act(rig, () => b.abort())
    rig.finish()
  })
}

test('the peer dies while its window is closed: ETIMEDOUT when no probe is answered any more', () => {
  const { rig, cut } = mortal()
  const [a, b] = rig.connected()
  act(rig, () => a.send(new Uint8Array(512 * 1024)))
  act(rig, () => a.send(octets))
  rig.clock.advance(600_000)
  assert.equal(a.state, 'ESTABLISHED', 'as long as the probes are answered')
  assert.equal(a.tcb.snd.wnd, 0)
  cut()
  // The last answer may have come just now, and the next probe go out a minute later.
  rig.clock.advance(299_000)
  assert.equal(a.state, 'ESTABLISHED')
  rig.clock.advance(61_000 + 61_000)
  assert.equal(rig.a.closed.get(a), 'ETIMEDOUT')
  act(rig, () => b.abort())
  rig.finish()
})

test('the client dies in the handshake: its entry is gone after 63 s', () => {
  const { rig, cut } = mortal()
  const listener = rig.b.listen({ port: PORT })
  const a = rig.a.connect(rig.b, 4, PORT)
  rig.clock.advance(11)
  cut()
  rig.clock.advance(62_998)
  assert.equal(listener.halfOpen, 1)
  rig.clock.advance(2)
  assert.equal(listener.halfOpen, 0)
  assert.equal(listener.counters.expired, 1)
  act(rig, () => a.abort())
  rig.finish()
})

test('an abort resets the peer, and leaves nothing at either end', () => {
  const { rig } = mortal()
  const [a, b] = rig.connected()
  act(rig, () => void b.send(octets))
  act(rig, () => a.abort())
  assert.equal(rig.a.closed.get(a), undefined)
  assert.equal(rig.b.closed.get(b), 'ECONNRESET')
  assert.throws(() => b.send(octets), { code: 'ECONNRESET' })
  rig.finish()
})

test('the peer reboots: the connection is reset when it speaks again', () => {
  const { rig } = mortal()
  const [a, b] = rig.connected()
  // A stack that has forgotten its connection knows as much as one that has rebooted.
  act(rig, () => b.host.forget(b))
  act(rig, () => void a.send(octets))
  assert.equal(rig.a.closed.get(a), 'ECONNRESET')
})
