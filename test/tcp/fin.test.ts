import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type Traced } from '../support/trace.ts'

function state(tcp: Traced, expected: string): void {
  assert.equal(tcp.connection.state, expected)
}

describe('a FIN', () => {
  test('that nobody acknowledges is sent again with doubled waits', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 1
      +1 > F. 1:1(0) ack 1
      +2 > F. 1:1(0) ack 1
      +4 > F. 1:1(0) ack 1
      +0 < .  1:1(0) ack 2 win 65535
      +100
    `
    state(tcp, 'FIN-WAIT-2')
  })

  test('that was lost with the data before it goes out again with them', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(10)
    tcp.connection.close()
    tcp.trace`
      +0  > FP. 1:11(10) ack 1
      +1  > FP. 1:11(10) ack 1
      +.1 < .   1:1(0) ack 12 win 65535
    `
    state(tcp, 'FIN-WAIT-2')
  })

  test('alone that was lost goes out again alone', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
    tcp.send(10)
    tcp.trace`+0 > P. 1:11(10) ack 1`
    tcp.connection.close()
    tcp.trace`
      +0  > F. 11:11(0) ack 1
      +.1 < .  1:1(0) ack 11 win 65535
      +1  > F. 11:11(0) ack 1
      +0  < .  1:1(0) ack 12 win 65535
    `
    state(tcp, 'FIN-WAIT-2')
  })

  test('in LAST-ACK that nobody acknowledges is given up after the user timeout: ETIMEDOUT', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000, userTimeout: 2500 } } })
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    tcp.connection.close()
    tcp.trace`
      +0 > F. 1:1(0) ack 2
      +1 > F. 1:1(0) ack 2
      +1.5
    `
    state(tcp, 'CLOSED')
    assert.equal(tcp.connection.error?.code, 'ETIMEDOUT')
  })

  test('of the peer that comes before its data waits for them, and is then acknowledged at once (RFC 5681 §4.2)', () => {
    const tcp = established()
    tcp.trace`
      +0 < F. 11:11(0) ack 1 win 65535
      +0 > .  1:1(0)   ack 1
    `
    state(tcp, 'ESTABLISHED')
    assert.deepEqual(tcp.takeEvents(), [])
    tcp.trace`
      +.1 < P. 1:11(10) ack 1 win 65535
      +0  > .  1:1(0)   ack 12
    `
    state(tcp, 'CLOSE-WAIT')
    assert.deepEqual(tcp.takeEvents(), ['readable'])
    assert.equal(tcp.read(), 10)
  })

  test('of the peer on data that come early waits with them', () => {
    const tcp = established()
    tcp.trace`
      +0 < FP. 11:21(10) ack 1 win 65535
      +0 > .   1:1(0)    ack 1
      +0 < P.  1:11(10)  ack 1 win 65535
      +0 > .   1:1(0)    ack 22
    `
    state(tcp, 'CLOSE-WAIT')
    assert.equal(tcp.read(), 20)
    assert.equal(tcp.connection.ended, true)
  })

  test('of the peer that comes again is acknowledged again, in CLOSE-WAIT, CLOSING and LAST-ACK', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 5000, rtoInitial: 5000 } } })
    const again = (snd: number): void => {
      tcp.trace`
        +.6 < F. 1:1(0) ack 1 win 65535
        +0  > .  ${snd}:${snd}(0) ack 2
      `
    }
    tcp.trace`
      +0 < F. 1:1(0) ack 1 win 65535
      +0 > .  1:1(0) ack 2
    `
    again(1)
    tcp.connection.close()
    tcp.trace`+0 > F. 1:1(0) ack 2`
    again(2)
    state(tcp, 'LAST-ACK')
  })

  test('of the peer is not reached while data are missing, however often it comes', () => {
    const tcp = established()
    for (let i = 0; i < 3; i++) {
      tcp.trace`
        +.1 < F. 11:11(0) ack 1 win 65535
        +0  > .  1:1(0)   ack 1
      `
    }
    state(tcp, 'ESTABLISHED')
    assert.equal(tcp.connection.ended, false)
  })

  test('beyond the window does not count; the data before it do', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: 1000 } } })
    tcp.trace`
      +0   < FP. 1:1101(1100) ack 1 win 65535
      +.04 > .   1:1(0) ack 1001 win 0
    `
    state(tcp, 'ESTABLISHED')
    assert.equal(tcp.read(), 1000)
    tcp.trace`
      +0 > .   1:1(0) ack 1001 win 1000
      +0 < FP. 1001:1101(100) ack 1 win 65535
      +0 > .   1:1(0) ack 1102
    `
    state(tcp, 'CLOSE-WAIT')
  })

  for (const isn of [0xffff_fffe, 0xffff_ffff]) {
    test(`takes a number of its own, where numbers wrap too: ${isn}`, () => {
      const tcp = established({ isn })
      tcp.trace`
        +0 < F. 1:1(0) ack 1 win 65535
        +0 > .  1:1(0) ack 2
      `
      tcp.connection.close()
      tcp.trace`
        +0 > F. 1:1(0) ack 2
        +0 < .  2:2(0) ack 2 win 65535
      `
      state(tcp, 'CLOSED')
    })
  }
})
