import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '../../src/tcp/connection.ts'
import { connect, type Traced } from '../support/trace.ts'

/** The end of a connection, as the application hears of it. */
function closed(tcp: Traced): [code: string | undefined, syscall: string | undefined] {
  const event = tcp.events.find(({ type }) => type === 'closed') ?? assert.fail('no event tells of the end')
  return [event.error?.code, event.error?.syscall]
}

const ALONE = `mss 1460,sackOK,TS val 0 ecr 0,wscale 7`

describe('an active open', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: goes SYN, SYN-ACK, ACK`, () => {
      const tcp = connect({ family })
      assert.equal(tcp.connection.state, 'SYN-SENT')
      tcp.trace`
        +0  > S  0:0(0)       win 65535
        +.1 < S. 0:0(0) ack 1 win 65535 <mss 1000>
        +0  > .  1:1(0) ack 1
      `
      assert.equal(tcp.connection.state, 'ESTABLISHED')
      assert.deepEqual(tcp.takeEvents(), ['connected'])
      assert.equal(tcp.stack.counters.ActiveOpens, 1)
      assert.equal(tcp.stack.counters.CurrEstab, 1)
      tcp.trace`+3600`
      assert.equal(tcp.stack.nextDeadline(), Infinity)
    })
  }

  test('offers all options, and agrees on those that are answered (RFC 7323 §2.2, §3.2)', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S  0:0(0) <${ALONE}>
      +.1 < S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK,TS val 7 ecr last,wscale 3>
      +0  > .  1:1(0) ack 1 <TS val 100 ecr 7>
    `
    const { tcb } = tcp.connection
    assert.deepEqual([tcb.windowScaling, tcb.snd.scale, tcb.rcv.scale], [true, 3, 7])
    assert.deepEqual([tcb.sack, tcb.timestamps, tcb.snd.mss], [true, true, 1000])
    assert.equal(tcb.snd.wnd, 1000, 'the window of a SYN-ACK is not scaled (RFC 7323 §2.2)')
  })

  for (const [missing, answer] of [
    ['window scale', 'mss 1000,sackOK,TS val 7 ecr last'],
    ['SACK', 'mss 1000,TS val 7 ecr last,wscale 3'],
    ['timestamps', 'mss 1000,sackOK,wscale 3'],
    ['MSS', 'sackOK,TS val 7 ecr last,wscale 3'],
  ] as const) {
    test(`does without ${missing} when that is not answered`, () => {
      const tcp = connect()
      const options = missing === 'timestamps' ? '' : 'TS val * ecr 7'
      tcp.trace`
        +0  > S  0:0(0) <${ALONE}>
        +.1 < S. 0:0(0) ack 1 win 1000 <${answer}>
        +0  > .  1:1(0) ack 1 <${options}>
      `
      const { tcb } = tcp.connection
      assert.deepEqual([tcb.windowScaling, tcb.rcv.scale], missing === 'window scale' ? [false, 0] : [true, 7])
      assert.deepEqual([tcb.sack, tcb.timestamps], [missing !== 'SACK', missing !== 'timestamps'])
      assert.equal(tcb.snd.mss, missing === 'MSS' ? 536 : 1000)
    })
  }

  test('offers nothing but the MSS when all is turned off', () => {
    const tcp = connect({ stack: { tcp: { windowScale: false, sack: false, timestamps: false } } })
    tcp.trace`
      +0 > S  0:0(0) <mss 1460>
      +0 < S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK,TS val 7 ecr 0,wscale 3>
      +0 > .  1:1(0) ack 1 <>
    `
    const { tcb } = tcp.connection
    assert.deepEqual([tcb.windowScaling, tcb.sack, tcb.timestamps], [false, false, false])
  })

  test('chooses its initial number and its timestamps by the clock and the four-tuple (RFC 6528 §3, RFC 7323 §7.1)', () => {
    const opened = (seconds: number, localPort: number): Connection => {
      const tcp = connect({ localPort })
      tcp.connection.abort()
      tcp.trace`+${seconds}`
      tcp.connection = tcp.stack.connect({ address: '192.0.2.2', port: 80, localPort })
      tcp.trace`+0 > S 0:0(0)`
      return tcp.connection
    }
    const [first, later, other] = [opened(0, 5000), opened(1, 5000), opened(0, 5001)]
    assert.equal((later.tcb.iss - first.tcb.iss) >>> 0, 250_000)
    assert.notEqual(other.tcb.iss, first.tcb.iss)
    assert.equal(later.tcb.tsOffset, first.tcb.tsOffset)
    assert.notEqual(other.tcb.tsOffset, first.tcb.tsOffset)
  })

  test('sends what was given before it is established with the ACK', () => {
    const tcp = connect()
    assert.equal(tcp.send(10), 10)
    tcp.trace`
      +0  > S  0:0(0)
      +.1 < S. 0:0(0)  ack 1 win 65535 <mss 1000>
      +0  > P. 1:11(10) ack 1
    `
  })

  test('takes data and a FIN on the SYN-ACK (RFC 9293 §3.10.7.3)', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S   0:0(0)
      +.1 < FS. 0:10(10) ack 1 win 65535 <mss 1000>
      +0  > .   1:1(0)  ack 12
    `
    assert.equal(tcp.connection.state, 'CLOSE-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['connected', 'readable'])
    assert.equal(tcp.read(), 10)
    assert.equal(tcp.connection.ended, true)
  })

  for (const isn of [0xffff_ffff, 0x7fff_ffff]) {
    test(`takes a peer whose numbers start at ${isn}`, () => {
      const tcp = connect({ isn })
      tcp.trace`
        +0   > S  0:0(0)
        +.1  < S. 0:0(0)   ack 1 win 65535 <mss 1000>
        +0   > .  1:1(0)   ack 1
        +0   < P. 1:11(10) ack 1 win 65535
        +.04 > .  1:1(0)   ack 11
      `
      assert.equal(tcp.read(), 10)
    })
  }

  test('measures the round trip of the SYN for its first RTO (RFC 6298 §2)', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S  0:0(0)
      +.2 < S. 0:0(0) ack 1 win 65535 <mss 1000>
      +0  > .  1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +.6 > P. 1:11(10) ack 1
    `
  })
})

describe('a SYN that nobody answers', () => {
  test('goes out again at 1, 3, 7, 15, 31, 63 and 123 s, the same each time, and fails at 180 s (RFC 9293 MUST-22, MUST-23)', () => {
    const tcp = connect({ stack: { tcp: { timestamps: false } } })
    const syn = 'S 0:0(0) win 65535 <mss 1460,sackOK,wscale 7>'
    tcp.trace`
      @0   > ${syn}
      @1   > ${syn}
      @3   > ${syn}
      @7   > ${syn}
      @15  > ${syn}
      @31  > ${syn}
      @63  > ${syn}
      @123 > ${syn}
      @179.999
    `
    assert.equal(tcp.connection.state, 'SYN-SENT')
    assert.deepEqual(tcp.takeEvents(), ['trouble'])
    tcp.trace`@180`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual(closed(tcp), ['ETIMEDOUT', 'connect'])
    assert.deepEqual([tcp.stack.counters.TCPSynRetrans, tcp.stack.counters.RetransSegs], [7, 7])
    assert.equal(tcp.stack.counters.AttemptFails, 1)
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('may be given up earlier', () => {
    const tcp = connect({ stack: { tcp: { connectTimeout: 2500 } } })
    tcp.trace`
      @0 > S 0:0(0)
      @1 > S 0:0(0)
      @2.499
    `
    assert.equal(tcp.connection.state, 'SYN-SENT')
    tcp.trace`@2.5`
    assert.deepEqual(closed(tcp), ['ETIMEDOUT', 'connect'])
  })

  test('starts the RTO of the data at 3 s when an answer comes after all (RFC 6298 (5.7))', () => {
    const tcp = connect({ stack: { tcp: { timestamps: false } } })
    tcp.send(10)
    tcp.trace`
      +0  > S  0:0(0)
      +1  > S  0:0(0)
      +.1 < S. 0:0(0)  ack 1 win 65535 <mss 1000>
      +0  > P. 1:11(10) ack 1
      +3  > P. 1:11(10) ack 1
      +6  > P. 1:11(10) ack 1
    `
  })

  test('is measured all the same by the timestamp that the answer echoes (RFC 7323 §4)', () => {
    const tcp = connect()
    tcp.send(10)
    tcp.trace`
      +0  > S  0:0(0)
      +1  > S  0:0(0)
      +.1 < S. 0:0(0)  ack 1 win 65535 <mss 1000,TS val 7 ecr 1000>
      +0  > P. 1:11(10) ack 1
      +.3 > P. 1:11(10) ack 1
    `
  })
})

describe('in SYN-SENT', () => {
  for (const flags of ['R.', 'RP.']) {
    test(`${flags} with an ACK of the SYN refuses the connection: ECONNREFUSED (RFC 9293 §3.10.7.3)`, () => {
      const tcp = connect()
      tcp.trace`
        +0 > S 0:0(0)
        +0 < ${flags} 0:0(0) ack 1 win 0
        +100
      `
      assert.equal(tcp.connection.state, 'CLOSED')
      assert.deepEqual(closed(tcp), ['ECONNREFUSED', 'connect'])
      assert.equal(tcp.connection.error?.message, 'connect ECONNREFUSED 192.0.2.2:80')
      assert.deepEqual([tcp.connection.error?.address, tcp.connection.error?.port], ['192.0.2.2', 80])
    })
  }

  for (const segment of ['R 0:0(0)', 'R 1:1(0)', 'R. 0:0(0) ack 0', 'R. 0:0(0) ack 2', 'SR 0:0(0)']) {
    test(`${segment} does not acknowledge the SYN, and is ignored (RFC 9293 §3.10.7.3, RFC 5961 §3)`, () => {
      const tcp = connect()
      tcp.trace`
        +0 > S 0:0(0)
        +0 < ${segment} win 0
        +1 > S 0:0(0)
      `
      assert.equal(tcp.stack.counters.drops['tcp-rst-ignored'], 1)
    })
  }

  for (const [flags, ack] of [
    ['S.', 0],
    ['S.', 2],
    ['S.', -1],
    ['.', 0],
    ['.', 2],
    ['F.', 5],
  ] as const) {
    test(`${flags} with the wrong ACK ${ack} is answered with RST <SEQ=SEG.ACK>, and the open goes on (RFC 9293 §3.10.7.3)`, () => {
      const tcp = connect()
      tcp.trace`
        +0  > S  0:0(0)
        +.5 < ${flags} 0:0(0) ack ${ack} win 100
        +0  > R  ${ack}:${ack}(0)
        +.1 < S. 7:7(0) ack 1 win 100
        +0  > .  1:1(0) ack 8
      `
      assert.equal(tcp.connection.state, 'ESTABLISHED')
    })
  }

  for (const segment of ['. 0:0(0) ack 1', 'F. 0:0(0) ack 1', 'P. 0:10(10) ack 1', '- 0:0(0)', 'F 0:0(0)']) {
    test(`${segment}, neither SYN nor RST, is ignored (RFC 9293 §3.10.7.3, fifth)`, () => {
      const tcp = connect()
      tcp.trace`
        +0 > S 0:0(0)
        +0 < ${segment} win 100
        +1 > S 0:0(0)
      `
      assert.equal(tcp.stack.counters.drops['tcp-no-syn'], 1)
    })
  }
})
