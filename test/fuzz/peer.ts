import assert from 'node:assert/strict'
import type { Chance } from '../../src/sim/chance.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { State } from '../../src/tcp/state.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { ABSENT, ACK, FIN, PSH, RST, Segment, SYN } from '../../src/wire/segment.ts'
import { pick } from './mutate.ts'
import { packetOf } from './packets.ts'
import { STACK_ADDRESSES, type World } from './world.ts'

/** States of a connection that a peer can bring about, and LISTEN and SYN-RECEIVED of a listener's. */
export const STATES = [
  'LISTEN',
  'SYN-RECEIVED of a listener',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
  'CLOSED',
] as const

export type Situation = (typeof STATES)[number]

/** The other end of a connection: knows the stack's numbers, and can send what fits. */
export class Peer {
  private readonly world: World
  private readonly chance: Chance
  private readonly segment = new Segment()
  private readonly address: Record<4 | 6, IpAddress> = {
    4: IpAddress.parse('192.0.2.77')!,
    6: IpAddress.parse('2001:db8::77')!,
  }
  private nextPort = 1024

  constructor(world: World, chance: Chance) {
    this.world = world
    this.chance = chance
  }

  /** A segment that fits a connection in this situation, one that is there or one made for it; borrowed until the next call. */
  fitting(situation: Situation): Segment {
    const { chance, world } = this
    switch (situation) {
      case 'LISTEN':
        return this.syn(chance.chance(0.5) ? 4 : 6)
      case 'CLOSED':
        return this.toNobody()
      case 'SYN-RECEIVED of a listener':
        return this.toHalfOpen()
      default: {
        const there = world.inState(situation)
        const connection = there.length > 2 && chance.chance(0.9) ? pick(chance, there) : this.bring(situation)
        return connection === undefined ? this.toNobody() : this.to(connection)
      }
    }
  }

  /** Text, FIN, RST, a window, or nothing new, as it may come in this state. */
  private to(connection: Connection): Segment {
    const { chance } = this
    const segment = this.begin(connection, ACK)
    if (connection.state === 'SYN-SENT') {
      segment.flags = pick(chance, [SYN | ACK, SYN | ACK, SYN | ACK, SYN, RST | ACK, ACK])
      this.offer(segment)
      segment.seq = chance.below(2 ** 32)
      segment.ack = connection.tcb.snd.nxt
      segment.timestamps = chance.chance(0.5)
      return segment
    }
    const { snd } = connection.tcb
    segment.ack = pick(chance, [snd.una, snd.nxt, (snd.una + chance.below(((snd.nxt - snd.una) >>> 0) + 1)) >>> 0])
    const kind = chance.below(20)
    if (kind < 10) this.fill(segment, 1 + chance.below(pick(chance, [3, 1400])))
    if (kind === 10) this.fill(segment, chance.below(3))
    if (kind === 10 || kind === 11) segment.flags |= FIN
    if (kind === 12) segment.wnd = 0
    if (kind === 13 && chance.chance(0.3)) segment.flags = RST | ACK
    if (kind === 14) segment.seq = (segment.seq - 1 - chance.below(100)) >>> 0
    if (kind > 14 && kind < 18) segment.seq = (segment.seq + 1 + chance.below(5000)) >>> 0
    if (kind === 16 || kind === 17) this.fill(segment, 1 + chance.below(300))
    if (kind === 19) {
      // A duplicate ACK: nothing of it may be new, the window neither.
      segment.ack = snd.una
      segment.wnd = Math.min(Math.floor(snd.wnd / 2 ** snd.scale), 65_535)
    }
    if (kind === 18 && connection.state === 'SYN-RECEIVED') {
      segment.flags = SYN | ACK
      segment.seq = connection.tcb.irs
    }
    return segment
  }

  private toNobody(): Segment {
    const { chance } = this
    const segment = this.address4or6(chance.chance(0.5) ? 4 : 6)
    segment.sourcePort = 1 + chance.below(65_535)
    segment.destinationPort = pick(chance, [this.world.port, 1 + chance.below(65_535)])
    segment.flags = pick(chance, [SYN, ACK, RST, FIN | ACK, SYN | ACK])
    segment.seq = chance.below(2 ** 32)
    segment.ack = chance.below(2 ** 32)
    return segment
  }

  /** The third segment of a handshake, or the first again. */
  private toHalfOpen(): Segment {
    const { chance, world } = this
    const rows = world.listener.halfOpens(world.now)
    if (rows.length === 0) {
      this.world.receive(packetOf(this.syn(4)))
      return this.syn(6)
    }
    const row = pick(chance, rows)
    const segment = this.address4or6(row.remoteAddress.includes(':') ? 6 : 4)
    segment.sourcePort = row.remotePort
    segment.destinationPort = row.localPort
    segment.flags = pick(chance, [ACK, ACK, ACK, FIN | ACK, RST, SYN])
    segment.seq = segment.flags === SYN ? row.irs : (row.irs + 1) >>> 0
    segment.ack = (row.iss + 1) >>> 0
    if (chance.chance(0.5)) this.stampFromNow(segment)
    if (segment.flags === SYN) this.offer(segment)
    else this.fill(segment, chance.below(3) * chance.below(100))
    return segment
  }

  private syn(family: 4 | 6): Segment {
    const segment = this.address4or6(family)
    segment.sourcePort = this.nextPort
    this.nextPort = this.nextPort === 32_000 ? 1024 : this.nextPort + 1
    segment.destinationPort = this.world.port
    segment.flags = SYN
    segment.seq = this.chance.below(2 ** 32)
    this.offer(segment)
    return segment
  }

  /** Makes a connection in this state. Undefined when the stack is full. */
  private bring(state: State): Connection | undefined {
    if (this.world.stack.tcp.isFull) this.abortSome()
    const opened = state === 'SYN-SENT' || state === 'SYN-RECEIVED' ? this.opening(state) : this.establish()
    if (opened === undefined || opened.state === state) return opened
    for (const step of PATHS[state] ?? []) this.take(step, opened)
    assert.equal(opened.state, state)
    return opened
  }

  private take(step: Step, connection: Connection): void {
    if (step === 'close') {
      connection.close()
      this.world.drain()
      return
    }
    const { snd } = connection.tcb
    do this.world.receive(packetOf(this.answering(connection, step)))
    while (step === 'ack' && snd.una !== snd.nxt)
  }

  private abortSome(): void {
    const all = [...this.world.stack.tcp.connections]
    for (let left = 8; left > 0; left--) pick(this.chance, all).abort()
    this.world.drain()
  }

  private opening(state: 'SYN-SENT' | 'SYN-RECEIVED'): Connection {
    const { chance, world } = this
    const address = this.address[chance.chance(0.5) ? 4 : 6].toString()
    const connection = world.stack.connect({ address, port: 1 + chance.below(65_535) })
    world.drain()
    if (state === 'SYN-RECEIVED') {
      const segment = this.begin(connection, SYN)
      segment.seq = chance.below(2 ** 32)
      this.offer(segment)
      world.receive(packetOf(segment))
    }
    return connection
  }

  private establish(): Connection | undefined {
    const { chance, world } = this
    if (world.listener.acceptQueueIsFull) world.accept()
    const syn = this.syn(chance.chance(0.5) ? 4 : 6)
    const { irs, stamped } = { irs: syn.seq, stamped: syn.timestamps }
    world.receive(packetOf(syn))
    // No room in the SYN queue.
    if ((world.answer.flags & (SYN | RST)) !== SYN || world.answer.ack !== (irs + 1) >>> 0) return undefined
    syn.clearOptions()
    syn.flags = ACK
    syn.seq = (irs + 1) >>> 0
    syn.ack = (world.answer.seq + 1) >>> 0
    if (stamped) this.stampFromNow(syn)
    world.receive(packetOf(syn))
    const connection = world.connectionTo(syn)
    if (connection !== undefined && chance.chance(0.5)) world.use(connection, chance)
    return connection?.state === 'ESTABLISHED' ? connection : undefined
  }

  private answering(connection: Connection, step: Step): Segment {
    const { snd } = connection.tcb
    const segment = this.begin(connection, step === 'ack' ? ACK : ACK | FIN)
    segment.wnd = 65_535
    segment.ack = step === 'fin' ? (snd.nxt - 1) >>> 0 : snd.nxt
    return segment
  }

  /** What every segment to this connection has. */
  private begin(connection: Connection, flags: number): Segment {
    const { tcb } = connection
    const segment = this.address4or6(connection.remote.family)
    segment.source = connection.remote
    segment.sourcePort = connection.remotePort
    segment.destinationPort = connection.localPort
    segment.flags = flags
    segment.seq = tcb.rcv.nxt
    segment.ack = tcb.snd.una
    if (tcb.timestamps) {
      segment.timestamps = true
      segment.tsVal = (tcb.tsRecent + this.chance.below(3)) >>> 0
    }
    return segment
  }

  private address4or6(family: 4 | 6): Segment {
    const { segment } = this
    segment.clear()
    segment.source = this.address[family]
    segment.destination = STACK_ADDRESSES[family]
    segment.wnd = pick(this.chance, [65_535, 65_535, 8192, 100])
    return segment
  }

  private offer(segment: Segment): void {
    const { chance } = this
    segment.mss = pick(chance, [ABSENT, 536, 1460, 64])
    segment.windowScale = pick(chance, [ABSENT, 0, 7, 14])
    segment.sackPermitted = chance.chance(0.5)
    if (chance.chance(0.5)) this.stampFromNow(segment)
  }

  private stampFromNow(segment: Segment): void {
    segment.timestamps = true
    segment.tsVal = Math.floor(this.world.now) >>> 0
    segment.tsEcr = this.world.answer.tsVal
  }

  private fill(segment: Segment, length: number): void {
    if (length === 0) return
    segment.octets = this.chance.bytes(length)
    segment.start = 0
    segment.length = length
    segment.flags |= PSH
  }
}

/** The application closes; the peer acknowledges all that goes out, sends a FIN without acknowledging ours, or both. */
type Step = 'close' | 'ack' | 'fin' | 'fin+ack'

/** From ESTABLISHED to each state behind it. */
const PATHS: Partial<Record<State, readonly Step[]>> = {
  'FIN-WAIT-1': ['close'],
  'FIN-WAIT-2': ['ack', 'close', 'ack'],
  'CLOSE-WAIT': ['fin+ack'],
  CLOSING: ['ack', 'close', 'fin'],
  'LAST-ACK': ['fin+ack', 'ack', 'close'],
  'TIME-WAIT': ['ack', 'close', 'ack', 'fin+ack'],
}
