/** Path MTU discovery: RFC 1191, RFC 8201, RFC 5927 §7, RFC 4821. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MOST_PATHS, PATH_LIFE, PathMtus, plateauBelow } from '../../src/tcp/path-mtu.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { established, listen, type Traced } from '../support/trace.ts'

const LIFE = PATH_LIFE / 1000

describe('"fragmentation needed" (RFC 1191)', () => {
  test('has what is in flight sent again in smaller segments, at once (RFC 9293 MUST-54)', () => {
    const tcp = established()
    tcp.send(2920)
    tcp.trace`
      +0 > .  1:1461(1460)    ack 1
      +0 > P. 1461:2921(1460) ack 1
    `
    const { cwnd } = tcp.connection.congestion!
    tcp.trace`
      +.01 < icmp unreachable frag_needed mtu 1000 [1:1461(1460)]
      +0   > .  1:961(960)     ack 1
      +0   > .  961:1921(960)  ack 1
      +0   > .  1921:2881(960) ack 1
      +0   > P. 2881:2921(40)  ack 1
      +0   < icmp unreachable frag_needed mtu 1000 [1461:2921(1460)]
      +.01 < .  1:1(0) ack 2921 win 65535
    `
    // RFC 5681 §3.1: as many segments as before, of the smaller size.
    assert.equal(tcp.connection.congestion!.cwnd, (cwnd * 960) / 1460, 'it was not congestion')
    assert.deepEqual(
      [tcp.stack.counters.PathMtuReductions, tcp.stack.counters.drops['icmp-ignored'], tcp.connection.path.mtu],
      [1, 1, 1000],
    )
    tcp.send(960)
    tcp.trace`+0 > P. 2921:3881(960) ack 1`
  })

  test('holds for ten minutes, and then the full size is tried again (RFC 1191 §6.3)', () => {
    const tcp = established()
    tcp.send(1460)
    tcp.trace`
      +0   > P. 1:1461(1460) ack 1
      +0   < icmp unreachable frag_needed mtu 1000 [1:1461(1460)]
      +0   > .  1:961(960)     ack 1
      +0   > P. 961:1461(500)  ack 1
      +.01 < .  1:1(0) ack 1461 win 65535
      +${LIFE - 1}
    `
    tcp.send(1460)
    tcp.trace`
      +0  > .  1461:2421(960) ack 1
      +.1 < .  1:1(0) ack 2421 win 65535
      +0  > P. 2421:2921(500) ack 1
      +.1 < .  1:1(0) ack 2921 win 65535
      +1
    `
    tcp.send(1460)
    tcp.trace`+0 > P. 2921:4381(1460) ack 1`
  })

  test('counts for every connection with that peer, and for those to come', () => {
    const tcp = established()
    tcp.send(1460)
    tcp.trace`
      +0   >  P. 1:1461(1460) ack 1
      +0   <b S  0:0(0)       win 65535 <mss 1460>
      +0   >b S. 0:0(0) ack 1 <mss 1460>
      +0   <b .  1:1(0) ack 1 win 65535
      +0   <  icmp unreachable frag_needed mtu 1000 [1:1461(1460)]
      +0   >  .  1:961(960)     ack 1
      +0   >  P. 961:1461(500)  ack 1
      +.01 <  .  1:1(0) ack 1461 win 65535
      +0   <c S  0:0(0)       win 65535 <mss 1460>
      +0   >c S. 0:0(0) ack 1 <mss 1460>
      +0   <c .  1:1(0) ack 1 win 65535
    `
    for (const peer of ['b', 'c']) {
      tcp.send(960, tcp.accept())
      tcp.trace`+0 >${peer} P. 1:961(960) ack 1`
    }
  })

  test('with timestamps leaves them their room', () => {
    const tcp = listen()
    tcp.trace`
      +0 < S  0:0(0)       win 65535 <mss 1460,TS val 1 ecr 0>
      +0 > S. 0:0(0) ack 1
      +0 < .  1:1(0) ack 1 win 65535 <TS val 1 ecr last>
    `
    tcp.accept()
    tcp.send(1448)
    tcp.trace`
      +0 > P. 1:1449(1448) ack 1
      +0 < icmp unreachable frag_needed mtu 1400 [1:1449(1448)]
      +0 > .  1:1349(1348)    ack 1
      +0 > P. 1349:1449(100)  ack 1
    `
  })

  test('of a router that does not say how small takes the next usual size (RFC 1191 §5)', () => {
    const tcp = established()
    tcp.send(1460)
    tcp.trace`
      +0 > P. 1:1461(1460) ack 1
      +0 < icmp unreachable frag_needed [1:1461(1460)]
      +0 > .  1:1453(1452)  ack 1
      +0 > P. 1453:1461(8)  ack 1
    `
    assert.deepEqual(
      [plateauBelow(1500), plateauBelow(1492), plateauBelow(65_535), plateauBelow(60)],
      [1492, 1006, 32_000, 68],
    )
  })

  for (const [least, mss] of [
    [576, 536],
    [300, 260],
  ] as const) {
    test(`never makes segments smaller than those of ${least} octets, where that is the least`, () => {
      const tcp = established({ stack: { tcp: { minPathMtu: least } } })
      tcp.send(2 * mss)
      tcp.trace`
        +0 > P. 1:${1 + 2 * mss}(${2 * mss}) ack 1
        +0 < icmp unreachable frag_needed mtu 68 [1:1(0)]
        +0 > .  1:${1 + mss}(${mss}) ack 1
        +0 > P. ${1 + mss}:${1 + 2 * mss}(${mss}) ack 1
      `
      assert.equal(tcp.connection.tcb.snd.mss, mss)
    })
  }
})

describe('"packet too big" (RFC 8201)', () => {
  test('has what is in flight sent again in smaller segments', () => {
    const tcp = established({ family: 6 })
    tcp.send(1440)
    tcp.trace`
      +0 > P. 1:1441(1440) ack 1
      +0 < icmp packet_too_big mtu 1300 [1:1441(1440)]
      +0 > .  1:1241(1240)    ack 1
      +0 > P. 1241:1441(200)  ack 1
    `
  })

  test('is ignored if it asks for less than IPv6 guarantees (RFC 8201 §4)', () => {
    const tcp = established({ family: 6 })
    tcp.send(1440)
    tcp.trace`
      +0 > P. 1:1441(1440) ack 1
      +0 < icmp packet_too_big mtu 1279 [1:1441(1440)]
      +0 < icmp packet_too_big mtu 0 [1:1441(1440)]
    `
    assert.equal(tcp.stack.counters.drops['icmp-ignored'], 2)
  })
})

describe('a message that may be forged (RFC 5927)', () => {
  for (const seq of [0, 1461, -1000, 100_000]) {
    test(`quotes ${seq}, which is not in flight, and changes nothing`, () => {
      const tcp = established()
      tcp.send(1460)
      tcp.trace`
        +0 > P. 1:1461(1460) ack 1
        +0 < icmp unreachable frag_needed mtu 600 [${seq}:${seq}(0)]
      `
      assert.equal(tcp.stack.counters.OutOfWindowIcmps, 1)
      assert.equal(tcp.connection.tcb.snd.mss, 1460)
    })
  }

  for (const mtu of [1500, 1501, 65_535]) {
    test(`names ${mtu}, which is no less, and changes nothing`, () => {
      const tcp = established()
      tcp.send(1460)
      tcp.trace`
        +0 > P. 1:1461(1460) ack 1
        +0 < icmp unreachable frag_needed mtu ${mtu} [1:1461(1460)]
      `
      assert.equal(tcp.stack.counters.drops['icmp-ignored'], 1)
    })
  }
})

describe('the paths that are remembered', () => {
  const address = (n: number): IpAddress => IpAddress.parse(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)!

  test(`are ${MOST_PATHS} at the most: the oldest goes`, () => {
    const paths = new PathMtus()
    for (let n = 0; n <= MOST_PATHS; n++) paths.learn(address(n), 1000, n)
    assert.equal(paths.size, MOST_PATHS)
    assert.equal(paths.find(address(0), MOST_PATHS), undefined)
    assert.equal(paths.find(address(1), MOST_PATHS)?.mtu, 1000)
  })

  test('are forgotten after ten minutes', () => {
    const paths = new PathMtus()
    paths.learn(address(1), 1000, 0)
    assert.equal(paths.find(address(1), PATH_LIFE - 1)?.mtu, 1000)
    assert.equal(paths.find(address(1), PATH_LIFE), undefined)
    assert.equal(paths.size, 0)
  })
})

/** A connection of which full segments vanish, until smaller ones come through. */
function swallowed(): Traced {
  const tcp = established({ stack: { tcp: { rtoMin: 1000, rtoMax: 1000 } } })
  tcp.send(1460)
  tcp.trace`
    +0   > P. 1:1461(1460) ack 1
    +1   > P. 1:1461(1460) ack 1
    +1   > P. 1:1461(1460) ack 1
    +1   > .  1:1161(1160) ack 1
    +.01 < .  1:1(0) ack 1161 win 65535
    +0   > P. 1161:1461(300) ack 1
    +.01 < .  1:1(0) ack 1461 win 65535
  `
  assert.equal(tcp.stack.counters.PathBlackHoles, 1)
  return tcp
}

describe('a path that swallows full segments without a word (RFC 4821)', () => {
  test('is tried with smaller ones after three timeouts', () => {
    const tcp = swallowed()
    tcp.send(2320)
    tcp.trace`
      +0 > .  1461:2621(1160) ack 1
      +0 > P. 2621:3781(1160) ack 1
    `
  })

  test('is tried with the least of all after three more', () => {
    const tcp = established({ stack: { tcp: { rtoMin: 1000, rtoMax: 1000 } } })
    tcp.send(1460)
    tcp.trace`
      +0 > P. 1:1461(1460) ack 1
      +1 > P. 1:1461(1460) ack 1
      +1 > P. 1:1461(1460) ack 1
      +1 > .  1:1161(1160) ack 1
      +1 > .  1:1161(1160) ack 1
      +1 > .  1:1161(1160) ack 1
      +1 > .  1:537(536) ack 1
    `
    assert.equal(tcp.connection.path.mtu, 576)
  })

  test('is probed with one full segment after ten minutes, and is whole again if that comes through', () => {
    const tcp = swallowed()
    tcp.trace`+${LIFE}`
    tcp.send(1460 + 1160)
    tcp.trace`
      +0   > .  1461:2921(1460) ack 1
      +.01 < .  1:1(0) ack 2921 win 65535
      +0   > P. 2921:4081(1160) ack 1
      +.01 < .  1:1(0) ack 4081 win 65535
    `
    tcp.send(2920)
    tcp.trace`
      +0 > .  4081:5541(1460) ack 1
      +0 > P. 5541:7001(1460) ack 1
    `
    assert.deepEqual([tcp.stack.counters.TCPMTUPSuccess, tcp.stack.counters.TCPMTUPFail], [1, 0])
  })

  test('keeps to small segments for ten minutes more if the probe is lost', () => {
    const tcp = swallowed()
    tcp.trace`+${LIFE}`
    tcp.send(1460)
    tcp.trace`
      +0   > P. 1461:2921(1460) ack 1
      +1   > .  1461:2621(1160) ack 1
      +.01 < .  1:1(0) ack 2621 win 65535
      +0   > P. 2621:2921(300) ack 1
      +.01 < .  1:1(0) ack 2921 win 65535
      +${LIFE - 10}
    `
    tcp.send(1460)
    tcp.trace`+0 > .  2921:4081(1160) ack 1`
    assert.deepEqual([tcp.stack.counters.TCPMTUPSuccess, tcp.stack.counters.TCPMTUPFail], [0, 1])
  })

  test('is not suspected where what is lost is small, or when told not to', () => {
    for (const [octets, blackHoleTimeouts] of [
      [1000, 3],
      [1460, 0],
    ] as const) {
      const tcp = established({ stack: { tcp: { rtoMin: 1000, rtoMax: 1000, blackHoleTimeouts } } })
      tcp.send(octets)
      for (let n = 0; n < 5; n++) tcp.trace`+${n === 0 ? 0 : 1} > P. 1:${1 + octets}(${octets}) ack 1`
      assert.equal(tcp.stack.counters.PathBlackHoles, 0)
    }
  })
})
