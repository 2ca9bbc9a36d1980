import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, host, type Traced } from '../support/trace.ts'

/** The end of a connection, as the application hears of it. */
function closed(tcp: Traced): [code: string | undefined, syscall: string | undefined] {
  const event = tcp.events.find(({ type }) => type === 'closed') ?? assert.fail('no event tells of the end')
  return [event.error?.code, event.error?.syscall]
}

const ALONE = `mss 1460,sackOK,TS val 0 ecr 0,wscale 4`

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
    assert.deepEqual([tcb.windowScaling, tcb.snd.scale, tcb.rcv.scale], [true, 3, 4])
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
      assert.deepEqual([tcb.windowScaling, tcb.rcv.scale], missing === 'window scale' ? [false, 0] : [true, 4])
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
    const syn = 'S 0:0(0) win 65535 <mss 1460,sackOK,wscale 4>'
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
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`@180`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual(closed(tcp), ['ETIMEDOUT', 'connect'])
    assert.equal(tcp.stack.counters.TCPSynRetrans, 7)
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

describe('an ICMP error about the SYN', () => {
  for (const family of [4, 6] as const) {
    test(`IPv${family}: of an unreachable port refuses the connection: ECONNREFUSED (RFC 9293 MUST-54)`, () => {
      const tcp = connect({ family })
      tcp.trace`
        +0 > S 0:0(0)
        +0 < icmp unreachable port_unreachable [0:0(0)]
        +100
      `
      assert.deepEqual(closed(tcp), ['ECONNREFUSED', 'connect'])
    })
  }

  for (const [name, code] of [
    ['unreachable host_unreachable', 'EHOSTUNREACH'],
    ['unreachable net_unreachable', 'ENETUNREACH'],
    ['unreachable admin_prohibited', 'EHOSTUNREACH'],
    ['time_exceeded ttl_exceeded', 'EHOSTUNREACH'],
    ['parameter_problem', 'EHOSTUNREACH'],
  ] as const) {
    test(`${name} aborts nothing, and is the reason given when the time is over: ${code} (RFC 9293 MUST-56, SHLD-25)`, () => {
      const tcp = connect({ stack: { tcp: { connectTimeout: 2000 } } })
      tcp.trace`
        +0  > S 0:0(0)
        +.1 < icmp ${name} [0:0(0)]
        +.9 > S 0:0(0)
        +.999
      `
      assert.equal(tcp.connection.state, 'SYN-SENT')
      tcp.trace`+.001`
      assert.deepEqual(closed(tcp), [code, 'connect'])
    })
  }

  for (const seq of [-1, 1, 1000]) {
    test(`that quotes ${seq}, which is not in flight, is ignored and counted (RFC 5927 §4.1)`, () => {
      const tcp = connect()
      tcp.trace`
        +0 > S 0:0(0)
        +0 < icmp unreachable port_unreachable [${seq}:${seq}(0)]
        +1 > S 0:0(0)
      `
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
      assert.equal(tcp.stack.counters.drops['icmp-out-of-window'], 1)
    })
  }

  test('is no longer the reason once the peer has answered', () => {
    const tcp = connect({ stack: { tcp: { userTimeout: 1000 } } })
    tcp.trace`
      +0 > S  0:0(0)
      +0 < icmp unreachable host_unreachable [0:0(0)]
      +.4 < S. 0:0(0) ack 1 win 65535
      +0 > .  1:1(0) ack 1
    `
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +1
    `
    assert.deepEqual(closed(tcp), ['ETIMEDOUT', 'read'])
  })
})

describe('the call CONNECT', () => {
  test('is refused where the four-tuple is in use: EADDRINUSE', () => {
    const { stack } = connect({ localPort: 5000 })
    const to = { address: '192.0.2.2', localPort: 5000 }
    assert.throws(() => stack.connect({ ...to, port: 80 }), { code: 'EADDRINUSE' })
    assert.equal(stack.connect({ ...to, port: 81 }).localPort, 5000)
  })

  test('is refused when there are too many connections: ENOBUFS', () => {
    const { stack } = host({ stack: { tcp: { maxConnections: 1 } } })
    stack.connect({ address: '192.0.2.2', port: 80 })
    assert.throws(() => stack.connect({ address: '192.0.2.2', port: 81 }), { code: 'ENOBUFS' })
  })

  test('is refused for what is no address, no port, or not ours', () => {
    const { stack } = host()
    const to = { address: '192.0.2.2', port: 80 }
    assert.throws(() => stack.connect({ ...to, address: 'example.com' }), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => stack.connect({ ...to, port: 0 }), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => stack.connect({ ...to, localPort: 65_536 }), { code: 'ERR_SOCKET_BAD_PORT' })
    assert.throws(() => stack.connect({ ...to, localAddress: '192.0.2.9' }), { code: 'EADDRNOTAVAIL' })
    assert.throws(() => stack.connect({ ...to, address: '2001:db8::2' }), { code: 'ENETUNREACH' })
  })
})
