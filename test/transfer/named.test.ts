import assert from 'node:assert/strict'
import test from 'node:test'
import { octets, transfer } from './both-ways.ts'
import { eager } from './flow.ts'
import { ADDRESSES, assertAccounted, PORT, Rig, withTrace } from './harness.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

for (const family of [4, 6] as const) {
  test(`10 MB each way over a wire without fault, IPv${family}`, () => {
    const rig = transfer({}, 10_000_000, family)
    for (const { stack } of [rig.a, rig.b]) {
      assert.equal(stack.counters.RetransSegs, 0)
      assert.equal(stack.counters.OutRsts, 0)
      assert.deepEqual(stack.counters.drops, {})
    }
  })
}

test('a wire that drops every ninth frame, each way', () => {
  const rig = transfer({ passes: (_, n) => n % 9 !== 8, impairment: { delay: 10 } }, 1_000_000)
  assert.ok(rig.a.stack.counters.RetransSegs > 50)
})

test('a wire that drops every ninth frame, without timestamps, window scale and SACK', () => {
  const tcp = { timestamps: false, windowScale: false, sack: false }
  transfer({ passes: (_, n) => n % 9 !== 8, impairment: { delay: 10 }, a: { tcp } }, 1_000_000)
})

test('every second frame is lost', () => {
  transfer({ passes: (_, n) => n % 2 === 0, impairment: { delay: 10 } }, 20_000)
})

test('every frame comes three times', () => {
  const rig = transfer({ impairment: { duplicate: 1, delay: 10 } }, 100_000)
  assertAccounted(rig.a.stack)
})

test('segments of 64 KiB', () => {
  transfer({ mtu: 65_535 }, 5_000_000)
})

test('a wire that vouches for checksums', () => {
  transfer({ offload: true }, 1_000_000, 6)
})

test('a peer whose link takes 576 octets gets segments of 536, with their options (RFC 9293 MUST-16)', () => {
  let longest = 0
  const passes = (from: string, _: number, frame: Uint8Array): boolean => {
    if (from === 'a') longest = Math.max(longest, frame.length)
    return true
  }
  transfer({ mtu: 9000, b: { mtu: 576 }, passes }, 100_000)
  assert.equal(longest, 576)
})

test('buffers of one octet', () => {
  const tcp = { sendBuffer: 1, receiveBuffer: 1 }
  transfer({ impairment: { delay: 5 }, a: { tcp }, b: { tcp } }, 200)
})

test('sequence numbers wrap within the data, both ways (RFC 9293 §3.4)', () => {
  const size = 3_000_000
  // Half of the octets before the wrap and half after it.
  const end = { initialSequence: () => 2 ** 32 - size / 2 }
  const rig = new Rig({ a: end, b: end, impairment: { loss: 0.02, delay: 5, reorder: 0.05 } })
  withTrace(rig, 'this case', () => {
    rig.b.listen({ port: PORT })
    const a = rig.a.connect(rig.b, 4, PORT)
    const [up, down] = [octets(size, 1), octets(size, 2)]
    rig.b.onAcceptable = (listener) => rig.b.start(listener.accept()!, eager(down, up, 'ended'))
    rig.a.start(a, eager(up, down, 'sent'))
    rig.runUntil(() => rig.flows.length === 2 && rig.flows.every((flow) => flow.done), 2 * MINUTE, 10 * MINUTE)
    const b = [...rig.b.flows.keys()][0]!
    for (const { tcb } of [a, b]) assert.ok(tcb.snd.nxt < tcb.iss, `from ${tcb.iss} to ${tcb.snd.nxt}`)
    rig.finish()
  })
})

test('a window that is closed for an hour: probed, never given up, and then all comes (RFC 9293 MUST-36, MUST-37)', () => {
  const rig = new Rig({ impairment: { delay: 10 } })
  const [a, b] = rig.connected()
  const sent = octets(2_000_000)
  let offered = a.send(sent)
  rig.a.driver.touch()
  // What is in the receiver's buffer has left the sender's, where there is room now for what the window keeps back.
  rig.clock.advance(1000)
  offered += a.send(sent, offered)
  rig.a.driver.touch()
  rig.clock.advance(HOUR)
  assert.equal(a.state, 'ESTABLISHED')
  assert.equal(a.tcb.snd.wnd, 0)
  // Doubled waits from a fraction of a second up to a minute (RFC 9293 SHLD-29, SHLD-30).
  const probes = rig.a.stack.counters.TCPWinProbe
  assert.ok(probes >= 60 && probes <= 75, `${probes} probes in an hour`)

  const into = new Uint8Array(sent.length)
  let read = 0
  for (let round = 0; round < 10_000 && read < sent.length; round++) {
    if (offered < sent.length) offered += a.send(sent, offered)
    read += b.receive(into, read)
    rig.a.driver.touch()
    rig.b.driver.touch()
    rig.clock.advance(10)
  }
  assert.equal(Buffer.compare(into, sent), 0)
  a.close()
  b.close()
  rig.a.driver.touch()
  rig.b.driver.touch()
  rig.finish()
})

test('a FIN into a closed window, and data the other way', () => {
  const tcp = { receiveBuffer: 10_000, windowScale: false }
  const rig = new Rig({ impairment: { delay: 10 }, b: { tcp } })
  const [a, b] = rig.connected()
  const sent = octets(10_000)
  a.send(sent)
  a.close()
  rig.a.driver.touch()
  rig.clock.advance(10_000)
  assert.deepEqual([a.state, b.state], ['FIN-WAIT-2', 'CLOSE-WAIT'])
  b.send(sent)
  rig.b.driver.touch()
  rig.clock.advance(1000)
  assert.equal(a.readable, 10_000)
  assert.equal(b.sendBuffer.length, 0, 'the ACKs count')
  const into = new Uint8Array(10_001)
  for (const end of [a, b]) {
    assert.equal(end.receive(into), 10_000)
    assert.equal(Buffer.compare(into.subarray(0, 10_000), sent), 0)
  }
  assert.ok(b.ended)
  b.close()
  rig.b.driver.touch()
  rig.finish()
})

test('a connection that is idle for 25 days goes on, timestamps or not (RFC 7323 §5.5)', () => {
  for (const timestamps of [true, false]) {
    const rig = new Rig({ impairment: { delay: 10 }, a: { tcp: { timestamps } } })
    const [a, b] = rig.connected()
    for (let i = 0; i < 3; i++) {
      rig.clock.advance(25 * DAY)
      assert.equal(rig.clock.pending, 0, 'an idle connection has no timer')
      for (const [from, to] of [[a, b] as const, [b, a] as const]) {
        assert.equal(from.send(octets(5000, i)), 5000)
        rig.a.driver.touch()
        rig.b.driver.touch()
        rig.clock.advance(1000)
        const into = new Uint8Array(5000)
        assert.equal(to.receive(into), 5000)
        assert.deepEqual(into, octets(5000, i))
      }
    }
  }
})

test('100 connections at once, of both families', () => {
  const rig = new Rig({ impairment: { loss: 0.02, delay: 10 } })
  rig.b.listen({ port: PORT, backlog: 100 })
  rig.b.onAcceptable = (listener) => {
    for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
      rig.b.start(c, eager(octets(20_000, c.remotePort + 1), octets(20_000, c.remotePort), 'ended'))
    }
  }
  for (let i = 0; i < 100; i++) {
    const a = rig.a.connect(rig.b, i % 2 === 0 ? 4 : 6, PORT)
    rig.a.start(a, eager(octets(20_000, a.localPort), octets(20_000, a.localPort + 1), 'sent'))
  }
  withTrace(rig, 'this case', () => {
    rig.runUntil(() => rig.flows.length === 200 && rig.flows.every((flow) => flow.done), 2 * MINUTE, 10 * MINUTE)
    rig.finish()
  })
})

test('both ends open at once, and transfer (RFC 9293 MUST-10)', () => {
  const rig = new Rig({ impairment: { delay: 10 } })
  const [up, down] = [octets(200_000, 1), octets(200_000, 2)]
  const a = rig.a.stack.connect({ address: ADDRESSES.b[4], port: 6000, localPort: 5000 })
  const b = rig.b.stack.connect({ address: ADDRESSES.a[4], port: 5000, localPort: 6000 })
  rig.a.start(a, eager(up, down, 'sent'))
  rig.b.start(b, eager(down, up, 'sent'))
  withTrace(rig, 'this case', () => {
    rig.clock.advance(11)
    assert.deepEqual([a.state, b.state], ['SYN-RECEIVED', 'SYN-RECEIVED'])
    rig.runUntil(() => rig.flows.every((flow) => flow.done), MINUTE, MINUTE)
    rig.finish()
  })
})

test('a stack talks to itself', () => {
  const rig = new Rig()
  const [up, down] = [octets(500_000, 1), octets(500_000, 2)]
  rig.a.listen({ port: PORT })
  rig.a.onAcceptable = (listener) => rig.a.start(listener.accept()!, eager(down, up, 'ended'))
  rig.a.start(rig.a.connect(rig.a, 6, PORT), eager(up, down, 'sent'))
  withTrace(rig, 'this case', () => {
    rig.runUntil(() => rig.flows.length === 2 && rig.flows.every((flow) => flow.done), MINUTE, MINUTE)
    assert.equal(rig.recorder.frames, 0, 'nothing goes over the link')
    rig.finish()
  })
})

test('a reader that is late sends no window update once the peer has ended', () => {
  const rig = new Rig({ impairment: { delay: 10 } })
  const [a, b] = rig.connected()
  a.close()
  rig.a.driver.touch()
  rig.clock.advance(1000)
  b.send(octets(100_000))
  b.close()
  rig.b.driver.touch()
  rig.clock.advance(1000)
  assert.deepEqual([a.state, b.state], ['TIME-WAIT', 'CLOSED'])
  const frames = rig.recorder.frames
  assert.equal(a.receive(new Uint8Array(100_000)), 100_000)
  rig.a.driver.touch()
  rig.clock.advance(1000)
  assert.equal(rig.recorder.frames, frames)
  assert.equal(a.state, 'TIME-WAIT')
  rig.finish()
})
