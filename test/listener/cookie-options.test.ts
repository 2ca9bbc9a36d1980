/** What a cookie keeps of a SYN's options: everything with timestamps; without them all but MSS classes and ECN. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Traced } from '../support/trace.ts'
import { cookieOnly, type Options } from './listening.ts'

/** A handshake by cookie; `options` are those of the SYN beside timestamps. */
function handshake(
  tcp: Traced,
  options: readonly string[],
  timestamps: boolean,
  expected: string,
  flags = 'S',
  answerFlags = 'S.',
): void {
  const own = timestamps ? ['TS val 100 ecr 0'] : []
  const answer = timestamps ? ',TS val 0 ecr 100' : ''
  tcp.trace`
    +0 < ${flags} 0:0(0) win 65535 <${[...options, ...own].join(',')}>
    +0 > ${answerFlags} 0:0(0) ack 1 win 65535 <${expected}${answer}>
    +.2 < . 1:1(0) ack 1 win 1000 <${timestamps ? 'TS val 300 ecr last' : ''}>
  `
  assert.equal(tcp.listener.counters.cookieCompleted, 1)
  tcp.accept()
}

function agreed({ tcb }: Connection): unknown[] {
  return [tcb.windowScaling ? tcb.snd.scale : undefined, tcb.sack, tcb.timestamps]
}

const SCALES = [undefined, 0, 1, 7, 14] as const

for (const family of [4, 6] as const) {
  const most = family === 4 ? 1460 : 1440
  describe(`IPv${family}: a cookie keeps`, () => {
    for (const timestamps of [false, true]) {
      for (const sack of [false, true]) {
        for (const scale of SCALES) {
          const options = [...(scale === undefined ? [] : [`wscale ${scale}`]), ...(sack ? ['sackOK'] : [])]
          test(`<${['mss', ...options, ...(timestamps ? ['TS'] : [])].join(',')}>`, () => {
            const tcp = cookieOnly({ family })
            const expected = [`mss ${most}`, ...(scale === undefined ? [] : ['wscale 7']), ...(sack ? ['sackOK'] : [])]
            handshake(tcp, [`mss ${most}`, ...options], timestamps, expected.join(','))
            assert.deepEqual(agreed(tcp.connection), [scale, sack, timestamps])
            assert.equal(tcp.connection.tcb.snd.mss, most)
            assert.equal(tcp.connection.tcb.snd.wnd, 1000 * 2 ** (scale ?? 0))
            if (timestamps) assert.equal(tcp.connection.tcb.tsRecent, 300)
          })
        }
      }
    }
  })
}

describe('the MSS of a cookie', () => {
  /** The MSS that the connection uses after a SYN with this option. */
  function used(mss: number | undefined, timestamps: boolean, options: Options = {}): number {
    const tcp = cookieOnly(options)
    const offered = Math.min(9000 - 40, (options.stack?.mtu ?? 1500) - (options.family === 6 ? 60 : 40))
    handshake(tcp, mss === undefined ? [] : [`mss ${mss}`], timestamps, `mss ${offered}`)
    return tcp.connection.tcb.snd.mss
  }

  for (const mss of [88, 89, 200, 535, 536, 537, 1219, 1220, 1221, 1379, 1400, 1439, 1440, 1441, 1452, 1459, 1460]) {
    test(`of ${mss} is exact with timestamps`, () => assert.equal(used(mss, true), mss))
  }

  for (const [mss, kept] of [
    [88, 88],
    [535, 88],
    [536, 536],
    [1199, 536],
    [1200, 1200],
    [1359, 1200],
    [1360, 1360],
    [1399, 1360],
    [1400, 1400],
    [1439, 1400],
    [1440, 1440],
    [1451, 1440],
    [1452, 1452],
    [1459, 1452],
    [1460, 1460],
  ] as const) {
    // Linux makes 500 into 536: its least class is no bound.
    test(`of ${mss} is the class ${kept} without them: never rounded up`, () => assert.equal(used(mss, false), kept))
  }

  for (const timestamps of [false, true]) {
    const which = timestamps ? 'with' : 'without'
    test(`that is not named is RFC 9293's 536, or 1220 of IPv6, ${which} timestamps`, () => {
      assert.equal(used(undefined, timestamps), 536)
      assert.equal(used(undefined, timestamps, { family: 6 }), timestamps ? 1220 : 1200)
    })

    test(`below 88 is 88, ${which} timestamps`, () => {
      assert.deepEqual(
        [0, 1, 40, 87].map((mss) => used(mss, timestamps)),
        [88, 88, 88, 88],
      )
    })

    test(`above 1460 is 1460, ${which} timestamps, where the link would take more`, () => {
      assert.equal(used(8960, timestamps, { stack: { mtu: 9000 } }), 1460)
      assert.equal(used(65_535, timestamps, { stack: { mtu: 9000 } }), 1460)
    })

    test(`is no more than the link takes, ${which} timestamps`, () => {
      assert.equal(used(1460, timestamps, { stack: { mtu: 576 } }), 536)
      assert.equal(used(1460, timestamps, { stack: { mtu: 1000 } }), timestamps ? 960 : 536)
    })
  }

  test('is the size of what is sent', () => {
    const tcp = cookieOnly()
    handshake(tcp, ['mss 700'], true, 'mss 1460')
    tcp.send(1376)
    tcp.trace`+0 > . 1:689(688) ack 1 <TS val 0 ecr 300>`
  })
})

describe('the timestamps of a cookie', () => {
  test('go on from the TSval of the SYN-ACK, one a millisecond', () => {
    const tcp = cookieOnly()
    handshake(tcp, ['mss 1460'], true, 'mss 1460')
    tcp.send(10)
    tcp.trace`
      +0   > P. 1:11(10) ack 1 <TS val 0 ecr 300>
      +.04 < .  1:1(0) ack 11 win 1000 <TS val 340 ecr last>
    `
    tcp.send(10)
    tcp.trace`+0 > P. 11:21(10) ack 1 <TS val 40 ecr 340>`
  })

  test('are not there when the client does not send them', () => {
    const tcp = cookieOnly()
    handshake(tcp, ['mss 1460'], false, 'mss 1460')
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1 <>`
  })

  for (const [what, tcp] of [
    ['timestamps', { timestamps: false }],
    ['window scale', { windowScale: false }],
    ['SACK', { sack: false }],
  ] as const) {
    test(`${what} that we do not offer is not agreed on, whatever the SYN says`, () => {
      const traced = cookieOnly({ stack: { tcp } })
      const answer = ['mss 1460', 'wscale 7', 'sackOK', 'TS val 0 ecr 100']
      const without = { timestamps: 'TS', 'window scale': 'wscale', SACK: 'sackOK' }[what]
      const expected = answer.filter((option) => !option.startsWith(without)).join(',')
      const stamps = 'timestamps' in tcp ? '' : 'TS val 300 ecr last'
      traced.trace`
        +0  < S  0:0(0)       win 65535 <mss 1460,wscale 7,sackOK,TS val 100 ecr 0>
        +0  > S. 0:0(0) ack 1 <${expected}>
        +.2 < .  1:1(0) ack 1 win 1000 <${stamps}>
      `
      const on = { 'window scale': what !== 'window scale', SACK: what !== 'SACK', timestamps: what !== 'timestamps' }
      assert.deepEqual(agreed(traced.accept()), [on['window scale'] ? 7 : undefined, on.SACK, on.timestamps])
    })
  }

  test('an ACK without the timestamps that its SYN had is no cookie', () => {
    const tcp = cookieOnly()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
      +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
      +0 < .  1:1(0) ack 1 win 1000
    `
    assert.equal(tcp.listener.counters.cookieFailed, 1)
  })

  test('an ACK with timestamps that its SYN had not is no cookie', () => {
    const tcp = cookieOnly()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1 <mss 1460>
      +0 < .  1:1(0) ack 1 win 1000 <TS val 1 ecr 0>
    `
    assert.equal(tcp.listener.counters.cookieFailed, 1)
  })

  for (const off of [1, -1, 0x10000]) {
    test(`an ACK whose TSecr is off by ${off} is no cookie`, () => {
      const tcp = cookieOnly()
      tcp.trace`
        +0 < S  0:0(0)       win 65535 <mss 1460,TS val 100 ecr 0>
        +0 > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 100>
      `
      tcp.peer().lastTsVal += off
      tcp.trace`+0 < . 1:1(0) ack 1 win 1000 <TS val 101 ecr last>`
      assert.equal(tcp.listener.counters.cookieFailed, 1)
    })
  }
})

describe('ECN in a cookie', () => {
  // RFC 3168 §6.1.1: the SYN-ACK's ECE promises; what is kept is in cookie-code.test.ts.
  for (const [timestamps, options, agreed] of [
    [false, [], 'S.'],
    [true, [], 'S.'],
    [true, ['wscale 7', 'sackOK'], 'S.E'],
  ] as const) {
    test(`<${[...options, ...(timestamps ? ['TS'] : [])].join(',')}>: nothing is promised that is not kept`, () => {
      const tcp = cookieOnly()
      const answer = options.length === 0 ? 'mss 1460' : 'mss 1460,wscale 7,sackOK'
      handshake(tcp, ['mss 1460', ...options], timestamps, answer, 'SEW', agreed)
      assert.equal(tcp.connection.state, 'ESTABLISHED')
      tcp.send(10)
      tcp.trace`+0 > [${agreed === 'S.E' ? 'ect0' : 'noecn'}] P. 1:11(10) ack 1`
    })
  }
})
