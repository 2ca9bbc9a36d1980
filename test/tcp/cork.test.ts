import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established, type Traced } from '../support/trace.ts'

function corked(): Traced {
  const tcp = established({ stack: { tcp: { rtoMin: 1000 } } })
  tcp.connection.noDelay = true
  tcp.connection.setCork(true)
  return tcp
}

describe('a cork', () => {
  test('keeps small writes until they are a full segment', () => {
    const tcp = corked()
    for (let n = 0; n < 3; n++) {
      tcp.send(500)
      if (n < 2) tcp.trace`+.01`
    }
    tcp.trace`+0 > . 1:1461(1460) ack 1`
    assert.equal(tcp.connection.sendBuffer.length, 1500)
  })

  test('lets go what it keeps when it is pulled', () => {
    const tcp = corked()
    tcp.send(500)
    tcp.trace`+.1`
    tcp.connection.setCork(false)
    tcp.trace`+0 > P. 1:501(500) ack 1`
    tcp.send(5)
    tcp.trace`+0 > P. 501:506(5) ack 1`
  })

  test('lets go what it has kept for 200 ms (as Linux), and keeps the next', () => {
    const tcp = corked()
    tcp.send(5)
    tcp.trace`+.15`
    tcp.send(5)
    tcp.trace`
      +.05 > P. 1:11(10) ack 1
      +.05 < .  1:1(0) ack 11 win 65535
    `
    tcp.send(5)
    tcp.trace`
      +.199
      +.001 > P. 11:16(5) ack 1
    `
    assert.equal(tcp.stack.counters.TCPWinProbe, 0)
  })

  test('counts its 200 ms anew after a full segment', () => {
    const tcp = corked()
    tcp.send(5)
    tcp.trace`+.15`
    tcp.send(1460)
    tcp.trace`
      +0  > . 1:1461(1460) ack 1
      +.2 > P. 1461:1466(5) ack 1
    `
  })

  test('does not keep the end', () => {
    const tcp = corked()
    tcp.send(5)
    tcp.connection.close()
    tcp.trace`+0 > FP. 1:6(5) ack 1`
  })

  test('leaves no timer behind', () => {
    const tcp = corked()
    tcp.send(5)
    tcp.trace`
      +.2  > P. 1:6(5) ack 1
      +.01 < .  1:1(0) ack 6 win 65535
      +10
    `
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })
})
