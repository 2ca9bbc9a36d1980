/** The window that we offer: RFC 9293 §3.8.6, §3.8.6.2.2; RFC 7323 §2. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seqDistance } from '../../src/tcp/seq.ts'
import { established, listen, type Traced } from '../support/trace.ts'
import { decode, encodeSegment } from '../support/trace-packet.ts'

/** A segment of the stream that begins `early` octets behind what was received in order. */
function deliver(tcp: Traced, early: number, length: number): void {
  const seq = 1 + tcp.connection.receiveBuffer.next + early
  const rest = { ack: 1, win: 512, urg: undefined, options: undefined }
  const octets = encodeSegment(tcp.peer(), { flags: '.', seq, length, ...rest })
  tcp.stack.receive(octets, 0, octets.length, tcp.now)
}

/** What the stack sends now: its acknowledgment numbers and windows. */
function drain(tcp: Traced): { ack: number; win: number }[] {
  const sent: { ack: number; win: number }[] = []
  const into = new Uint8Array(2000)
  for (;;) {
    const length = tcp.stack.transmit(into, 0, tcp.now)
    if (length === 0) return sent
    const { segment } = decode(into.subarray(0, length), tcp.now, [tcp.peer()])
    sent.push({ ack: segment!.ack!, win: segment!.win! })
  }
}

describe('the window that we offer', () => {
  test('is the room in the receive buffer, and shrinks with what is not read', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 5000, delayedAck: 0 } } })
    tcp.trace`
      +0 < . 1:1461(1460)    ack 1 win 65535
      +0 > . 1:1(0) ack 1461 win 3540
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 2921 win 2080
    `
    assert.equal(tcp.read(), 2920)
    tcp.trace`
      +0 > . 1:1(0) ack 2921 win 5000
      +0 < . 2921:4381(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 4381 win 3540
    `
  })

  test('moves by a segment or half the buffer, or not at all (RFC 9293 MUST-39)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 5000, delayedAck: 0 } } })
    tcp.trace`
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1461 win 3540
    `
    tcp.read(1459)
    tcp.trace`
      +0 < P. 1461:1471(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1471 win 3530
    `
    tcp.read(1)
    tcp.trace`+0 > . 1:1(0) ack 1471 win 4990`
  })

  test('does not take back what it offered: segments out of order do not shrink it (RFC 9293 SHLD-14)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 5000 } } })
    tcp.trace`
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1 win 5000
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 2921 win 2080
    `
  })

  test('lets nothing in that lies beyond it', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0) ack 11 win 65525
      +0   < P. 65536:65546(10) ack 1 win 65535
      +0   > .  1:1(0) ack 11 win 65525
    `
    assert.equal(tcp.stack.counters.drops['tcp-out-of-window'], 1)
  })

  test('without an update asks for nothing when all is read by and by', () => {
    const tcp = established()
    for (let i = 0; i < 20; i++) {
      tcp.trace`
        +0   < P. ${1 + 100 * i}:${101 + 100 * i}(100) ack 1 win 65535
        +.04 > .  1:1(0) ack ${101 + 100 * i}
      `
      assert.equal(tcp.read(), 100)
    }
  })

  test('is not told of when the peer has no more to send', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 5000, delayedAck: 0 } } })
    tcp.trace`
      +0 < .  1:1461(1460)    ack 1 win 65535
      +0 > .  1:1(0) ack 1461
      +0 < F. 1461:2921(1460) ack 1 win 65535
      +0 > .  1:1(0) ack 2922
    `
    assert.equal(tcp.read(), 2920)
    tcp.trace`+1`
  })
})

describe('the window scale', () => {
  function scaled(win: number, receiveBuffer: number, options = 'mss 1460,wscale 7'): Traced {
    const tcp = listen({ stack: { tcp: { receiveBuffer, delayedAck: 0 } } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <${options}>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win ${win}
    `
    tcp.accept()
    return tcp
  }

  test("of the peer's multiplies what it offers (RFC 7323 §2.3)", () => {
    const tcp = scaled(20, 65_535)
    tcp.send(5000)
    tcp.trace`
      +0  > . 1:1461(1460) ack 1
      +.1 < . 1:1(0) ack 1461 win 30
      +0  > . 1461:2921(1460) ack 1
      +0  > . 2921:4381(1460) ack 1
    `
  })

  test('of ours divides what we offer, rounded so that its edge does not move back (RFC 7323 §2.4)', () => {
    const tcp = scaled(512, 2 ** 19)
    tcp.trace`
      +0 < . 1:1461(1460) ack 1 win 512
      +0 > . 1:1(0) ack 1461 win 32677
      +0 < P. 1461:1471(10) ack 1 win 512
      +0 > . 1:1(0) ack 1471 win 32677
    `
  })

  test('lets be offered what 16 bits and a scale of 14 can say', () => {
    const tcp = scaled(512, 2 ** 30)
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 512
      +0 > .  1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.tcb.rcv.scale, 14)
    assert.equal(tcp.connection.tcb.rcv.edge - tcp.connection.tcb.rcv.nxt, 65_535 * 2 ** 14)
  })

  test('of a window too small for the scale of the peer is 0 then', () => {
    const tcp = scaled(512, 1000)
    tcp.send(100)
    tcp.trace`
      +0 > P. 1:101(100) ack 1 win 1000
      +0 < .  1:1(0) ack 101 win 0
    `
    assert.equal(tcp.connection.tcb.snd.wnd, 0)
  })

  // RFC 9293 SHLD-14: the edge moves back by no more than what the scale cuts off, and what was offered once is taken.
  test('cuts off less than a unit, and all that was ever offered is taken (RFC 7323 §2.4)', () => {
    const step = fc.record({
      length: fc.integer({ min: 1, max: 1460 }),
      early: fc.integer({ min: 0, max: 3000 }),
      read: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    const run = (
      receiveBuffer: number,
      scaling: boolean,
      steps: (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
    ): void => {
      const tcp = scaled(512, receiveBuffer, scaling ? 'mss 1460,wscale 7' : 'mss 1460')
      const { receiveBuffer: buffer, tcb } = tcp.connection
      const unit = 2 ** tcb.rcv.scale
      let furthest = 0
      for (const { length, early, read } of steps) {
        deliver(tcp, early, length)
        tcp.connection.receive(new Uint8Array(Math.floor(tcp.connection.readable * read)))
        for (const { ack, win } of drain(tcp)) {
          const edge = ack + win * unit
          assert.ok(edge > furthest - unit, `the edge moved back from ${furthest} to ${edge}`)
          furthest = Math.max(furthest, edge)
        }
        assert.ok(seqDistance(tcb.irs, tcb.rcv.edge) >= furthest, 'what was offered is taken')
        assert.ok(buffer.highest - buffer.base < receiveBuffer + unit, 'no more is held than fits')
      }
    }
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 2 ** 21 }), fc.boolean(), fc.array(step, { maxLength: 60 }), run),
      { numRuns: 100 },
    )
  })
})
