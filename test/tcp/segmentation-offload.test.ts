/** Segments that stand for several: the link cuts what goes out, and has put together what comes in. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { NewReno } from '../../src/tcp/congestion/newreno.ts'
import { connect, listen, stream, type Traced } from '../support/trace.ts'

const SEGMENTATION = { checksum: true, segmentation: 65_535 }

class WideOpen extends NewReno {
  override cwnd = 136 * 1460
  override restartAfterIdle(): void {}
}

/** A connection over a link that cuts, with a peer that takes segments of 1460 octets. */
function established(tcp: Partial<TcpConfig> = {}, options = 'sackOK,wscale 7', win = 1000): Traced {
  const traced = listen({ stack: { offload: SEGMENTATION, tcp } })
  traced.trace`
    +0   < S  0:0(0) win 65535 <mss 1460,${options}>
    +0   > S. 0:0(0) ack 1
    +.01 < .  1:1(0) ack 1 win ${win}
  `
  traced.accept()
  traced.takeEvents()
  return traced
}

describe('with segmentation offload, what goes out', () => {
  test('is one packet of whole segments, as many as the congestion window lets out', () => {
    const tcp = established()
    tcp.send(100_000)
    tcp.trace`+0 > . 1:14601(14600) ack 1`
    assert.equal(tcp.segmentSize, 1460)
    assert.equal(tcp.stack.counters.OutSegs, 11)
    tcp.trace`
      +.01 < . 1:1(0) ack 14601 win 1000
      +0   > . 14601:40881(26280) ack 1
    `
  })

  test('is no longer than an IP packet can be, with room for every option', () => {
    const tcp = established({ congestionControl: (mss) => new WideOpen(mss) }, 'sackOK,wscale 7', 60_000)
    tcp.send(200_000)
    tcp.trace`
      +0 > .  1:64241(64240) ack 1
      +0 > .  64241:128481(64240) ack 1
      +0 > .  128481:192721(64240) ack 1
      +0 > .  192721:198561(5840) ack 1
      +.01 < . 1:1(0) ack 198561 win 60000
      +0 > P. 198561:200001(1440) ack 1
    `
  })

  test('leaves behind what would wait if it went alone (RFC 9293 SHLD-7)', () => {
    const tcp = established()
    tcp.send(4000)
    tcp.trace`
      +0   > .  1:2921(2920) ack 1
      +.01 < .  1:1(0) ack 2921 win 1000
      +0   > P. 2921:4001(1080) ack 1
    `
    assert.equal(tcp.segmentSize, 0)
  })

  test('takes the rest along where nothing waits (RFC 9293 MUST-17, MUST-61)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    tcp.send(4000)
    tcp.trace`+0 > P. 1:4001(4000) ack 1`
    assert.equal(tcp.segmentSize, 1460)
  })

  test('takes the FIN along', () => {
    const tcp = established()
    tcp.send(4000)
    tcp.connection.close()
    tcp.trace`+0 > FP. 1:4001(4000) ack 1`
  })

  test('ends with the last whole segment that the window takes (RFC 9293 MUST-38)', () => {
    const tcp = established({}, 'sackOK', 5000)
    tcp.send(10_000)
    tcp.trace`
      +0 > . 1:4381(4380) ack 1
      +.01 < . 1:1(0) ack 4381 win 5000
      +0 > . 4381:8761(4380) ack 1
    `
  })

  test('is a single segment where it says CWR, and more behind it (RFC 3168 §6.1.2)', () => {
    const tcp = connect({ stack: { offload: SEGMENTATION, tcp: { ecn: true, congestionControl: 'newreno' } } })
    tcp.trace`
      +0   > [noecn] SEW 0:0(0)
      +.01 < [noecn] S.E 0:0(0) ack 1 win 65535 <mss 1460>
      +0   > [noecn] . 1:1(0) ack 1
    `
    tcp.send(100_000)
    tcp.trace`
      +0   > [ect0] . 1:14601(14600) ack 1
      +.01 < .E 1:1(0) ack 14601 win 65535
      +0   > [ect0] .W 14601:16061(1460) ack 1
      +0   > [ect0] . 16061:21901(5840) ack 1
    `
  })

  test('is single segments while there is urgent data: each has a pointer of its own (RFC 9293 MUST-62)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    tcp.connection.sendUrgent(stream(0, 2000))
    tcp.trace`
      +0 > .U  1:1461(1460)   ack 1 urg 2000
      +0 > P.U 1461:2001(540) ack 1 urg 540
    `
  })
})

describe('with segmentation offload, an ACK', () => {
  test('with SACK blocks tells segments of one packet apart: those before are sent again, one by one', () => {
    const tcp = established()
    tcp.send(14_600)
    tcp.trace`
      +0   > P. 1:14601(14600) ack 1
      +.01 < .  1:1(0) ack 1 win 1000 <sack 2921:7301>
      +0   > .  1:1461(1460) ack 1
      +0   > .  1461:2921(1460) ack 1
      +0   < .  1:1(0) ack 1 win 1000 <sack 2921:10221>
      +.01 < .  1:1(0) ack 14601 win 1000
    `
    assert.equal(tcp.stack.counters.RetransSegs, 2)
    assert.equal(tcp.connection.recovery.sack?.sent.count, 0)
  })

  test('of two SACKed segments is too little to tell: what was overtaken has a quarter of a round trip (RFC 8985 §6.2)', () => {
    const tcp = established()
    tcp.send(14_600)
    tcp.trace`
      +0    > P. 1:14601(14600) ack 1
      +.01  < .  1:1(0) ack 1 win 1000 <sack 1461:4381>
      +.003 > .  1:1461(1460) ack 1
      +.003 < .  1:1(0) ack 14601 win 1000
    `
  })

  test('of a part opens the window by that, and what is in flight is the rest', () => {
    const tcp = established()
    tcp.send(100_000)
    tcp.trace`
      +0   > . 1:14601(14600) ack 1
      +.01 < . 1:1(0) ack 2921 win 1000
      +0   > . 14601:20441(5840) ack 1
    `
    assert.equal(tcp.connection.recovery.sack!.sent.pipe, 17_520)
  })

  test('that does not come has the last segment sent again, and no more (RFC 8985 §7.3)', () => {
    const tcp = established()
    tcp.connection.noDelay = true
    tcp.send(4000)
    tcp.trace`
      +0    > P. 1:4001(4000) ack 1
      +.022 > P. 2921:4001(1080) ack 1
      +.01  < .  1:1(0) ack 4001 win 1000
    `
    assert.equal(tcp.stack.counters.TCPLossProbes, 1)
  })

  test('that does not come at all has the first segment sent again (RFC 6298 (5.4))', () => {
    const tcp = established()
    tcp.send(14_600)
    tcp.trace`
      +0    > P. 1:14601(14600) ack 1
      +.022 > P. 13141:14601(1460) ack 1
      +.2   > .  1:1461(1460) ack 1
      +.01  < .  1:1(0) ack 1461 win 1000
      +0    > .  1461:2921(1460) ack 1
      +0    > .  2921:4381(1460) ack 1
    `
  })

  test('that does not come at all, of a peer without SACK: as much as may go goes again at once', () => {
    const tcp = established({}, 'wscale 7')
    tcp.send(14_600)
    tcp.trace`
      +0   > P. 1:14601(14600) ack 1
      +.2  > .  1:1461(1460) ack 1
      +.01 < .  1:1(0) ack 1461 win 1000
      +0   > .  1461:4381(2920) ack 1
    `
  })
})

describe('with segmentation offload, what comes in', () => {
  test('does not make a full segment of 64 KiB: every second one on the wire is acknowledged (RFC 5681 §4.2)', () => {
    const tcp = established()
    tcp.trace`
      +0 < . 1:29201(29200) ack 1 win 1000
      +0 > . 1:1(0) ack 29201
      +0 < . 29201:30661(1460) ack 1 win 1000
      +0 < . 30661:32121(1460) ack 1 win 1000
      +0 > . 1:1(0) ack 32121
    `
  })
})
