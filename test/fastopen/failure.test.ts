import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FastOpenServers } from '../../src/tcp/fast-open-servers.ts'
import { MOST_SERVERS } from '../../src/tcp/fast-open-servers.ts'
import type { Traced } from '../support/trace.ts'
import { again, COOKIE, fastClient, knows } from './support.ts'

const MINUTE = 60

/** The next SYN has nothing of Fast Open; its handshake is completed, and the connection reset. */
function isPaused(tcp: Traced, name: string): void {
  again(tcp, name, 10)
  tcp.trace`
    +0 >${name} S  0:0(0)                   <mss 1460>
    +0 <${name} S. 0:0(0)   ack 1 win 65535 <mss 1460>
    +0 >${name} P. 1:11(10) ack 1
    +0 <${name} R  1:1(0)   win 0
  `
}

/** The next SYN is lost with its data; the handshake is completed without. */
function loseSyn(tcp: Traced, name: string): void {
  again(tcp, name, 10)
  tcp.trace`
    +0 >${name} S  0:10(10)                 <mss 1460,FO ${COOKIE}>
    +1 >${name} S  0:0(0)                   <mss 1460>
    +0 <${name} S. 0:0(0)   ack 1 win 65535 <mss 1460>
    +0 >${name} P. 1:11(10) ack 1
    +0 <${name} R  1:1(0)   win 0
  `
}

describe('a SYN with data that is lost', () => {
  test('is sent again without data and option, and the data goes with the ACK (RFC 7413 §4.2.2)', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)                   <mss 1460,FO ${COOKIE}>
      +1  >b S  0:0(0)                       <mss 1460>
      +2  >b S  0:0(0)                       <mss 1460>
      +.1 <b S. 0:0(0)     ack 1   win 65535 <mss 1460>
      +0  >b P. 1:101(100) ack 1
      +.1 <b .  1:1(0)     ack 101 win 65535
    `
    assert.equal(tcp.connection.sendBuffer.length, 0)
    const { TCPFastOpenActive, TCPFastOpenActiveFail, TCPSynRetrans } = tcp.stack.counters
    assert.deepEqual([TCPFastOpenActive, TCPFastOpenActiveFail, TCPSynRetrans], [0, 1, 2])
  })

  test('or was only late: a SYN-ACK that acknowledges the data is as good as ever', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)                     <mss 1460,FO ${COOKIE}>
      +1  >b S  0:0(0)                         <mss 1460>
      +.1 <b S. 0:0(0)     ack 101   win 65535 <mss 1460>
      +0  >b .  101:101(0) ack 1
      +60
    `
    assert.equal(tcp.stack.counters.TCPFastOpenActive, 1)
    again(tcp, 'c', 100)
    tcp.trace`+0 >c S 0:100(100) <mss 1460,FO ${COOKIE}>`
  })

  test('by ICMP is refused', () => {
    const tcp = knows()
    again(tcp, 'b', 100)
    tcp.trace`
      +0  >b S  0:100(100)
      +.1 <b icmp unreachable port_unreachable [0:100(100)]
    `
    assert.equal(tcp.connection.error?.code, 'ECONNREFUSED')
    isPaused(tcp, 'c')
  })
})

describe('a negative response (RFC 7413 §4.1.3.1) keeps Fast Open off this server for a while', () => {
  test('a lost SYN: 4 minutes, and twice as long each time', () => {
    const tcp = knows()
    for (const [minutes, name] of [
      [4, 'a'],
      [8, 'b'],
      [16, 'c'],
    ] as const) {
      loseSyn(tcp, name)
      isPaused(tcp, `${name}1`)
      tcp.trace`+${minutes * MINUTE - 0.001}`
      isPaused(tcp, `${name}2`)
      tcp.trace`+.001`
    }
  })

  test('up to 17 hours', () => {
    const tcp = knows()
    for (let i = 0; i < 12; i++) {
      loseSyn(tcp, `x${i}`)
      tcp.trace`+${256 * 4 * MINUTE}`
    }
  })

  test('data that is taken makes up for it', () => {
    const tcp = knows()
    loseSyn(tcp, 'a')
    tcp.trace`+${4 * MINUTE}`
    again(tcp, 'b', 10)
    tcp.trace`
      +0 >b S  0:10(10)
      +0 <b S. 0:0(0)   ack 11 win 65535 <mss 1460>
      +0 >b .  11:11(0) ack 1
    `
    loseSyn(tcp, 'c')
    tcp.trace`+${4 * MINUTE}`
    again(tcp, 'd', 10)
    tcp.trace`+0 >d S 0:10(10) <mss 1460,FO ${COOKIE}>`
  })

  test('data on the SYN that is not acknowledged, without a fresh cookie', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`
      +0 >b S  0:10(10)
      +0 <b S. 0:0(0)   ack 1 win 65535 <mss 1460>
      +0 >b P. 1:11(10) ack 1
    `
    isPaused(tcp, 'c')
  })

  test('a request for a cookie that is not granted (RFC 7413 §4.2.1)', () => {
    const tcp = fastClient()
    tcp.trace`
      +0 >  S  0:0(0)                   <mss 1460,FO>
      +0 <  S. 0:0(0)   ack 1 win 65535 <mss 1460>
      +0 >  .  1:1(0) ack 1
    `
    isPaused(tcp, 'b')
    tcp.trace`+${4 * MINUTE}`
    again(tcp, 'c', 10)
    tcp.trace`+0 >c S 0:0(0) <mss 1460,FO>`
  })

  test('no answer at all', () => {
    const tcp = knows({ stack: { tcp: { connectTimeout: 5000 } } })
    again(tcp, 'b', 10)
    tcp.trace`
      +0 >b S 0:10(10)
      +1 >b S 0:0(0)
      +2 >b S 0:0(0)
      +2
    `
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
    assert.equal(tcp.stack.counters.TCPFastOpenActiveFail, 1)
    isPaused(tcp, 'c')
  })

  test('a RST', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`
      +0 >b S  0:10(10)
      +0 <b R. 0:0(0) ack 1 win 0
    `
    isPaused(tcp, 'c')
  })

  test('but not that the application has closed before there was one', () => {
    const tcp = knows()
    again(tcp, 'b', 10)
    tcp.trace`+0 >b S 0:10(10)`
    tcp.connection.close()
    again(tcp, 'c', 10)
    tcp.trace`+0 >c S 0:10(10) <mss 1460,FO ${COOKIE}>`
  })

  test('and other servers are asked as ever', () => {
    const tcp = knows()
    loseSyn(tcp, 'a')
    again(tcp, 'b', 10, { address: '192.0.2.77' })
    tcp.trace`+0 >b S 0:0(0) <mss 1460,FO>`
  })
})

describe('the cookies that a client keeps', () => {
  test(`are those of ${MOST_SERVERS} servers; the one that was not asked for longest goes first`, () => {
    const tcp = knows()
    const { servers }: { servers: FastOpenServers } = tcp.stack.tcp.fastOpen
    const fill = (from: number, to: number): void => {
      for (let port = from; port < to; port++) {
        again(tcp, `p${port}`, 0, { port })
        const name = `p${port}`
        tcp.trace`
          +0 >${name} S  0:0(0)                   <mss 1460,FO>
          +0 <${name} S. 0:0(0)   ack 1 win 65535 <mss 1460,FO 00112233>
          +0 >${name} .  1:1(0)   ack 1
          +0 <${name} R  1:1(0)   win 0
        `
      }
    }
    fill(1001, 1000 + MOST_SERVERS)
    assert.equal(servers.size, MOST_SERVERS)
    again(tcp, 'b', 10)
    tcp.trace`
      +0 >b S  0:10(10)                    <mss 1460,FO ${COOKIE}>
      +0 <b S. 0:0(0)    ack 11 win 65535  <mss 1460>
      +0 >b .  11:11(0)  ack 1
    `
    fill(5000, 5010)
    assert.equal(servers.size, MOST_SERVERS)
    again(tcp, 'c', 10)
    tcp.trace`+0 >c S 0:10(10) <mss 1460,FO ${COOKIE}>`
    again(tcp, 'd', 10, { port: 1001 })
    tcp.trace`+0 >d S 0:0(0) <mss 1460,FO>`
  })
})
