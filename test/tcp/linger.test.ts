import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { established } from '../support/trace.ts'

describe('releasing a connection that lingers', () => {
  test('for 0 ms resets it, whatever was still to be sent', () => {
    const tcp = established()
    tcp.connection.linger.ms = 0
    tcp.send(10)
    tcp.connection.release()
    tcp.trace`+0 > R. 1:1(0) ack 1`
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.deepEqual(tcp.takeEvents(), ['closed'])
    assert.equal(tcp.connection.error, undefined)
  })

  test('for a while resets it then, if its peer has not acknowledged all', () => {
    const tcp = established()
    tcp.connection.linger.ms = 500
    tcp.send(10)
    tcp.connection.release()
    tcp.trace`
      +0  > FP. 1:11(10) ack 1
      +.2 > FP. 1:11(10) ack 1
      +.1 < .   1:1(0) ack 11 win 65535
      +.2 > R.  12:12(0) ack 1
    `
    assert.equal(tcp.connection.state, 'CLOSED')
    assert.equal(tcp.stack.nextDeadline(), Infinity)
  })

  test('for a while counts from the release, whenever the stack was last told the time', () => {
    const tcp = established()
    tcp.send(10)
    tcp.connection.linger.ms = 500
    tcp.connection.release()
    tcp.now += 10_000
    tcp.trace`
      +0  > FP. 1:11(10) ack 1
      +.2 > FP. 1:11(10) ack 1
      +.3 > R.  12:12(0) ack 1
    `
  })

  test('for a while does nothing to one that closes in time', () => {
    const tcp = established()
    tcp.connection.linger.ms = 500
    tcp.send(10)
    tcp.connection.release()
    tcp.trace`
      +0  > FP. 1:11(10) ack 1
      +.1 < .   1:1(0) ack 12 win 65535
      +1
    `
    assert.equal(tcp.connection.state, 'FIN-WAIT-2')
    tcp.trace`
      +0 < F. 1:1(0) ack 12 win 65535
      +0 > .  12:12(0) ack 2
    `
    assert.equal(tcp.connection.state, 'TIME-WAIT')
  })

  test('takes as long as it takes by default', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000, rtoMax: 1000 } } })
    tcp.send(10)
    tcp.connection.release()
    tcp.trace`+0 > FP. 1:11(10) ack 1`
    for (let n = 0; n < 100; n++) tcp.trace`+1 > FP. 1:11(10) ack 1`
  })

  for (const wrong of [-1, NaN, 1e12]) {
    test(`does not take ${wrong} ms`, () => {
      assert.throws(() => Object.assign(established().connection.linger, { ms: wrong }), { code: 'ERR_OUT_OF_RANGE' })
    })
  }
})
