/** One trace for each requirement of RFC 9293 that a trace can show and that no other test is about. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, established, host, listen } from '../support/trace.ts'

const PLAIN = { timestamps: false, sack: false, windowScale: false }

describe('opening', () => {
  test('two SYNs that cross become one connection, and it knows that it was opened actively (RFC 9293 MUST-10, MUST-11)', () => {
    const tcp = connect({ stack: { tcp: PLAIN } })
    tcp.trace`
      +0   > S  0:0(0)       <mss 1460>
      +.01 < S  0:0(0)       win 65535 <mss 1460>
      +0   > S. 0:0(0) ack 1 <mss 1460>
    `
    assert.equal(tcp.connection.state, 'SYN-RECEIVED')
    tcp.trace`+0 < R. 1:1(0) ack 1 win 0`
    assert.equal(tcp.connection.error?.code, 'ECONNREFUSED')
  })

  test('a RST sends what was opened passively back to LISTEN, and nobody is told (RFC 9293 MUST-11)', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 1
      +0 < R  1:1(0)       win 0
    `
    assert.equal(tcp.listener.halfOpen, 0)
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`
      +0 < S  9:9(0)        win 65535 <mss 1460>
      +0 > S. 0:0(0) ack 10
    `
  })

  test('a SYN is sent again for three minutes, then the open fails (RFC 9293 MUST-23)', () => {
    const tcp = connect()
    tcp.trace`
      +0  > S 0:0(0)
      +1  > S 0:0(0)
      +2  > S 0:0(0)
      +4  > S 0:0(0)
      +8  > S 0:0(0)
      +16 > S 0:0(0)
      +32 > S 0:0(0)
      +60 > S 0:0(0)
      @179.999
    `
    assert.equal(tcp.connection.state, 'SYN-SENT')
    tcp.trace`@180`
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
  })

  test('a passive OPEN makes a record of its own or fails (RFC 9293 MUST-41)', () => {
    const tcp = listen({ backlog: 3 })
    assert.throws(() => tcp.stack.listen({ port: 80, backlog: 9 }), { code: 'EADDRINUSE' })
    assert.equal(tcp.listener.backlog, 3)
  })

  test('a port can be listened on while it opens a connection itself (RFC 9293 MUST-42)', () => {
    const tcp = connect({ localPort: 5000 })
    assert.equal(tcp.stack.listen({ port: 5000 }).port, 5000)
    tcp.trace`+0 > S 0:0(0)`
    assert.equal(tcp.connection.state, 'SYN-SENT')
  })

  const twoAddresses = { stack: { addresses: ['192.0.2.1/24', '198.51.100.1/24'] } }

  test('an OPEN takes a local address, or IP chooses one (RFC 9293 MUST-43, MUST-44)', () => {
    const { stack } = host(twoAddresses)
    const to = { address: '198.51.100.7', port: 80 }
    assert.equal(stack.connect(to).localAddress, '198.51.100.1')
    assert.equal(stack.connect({ ...to, localAddress: '192.0.2.1' }).localAddress, '192.0.2.1')
    assert.throws(() => stack.connect({ ...to, localAddress: '192.0.2.3' }), { code: 'EADDRNOTAVAIL' })
  })

  test('a listener for one address hears nothing of another (RFC 9293 MUST-43)', () => {
    const tcp = listen({ ...twoAddresses, address: '198.51.100.1' })
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > R. 0:0(0) ack 1
    `
  })

  test('an answer comes from the address that the SYN went to (RFC 9293 MUST-45)', () => {
    const tcp = listen({ stack: { addresses: ['192.0.2.9/24', '192.0.2.1/24'] } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535
      +0 > S. 0:0(0) ack 1
    `
  })

  for (const address of ['224.0.0.1', '255.255.255.255', '192.0.2.255', '0.0.0.0', 'ff02::1']) {
    test(`nobody connects to ${address} (RFC 9293 MUST-46)`, () => {
      const { stack } = host({ stack: { addresses: ['192.0.2.1/24', '2001:db8::1/64'] } })
      assert.throws(() => stack.connect({ address, port: 80 }), { code: 'ERR_INVALID_ARG_VALUE' })
    })
  }

  for (const address of ['224.0.0.1', '255.255.255.255', '192.0.2.255', '0.0.0.0', '192.0.2.1']) {
    test(`a SYN from ${address} is ignored (RFC 9293 MUST-63)`, () => {
      const tcp = listen()
      tcp.peer('', { address })
      tcp.trace`+0 < S 0:0(0) win 65535`
      assert.equal(tcp.listener.halfOpen, 0)
      assert.equal(tcp.stack.counters.drops['ip-source'], 1)
    })
  }
})

describe('the size of segments', () => {
  for (const [family, mss] of [
    [4, 536],
    [6, 1220],
  ] as const) {
    test(`IPv${family}: a peer that names no MSS gets ${mss} octets (RFC 9293 MUST-15)`, () => {
      const tcp = listen({ family })
      tcp.trace`
        +0 < S  0:0(0)       win 65535
        +0 > S. 0:0(0) ack 1
        +0 < .  1:1(0) ack 1 win 65535
      `
      tcp.accept()
      tcp.send(mss + 1)
      tcp.trace`+0 > . 1:${1 + mss}(${mss}) ack 1`
    })
  }

  test('the MSS is that of the MTU, on a SYN and on nothing else (RFC 9293 MUST-14, MUST-65, MUST-67, SHLD-5, SHLD-6)', () => {
    const tcp = listen({ stack: { mtu: 1000 } })
    tcp.trace`
      +0   < S  0:0(0)        win 65535
      +0   > S. 0:0(0) ack 1  <mss 960>
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0) ack 11 <>
    `
  })

  test('options take their octets from the segment, and none is larger than the link lets (RFC 9293 MUST-16, SHLD-28)', () => {
    const tcp = listen({ stack: { mtu: 1000 } })
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 1 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <nop,nop,TS val 1 ecr last>
    `
    tcp.accept()
    tcp.send(1000)
    tcp.trace`
      +0 > .  1:949(948) ack 1 <TS val * ecr 1>
      +0 < .  1:1(0) ack 949 win 65535 <nop,nop,TS val 1 ecr last>
      +0 > P. 949:1001(52) ack 1 <TS val * ecr 1>
    `
  })
})

describe('sending', () => {
  test('small writes wait for the ACK of the last, unless the user wants no delay (RFC 9293 MUST-17, SHLD-7)', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.send(10)
    tcp.send(10)
    tcp.trace`
      +.01 < .  1:1(0) ack 11 win 65535
      +0   > P. 11:31(20) ack 1
    `
    tcp.connection.noDelay = true
    tcp.send(10)
    tcp.trace`+0 > P. 31:41(10) ack 1`
  })

  test('PSH stands on the segment that empties the buffer (RFC 9293 MUST-60, MUST-61, SHLD-27)', () => {
    const tcp = established()
    tcp.send(1000)
    tcp.send(1000)
    tcp.trace`
      +0   > .  1:1461(1460) ack 1
      +.01 < .  1:1(0) ack 1461 win 65535
      +0   > P. 1461:2001(540) ack 1
    `
  })

  test('a window of 65,535 is not -1 (RFC 9293 MUST-1)', () => {
    const tcp = established()
    tcp.trace`+0 < . 1:1(0) ack 1 win 65535`
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
  })

  test('in a window that shrinks below what is out nothing new is sent, and the old within it again (RFC 9293 MUST-34, SHLD-15, SHLD-16)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(2920)
    tcp.trace`
      +0  > .  1:1461(1460) ack 1
      +0  > P. 1461:2921(1460) ack 1
      +.1 < .  1:1(0) ack 1 win 1000
    `
    tcp.send(100)
    tcp.trace`
      @1  > .  1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 1001 win 65535
      +0  > .  1001:2461(1460) ack 1
      +0  > P. 2461:3021(560) ack 1
    `
  })

  test('a window that closes is probed after an RTO, then with doubled waits, for as long as the peer answers (RFC 9293 MUST-35, MUST-36, MUST-37, SHLD-17, SHLD-29, SHLD-30)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000, userTimeout: 1000 } } })
    tcp.send(1000)
    tcp.trace`
      +0  > P. 1:1001(1000) ack 1
      +.1 < .  1:1(0) ack 1001 win 0
    `
    tcp.send(500)
    let wait = 1
    for (let probe = 0; probe < 20; probe++) {
      tcp.trace`
        +${wait} > . 1001:1002(1) ack 1
        +0       < . 1:1(0) ack 1001 win 0
      `
      wait = Math.min(2 * wait, 60)
    }
    tcp.trace`
      +1 < .  1:1(0) ack 1001 win 65535
      +0 > P. 1001:1501(500) ack 1
    `
  })

  test('a window too small for a segment is not filled at once (RFC 9293 MUST-38, MUST-60)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(1460)
    tcp.trace`
      +0  > P. 1:1461(1460) ack 1
      +.1 < .  1:1(0) ack 1461 win 100
    `
    tcp.send(1460)
    tcp.trace`+1 > . 1461:1561(100) ack 1`
  })
})

describe('receiving', () => {
  test('an ACK waits for a second full segment, or 40 ms (RFC 9293 MUST-40, MUST-58, SHLD-18, SHLD-19)', () => {
    const tcp = established()
    tcp.trace`
      +0   < P. 1:101(100) ack 1 win 65535
      +.04 > .  1:1(0) ack 101
      +0   < .  101:1561(1460) ack 1 win 65535
      +0   < .  1561:3021(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 3021
    `
  })

  test('what comes early is kept (RFC 9293 SHLD-31)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1461:2921(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 1
      +0 < . 1:1461(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 2921
    `
    assert.equal(tcp.read(), 2920)
  })

  test('the window opens by a segment or not at all, and its edge never moves back (RFC 9293 MUST-39, SHLD-14)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 8000 } } })
    tcp.trace`
      +0   < .  1:1461(1460) ack 1 win 65535
      +0   < P. 1461:2921(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 2921 win 5080
      +0   < .  2921:4381(1460) ack 1 win 65535
      +0   < .  4381:5841(1460) ack 1 win 65535
      +0   > .  1:1(0) ack 5841 win 2160
      +0   < .  5841:7301(1460) ack 1 win 65535
      +.04 > .  1:1(0) ack 7301 win 700
      +0   < P. 7301:8001(700) ack 1 win 65535
      +.04 > .  1:1(0) ack 8001 win 0
    `
    tcp.read(1459)
    tcp.trace`+1`
    tcp.read(1)
    tcp.trace`+0 > . 1:1(0) ack 8001 win 1460`
  })

  test('a RST counts while the window is closed, and may carry data (RFC 9293 MUST-66, SHLD-2)', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < P. 1:1001(1000) ack 1 win 65535
      +.04 > .  1:1(0) ack 1001 win 0
      +0   < R  1001:1011(10) win 0
    `
    assert.equal(tcp.connection.error?.code, 'ECONNRESET')
  })
})

describe('closing', () => {
  test('the application can tell an end from a reset (RFC 9293 MUST-12)', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    assert.equal(tcp.connection.ended, true)
    assert.equal(tcp.connection.error, undefined)
    tcp.takeEvents()
    tcp.trace`+0 < R 2:2(0) win 0`
    assert.equal(tcp.events[0]?.error?.code, 'ECONNRESET')
  })

  test('TIME-WAIT lasts two maximum segment lifetimes, from the last FIN on (RFC 9293 MUST-13)', () => {
    const tcp = established()
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +0 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
      +5 < F. 1:1(0) ack 2 win 65535
      +0 > .  2:2(0) ack 2
      +59.999
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
    tcp.trace`+.001`
    assert.equal(tcp.connection.state, 'CLOSED')
  })

  test('who releases a connection with data unread, or gets more, resets it (RFC 9293 SHLD-3)', () => {
    const unread = established()
    unread.trace`
      +0   < P. 1:11(10) ack 1 win 65535
      +.04 > .  1:1(0) ack 11
    `
    unread.connection.release()
    unread.trace`+0 > R. 1:1(0) ack 11`

    const late = established()
    late.connection.release()
    late.trace`
      +0 > F. 1:1(0) ack 1
      +0 < .  1:1(0) ack 2 win 65535
      +0 < P. 1:11(10) ack 2 win 65535
      +0 > R  2:2(0)
    `
  })

  test('data that nobody acknowledges is sent for five minutes (RFC 9293 SHLD-11)', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      @1 > P. 1:11(10) ack 1
      @3 > P. 1:11(10) ack 1
      @7 > P. 1:11(10) ack 1
      @15 > P. 1:11(10) ack 1
      @31 > P. 1:11(10) ack 1
      @63 > P. 1:11(10) ack 1
      @123 > P. 1:11(10) ack 1
      @183 > P. 1:11(10) ack 1
      @243 > P. 1:11(10) ack 1
      @299.999
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    tcp.trace`@300`
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
  })
})

describe('ICMP', () => {
  test('a soft error aborts nothing, and can be read (RFC 9293 MUST-56, SHLD-25)', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`
      +0  > P. 1:11(10) ack 1
      +0  < icmp unreachable host_unreachable [1:11(10)]
      +.1 < . 1:1(0) ack 11 win 65535
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.equal(tcp.connection.softError, 'EHOSTUNREACH')
  })

  test('Source Quench has no effect (RFC 9293 MUST-55)', () => {
    const tcp = established()
    tcp.send(10)
    tcp.trace`
      +0 > P. 1:11(10) ack 1
      +0 < icmp source_quench [1:11(10)]
    `
    assert.equal(tcp.connection.softError, undefined)
    assert.equal(tcp.stack.counters.drops['icmp-ignored'], 1)
  })

  test('an error reaches the connection that it is about, and no other (RFC 9293 MUST-54)', () => {
    const tcp = connect({ localPort: 5000 })
    const other = tcp.stack.connect({ address: '192.0.2.2', port: 81, localPort: 5000 })
    tcp.peer('b', { port: 81, localPort: 5000 })
    tcp.trace`
      +0 >  S 0:0(0)
      +0 >b S 0:0(0)
      +0 <b icmp unreachable port_unreachable [0:0(0)]
    `
    assert.equal(other.error?.code, 'ECONNREFUSED')
    assert.equal(tcp.connection.state, 'SYN-SENT')
  })
})
