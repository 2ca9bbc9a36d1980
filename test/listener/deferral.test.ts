/** A deferred SYN: nothing is answered before the application says so. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admitDeferred } from '../../src/tcp/admission.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { Traced } from '../support/trace.ts'
import { ack, listening, type Options, syn } from './listening.ts'

function deferring(options: Options = {}): Traced {
  return listening({ admission: admitDeferred, ...options })
}

/** The deferred SYN that was told last. */
function incoming(tcp: Traced): Incoming {
  const event = tcp.events.findLast(({ type }) => type === 'deferred')
  return event?.incoming ?? assert.fail('no SYN is deferred')
}

/** A SYN that waits for the application. */
function deferred(options: Options = {}): Traced {
  const tcp = deferring(options)
  tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
  return tcp
}

describe('a deferred SYN', () => {
  test('is told, holds an entry, and is not answered', () => {
    const tcp = deferred()
    tcp.trace`+5`
    assert.deepEqual(tcp.takeEvents(), ['deferred'])
    const [view] = tcp.listener.halfOpens(tcp.now)
    assert.deepEqual([view?.deferred, view?.retransmissions, view?.expiresIn], [true, 0, 58_000])
    assert.deepEqual([tcp.listener.counters.deferred, tcp.listener.counters.synAcks], [1, 0])
  })

  test('shows every field of the SYN', () => {
    const tcp = deferring({ isn: 0xfedc_ba98 })
    tcp.trace`+0 < SEW 0:0(0) win 4321 <mss 1234,sackOK,TS val 99 ecr 0,nop,wscale 9>`
    const { syn } = incoming(tcp)
    assert.deepEqual([syn.remoteAddress, syn.remotePort], ['192.0.2.2', 40_000])
    assert.deepEqual([syn.localAddress, syn.localPort], ['192.0.2.1', 80])
    assert.deepEqual([syn.irs, syn.window, syn.mss, syn.windowScale], [0xfedc_ba98, 4321, 1234, 9])
    assert.deepEqual([syn.sackPermitted, syn.timestamp, syn.ecn], [true, 99, true])
  })

  test('shows which options are not there', () => {
    const { syn } = incoming(deferred())
    assert.deepEqual([syn.windowScale, syn.sackPermitted, syn.timestamp, syn.ecn], [undefined, false, undefined, false])
    const tcp = deferring()
    tcp.trace`+0 < S 0:0(0) win 65535`
    assert.equal(incoming(tcp).syn.mss, undefined)
    assert.equal(incoming(tcp).syn.options.length, 0)
  })

  test('shows the options as they came, those that nobody knows and all 40 octets', () => {
    const tcp = deferring()
    const fastOpen = `2212${'ab'.repeat(16)}`
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460,raw ${fastOpen},sackOK,TS val 7 ecr 0,nop,nop,nop,eol>`
    const { options } = incoming(tcp).syn
    assert.equal(options.length, 40)
    assert.equal(Buffer.from(options).toString('hex'), `020405b4${fastOpen}0402080a0000000700000000010101000000`)
  })

  test('of IPv6 shows its addresses', () => {
    const tcp = deferring({ family: 6 })
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1440>`
    const { syn } = incoming(tcp)
    assert.deepEqual([syn.remoteAddress, syn.localAddress, syn.mss], ['2001:db8::2', '2001:db8::1', 1440])
  })

  test('is an object of its own: the next SYN does not change it', () => {
    const tcp = deferring()
    tcp.peer('b', { address: '198.51.100.9', port: 7 })
    tcp.trace`+0 <a S 0:0(0) win 65535 <mss 1000>`
    const first = incoming(tcp)
    tcp.trace`+0 <b S 0:0(0) win 100 <mss 500>`
    assert.deepEqual([first.syn.remotePort, first.syn.mss], [tcp.peer('a').port, 1000])
    assert.equal(incoming(tcp).syn.mss, 500)
  })

  test('waits beside others that are answered at once', () => {
    const tcp = listening({ admission: ({ remotePort }) => (remotePort === 7 ? 'defer' : 'hold') })
    tcp.peer('slow', { port: 7 })
    tcp.trace`+0 <slow S 0:0(0) win 65535 <mss 1460>`
    syn(tcp, 'quick')
    ack(tcp, 'quick')
    assert.equal(tcp.accept().remotePort, tcp.peer('quick').port)
    assert.equal(tcp.listener.halfOpen, 1)
  })

  test('is told in the order of arrival, each once', () => {
    const tcp = deferring()
    tcp.trace`
      +0 <a S 0:0(0) win 65535 <mss 1460>
      &  <b S 0:0(0) win 65535 <mss 1460>
      &  <c S 0:0(0) win 65535 <mss 1460>
    `
    const ports = tcp.events.map(({ incoming }) => incoming?.syn.remotePort)
    assert.deepEqual(
      ports,
      ['a', 'b', 'c'].map((name) => tcp.peer(name).port),
    )
    assert.equal(tcp.listener.nextIncoming(), undefined)
  })

  test('can be asked for, instead of waiting for the event', () => {
    const tcp = deferring()
    tcp.check = () => {}
    tcp.trace`+0 < S 0:0(0) win 65535 <mss 1460>`
    const event = tcp.events.splice(0)
    assert.equal(event[0]?.incoming?.accept(), true)
    assert.equal(tcp.listener.nextIncoming(), undefined)
    tcp.trace`+0 > S. 0:0(0) ack 1`
  })

  test('finds a full queue like any other: by its policy it is ignored, and comes again', () => {
    const tcp = deferring({ backlog: 1 })
    tcp.trace`
      +0 <a S 0:0(0) win 65535 <mss 1460>
      +0 <b S 0:0(0) win 65535 <mss 1460>
    `
    assert.deepEqual([tcp.listener.counters.ignored, tcp.listener.counters.deferred], [1, 1])
    incoming(tcp).ignore()
    tcp.trace`+1 <b S 0:0(0) win 65535 <mss 1460>`
    assert.equal(incoming(tcp).syn.remotePort, tcp.peer('b').port)
  })
})

describe('while a SYN is deferred', () => {
  test('its duplicates are not answered, and not told again', () => {
    const tcp = deferred()
    tcp.trace`
      +1 < S 0:0(0) win 65535 <mss 1460>
      +2 < S 0:0(0) win 65535 <mss 1460>
    `
    assert.deepEqual(tcp.takeEvents(), ['deferred'])
    assert.equal(tcp.listener.counters.duplicates, 2)
  })

  test('a SYN with another ISN is not answered: no SYN-ACK leaves before the application says so', () => {
    const tcp = deferred()
    tcp.trace`+1 < S 7000:7000(0) win 65535 <mss 1460>`
    assert.equal(tcp.listener.counters.otherIsn, 1)
    assert.equal(incoming(tcp).syn.irs, 0)
  })

  test('the exact RST ends it: the client has given up', () => {
    const tcp = deferred()
    const late = incoming(tcp)
    tcp.trace`+1 < R 1:1(0) win 0`
    assert.equal(tcp.listener.counters.reset, 1)
    assert.deepEqual([late.accept(), late.refuse(), late.ignore()], [false, false, false])
    tcp.trace`+1`
  })

  test('another RST is not answered, and ends nothing', () => {
    const tcp = deferred()
    tcp.trace`
      +1 < R 2:2(0) win 0
      +1 < R 0:0(0) win 0
    `
    assert.equal(tcp.listener.halfOpen, 1)
    assert.equal(incoming(tcp).accept(), true)
    tcp.trace`+0 > S. 0:0(0) ack 1`
  })

  for (const number of [0, 1, 77]) {
    test(`an ACK of ${number} acknowledges what was not sent: RST <SEQ=SEG.ACK>, and it waits on`, () => {
      const tcp = deferred()
      tcp.trace`
        +1 < . 1:1(0) ack ${number} win 65535
        +0 > R ${number}:${number}(0) win 0 <>
      `
      assert.equal(tcp.listener.halfOpen, 1)
    })
  }

  test('ICMP errors end nothing', () => {
    const tcp = deferred()
    tcp.trace`+1 < icmp unreachable host_unreachable [5:5(0)]`
    assert.equal(incoming(tcp).accept(), true)
    tcp.trace`+0 > S. 0:0(0) ack 1`
  })
})

describe('the deadline of a deferred SYN', () => {
  test('is the survival time unless told otherwise', () => {
    const tcp = deferred()
    tcp.trace`@62.999`
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@63`
    assert.equal(tcp.listener.halfOpen, 0)
    assert.deepEqual([tcp.listener.counters.deferExpired, tcp.listener.counters.expired], [1, 0])
  })

  for (const seconds of [0.25, 10, 600]) {
    test(`of ${seconds} s ends it in silence, to the millisecond`, () => {
      const tcp = deferred({ deferTimeout: seconds * 1000 })
      const late = incoming(tcp)
      tcp.trace`@${seconds - 0.001}`
      assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.expiresIn, 1)
      tcp.trace`@${seconds}`
      assert.equal(tcp.listener.counters.deferExpired, 1)
      assert.equal(late.accept(), false)
      tcp.trace`+1`
    })
  }

  test('is not prolonged by duplicates', () => {
    const tcp = deferred({ deferTimeout: 2000 })
    tcp.trace`
      @1.5 < S 0:0(0) win 65535 <mss 1460>
      @1.999
    `
    assert.equal(tcp.listener.halfOpen, 1)
    tcp.trace`@2`
    assert.equal(tcp.listener.halfOpen, 0)
  })

  test('that is over lets the next SYN in, as one of its own', () => {
    const tcp = deferred({ deferTimeout: 1000, backlog: 1 })
    const late = incoming(tcp)
    tcp.trace`@1 < S 0:0(0) win 65535 <mss 1460>`
    assert.deepEqual(tcp.takeEvents(), ['deferred', 'deferred'])
    assert.equal(late.accept(), false, 'the answer is not for the one that came later')
    assert.equal(tcp.listener.halfOpens(tcp.now)[0]?.deferred, true)
  })
})
