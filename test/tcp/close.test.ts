import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, listen, type Traced } from '../support/trace.ts'

function state(tcp: Traced, expected: string): void {
  assert.equal(tcp.connection.state, expected)
}

describe('a close', () => {
  test('that is active goes FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT (RFC 9293 figure 12)', () => {
    const tcp = established()
    tcp.connection.close()
    state(tcp, 'FIN-WAIT-1')
    tcp.trace`
      +0  > F. 1:1(0) ack 1
      +.1 < .  1:1(0) ack 2 win 65535
    `
    state(tcp, 'FIN-WAIT-2')
    tcp.trace`
      +1 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
    `
    state(tcp, 'TIME-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['readable', 'closed'])
    assert.equal(tcp.connection.error, undefined)
    assert.equal(tcp.connection.ended, true)
  })

  test('that is passive goes CLOSE-WAIT, LAST-ACK, CLOSED (RFC 9293 figure 12)', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    state(tcp, 'CLOSE-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['readable'])
    assert.equal(tcp.connection.ended, true)
    tcp.connection.close()
    tcp.trace`+0 > F. 1:1(0) ack 2`
    state(tcp, 'LAST-ACK')
    tcp.trace`+.1 < . 2:2(0) ack 2 win 65535`
    state(tcp, 'CLOSED')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    assert.equal(tcp.connection.error, undefined)
    assert.equal(tcp.stack.counters.CurrEstab, 0)
    tcp.trace`+3600`
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('that is simultaneous goes CLOSING, TIME-WAIT (RFC 9293 figure 13)', () => {
    const tcp = established()
    tcp.connection.close()
    tcp.trace`
      +0  > F. 1:1(0) ack 1
      +.1 < F. 1:1(0) ack 1 win 65535
      +0  > .  2:2(0) ack 2
    `
    state(tcp, 'CLOSING')
    tcp.trace`+.05 < . 2:2(0) ack 2 win 65535`
    state(tcp, 'TIME-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['readable', 'closed'])
  })

  test('answered by a FIN that acknowledges ours goes straight to TIME-WAIT (RFC 9293 figure 5, note 2)', () => {
    const tcp = established()
    tcp.connection.close()
    tcp.trace`
      +0  > F. 1:1(0) ack 1
      +.1 < F. 1:1(0) ack 2 win 65535
      +0  > .  2:2(0) ack 2
    `
    state(tcp, 'TIME-WAIT')
  })

  test('sends its FIN behind what is buffered, on the last segment of it (RFC 9293 §3.10.4)', () => {
    const tcp = established()
    tcp.send(2000)
    tcp.connection.close()
    state(tcp, 'FIN-WAIT-1')
    tcp.trace`
      +0  > .   1:1461(1460)    ack 1
      +0  > FP. 1461:2001(540)  ack 1
      +.1 < .   1:1(0) ack 2002 win 65535
    `
    state(tcp, 'FIN-WAIT-2')
  })

  test('keeps its FIN back until the window lets it and all before it out', () => {
    const tcp = established()
    tcp.trace`+0 < . 1:1(0) ack 1 win 1460`
    tcp.send(1470)
    tcp.connection.close()
    tcp.trace`
      +0  > .   1:1461(1460)   ack 1
      +.1 < .   1:1(0) ack 1461 win 1460
      +0  > FP. 1461:1471(10)  ack 1
    `
  })

  test('twice is once', () => {
    const tcp = established()
    tcp.connection.close()
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +0 < .  1:1(0) ack 2 win 65535
      +100
    `
  })

  test('lets nothing more be sent: EPIPE', () => {
    const tcp = established()
    tcp.connection.close()
    assert.equal(tcp.connection.writable, 0)
    assert.throws(() => tcp.send(1), { code: 'EPIPE' })
    tcp.trace`+0 > F. 1:1(0) ack 1`
  })

  for (const family of [4, 6] as const) {
    test(`IPv${family}: with data on the last segments of both sides loses none of it`, () => {
      const tcp = established({ family })
      tcp.send(10)
      tcp.connection.close()
      tcp.trace`
        +0 > FP. 1:11(10)  ack 1
        +0 < FP. 1:21(20)  ack 12 win 65535
        +0 > .   12:12(0)  ack 22
      `
      assert.equal(tcp.read(), 20)
      assert.equal(tcp.connection.ended, true)
      state(tcp, 'TIME-WAIT')
    })
  }
})

describe('a half-close', () => {
  test('of ours lets the peer go on sending, with windows and ACKs as ever', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 4000 } } })
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +0 < .  1:1(0) ack 2 win 65535
      +5 < .  1:1461(1460)    ack 2 win 65535
      +0 < .  1461:2921(1460) ack 2 win 65535
      +0 > .  2:2(0) ack 2921 win 1080
    `
    assert.equal(tcp.read(), 2920)
    tcp.trace`
      +0 > .   2:2(0) ack 2921 win 4000
      +5 < FP. 2921:3001(80) ack 2 win 65535
      +0 > .   2:2(0) ack 3002
    `
    assert.equal(tcp.read(), 80)
    assert.equal(tcp.connection.ended, true)
    state(tcp, 'TIME-WAIT')
  })

  test('of the peer lets us go on sending, and close when we are done', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    assert.equal(tcp.send(3000), 3000)
    tcp.trace`
      +0  > .   1:1461(1460)    ack 2
      +0  > .   1461:2921(1460) ack 2
      +.1 < .   2:2(0) ack 2921 win 65535
      +0  > P.  2921:3001(80)   ack 2
      +.1 < .   2:2(0) ack 3001 win 65535
    `
    state(tcp, 'CLOSE-WAIT')
    tcp.send(5)
    tcp.connection.close()
    tcp.trace`
      +0  > FP. 3001:3006(5) ack 2
      +.1 < .   2:2(0) ack 3007 win 65535
    `
    state(tcp, 'CLOSED')
  })

  test('of ours in FIN-WAIT-1 goes on sending what is buffered, while the peer sends too', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 1000 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 1000
    `
    tcp.accept()
    tcp.send(1500)
    tcp.connection.close()
    tcp.trace`
      +0   > .   1:1001(1000) ack 1
      +.01 < P.  1:11(10) ack 1001 win 1000
      +0   > FP. 1001:1501(500) ack 11
      +.01 < F.  11:11(0) ack 1502 win 1000
      +0   > .   1502:1502(0) ack 12
    `
    assert.equal(tcp.read(), 10)
    state(tcp, 'TIME-WAIT')
  })

  test('of the peer is told once: further segments of it bring no more events', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    assert.deepEqual(tcp.takeEvents(), ['readable'])
    tcp.trace`
      +1 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
      +1 < .  2:2(0) ack 1 win 65535
    `
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('ignores text behind the FIN of the peer (RFC 9293 §3.10.7.4, seventh)', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 1:1(0)   ack 1 win 65535
      +0 > .  1:1(0)   ack 2
      +0 < P. 2:12(10) ack 1 win 65535
    `
    assert.equal(tcp.connection.readable, 0)
    assert.equal(tcp.stack.counters.drops['tcp-text-ignored'], 1)
  })
})
