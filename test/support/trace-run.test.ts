import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect, established, listen, type Traced } from './trace.ts'

/** The message with which a trace fails. */
function failure(run: () => void): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof assert.AssertionError, String(error))
    return error.message
  }
  return assert.fail('the trace passed')
}

function answered(): Traced {
  const tcp = listen()
  tcp.trace`
    +0 < S  0:0(0)       win 65535 <mss 1460>
    +0 > S. 0:0(0) ack 1
  `
  return tcp
}

describe('a trace fails', () => {
  test('at a segment that is not the one expected, with both and what was before', () => {
    const message = failure(
      () => listen().trace`
        +0 < S 0:0(0) win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 2 <mss 1400>
      `,
    )
    assert.match(message, /^line 2 of the trace: \+0 > S\. 0:0\(0\) ack 2 <mss 1400>\n/)
    assert.match(message, /\n {2}expected {3}0\.000 > S\. 0:0\(0\) ack 2 <mss 1400>\n/)
    assert.match(message, /\n {2}got {8}0\.000 > S\. 0:0\(0\) ack 1 win \d+ <mss 1460>\n/)
    assert.match(message, /\n {2}wrong: ack, options\n/)
    assert.match(message, /\nuntil then\n {2}0\.000 < S 0:0\(0\) win 65535 <mss 1460>$/)
  })

  test('at a segment that nobody expected', () => {
    const message = failure(() => listen().trace`+0 < S 0:0(0) win 65535 <mss 1460>`)
    assert.match(message, /^the end of the trace\n {2}expected {3}nothing .*\n {2}got {8}0\.000 > S\. 0:0\(0\) ack 1/)
  })

  test('at a segment that nobody expected while time passed', () => {
    const message = failure(() => answered().trace`+2`)
    assert.match(message, /got {8}1\.000 > S\. 0:0\(0\) ack 1/)
  })

  test('at a segment that does not come, with the next deadline', () => {
    const message = failure(() => answered().trace`+.5 > S. 0:0(0) ack 1`)
    assert.match(message, /got {8}nothing; the stack's next deadline is 1\.000/)
  })

  test('at a segment that comes at another time', () => {
    const message = failure(() => answered().trace`+1.001 > S. 0:0(0) ack 1`)
    assert.match(message, /wrong: time/)
  })

  test('at a segment to another peer', () => {
    const message = failure(() => answered().trace`+1 >b S. 0:0(0) ack 1`)
    assert.match(message, /wrong: what is sent to whom/)
  })

  test('when it goes back in time', () => {
    const tcp = answered()
    assert.throws(
      () => tcp.trace`
        @.5
        @.4
      `,
      /line 2 of the trace: @\.4\n {2}goes back in time/,
    )
  })
})

describe('a trace', () => {
  for (const family of [4, 6] as const) {
    test(`runs over IPv${family}, with numbers that wrap`, () => {
      const tcp = established({ family, isn: 0xffff_ffff })
      assert.equal(tcp.send(5), 5)
      tcp.trace`
        +0   > P. 1:6(5) ack 1
        +.01 < P. 1:4(3) ack 6 win 65535
      `
      assert.equal(tcp.read(), 3)
      assert.deepEqual(tcp.takeEvents(), ['readable'])
    })
  }

  test('keeps the numbers of several peers apart', () => {
    const tcp = listen()
    tcp.peer('b', { isn: 1000 })
    tcp.trace`
      +0 <  S 7:7(0) win 65535 <mss 1460>
      +0 >  S. 0:0(0) ack 8
      +0 <b S 0:0(0) win 65535 <mss 1460>
      +0 >b S. 0:0(0) ack 1
      +0 <b . 1:1(0) ack 1 win 65535
      +0 <  . 8:8(0) ack 1 win 65535
    `
    assert.equal(tcp.accept().remotePort, tcp.peer('b').port)
    assert.equal(tcp.accept().remotePort, tcp.peer().port)
  })

  test('hands over segments that come together before it lets the stack answer', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1:1461(1460) ack 1 win 65535
      &  < . 1461:2921(1460) ack 1 win 65535
      &  < . 2921:4381(1460) ack 1 win 65535
      +0 > . 1:1(0) ack 4381
    `
    assert.equal(tcp.read(), 4380)
  })

  test('begins with the SYN of a connection that is opened', () => {
    const tcp = connect()
    tcp.trace`
      +0 > S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
      +.1 < S. 0:0(0) ack 1 win 65535 <mss 1460,TS val 5 ecr last>
      +0 > . 1:1(0) ack 1 <TS val 100 ecr 5>
    `
    assert.equal(tcp.connection.state, 'ESTABLISHED')
    assert.deepEqual(tcp.takeEvents(), ['connected'])
  })
})
