import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HostOptions, host, type Traced } from '../support/trace.ts'
import { again, COOKIE, fastClient, knows } from './support.ts'

const counters = ({ stack }: Traced): [active: number, fail: number] => {
  const { TCPFastOpenActive, TCPFastOpenActiveFail } = stack.counters
  return [TCPFastOpenActive, TCPFastOpenActiveFail]
}

const withOptions = { stack: { tcp: { timestamps: true, sack: true, windowScale: true } } } satisfies HostOptions

describe('an active open without Fast Open', () => {
  test('has nothing of it on its SYN, nor keeps a cookie that nobody asked for', () => {
    const tcp = host()
    tcp.connection = tcp.stack.connect({ address: '192.0.2.2', port: 80 })
    tcp.peer('', { port: 80, localPort: tcp.connection.localPort })
    tcp.send(10)
    tcp.trace`
      +0 > S  0:0(0)                         <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
      +0 < S. 0:0(0)   ack 1 win 65535       <mss 1460,FO ${COOKIE}>
      +0 > P. 1:11(10) ack 1
    `
    assert.equal(tcp.stack.tcp.fastOpen.servers.size, 0)
  })
})

describe('an active open by Fast Open', () => {
  test('asks a server that it does not know for a cookie; data waits for the SYN-ACK (RFC 7413 §4.2.1)', () => {
    const tcp = fastClient()
    tcp.send(10)
    tcp.trace`
      +0  > S  0:0(0)                   <mss 1460,FO>
      +.1 < S. 0:0(0)   ack 1 win 65535 <mss 1460,FO ${COOKIE}>
      +0  > P. 1:11(10) ack 1
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.deepEqual(counters(tcp), [0, 0])
  })

  test('has the option beside every other', () => {
    const tcp = fastClient(withOptions)
    tcp.trace`+0 > S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,wscale 7,FO>`
  })

  for (const family of [4, 6] as const) {
    test(`IPv${family}: sends a server whose cookie it has data on the SYN, all of which is taken`, () => {
      const tcp = knows({ family })
      again(tcp, 'b', 100)
      tcp.trace`
        +0  >b S  0:100(100)                   <mss ${family === 4 ? 1460 : 1440},FO ${COOKIE}>
        +.1 <b S. 0:0(0)   ack 101 win 65535 <mss 1460>
        +0  >b .  101:101(0) ack 1
        +60
      `
      assert.equal(tcp.connection.state, 'ESTABLISHED')
      assert.equal(tcp.connection.sendBuffer.length, 0)
      assert.equal(tcp.connection.rto.srtt, 100)
      assert.deepEqual(tcp.takeEvents(), ['connected'])
      assert.deepEqual(counters(tcp), [1, 0])
      assert.equal(tcp.stack.counters.RetransSegs, 0)
    })
  }

  test('takes cookies of every length', () => {
    for (const cookie of ['01234567', '0123456789ab', '0123456789abcdef0123456789abcdef']) {
      const tcp = knows({}, cookie)
      again(tcp, 'b', 10)
      tcp.trace`+0 >b S 0:10(10) <mss 1460,FO ${cookie}>`
    }
  })

  test('keeps the last cookie that it is given (RFC 7413 §4.2.2)', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`
      +0  >b S  0:10(10)                   <mss 1460,FO ${COOKIE}>
      +.1 <b S. 0:0(0)   ack 11 win 65535  <mss 1460,FO 00112233>
      +0  >b .  11:11(0) ack 1
    `
    again(tcp, 'c', 10)
    tcp.trace`+0 >c S 0:10(10) <mss 1460,FO 00112233>`
  })

  test('without data to send, asks anew', () => {
    const tcp = knows()
    again(tcp, 'b', 0)
    tcp.trace`+0 >b S 0:0(0) <mss 1460,FO>`
  })

  test('of another port of the server asks there, too (RFC 7413 §4.1.3.1)', () => {
    const tcp = knows()
    again(tcp, 'b', 10, { port: 81 })
    tcp.trace`+0 >b S 0:0(0) <mss 1460,FO>`
  })

  test('from another address of ours asks for a cookie of that (RFC 7413 §4.1.3)', () => {
    const tcp = knows({ stack: { addresses: ['192.0.2.1/24', '192.0.2.7/24'] } })
    again(tcp, 'b', 10, { localAddress: '192.0.2.7' })
    tcp.trace`+0 >b S 0:0(0) <mss 1460,FO>`
  })

  test('reads what the server sends with the SYN-ACK and behind it', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`
      +0  >b S  0:10(10)
      +.1 <b S. 0:5(5)  ack 11 win 65535 <mss 1460>
      +0  >b .  11:11(0) ack 6
      +0  <b P. 6:11(5) ack 11 win 65535
      +.04 >b . 11:11(0) ack 11
    `
    assert.equal(tcp.read(), 10)
  })
})

describe('data on a SYN', () => {
  test('is at most what one segment of the server takes, its options counted (RFC 7413 §4.1.3)', () => {
    const tcp = knows({}, COOKIE, 1000)
    again(tcp, 'b', 3000)
    // 1000 less 4 of the MSS and 12 of the cookie.
    tcp.trace`
      +0  >b S  0:984(984)
      +.1 <b S. 0:0(0)           ack 985 win 65535 <mss 1000>
      +0  >b .  985:1985(1000)   ack 1
      +0  >b .  1985:2985(1000)  ack 1
    `
  })

  test('with timestamps leaves room for them', () => {
    const tcp = knows(withOptions, COOKIE, 1000)
    again(tcp, 'b', 3000)
    tcp.trace`+0 >b S 0:968(968) <mss 1460,sackOK,TS val 0 ecr 0,wscale 7,FO ${COOKIE}>`
  })

  test('is at most 536 octets for a server that named no MSS, or 1220 over IPv6', () => {
    for (const [family, most] of [
      [4, 536],
      [6, 1220],
    ] as const) {
      const tcp = knows({ family }, COOKIE, 0)
      again(tcp, 'b', 3000)
      const length = most - 16
      tcp.trace`+0 >b S 0:${length}(${length})`
    }
  })

  test('fits into our MTU, whatever the server takes', () => {
    const tcp = knows({ stack: { mtu: 600 } }, COOKIE, 9000)
    again(tcp, 'b', 3000)
    tcp.trace`+0 >b S 0:544(544)`
  })

  test('is not more than is usual over Ethernet, even where a segment takes more (RFC 7413 §4.1.3)', () => {
    for (const [family, most] of [
      [4, 1460],
      [6, 1440],
    ] as const) {
      const tcp = knows({ family, stack: { mtu: 9000 } }, COOKIE, 8900)
      again(tcp, 'b', 3000)
      const length = most - 16
      tcp.trace`+0 >b S 0:${length}(${length})`
    }
  })

  test('that was given only after the SYN had gone out waits for the SYN-ACK', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`+0 >b S 0:10(10)`
    tcp.send(10)
    tcp.trace`
      +.1 <b S. 0:0(0)    ack 11 win 65535 <mss 1460>
      +0  >b P. 11:21(10) ack 1
    `
  })

  test('that is acknowledged in part: the rest is sent at once, with the ACK', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)
      +.1 <b S. 0:0(0)     ack 41 win 65535 <mss 1460>
      +0  >b P. 41:101(60) ack 1
    `
    assert.deepEqual(counters(tcp), [0, 1])
  })

  test('that is not acknowledged is sent at once, with the ACK (RFC 7413 §4.2.2)', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)                 <mss 1460,FO ${COOKIE}>
      +.1 <b S. 0:0(0)     ack 1 win 65535 <mss 1460,FO 0011223344556677>
      +0  >b P. 1:101(100) ack 1
      +.1 <b .  1:1(0)     ack 101 win 65535
      +60
    `
    assert.deepEqual(counters(tcp), [0, 1])
    again(tcp, 'c', 10)
    tcp.trace`+0 >c S 0:10(10) <mss 1460,FO 0011223344556677>`
  })

  test('that is not acknowledged goes in as many segments as the window lets', () => {
    const tcp = knows()
    again(tcp, 'b', 1000)
    tcp.trace`
      +0  >b S  0:1000(1000)
      +.1 <b S. 0:0(0)         ack 1   win 400 <mss 1460>
      +0  >b .  1:401(400)     ack 1
      +.1 <b .  1:1(0)         ack 401 win 65535
      +0  >b P. 401:1001(600)  ack 1
      +.1 <b .  1:1(0)         ack 1001 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
  })

  test('beyond the ACK of which is what was never sent: a RST', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)
      +.1 <b S. 0:0(0)     ack 102 win 65535 <mss 1460>
      +0  >b R  102:102(0)
    `
    assert.equal(tcp.connection.state, 'SYN-SENT')
  })

  test('does not keep a refusal from being one', () => {
    for (const ack of [1, 101]) {
      const tcp = knows()
      again(tcp, 'b', 100)
      tcp.trace`
        +0  >b S  0:100(100)
        +.1 <b R. 0:0(0)     ack ${ack} win 0
      `
      assert.equal(tcp.connection.error?.code, 'ECONNREFUSED')
    }
  })

  test('gives a full send buffer room when it is taken', () => {
    const tcp = knows({ stack: { tcp: { sendBuffer: 100 } } })
    again(tcp, 'b', 150)
    tcp.trace`
      +0  >b S  0:100(100)
      +.1 <b S. 0:0(0)     ack 101 win 65535 <mss 1460>
      +0  >b .  101:101(0) ack 1
    `
    assert.deepEqual(tcp.takeEvents(), ['connected', 'writable'])
  })

  test('goes once more when both ends open at once (RFC 7413 §4.2.2)', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)
      +.1 <b S  0:0(0)           win 65535 <mss 1460>
      +0  >b S. 0:0(0)     ack 1           <mss 1460>
      +.1 <b S. 0:0(0)     ack 1 win 65535 <mss 1460>
      +0  >b P. 1:101(100) ack 1
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
  })
})
