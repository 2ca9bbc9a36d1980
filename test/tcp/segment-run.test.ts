/** Full segments in a row, made from the one before, are those that would be made if each was looked at anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { arenaOctets } from '../../src/wire/arena.ts'
import { IPV4_HEADER_LENGTH, IPV6_HEADER_LENGTH, IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp, writeIp } from '../../src/wire/ip-packet.ts'
import { ACK, Segment, SYN } from '../../src/wire/segment.ts'
import { parseTcp, writeTcp } from '../../src/wire/tcp.ts'

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i)
const TEXT = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) >> 3)

/** Room for so many frames, each with so many octets before it. */
const MOST = 64
const HEADROOM = 10

/**
 * How frames are made: each looked at anew; each from the one before; or several at once, in memory that WebAssembly gets at, and in
 * other memory.
 */
type Way = 'anew' | 'run' | 'row' | 'row elsewhere'

type Step =
  | { send: number }
  | { ack: number; window: number; hole: boolean }
  | { text: number }
  | { take: number }
  | { wait: number }
  | { do: 'read' | 'close' | 'abort' | 'cork' | 'uncork' | 'no delay' | 'mark' | 'urgent' }

/** A server, and a peer that is made of steps. */
class Play {
  readonly frames: string[] = []
  /** The most frames that were made at once. */
  rows = 0
  private readonly stack: Stack
  private readonly way: Way
  private readonly segment = new Segment()
  private readonly header = new IpHeader()
  private readonly frame = new Uint8Array(1500)
  private readonly out: Uint8Array
  private readonly connection: Connection
  private readonly stamped: boolean
  private now = 1
  private seq = 1
  /** What the peer has seen of the stack's numbers. */
  private highest = 0

  constructor(way: Way, stamped: boolean, sack: boolean, isIpv4: boolean) {
    this.way = way
    const octets = MOST * (HEADROOM + 1500)
    this.out = way === 'row' ? arenaOctets(octets) : new Uint8Array(octets)
    this.stamped = stamped
    const addresses = isIpv4 ? ['10.0.0.2/24'] : ['fd00::2/64']
    this.stack = new Stack({ addresses, secret: SECRET, initialSequence: () => 0xffff_0000 })
    this.header.family = isIpv4 ? 4 : 6
    this.header.protocol = Protocol.TCP
    this.header.source = this.segment.source = IpAddress.parse(isIpv4 ? '10.0.0.1' : 'fd00::1')!
    this.header.destination = this.segment.destination = IpAddress.parse(isIpv4 ? '10.0.0.2' : 'fd00::2')!
    const listener = this.stack.listen({ port: 80 })
    this.say(SYN, 0, 65_535, (syn) => {
      syn.mss = 1460
      syn.windowScale = 7
      syn.sackPermitted = sack
    })
    this.take(10)
    this.say(ACK, this.highest, 1000)
    this.connection = listener.accept()!
  }

  play(steps: readonly Step[]): void {
    for (const step of steps) {
      this.step(step)
      this.take(3)
    }
    this.take(10_000)
  }

  get state(): unknown {
    const { tcb, sendBuffer, recovery, congestionIfMade, retransmitAt } = this.connection
    const { una, nxt, resend } = tcb.snd
    const { OutSegs, RetransSegs } = this.stack.counters
    const entries = recovery.sack?.sent.count
    const due = this.stack.nextDeadline()
    return {
      una,
      nxt,
      resend,
      entries,
      due,
      retransmitAt,
      OutSegs,
      RetransSegs,
      ...cwndOf(congestionIfMade),
      length: sendBuffer.length,
    }
  }

  private step(step: Step): void {
    const { connection, stack } = this
    const { una, nxt } = connection.tcb.snd
    const open = connection.state === 'ESTABLISHED' && !connection.finQueued
    if ('send' in step) {
      if (open) connection.send(TEXT, 0, step.send)
    } else if ('ack' in step) {
      const flight = (nxt - una) >>> 0
      const ack = (una + Math.floor(flight * step.ack)) >>> 0
      this.say(ACK, ack, step.window, (segment) => {
        if (!step.hole || !connection.tcb.sack || (nxt - ack) >>> 0 < 4000) return
        segment.sackBlocks = 1
        segment.sackEdges[0] = ack + 1460
        segment.sackEdges[1] = ack + 2920
      })
    } else if ('text' in step) {
      this.say(ACK, una, 1000, (segment) => {
        segment.octets = TEXT
        segment.length = step.text
      })
    } else if ('take' in step) {
      this.take(step.take)
    } else if ('wait' in step) {
      this.now += step.wait
      stack.advance(this.now)
    } else if (step.do === 'read') connection.receive(new Uint8Array(5000))
    else if (step.do === 'close') connection.close()
    else if (step.do === 'abort') connection.abort()
    else if (step.do === 'cork') connection.setCork(true)
    else if (step.do === 'uncork') connection.setCork(false)
    else if (step.do === 'no delay') connection.noDelay = true
    else if (step.do === 'mark') connection.ip.dscp = 10
    else if (open) connection.sendUrgent(TEXT, 0, 10)
  }

  /** The peer sends a segment. */
  private say(flags: number, ack: number, window: number, fill: (segment: Segment) => void = () => {}): void {
    const { segment, header, frame } = this
    segment.clear()
    segment.sourcePort = 5000
    segment.destinationPort = 80
    segment.flags = flags
    segment.seq = flags === SYN ? 0 : this.seq
    segment.ack = ack
    segment.wnd = window
    segment.timestamps = this.stamped
    segment.tsVal = this.now
    fill(segment)
    const ip = header.family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH
    const length = writeTcp(frame, ip, segment, false)
    writeIp(frame, 0, header, length)
    this.seq += segment.length
    this.stack.receive(frame, 0, ip + length, this.now)
  }

  /** The link takes so many frames. */
  private take(most: number): void {
    const { stack, out } = this
    for (let left = most; left > 0; ) {
      if (this.way === 'anew') endRun(stack)
      out.fill(0xee)
      const length = stack.transmit(out, HEADROOM, this.now)
      if (length === 0) return
      const stride = HEADROOM + length
      const others = Math.min(left, Math.floor(out.length / stride)) - 1
      const row = this.way.startsWith('row') ? stack.transmitRow(out, HEADROOM + stride, stride, others, this.now) : 0
      this.rows = Math.max(this.rows, row)
      for (let i = 0; i <= row; i++) this.took(HEADROOM + i * stride, length)
      left -= 1 + row
    }
  }

  private took(start: number, length: number): void {
    const { out } = this
    const { header, segment } = { header: new IpHeader(), segment: new Segment() }
    segment.source = header.source
    segment.destination = header.destination
    assert.equal(parseIp(out, start, start + length, header), undefined)
    assert.equal(parseTcp(out, header.payloadStart, start + length, segment, true), undefined)
    assert.ok(
      out.subarray(start - HEADROOM, start).every((octet) => octet === 0xee),
      'the headroom is the link’s',
    )
    this.highest = (segment.seq + segment.len) >>> 0
    this.frames.push(Buffer.from(out.subarray(start, start + length)).toString('latin1'))
  }
}

/** The next segment is looked at anew. */
function endRun({ tcp }: Stack): void {
  const { output } = tcp as unknown as { output: { interrupt(): void } }
  output.interrupt()
}

function cwndOf(congestion: { cwnd: number } | undefined): { cwnd: number | undefined } {
  return { cwnd: congestion?.cwnd }
}

const window = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 200, max: 3000 }) }, fc.nat(60))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 200_000 }) }) },
  // Whole segments.
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 100 }).map((count) => ({ send: 1460 * count })) },
  {
    weight: 6,
    arbitrary: fc.record({
      ack: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      window,
      hole: fc.boolean(),
    }),
  },
  fc.record({ text: fc.integer({ min: 1, max: 1400 }) }),
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 200 }) }) },
  fc.record({ wait: fc.constantFrom(0, 0.5, 1, 20, 300, 2000) }),
  fc.record({ do: fc.constantFrom('read', 'close', 'abort', 'cork', 'uncork', 'no delay', 'mark', 'urgent') }),
)

const cases = fc.tuple(fc.array(step, { minLength: 4, maxLength: 40 }), fc.boolean(), fc.boolean(), fc.boolean())

/** The longest row of all cases. */
function compare(way: Way, numRuns: number): number {
  let longest = 0
  fc.assert(
    fc.property(cases, ([steps, stamped, sack, isIpv4]) => {
      const run = new Play(way, stamped, sack, isIpv4)
      const anew = new Play('anew', stamped, sack, isIpv4)
      run.play(steps)
      anew.play(steps)
      assert.equal(run.frames.length, anew.frames.length)
      assert.ok(run.frames.every((frame, i) => frame === anew.frames[i]))
      assert.deepEqual(run.state, anew.state)
      longest = Math.max(longest, run.rows)
    }),
    { numRuns },
  )
  return longest
}

test('a run of segments is what looking at each anew makes', () => {
  compare('run', 500)
})

test('frames that are made at once are those that are made one by one', () => {
  const longest = compare('row', 500)
  assert.ok(longest > 10, `${longest} at once`)
  compare('row elsewhere', 200)
})
