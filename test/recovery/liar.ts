/** Peers that acknowledge whatever chance wants. */
import assert from 'node:assert/strict'
import { Chance } from '../../src/sim/chance.ts'
import type { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { MOST_SEGMENTS } from '../../src/tcp/recovery/sent-entries.ts'
import { SACKED } from '../../src/tcp/recovery/sent-segments.ts'
import { IpHeader } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import { ACK, FIN, Segment, SYN } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'
import { drain, makeStack, receive, tcpPacket } from '../stack/packets.ts'

/** A peer that says of what it gets whatever chance wants, and a connection to it. */
export class Liar {
  readonly stack: Stack = makeStack({ tcp: { userTimeout: 1e8 } })
  readonly connection: Connection
  readonly chance: Chance
  now = 0
  wnd = 60_000
  tsVal = 1
  readonly timestamps: boolean
  /** Data that came with the last flush: sequence numbers. */
  readonly got: { seq: number; length: number; fin: boolean }[] = []

  constructor(seed: number) {
    this.chance = new Chance(seed)
    this.timestamps = this.chance.chance(0.5)
    const listener = this.stack.listen({ port: 80 })
    const options = { mss: 536, sackPermitted: true, windowScale: 0, ...this.#stamp(0) }
    receive(this.stack, tcpPacket(4, { flags: SYN, seq: 0, wnd: this.wnd, ...options }), this.now)
    const answer = read(drain(this.stack, this.now)[0]!)
    this.now += 30
    const handshake = { flags: ACK, seq: 1, ack: (answer.seq + 1) >>> 0, wnd: this.wnd, ...this.#stamp(answer.tsVal) }
    receive(this.stack, tcpPacket(4, handshake), this.now)
    this.connection = listener.accept()!
    this.connection.recovery.prepare(this.connection)
    this.connection.noDelay = this.chance.chance(0.5)
  }

  ack(ack: number, blocks: number[], wnd: number): void {
    const sackEdges = new Uint32Array(8)
    sackEdges.set(blocks)
    const echoed = this.connection.tcb.tsOffset + this.now - this.chance.below(300)
    const fields = { ack, wnd, sackBlocks: blocks.length / 2, sackEdges, ...this.#stamp(echoed >>> 0) }
    receive(this.stack, tcpPacket(4, { flags: ACK, seq: 1, ...fields }), this.now)
    this.flush()
  }

  /** Lets time pass, no further than to the next deadline. */
  wait(most: number): void {
    this.now = Math.max(this.now, Math.min(this.now + most, this.stack.nextDeadline()))
    this.stack.advance(this.now)
    this.flush()
  }

  /** Takes what the stack sends, and looks at it and at the connection. */
  flush(): void {
    const { tcb, recovery } = this.connection
    const { sent } = recovery.sack!
    const known = Array.from({ length: sent.count }, (_, i) => i)
      .filter((i) => sent.has(i, SACKED))
      .map((i) => [sent.startOf(i), sent.lengthOf(i)] as const)
    for (const frame of drain(this.stack, this.now)) {
      const { seq, length, flags } = read(frame)
      if (length === 0 && (flags & FIN) === 0) continue
      this.got.push({ seq, length, fin: (flags & FIN) !== 0 })
      const from = (seq - tcb.snd.una) | 0
      assert.ok(from >= 0 && from + length <= ((tcb.snd.nxt - tcb.snd.una) | 0), 'between SND.UNA and SND.NXT')
      if (tcb.snd.wnd === 0) continue
      for (const [start, size] of known) {
        const begins = (start - tcb.snd.una) | 0
        assert.ok(from >= begins + size || from + length <= begins, 'what is SACKed is not sent again')
      }
    }
    this.#check()
  }

  #check(): void {
    const { tcb, recovery, retransmitAt, persistAt } = this.connection
    const { sent } = recovery.sack!
    const flight = (tcb.snd.nxt - tcb.snd.una) | 0
    assert.deepEqual([sent.start, sent.end], [tcb.snd.una, tcb.snd.nxt])
    assert.ok(sent.pipe >= 0 && sent.sacked >= 0 && sent.lost >= 0 && sent.count <= MOST_SEGMENTS)
    let [sacked, lost] = [0, 0]
    for (let i = 0; i < sent.count; i++) {
      if (sent.has(i, SACKED)) sacked += sent.lengthOf(i)
      else if (sent.has(i, 2)) lost += sent.lengthOf(i)
    }
    assert.deepEqual([sent.sacked, sent.lost, sent.pipe], [sacked, lost, flight - sacked - lost])
    assert.ok(flight === 0 || Math.min(retransmitAt, persistAt) < Infinity, 'what is out has a timer')
    assert.ok(this.stack.nextDeadline() >= this.now || flight > 0)
  }

  /** Blocks as a receiver would make them of some segments, or of anything. */
  blocks(): number[] {
    const { chance } = this
    const { snd } = this.connection.tcb
    const flight = (snd.nxt - snd.una) | 0
    return Array.from({ length: chance.below(5) }, () => {
      const kind = chance.below(8)
      const unit = kind < 5 ? 536 : 1
      const from = Math.floor(chance.below(flight + 1) / unit) * unit
      const to = from + unit * (1 + chance.below(kind === 6 ? 3000 : 8))
      const shift = kind === 7 ? chance.below(2 ** 32) : 0
      return [snd.una + from + shift, snd.una + to + shift]
    }).flatMap(([from, to]) => [from! >>> 0, to! >>> 0])
  }

  #stamp(tsEcr: number): Partial<Segment> {
    return this.timestamps ? { timestamps: true, tsVal: this.tsVal++, tsEcr } : {}
  }
}

function read(frame: Uint8Array): Segment {
  const header = new IpHeader()
  assert.equal(parseIp(frame, 0, frame.length, header), undefined)
  const segment = new Segment()
  segment.source = header.source
  segment.destination = header.destination
  assert.equal(parseTcp(frame, header.payloadStart, header.payloadEnd, segment, true), undefined)
  return segment
}

/** One step: something is sent, time passes, or the peer says something. */
export function lie(liar: Liar): void {
  const { chance, connection } = liar
  const { snd } = connection.tcb
  const flight = (snd.nxt - snd.una) | 0
  switch (chance.below(6)) {
    case 0:
      connection.send(new Uint8Array(1 + chance.below(chance.chance(0.3) ? 30_000 : 100)))
      liar.flush()
      break
    case 1:
      liar.wait(chance.chance(0.5) ? 10 : 5000)
      break
    case 2: {
      const acked = chance.chance(0.5) ? chance.below(flight + 1) : Math.floor(chance.below(flight + 1) / 536) * 536
      liar.ack((snd.una + acked) >>> 0, liar.blocks(), liar.wnd)
      break
    }
    case 3:
      if (chance.chance(0.1)) liar.wnd = chance.chance(0.3) ? 0 : chance.below(60_000)
      liar.ack(snd.una, liar.blocks(), liar.wnd)
      break
    case 4:
      liar.ack((snd.una - chance.below(2000)) >>> 0, liar.blocks(), liar.wnd)
      break
    default:
      liar.ack(snd.una, liar.blocks(), liar.wnd)
  }
}
