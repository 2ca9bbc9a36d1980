/** Frames whose payload stays in the send buffer are octet by octet those that are written whole. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { Offload } from '../../src/wire/offload.ts'
import { Payload } from '../../src/wire/payload.ts'

const LINK = { mtu: 1500, offload: { checksum: true, segmentation: 65_535 } }
const ADDRESSES = { 4: ['10.0.0.1/24', '10.0.0.2'], 6: ['fd00::1/64', 'fd00::2'] } as const
const FRAME = 66_000

interface Sent {
  octets: Uint8Array
  segmentSize: number
  gathered: boolean
}

/** A stack that is asked for frames with a `Payload`, or without. */
class Sender {
  readonly stack: Stack
  readonly connection: Connection
  private readonly payload: Payload | undefined
  private readonly offload = new Offload()
  private readonly frame = new Uint8Array(FRAME)

  constructor(family: 4 | 6, gathers: boolean, sendBuffer: number, peer: string = ADDRESSES[family][1]) {
    const addresses = [ADDRESSES[family][0]]
    this.stack = new Stack({ secret: new Uint8Array(32), addresses, ...LINK, tcp: { sendBuffer } })
    this.payload = gathers ? new Payload() : undefined
    if (peer !== ADDRESSES[family][1]) this.stack.listen({ port: 80 })
    this.connection = this.stack.connect({ address: peer, port: 80 })
  }

  next(now: number): Sent | undefined {
    const { payload, frame, offload } = this
    let length = this.stack.transmit(frame, 0, now, offload, payload)
    if (length === 0) return undefined
    const gathered = payload !== undefined && payload.length > 0
    if (gathered) length += payload.join(frame, length)
    return { octets: frame.slice(0, length), segmentSize: offload.segmentSize, gathered }
  }
}

interface Step {
  /** Octets offered to the send buffer. */
  send: number
  /** Whether the frames of both sides are lost. */
  loses: boolean
  /** ms until the next. */
  wait: number
}

const steps = fc.array(
  fc.record({ send: fc.nat(90_000), loses: fc.integer({ min: 0, max: 9 }).map((n) => n < 2), wait: fc.nat(300) }),
  { minLength: 1, maxLength: 30 },
)

/** Runs both senders against a receiver of the first one's frames; returns how many frames were gathered. */
function compare(family: 4 | 6, sendBuffer: number, script: readonly Step[]): number {
  const [plain, gathering] = [new Sender(family, false, sendBuffer), new Sender(family, true, sendBuffer)] as const
  const senders = [plain, gathering]
  const [, peer] = ADDRESSES[family]
  const secret = new Uint8Array(32).fill(1)
  const receiver = new Stack({ secret, addresses: [`${peer}/${family === 4 ? 24 : 64}`] })
  const listener = receiver.listen({ port: 80 })
  const into = new Uint8Array(FRAME)
  const inward = new Offload()
  inward.checksumValid = true
  let accepted: Connection | undefined
  let [now, gathered, position] = [0, 0, 0]
  for (const { send, loses, wait } of [{ send: 0, loses: false, wait: 1 }, ...script]) {
    const octets = Uint8Array.from({ length: send }, (_, i) => (position + i) * 7 + ((position + i) >>> 8))
    const [taken, other] = senders.map(({ connection }) => connection.send(octets))
    assert.equal(taken, other)
    position += taken!
    for (let round = 0; round < 4; round++) {
      for (let sent = plain.next(now); sent !== undefined; sent = plain.next(now)) {
        const twin = gathering.next(now)
        assert.deepEqual(twin?.octets, sent.octets)
        assert.equal(twin?.segmentSize, sent.segmentSize)
        if (twin?.gathered) gathered++
        inward.segmentSize = sent.segmentSize
        if (!loses) receiver.receive(sent.octets, 0, sent.octets.length, now, inward)
      }
      assert.equal(gathering.next(now), undefined)
      accepted ??= listener.accept()
      accepted?.receive(into)
      for (let length = receiver.transmit(into, 0, now); length > 0; length = receiver.transmit(into, 0, now)) {
        if (!loses) for (const { stack } of senders) stack.receive(into, 0, length, now)
      }
    }
    now += wait
    for (const { stack } of senders) stack.advance(now)
    receiver.advance(now)
  }
  return gathered
}

describe('a payload that stays in the send buffer', () => {
  for (const family of [4, 6] as const) {
    test(`makes the same frames, with losses and in rings that wrap, IPv${family}`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 150_000 }), steps, (sendBuffer, script) => {
          compare(family, sendBuffer, script)
        }),
        { numRuns: 60 },
      )
    })

    test(`is what most of a long transfer is, IPv${family}`, () => {
      const script = Array.from({ length: 40 }, () => ({ send: 90_000, loses: false, wait: 1 }))
      assert.ok(compare(family, 100_000, script) > 40)
    })
  }

  test('is whole in a packet to the stack itself', () => {
    const sender = new Sender(4, true, 100_000, '10.0.0.1')
    const octets = Uint8Array.from({ length: 50_000 }, (_, i) => i * 13)
    const into = new Uint8Array(60_000)
    let read = 0
    sender.connection.send(octets)
    for (let now = 0; now < 20; now++) {
      sender.stack.advance(now)
      assert.equal(sender.next(now), undefined)
      for (let event = sender.stack.nextEvent(); event !== undefined; event = sender.stack.nextEvent()) {
        if (event.type === 'acceptable') event.listener.accept()
        else if (event.type === 'readable') read += event.connection.receive(into.subarray(read))
      }
    }
    assert.equal(read, octets.length)
    assert.deepEqual(into.subarray(0, read), octets)
  })

  test('is copied where the link does not complete checksums, and where it is short', () => {
    const payload = new Payload()
    const frame = new Uint8Array(FRAME)
    const stack = new Stack({ secret: new Uint8Array(32), addresses: ['10.0.0.1/24'], mtu: 9000 })
    const peer = new Stack({ secret: new Uint8Array(32), addresses: ['10.0.0.2/24'], mtu: 9000 })
    peer.listen({ port: 80 })
    const connection = stack.connect({ address: '10.0.0.2', port: 80 })
    connection.send(new Uint8Array(50_000))
    let longest = 0
    for (let now = 0; now < 10; now++) {
      for (;;) {
        const length = stack.transmit(frame, 0, now, new Offload(), payload)
        if (length === 0) break
        assert.equal(payload.length, 0)
        longest = Math.max(longest, length)
        peer.receive(frame, 0, length, now)
      }
      for (let length = peer.transmit(frame, 0, now); length > 0; length = peer.transmit(frame, 0, now)) {
        stack.receive(frame, 0, length, now)
      }
    }
    assert.equal(longest, 9000)
  })
})
