import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_RANGES } from '../../src/tcp/receive-buffer.ts'
import { established, type HostOptions, listen, type Traced } from '../support/trace.ts'

/** A connection that has agreed on SACK. */
function sacked(options: HostOptions = {}): Traced {
  const tcp = listen(options)
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460,sackOK>
    +0 > S. 0:0(0) ack 1
    +0 < .  1:1(0) ack 1 win 65535
  `
  tcp.accept()
  tcp.takeEvents()
  return tcp
}

describe('segments that come early (RFC 9293 SHLD-31)', () => {
  test('are held, and each is answered at once with a duplicate ACK (RFC 5681 §4.2)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1 <>
      +0 < . 2921:4381(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1 <>
    `
    assert.equal(tcp.connection.readable, 0)
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 4381 <>
    `
    assert.deepEqual(tcp.takeEvents(), ['readable'])
    assert.equal(tcp.read(), 4380)
  })

  test('that fill a part of a gap are acknowledged at once too (RFC 5681 §4.2)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 2921:4381(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1461
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 4381
    `
    assert.equal(tcp.read(), 4380)
  })

  test('are reported in SACK blocks, the latest first (RFC 2018 §4)', () => {
    const tcp = sacked()
    tcp.trace`
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 11:21>
      +0 < P. 31:41(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 31:41 11:21>
      +0 < P. 51:61(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 51:61 31:41 11:21>
      +0 < P. 21:31(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 11:41 51:61>
      +0 < P. 1:11(10)  ack 1 win 65535
      +0 > .  1:1(0) ack 41 <nop,nop,sack 51:61>
      +0 < P. 41:51(10) ack 1 win 65535
      +0 > .  1:1(0) ack 61 <>
    `
    assert.equal(tcp.read(), 60)
  })

  test('are reported in four blocks at the most, three beside timestamps (RFC 2018 §3)', () => {
    const tcp = sacked()
    for (let i = 1; i <= 5; i++) {
      const from = 20 * i + 1
      const blocks = Array.from({ length: Math.min(i, 4) }, (_, j) => `${from - 20 * j}:${from - 20 * j + 10}`)
      tcp.trace`
        +0 < P. ${from}:${from + 10}(10) ack 1 win 65535
        +0 > .  1:1(0) ack 1 <nop,nop,sack ${blocks.join(' ')}>
      `
    }
    const stamped = listen()
    stamped.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,sackOK,TS val 1 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <TS val 1 ecr last>
    `
    for (let i = 1; i <= 4; i++) {
      const from = 20 * i + 1
      const blocks = Array.from({ length: Math.min(i, 3) }, (_, j) => `${from - 20 * j}:${from - 20 * j + 10}`)
      stamped.trace`
        +0 < P. ${from}:${from + 10}(10) ack 1 win 65535 <TS val 1 ecr last>
        +0 > .  1:1(0) ack 1 <TS val * ecr 1,sack ${blocks.join(' ')}>
      `
    }
  })

  test('are reported in numbers that wrap', () => {
    const tcp = sacked({ isn: 0xffff_fff0 })
    tcp.trace`
      +0 < P. 11:21(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 11:21>
      +0 < P. 31:41(10) ack 1 win 65535
      +0 > .  1:1(0) ack 1 <nop,nop,sack 31:41 11:21>
      +0 < P. 1:31(30)  ack 1 win 65535
      +0 > .  1:1(0) ack 41 <nop,nop,sack 11:21>
    `
    assert.equal(tcp.read(), 40)
  })

  test(`are held in ${MAX_RANGES} ranges at the most: what makes one more is dropped, counted, and answered`, () => {
    const tcp = established()
    const [all, beyond] = [2 * MAX_RANGES + 2, 4 * MAX_RANGES]
    for (let i = 1; i <= MAX_RANGES; i++) {
      tcp.trace`
        +0 < P. ${1 + 2 * i}:${2 + 2 * i}(1) ack 1 win 65535
        +0 > .  1:1(0) ack 1
      `
    }
    tcp.trace`
      +0 < P. ${beyond}:${beyond + 1}(1) ack 1 win 65535
      +0 > .  1:1(0) ack 1
    `
    assert.equal(tcp.stack.counters.drops['tcp-reassembly-full'], 1)
    tcp.trace`
      +0 < P. 1:${all + 1}(${all}) ack 1 win 65535
      +0 > .  1:1(0) ack ${all + 1}
    `
    assert.equal(tcp.read(), all)
  })
})

describe('segments that overlap', () => {
  test('with what was received before give only what is new (RFC 9293 §3.10.7.4, seventh)', () => {
    const tcp = established({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 65535
      +0 > .  1:1(0) ack 11
      +0 < P. 6:16(10) ack 1 win 65535
      +0 > .  1:1(0) ack 16
      +0 < P. 1:21(20) ack 1 win 65535
      +0 > .  1:1(0) ack 21
    `
    assert.equal(tcp.read(), 20)
  })

  test('with each other, early, give a stream without a seam', () => {
    const tcp = established()
    for (const [from, to] of [
      [41, 61],
      [21, 46],
      [56, 71],
      [11, 31],
    ]) {
      tcp.trace`
        +0 < P. ${from!}:${to!}(${to! - from!}) ack 1 win 65535
        +0 > .  1:1(0) ack 1
      `
    }
    tcp.trace`
      +0 < P. 1:51(50) ack 1 win 65535
      +0 > .  1:1(0) ack 71
    `
    assert.equal(tcp.read(), 70)
  })

  test('wholly with what was received are duplicates: answered, and not told', () => {
    const tcp = established({ stack: { tcp: { delayedAck: 0 } } })
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 65535
      +0 > .  1:1(0) ack 11
    `
    tcp.takeEvents()
    tcp.trace`
      +0 < P. 1:11(10) ack 1 win 65535
      +0 > .  1:1(0) ack 11
      +0 < P. 5:11(6)  ack 1 win 65535
      +0 > .  1:1(0) ack 11
    `
    assert.deepEqual(tcp.takeEvents(), [])
    assert.equal(tcp.read(), 10)
  })

  test('with the right edge of the window give only what is within', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < P. 901:1101(200) ack 1 win 65535
      +0   > .  1:1(0) ack 1 win 1000
      +0   < P. 1:901(900) ack 1 win 65535
      +0   > .  1:1(0) ack 1001 win 0
    `
    assert.equal(tcp.read(), 1000)
  })
})

describe('data', () => {
  for (const isn of [0xffff_ffff, 0xffff_f000, 0x7fff_f000]) {
    test(`arrive whole where their numbers wrap: from ${isn}`, () => {
      const tcp = established({ isn })
      for (let i = 0; i < 6; i += 2) {
        const [a, b, c] = [1 + 1460 * i, 1461 + 1460 * i, 2921 + 1460 * i]
        tcp.trace`
          +0 < . ${b}:${c}(1460) ack 1 win 65535
          +0 > . 1:1(0) ack ${a}
          +0 < . ${a}:${b}(1460) ack 1 win 65535
          +0 > . 1:1(0) ack ${c}
        `
      }
      assert.equal(tcp.read(), 8760)
    })
  }

  test('are told each time they come, and what was left unread is not told again', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1:1461(1460)    ack 1 win 65535
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 2921
    `
    assert.deepEqual(tcp.takeEvents(), ['readable', 'readable'])
    assert.equal(tcp.read(100), 100)
    assert.equal(tcp.connection.readable, 2820)
    assert.deepEqual(tcp.takeEvents(), [])
  })

  test('with the URG bit arrive in their place in the stream', () => {
    const tcp = established()
    tcp.trace`
      +0   < PU. 1:11(10) ack 1 win 65535 urg 5
      +.04 > .   1:1(0) ack 11
    `
    assert.equal(tcp.read(), 10)
  })

  test('with the bits of ECN and of things to come are taken as without', () => {
    const tcp = established()
    tcp.trace`
      +0   < PEWA. 1:11(10) ack 1 win 65535
      +.04 > .     1:1(0) ack 11
    `
    assert.equal(tcp.read(), 10)
  })
})
