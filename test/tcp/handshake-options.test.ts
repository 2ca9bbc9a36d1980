import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { listen, type Traced } from '../support/trace.ts'

/** Runs a handshake, and returns the trace with its connection accepted. The client sends timestamps if it offered them. */
function handshake(offer: string, answer: string, tcpConfig: Partial<TcpConfig> = {}): Traced {
  const tcp = listen({ stack: { tcp: tcpConfig } })
  const stamp = offer.includes('TS') && answer.includes('TS') ? '<nop,nop,TS val 101 ecr last>' : ''
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <${offer}>
    +0 > S. 0:0(0) ack 1 <${answer}>
    +0 < .  1:1(0) ack 1 win 1000 ${stamp}
  `
  tcp.accept()
  return tcp
}

const TS = 'TS val 100 ecr 0'
const OUR_TS = 'TS val 0 ecr 100'

describe('the options of a SYN', () => {
  test('are answered each, and agreed on', () => {
    const { tcb } = handshake(`mss 1400,sackOK,${TS},wscale 7`, `mss 1460,sackOK,${OUR_TS},wscale 7`).connection
    assert.equal(tcb.snd.mss, 1400)
    assert.equal(tcb.sack, true)
    assert.equal(tcb.timestamps, true)
    assert.equal(tcb.tsRecent, 101)
    assert.deepEqual([tcb.windowScaling, tcb.snd.scale, tcb.rcv.scale], [true, 7, 7])
    assert.equal(tcb.snd.wnd, 1000 << 7)
  })

  // RFC 7323 §1.3, RFC 2018 §2: none but the MSS is sent to a client that did not offer it.
  for (const [missing, offer, answer] of [
    ['window scale', `mss 1400,sackOK,${TS}`, `mss 1460,sackOK,${OUR_TS}`],
    ['timestamps', 'mss 1400,sackOK,wscale 7', 'mss 1460,sackOK,wscale 7'],
    ['SACK', `mss 1400,${TS},wscale 7`, `mss 1460,${OUR_TS},wscale 7`],
    ['MSS', `sackOK,${TS},wscale 7`, `mss 1460,sackOK,${OUR_TS},wscale 7`],
  ] as const) {
    test(`are agreed on without ${missing} when the client does not offer it`, () => {
      const { tcb } = handshake(offer, answer).connection
      assert.equal(tcb.windowScaling, missing !== 'window scale')
      assert.equal(tcb.snd.scale, missing === 'window scale' ? 0 : 7)
      assert.equal(tcb.rcv.scale, missing === 'window scale' ? 0 : 7)
      assert.equal(tcb.timestamps, missing !== 'timestamps')
      assert.equal(tcb.sack, missing !== 'SACK')
      assert.equal(tcb.snd.mss, missing === 'MSS' ? 536 : 1400)
    })
  }

  for (const [knob, answer] of [
    ['windowScale', `mss 1460,sackOK,${OUR_TS}`],
    ['timestamps', 'mss 1460,sackOK,wscale 7'],
    ['sack', `mss 1460,${OUR_TS},wscale 7`],
  ] as const) {
    test(`are agreed on without ${knob} when it is turned off`, () => {
      const { tcb } = handshake(`mss 1400,sackOK,${TS},wscale 7`, answer, { [knob]: false }).connection
      assert.equal(tcb.windowScaling, knob !== 'windowScale')
      assert.equal(tcb.snd.wnd, knob === 'windowScale' ? 1000 : 1000 << 7)
      assert.equal(tcb.timestamps, knob !== 'timestamps')
      assert.equal(tcb.sack, knob !== 'sack')
    })
  }

  test('that nobody knows, or that break off, do no harm (RFC 9293 MUST-6, MUST-7)', () => {
    const tcp = listen()
    tcp.trace`
      +0 <  S  0:0(0)       win 65535 <raw fd04abcd,mss 1400,raw fe0200>
      +0 >  S. 0:0(0) ack 1 <mss 1460>
      +0 <b S  0:0(0)       win 65535 <mss 1400,raw 0800>
      +0 >b S. 0:0(0) ack 1 <mss 1460>
      +0 <c S  0:0(0)       win 65535 <mss 1400,raw 03ff>
      +0 >c S. 0:0(0) ack 1 <mss 1460>
    `
  })

  test('come at any alignment and with any padding (RFC 9293 MUST-64)', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <nop,mss 1400,TS val 100 ecr 0,nop,nop,wscale 7,sackOK,eol>
      +0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 100,wscale 7>
    `
  })
})

describe('the window scale', () => {
  for (const [receiveBuffer, scale] of [
    [1, 0],
    [65_535, 0],
    [65_536, 1],
    [131_070, 1],
    [131_071, 2],
    [2 ** 30, 14],
  ] as const) {
    test(`is the least that can offer a buffer of ${receiveBuffer}: ${scale}`, () => {
      handshake('mss 1460,wscale 0', `mss 1460,wscale ${scale}`, { receiveBuffer })
    })
  }

  test('of more than 14 counts as 14 (RFC 7323 §2.3)', () => {
    assert.equal(handshake('mss 1460,wscale 15', 'mss 1460,wscale 7').connection.tcb.snd.scale, 14)
  })

  test('of 0 is an offer too: the other side may scale (RFC 7323 §2.2)', () => {
    const { tcb } = handshake('mss 1460,wscale 0', 'mss 1460,wscale 7').connection
    assert.deepEqual([tcb.windowScaling, tcb.snd.scale, tcb.rcv.scale], [true, 0, 7])
  })

  test('does not scale the window of the SYN-ACK itself (RFC 7323 §2.2)', () => {
    const tcp = listen({ stack: { tcp: { receiveBuffer: 30_000 } } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,wscale 7>
      +0 > S. 0:0(0) ack 1 win 30000 <mss 1460,wscale 0>
    `
  })
})

describe('the maximum segment size', () => {
  test('that a client names is not exceeded', () => {
    const tcp = handshake('mss 500', 'mss 1460')
    tcp.send(600)
    tcp.trace`+0 > . 1:501(500) ack 1`
  })

  test('that a client names is no reason to exceed our own link', () => {
    assert.equal(handshake('mss 9000', 'mss 1460').connection.tcb.snd.mss, 1460)
  })

  for (const [offer, size] of [
    ['mss 0', 88],
    ['mss 1', 88],
    ['mss 87', 88],
    ['mss 88', 88],
    ['mss 65535', 1460],
  ] as const) {
    test(`${offer} makes segments of ${size} octets`, () => {
      assert.equal(handshake(offer, 'mss 1460').connection.tcb.snd.mss, size)
    })
  }

  test('is offered as the MTU less 40 over IPv4 and less 60 over IPv6', () => {
    for (const [family, mtu, mss] of [
      [4, 576, 536],
      [4, 9000, 8960],
      [4, 65_535, 65_495],
      [6, 1280, 1220],
      [6, 1500, 1440],
    ] as const) {
      const tcp = listen({ family, stack: { mtu } })
      tcp.trace`
        +0 < S  0:0(0)       win 65535
        +0 > S. 0:0(0) ack 1 <mss ${mss}>
      `
    }
  })
})

describe('timestamps in the handshake', () => {
  test('echo that of the SYN, however often the SYN-ACK goes out (RFC 7323 §3.2)', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
      // Ours is part of the cookie that the SYN-ACK is: the same each time.
      +1 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
      +2 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
    `
  })

  test('that are missing on the third ACK leave the entry as it is (RFC 7323 §3.2)', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535
    `
    assert.equal(tcp.listener.halfOpen, 1)
    assert.equal(tcp.stack.counters.drops['tcp-timestamp-missing'], 1)
  })

  test('older than that of the SYN make the ACK an old duplicate: it is answered, and the entry kept (RFC 7323 §5.3)', () => {
    const tcp = listen()
    tcp.trace`
      +0  < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0  > S. 0:0(0) ack 1
      +.5 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 99 ecr last>
      +0  > .  1:1(0) ack 1 <TS val * ecr 100>
      +0  < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 100 ecr last>
    `
    assert.equal(tcp.stack.counters.PAWSEstab, 1)
    assert.equal(tcp.accept().state, 'ESTABLISHED')
  })

  test('compare across their wrap', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 4294967295 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 4294967295>
      +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 3 ecr last>
    `
    assert.equal(tcp.accept().tcb.tsRecent, 3)
  })
})
