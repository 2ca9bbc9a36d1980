/** One trace for each requirement of RFC 9293 on opening and closing that a trace can show and that no other test is about. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { foldChecksum, sumOctets } from '../../src/wire/checksum.ts'
import { writeUint16 } from '../../src/wire/octets.ts'
import { connect, established, host, listen } from '../support/trace.ts'
import { encodeSegment } from '../support/trace-packet.ts'
import { parseTrace } from '../support/trace-parse.ts'

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

test('an IP option that is not understood is ignored (RFC 9293 MUST-50)', () => {
  const tcp = listen()
  const [line] = parseTrace('+0 < S 0:0(0) win 65535')
  assert.ok(line?.kind === 'in')
  const bare = encodeSegment(tcp.peer(), line.segment)
  const packet = new Uint8Array([...bare.subarray(0, 20), 0x9e, 4, 1, 2, ...bare.subarray(20)])
  packet[0] = 0x46
  writeUint16(packet, 2, packet.length)
  writeUint16(packet, 10, 0)
  writeUint16(packet, 10, foldChecksum(sumOctets(packet, 0, 24)))
  tcp.stack.receive(packet, 0, packet.length, 0)
  tcp.trace`+0 > S. 0:0(0) ack 1`
})

describe('a SYN to many', () => {
  for (const localAddress of ['224.0.0.1', '255.255.255.255', '192.0.2.255']) {
    test(`${localAddress} is dropped in silence (RFC 9293 MUST-57)`, () => {
      const tcp = listen()
      tcp.peer('', { localAddress })
      tcp.trace`+0 < S 0:0(0) win 65535`
      assert.equal(tcp.listener.halfOpen, 0)
    })
  }
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
