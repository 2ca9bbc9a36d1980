import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listen } from '../support/trace.ts'

describe('a SYN-ACK that nobody answers', () => {
  test('goes out at 0, 1, 3, 7, 15 and 31 s, and the entry is gone at 63.000 s', () => {
    const tcp = listen()
    assert.equal(tcp.listener.survivalTime, 63_000)
    tcp.trace`
      @0  < S  0:0(0)       win 65535 <mss 1460>
      @0  > S. 0:0(0) ack 1
      @1  > S. 0:0(0) ack 1
      @3  > S. 0:0(0) ack 1
      @7  > S. 0:0(0) ack 1
      @15 > S. 0:0(0) ack 1
      @31 > S. 0:0(0) ack 1
      @62.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.expiresIn, 1)
    assert.equal(tcp.stack.nextDeadline(), 63_000)
    tcp.trace`@63`
    assert.equal(tcp.listener.halfOpen, 0)
    assert.equal(tcp.stack.nextDeadline(), Infinity)
    assert.equal(tcp.listener.counters.expired, 1)
    assert.equal(tcp.listener.counters.synAckRetransmissions, 5)
    assert.equal(tcp.stack.counters.TCPSynRetrans, 5)
    assert.equal(tcp.stack.counters.RetransSegs, 5)
    assert.equal(tcp.stack.counters.TCPTimeouts, 6)
    assert.equal(tcp.stack.counters.AttemptFails, 1)
  })

  test('is the same segment each time, whatever the clock of RFC 6528 says', () => {
    const tcp = listen({ synAckRetries: 2 })
    tcp.trace`
      +0 < S  7:7(0)       win 65535 <mss 1400,sackOK,wscale 7>
      +0 > S. 0:0(0) ack 8 win 65535 <mss 1460,sackOK,wscale 7>
      +1 > S. 0:0(0) ack 8 win 65535 <mss 1460,sackOK,wscale 7>
      +2 > S. 0:0(0) ack 8 win 65535 <mss 1460,sackOK,wscale 7>
      +4
    `
  })

  test('leaves nothing behind: the next SYN of that client starts anew', () => {
    const tcp = listen({ synAckRetries: 0, synAckWaits: [1000] })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +1
    `
    const { iss } = tcp.peer()
    tcp.trace`
      +0 < .  1:1(0) ack 1 win 65535
      +0 > R  1:1(0)
      +0 < S  5:5(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 6
    `
    assert.notEqual(tcp.peer().iss, iss)
  })

  test('can be completed up to the last moment', () => {
    const tcp = listen()
    tcp.trace`
      @0  < S  0:0(0)       win 65535 <mss 1460>
      @0  > S. 0:0(0) ack 1
      @1  > S. 0:0(0) ack 1
      @3  > S. 0:0(0) ack 1
      @7  > S. 0:0(0) ack 1
      @15 > S. 0:0(0) ack 1
      @31 > S. 0:0(0) ack 1
      @62.999 < . 1:1(0) ack 1 win 65535
      @100
    `
    assert.equal(tcp.accept().state, 'ESTABLISHED')
    assert.equal(tcp.listener.counters.expired, 0)
  })
})

describe('the schedule', () => {
  test('may be any list of waits', () => {
    const tcp = listen({ synAckWaits: [250, 100, 1500] })
    assert.equal(tcp.listener.survivalTime, 1850)
    tcp.trace`
      @0   < S  0:0(0)       win 65535 <mss 1460>
      @0   > S. 0:0(0) ack 1
      @.25 > S. 0:0(0) ack 1
      @.35 > S. 0:0(0) ack 1
      @1.849
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@1.85`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('may be a function', () => {
    const tcp = listen({ synAckRetries: 2, synAckWaits: (retransmission) => 100 * (retransmission + 1) })
    assert.equal(tcp.listener.survivalTime, 600)
    tcp.trace`
      @0  < S  0:0(0)       win 65535 <mss 1460>
      @0  > S. 0:0(0) ack 1
      @.1 > S. 0:0(0) ack 1
      @.3 > S. 0:0(0) ack 1
      @.6
    `
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('may have no retransmission: the entry lives for the first wait', () => {
    const tcp = listen({ synAckRetries: 0 })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`+.001`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('is checked when the listener is opened, and names the option', () => {
    for (const options of [
      { synAckRetries: -1 },
      { synAckRetries: 65 },
      { synAckRetries: 0.5 },
      { synAckWaits: [] },
      { synAckWaits: [0] },
      { synAckRetries: 3, synAckWaits: [1000] },
    ]) {
      assert.throws(() => listen(options), { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message: /"synAck/ })
    }
  })

  test('runs for each entry on its own', () => {
    const tcp = listen({ synAckWaits: [1000, 2000] })
    tcp.trace`
      @0   <  S  0:0(0)       win 65535 <mss 1460>
      @0   >  S. 0:0(0) ack 1
      @.3  <b S  0:0(0)       win 65535 <mss 1460>
      @.3  >b S. 0:0(0) ack 1
      @.6  <c S  0:0(0)       win 65535 <mss 1460>
      @.6  >c S. 0:0(0) ack 1
      @1   >  S. 0:0(0) ack 1
      @1.1 <b .  1:1(0) ack 1 win 65535
      @1.6 >c S. 0:0(0) ack 1
      @3
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@3.6`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('keeps to its moments however late the clock is told', () => {
    const tcp = listen()
    tcp.trace`
      @0 < S  0:0(0)       win 65535 <mss 1460>
      @0 > S. 0:0(0) ack 1
    `
    tcp.stack.advance(5000)
    tcp.now = 5000
    tcp.trace`
      @5  > S. 0:0(0) ack 1
      @7  > S. 0:0(0) ack 1
      @15 > S. 0:0(0) ack 1
      @31 > S. 0:0(0) ack 1
      @62.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@63`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('ends an entry whose whole life has passed unseen, without a word', () => {
    const tcp = listen()
    tcp.trace`
      @0 < S  0:0(0)       win 65535 <mss 1460>
      @0 > S. 0:0(0) ack 1
    `
    tcp.stack.advance(100_000)
    tcp.now = 100_000
    tcp.trace`@100`
    assert.equal(tcp.listener.halfOpen, 0)
    assert.equal(tcp.listener.counters.expired, 1)
  })
})

describe('a duplicate of the SYN', () => {
  test('is answered with the SYN-ACK, at most twice a second', () => {
    const tcp = listen()
    tcp.trace`
      @0    < S  0:0(0)       win 65535 <mss 1460>
      @0    > S. 0:0(0) ack 1
      @.499 < S  0:0(0)       win 65535 <mss 1460>
      @.5   < S  0:0(0)       win 65535 <mss 1460>
      @.5   > S. 0:0(0) ack 1
      @.999 < S  0:0(0)       win 65535 <mss 1460>
      @1    > S. 0:0(0) ack 1
      @1.4  < S  0:0(0)       win 65535 <mss 1460>
    `
    assert.equal(tcp.listener.halfOpen, 1)
    assert.equal(tcp.stack.counters.TCPACKSkippedSynRecv, 3)
    assert.equal(tcp.listener.counters.duplicates, 4)
  })

  test('does not prolong the life of the entry, nor move its retransmissions', () => {
    const tcp = listen({ synAckWaits: [1000, 2000, 4000] })
    tcp.trace`
      @0   < S  0:0(0)       win 65535 <mss 1460>
      @0   > S. 0:0(0) ack 1
      @.9  < S  0:0(0)       win 65535 <mss 1460>
      @.9  > S. 0:0(0) ack 1
      @1   > S. 0:0(0) ack 1
      @2.9 < S  0:0(0)       win 65535 <mss 1460>
      @2.9 > S. 0:0(0) ack 1
      @3   > S. 0:0(0) ack 1
      @5   < S  0:0(0)       win 65535 <mss 1460>
      @5   > S. 0:0(0) ack 1
      @6.9 < S  0:0(0)       win 65535 <mss 1460>
      @6.9 > S. 0:0(0) ack 1
      @6.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@7`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('does not change what the first one agreed on', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1400,wscale 7>
      +0 > S. 0:0(0) ack 1 <mss 1460,wscale 7>
      +.5 < S 0:0(0)       win 1000 <mss 500,sackOK>
      +0 > S. 0:0(0) ack 1 <mss 1460,wscale 7>
      +0 < .  1:1(0) ack 1 win 100
    `
    const { snd } = tcp.accept().tcb
    assert.deepEqual([snd.mss, snd.scale, snd.wnd], [1400, 7, 12_800])
  })
})
