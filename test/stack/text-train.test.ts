/** Segments that come one behind the other are processed as one, and that makes no difference to what they say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { Offload } from '../../src/wire/offload.ts'
import { ACK, FIN, PSH, Segment, SYN } from '../../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../../src/wire/tcp.ts'

const TEXT = Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * 31) >> 3)
const FULL = 1400

interface Sent {
  /** Octets; how far behind the last segment it begins, or before that. */
  length: number
  skip: number
  also: 'nothing' | 'PSH' | 'FIN' | 'a later time' | 'another window' | 'a wrong checksum' | 'CE' | 'an identification'
}
type Step = { sends: readonly Sent[] } | { do: 'read' | 'transmit' | 'wait' | 'look' }

/** A server, and a peer that is made of steps. */
class Play {
  readonly stack: Stack
  readonly connection: Connection
  readonly read: number[] = []
  lastAck = 0
  /** Where the window ends that the peer has heard of. */
  private edge = 0
  private readonly offload = new Offload()
  private readonly segment = new Segment()
  private readonly header = new IpHeader()
  private readonly frame = new Uint8Array(1500)
  private readonly stamped: boolean
  private now = 1
  private seq = 1

  constructor(more: boolean, stamped: boolean, isIpv4: boolean) {
    this.stamped = stamped
    this.offload.more = more
    const addresses = isIpv4 ? ['10.0.0.2/24'] : ['fd00::2/64']
    const tcp = { receiveBuffer: 1_000_000 }
    this.stack = new Stack({ addresses, secret: new Uint8Array(32), initialSequence: () => 0, tcp })
    this.header.family = isIpv4 ? 4 : 6
    this.header.source = this.segment.source = IpAddress.parse(isIpv4 ? '10.0.0.1' : 'fd00::1')!
    this.header.destination = this.segment.destination = IpAddress.parse(isIpv4 ? '10.0.0.2' : 'fd00::2')!
    this.header.protocol = Protocol.TCP
    const listener = this.stack.listen({ port: 80 })
    this.say(SYN, 0, 0, 0, (syn) => Object.assign(syn, { mss: FULL, windowScale: 7, sackPermitted: true }))
    this.transmit()
    this.say(ACK, 1, 1, 0)
    this.connection = listener.accept()!
  }

  play(steps: readonly Step[]): void {
    for (const step of steps) {
      if ('sends' in step) for (const sent of step.sends) this.send(sent)
      else if (step.do === 'read') this.readAll()
      else if (step.do === 'transmit') this.transmit()
      else if (step.do === 'look') this.stack.nextDeadline()
      else this.wait()
    }
    while (this.stack.nextEvent() !== undefined);
    this.readAll()
    this.transmit()
  }

  get state(): unknown {
    const { stack, connection, read, lastAck } = this
    const { received, accepted, InSegs, InErrs, InCsumErrors, drops } = stack.counters
    const { nxt } = connection.tcb.rcv
    const { state, finReceived } = connection
    return { received, accepted, InSegs, InErrs, InCsumErrors, drops, nxt, state, finReceived, read, lastAck }
  }

  private wait(): void {
    this.now += 300
    this.stack.advance(this.now)
  }

  send({ length, skip, also }: Sent): void {
    const seq = Math.max(1, this.seq + skip)
    if (seq + length > this.edge) return
    if (skip >= 0) this.seq = seq + length
    this.now += also === 'a later time' ? 1 : 0
    this.header.trafficClass = also === 'CE' ? 3 : 0
    this.header.identification = also === 'an identification' ? 77 : 0
    const flags = ACK | (also === 'PSH' ? PSH : 0) | (also === 'FIN' ? FIN : 0)
    const isWrong = also === 'a wrong checksum'
    this.say(flags, seq, 1, length, also === 'another window' ? (segment) => (segment.wnd -= 1) : undefined, isWrong)
  }

  private say(
    flags: number,
    seq: number,
    ack: number,
    length: number,
    fill: (segment: Segment) => void = () => {},
    isWrong = false,
  ): void {
    const { segment, header, frame } = this
    segment.clear()
    Object.assign(segment, { flags, seq, ack, length, sourcePort: 5000, destinationPort: 80, wnd: 65_535 })
    segment.octets = TEXT
    segment.start = seq
    segment.timestamps = this.stamped
    segment.tsVal = this.now
    fill(segment)
    const ip = header.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const whole = writeTcp(frame, ip, segment, false)
    writeIp(frame, 0, header, whole)
    if (isWrong) frame[ip + whole - 1]! ^= 1
    this.stack.receive(frame, 0, ip + whole, this.now, this.offload)
    // The frame was borrowed.
    frame.fill(0xee)
  }

  private readAll(): void {
    const into = new Uint8Array(1_000_000)
    while (this.stack.nextEvent() !== undefined);
    const length = this.connection.receive(into)
    const from = this.read.reduce((sum, octets) => sum + octets, 1)
    assert.deepEqual(into.subarray(0, length), TEXT.subarray(from, from + length))
    if (length > 0) this.read.push(length)
  }

  private transmit(): void {
    const frame = new Uint8Array(1500)
    for (;;) {
      const length = this.stack.transmit(frame, 0, this.now)
      if (length === 0) return
      const { header, segment } = { header: new IpHeader(), segment: new Segment() }
      Object.assign(segment, { source: header.source, destination: header.destination })
      assert.equal(parseIp(frame, 0, length, header), undefined)
      assert.equal(parseTcp(frame, header.payloadStart, length, segment, true), undefined)
      this.lastAck = segment.ack
      this.edge = segment.ack + (segment.has(SYN) ? segment.wnd : segment.wnd << this.connection.tcb.rcv.scale)
    }
  }
}

const plain: fc.Arbitrary<Sent> = fc.constant({ length: FULL, skip: 0, also: 'nothing' })
const odd: fc.Arbitrary<Sent> = fc.record({
  length: fc.constantFrom(0, 1, 600, FULL),
  skip: fc.constantFrom(0, 0, FULL, -FULL, -600),
  also: fc.constantFrom(
    'nothing',
    'PSH',
    'FIN',
    'a later time',
    'another window',
    'a wrong checksum',
    'CE',
    'an identification',
  ),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ sends: fc.array(plain, { minLength: 1, maxLength: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      sends: fc.array(fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: odd }), {
        maxLength: 20,
      }),
    }),
  },
  fc.record({ do: fc.constantFrom('read', 'transmit', 'wait', 'look') }),
)

test('what is gathered says what it would say by itself', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), fc.boolean(), (steps, stamped, isIpv4) => {
      const gathers = new Play(true, stamped, isIpv4)
      const alone = new Play(false, stamped, isIpv4)
      gathers.play(steps)
      alone.play(steps)
      assert.deepEqual(gathers.state, alone.state)
    }),
    { numRuns: 300 },
  )
})

for (const isIpv4 of [true, false]) {
  test(`a full segment that continues what came waits for what follows it, over IPv${isIpv4 ? 4 : 6}`, () => {
    const play = new Play(true, true, isIpv4)
    const { stack, connection } = play
    for (let i = 0; i < 12; i++) play.send({ length: FULL, skip: 0, also: 'nothing' })
    assert.equal(connection.readable, FULL)
    assert.equal(stack.counters.received, 14)
    assert.equal(stack.counters.accepted, 3)
    stack.nextEvent()
    assert.equal(connection.readable, 12 * FULL)
    assert.equal(stack.counters.accepted, 14)
  })
}
