/** Buffers that grow by themselves: the receive window by what is read in a round trip, the send buffer with the window. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_CONFIG, type TcpConfig } from '../../src/tcp/config.ts'
import { SendBuffer } from '../../src/tcp/send-buffer.ts'
import { NO_OFFLOAD } from '../../src/wire/offload.ts'
import { established, listen, type Traced } from '../support/trace.ts'
import { fullSegments } from './full-segments.ts'

const SIZE = { initial: 10_000, max: 100_000 }

/** A peer with timestamps and a window scale, a round trip of 100 ms away. */
function stamped(tcpConfig: Partial<TcpConfig> = {}): Traced {
  const tcp = listen({ stack: { tcp: { receiveBuffer: SIZE, delayedAck: 0, ...tcpConfig } } })
  tcp.trace`
    +0  < S  0:0(0)       win 65535 <mss 1460,TS val 0 ecr 0,wscale 7>
    +0  > S. 0:0(0) ack 1
    +.1 < .  1:1(0) ack 1 win 512 <TS val 100 ecr last>
  `
  tcp.accept()
  return tcp
}

/** A round trip in which the peer sends so many full segments, of which the application reads all, or nothing. */
function roundTrip(tcp: Traced, from: number, segments: number, reads = true): number {
  let seq = from
  for (let n = 0; n < segments; n++) {
    tcp.trace`
      +${n === 0 ? 0.1 : 0} < . ${seq}:${seq + 1448}(1448) ack 1 win 512 <TS val 100 ecr last>
      +0 > . 1:1(0) ack ${seq + 1448}
    `
    seq += 1448
  }
  if (reads) tcp.read()
  settle(tcp)
  return seq
}

/** Sends what is due, a window update it may be, without looking at it. */
function settle(tcp: Traced): void {
  const frame = new Uint8Array(1500)
  while (tcp.stack.transmit(frame, 0, tcp.now) > 0);
}

describe('the receive window', () => {
  test('starts at 64 KiB and ends at 6 MiB by default, or where both are said', () => {
    assert.deepEqual(DEFAULT_CONFIG.receiveBuffer, { initial: 128 * 1024, max: 6 * 1024 * 1024 })
    const { receiveBuffer, tcb } = stamped({ receiveBuffer: { initial: 5000, max: 64 * 1024 * 1024 } }).connection
    assert.deepEqual([receiveBuffer.limit, tcb.rcv.scale], [5000, 11])
  })

  test('grows to more than twice what is read in a round trip, up to its bound', () => {
    const tcp = stamped()
    let seq = 1
    const limits: number[] = []
    for (const segments of [2, 4, 8, 16, 32]) {
      seq = roundTrip(tcp, seq, Math.min(segments, Math.floor(tcp.connection.receiveBuffer.limit / 1448)))
      limits.push(tcp.connection.receiveBuffer.limit)
    }
    assert.equal(tcp.connection.receiveRate.roundTrip > 50, true)
    assert.ok(
      limits.every((limit, i) => i === 0 || limit >= limits[i - 1]!),
      String(limits),
    )
    assert.ok(limits[1]! >= 2 * 4 * 1448, String(limits))
    assert.equal(limits.at(-1), 100_000)
  })

  test('does not grow for an application that does not read', () => {
    const tcp = stamped()
    let seq = roundTrip(tcp, 1, 2, false)
    for (let n = 0; n < 2; n++) seq = roundTrip(tcp, seq, 2, false)
    assert.equal(tcp.connection.receiveBuffer.limit, 10_000)
  })

  test('does not grow for a trickle', () => {
    const tcp = stamped({ receiveBuffer: { initial: 60_000, max: 100_000 } })
    let seq = 1
    for (let n = 0; n < 20; n++) seq = roundTrip(tcp, seq, 1)
    assert.equal(tcp.connection.receiveBuffer.limit, 60_000)
  })

  test('grows without timestamps by the time in which a window is used up', () => {
    const tcp = established({ stack: { tcp: { receiveBuffer: SIZE, delayedAck: 0 } } })
    let seq = 1
    for (let n = 0; n < 40; n++) {
      tcp.trace`
        +.01 < . ${seq}:${seq + 1460}(1460) ack 1 win 65535
        +0   > . 1:1(0) ack ${seq + 1460}
      `
      seq += 1460
      tcp.read()
      settle(tcp)
    }
    assert.ok(tcp.connection.receiveRate.roundTrip > 0)
    assert.ok(tcp.connection.receiveBuffer.limit > SIZE.initial, String(tcp.connection.receiveBuffer.limit))
  })

  test('keeps the size that one number gives it', () => {
    const tcp = stamped({ receiveBuffer: 10_000 })
    let seq = 1
    for (let n = 0; n < 5; n++) seq = roundTrip(tcp, seq, 6)
    assert.equal(tcp.connection.receiveBuffer.limit, 10_000)
  })

  for (const receiveBuffer of [
    { initial: 0, max: 10 },
    { initial: 11, max: 10 },
    { initial: 1.5, max: 10 },
    { initial: 1, max: 2 ** 31 },
  ]) {
    test(`cannot be ${JSON.stringify(receiveBuffer)}`, () => {
      assert.throws(() => stamped({ receiveBuffer }), { code: 'ERR_OUT_OF_RANGE', message: /tcp\.receiveBuffer/ })
    })
  }
})

describe('the send buffer', () => {
  test('grows to twice the congestion window, up to its bound, and tells of the room', () => {
    const tcp = established({
      stack: { tcp: { sendBuffer: { initial: 30_000, max: 40_000 }, congestionControl: 'newreno' } },
    })
    assert.equal(tcp.send(50_000), 30_000)
    const lines = Array.from({ length: 10 }, (_, n) => `+0 > . ${1 + 1460 * n}:${1461 + 1460 * n}(1460) ack 1`)
    tcp.trace`
      ${lines.join('\n')}
      +.1 < . 1:1(0) ack 14601 win 0
    `
    const { sendBuffer, congestion, writable } = tcp.connection
    assert.equal(sendBuffer.limit, 2 * congestion!.cwnd)
    assert.equal(writable, sendBuffer.limit - 15_400)
    assert.deepEqual(tcp.takeEvents(), ['writable'])
    const { max } = tcp.stack.tcp.sendBuffer
    sendBuffer.fit(10 ** 9, max)
    assert.equal(sendBuffer.limit, 40_000)
    sendBuffer.fit(1, max)
    assert.equal(sendBuffer.limit, 40_000)
  })

  test('that is to be smaller becomes so as it is acknowledged', () => {
    const buffer = new SendBuffer(30_000)
    buffer.fit(100_000, 90_000)
    assert.equal(buffer.limit, 90_000)
    buffer.push(new Uint8Array(80_000), 0, 80_000)
    const limits = [45_000, 45_000, 30_000].map((most) => {
      buffer.fit(100_000, most)
      buffer.acknowledge(20_000)
      return buffer.limit
    })
    assert.deepEqual(limits, [80_000, 60_000, 40_000])
    buffer.fit(100_000, 45_000)
    assert.equal(buffer.limit, 45_000)
  })

  for (const { away, others, cuts = true, initial = 200_000, max = 2_000_000, limit } of [
    { away: 5, others: 0, limit: 2_000_000 },
    { away: 5, others: 3, limit: 2_000_000 },
    { away: 0.5, others: 0, limit: 1_000_000 },
    { away: 0.01, others: 0, limit: 200_000 },
    { away: 0.5, others: 3, limit: 250_000 },
    { away: 0.5, others: 99, limit: 131_072 },
    { away: 0.5, others: 99, initial: 50_000, limit: 50_000 },
    { away: 0.01, others: 0, cuts: false, limit: 2_000_000 },
    { away: 0.01, others: 0, cuts: false, max: 6_000_000, limit: 2_097_152 },
    { away: 0.5, others: 3, cuts: false, max: 6_000_000, limit: 750_000 },
    { away: 0.01, others: 3, cuts: false, max: 6_000_000, limit: 524_288 },
    { away: 0.01, others: 99, cuts: false, limit: 131_072 },
  ]) {
    const link = cuts ? 'a link that cuts segments' : 'any other link'
    test(`has ${limit} octets, of ${initial} to ${max}, ${away} ms away over ${link}, beside ${others} other senders`, () => {
      const offload = cuts ? { checksum: true, segmentation: 65_535 } : NO_OFFLOAD
      const tcp = listen({ stack: { offload, tcp: { sendBuffer: { initial, max } } } })
      tcp.trace`
        +0 < S 0:0(0) win 65535 <mss 1460,sackOK>
        +0 > S. 0:0(0) ack 1
        +${away / 1000} < . 1:1(0) ack 1 win 65535
      `
      tcp.accept()
      tcp.send(14_600)
      const host = tcp.stack.tcp
      assert.equal(host.senders, 1)
      host.senders += others
      tcp.trace`${cuts ? '+0 > P. 1:14601(14600) ack 1' : fullSegments(0, 10, 'P.')}`
      // As on a path that has borne much.
      tcp.connection.congestion!.setWindow(10_000_000)
      tcp.trace`+${away / 1000} < . 1:1(0) ack 14601 win 65535`
      assert.equal(host.senders, others)
      assert.equal(tcp.connection.sendBuffer.limit, limit)
    })
  }

  test('counts among the senders as long as there is something in it', () => {
    const tcp = established()
    const host = tcp.stack.tcp
    assert.equal(host.senders, 0)
    tcp.send(1000)
    tcp.send(1000)
    assert.equal(host.senders, 1)
    tcp.trace`
      +0  > . 1:1461(1460) ack 1
      +.1 < . 1:1(0) ack 1001 win 65535
    `
    assert.equal(host.senders, 1)
    tcp.connection.abort()
    assert.equal(host.senders, 0)
  })
})
