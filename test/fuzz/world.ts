import assert from 'node:assert/strict'
import type { Chance } from '../../src/sim/chance.ts'
import { Stack } from '../../src/stack/stack.ts'
import type { Verdict } from '../../src/tcp/admission.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { isTransition, type State } from '../../src/tcp/state.ts'
import { IpAddress } from '../../src/wire/address.ts'
import { IpHeader, Protocol } from '../../src/wire/ip.ts'
import { parseIp } from '../../src/wire/ip-packet.ts'
import type { Offload } from '../../src/wire/offload.ts'
import { printPacket } from '../../src/wire/print.ts'
import { Segment } from '../../src/wire/segment.ts'
import { parseTcp } from '../../src/wire/tcp.ts'
import { assertSound } from './invariants.ts'

const MTU = 1500
const PORT = 80
const LISTEN = { port: PORT, backlog: 8, acceptBacklog: 3, synAckWaits: [1000, 2000], deferTimeout: 1500 }
const VERDICTS: readonly Verdict[] = ['hold', 'hold', 'cookie', 'defer', 'refuse', 'ignore']
/** Each listener is another, in turn. */
const LISTENERS: readonly Partial<ListenOptions>[] = [
  {},
  { cookies: false },
  { acceptOverflow: 'reset' },
  { admission: (syn) => VERDICTS[(syn.remotePort ^ syn.irs) % VERDICTS.length] ?? 'hold' },
]
/** Frames at one moment: more than any window here holds. */
const ENDLESS = 2000
const LAST = 40

/** Small limits, so that a few thousand frames meet all of them. */
const CONFIG = {
  sendBuffer: 8192,
  receiveBuffer: 8192,
  msl: 2000,
  maxTimeWait: 6,
  maxConnections: 40,
  maxReplies: 16,
  userTimeout: 20_000,
  connectTimeout: 20_000,
  finWait2Timeout: 5000,
}

export const STACK_ADDRESSES = { 4: IpAddress.parse('192.0.2.1')!, 6: IpAddress.parse('2001:db8::1')! }

/**
 * A stack with a listener, under whatever frames it is given: it is drained after each of them, everything it sends is
 * read, and what must hold is looked at.
 */
export class World {
  readonly stack: Stack
  listener: Listener
  readonly port: number = PORT
  now = 0
  private opened = 0
  /** What it sent last, without payload, as the peer of a handshake needs it. */
  readonly answer: Segment = new Segment()
  private readonly out = new Uint8Array(MTU)
  private readonly into = new Uint8Array(4096)
  private readonly sentIp = new IpHeader()
  private readonly sent = new Segment()
  private readonly log: { way: 'in ' | 'out'; frame: Uint8Array }[] = []

  constructor(chance: Chance) {
    this.stack = new Stack({
      addresses: [`${STACK_ADDRESSES[4]}/24`, `${STACK_ADDRESSES[6]}/64`],
      secret: chance.bytes(32),
      mtu: MTU,
      tcp: CONFIG,
      observer: {
        state: (_, from, to) => assert.ok(isTransition(from, to), `from ${from} to ${to}`),
      },
    })
    this.listener = this.listen()
  }

  /** The listener is closed, its half-open and unaccepted connections with it, and another one is there. */
  listenAgain(): void {
    const old = this.listener
    old.close()
    this.listener = this.listen()
    this.drain()
    assertSound(this.stack, [old])
    assert.equal(old.halfOpen + old.acceptQueueLength, 0, 'a listener that is closed keeps nothing')
  }

  /** A frame comes. It lies somewhere in a larger buffer, whose other octets are not the stack's business. */
  receive(frame: Uint8Array, offset = 0, offload?: Offload): void {
    const octets = new Uint8Array(offset + frame.length + 8).fill(0xee)
    octets.set(frame, offset)
    this.remember('in ', frame)
    const { counters } = this.stack
    const before = counters.received
    this.stack.receive(octets, offset, offset + frame.length, this.now, offload)
    assert.ok(counters.received > before, 'it was counted')
    this.drain()
  }

  advance(ms: number): void {
    this.now += ms
    this.stack.advance(this.now)
    this.drain()
    assert.ok(this.stack.nextDeadline() > this.now, 'nothing is due any more')
  }

  /** Reads all that the stack sends, and takes its events, until there are none. */
  drain(): void {
    do {
      this.flush()
    } while (this.takeEvents())
    assertSound(this.stack, [this.listener])
  }

  private flush(): void {
    for (let frames = 0; ; frames++) {
      assert.ok(frames < ENDLESS, 'it sends without end')
      const length = this.stack.transmit(this.out, 0, this.now)
      if (length === 0) return
      this.read(length)
    }
  }

  /** Whether there were any. */
  private takeEvents(): boolean {
    let any = false
    for (let event = this.stack.nextEvent(); event !== undefined; event = this.stack.nextEvent()) {
      any = true
      if (event.type === 'deferred') decide(event.incoming)
    }
    return any
  }

  /** An application that does what comes to its mind. */
  use(connection: Connection, chance: Chance): void {
    if (connection.state === 'CLOSED') return
    const action = chance.below(40)
    if (action < 15) connection.receive(this.into, 0, chance.below(this.into.length))
    else if (action < 25 && connection.writable > 0) connection.send(this.into, 0, 1 + chance.below(this.into.length))
    else if (action === 25) connection.close()
    else if (action === 26) connection.abort()
    else if (action === 27) connection.release()
    else if (action === 28) connection.noDelay = !connection.noDelay
    else if (action === 29 && connection.writable > 0) connection.sendUrgent(this.into, 0, 1 + chance.below(100))
    else if (action === 30) connection.setCork(chance.chance(0.3))
    else if (action === 31)
      connection.setKeepAlive(chance.chance(0.5) && { idle: 1 + chance.below(60_000), interval: 1000 })
    else if (action === 32) connection.linger.ms = chance.chance(0.5) ? undefined : chance.below(5000)
    else if (action === 33) connection.userTimeout.value = 1 + chance.below(600_000)
    else if (action === 34) connection.ip.dscp = chance.below(64)
    this.drain()
  }

  private listen(): Listener {
    return this.stack.listen({ ...LISTEN, ...LISTENERS[this.opened++ % LISTENERS.length] })
  }

  accept(): Connection | undefined {
    const connection = this.listener.accept()
    this.drain()
    return connection
  }

  connectionTo(peer: Segment): Connection | undefined {
    const { tcp } = this.stack
    const hash = tcp.tupleHash(peer.destination, peer.destinationPort, peer.source, peer.sourcePort)
    return tcp.connections.get(hash, peer.destination, peer.destinationPort, peer.source, peer.sourcePort)
  }

  inState(state: State): Connection[] {
    return [...this.stack.tcp.connections].filter((connection) => connection.state === state)
  }

  /** The last frames in and out. */
  trace(): string {
    return this.log.map(({ way, frame }) => `${way} ${describe(frame)}`).join('\n')
  }

  private read(length: number): void {
    const { sentIp, sent } = this
    assert.ok(length <= MTU)
    this.remember('out', this.out.slice(0, length))
    assert.equal(parseIp(this.out, 0, length, sentIp), undefined)
    assert.ok(sentIp.source.equals(STACK_ADDRESSES[sentIp.family]), 'from its own address')
    assert.equal(sentIp.payloadEnd, length)
    if (sentIp.protocol !== Protocol.TCP) return
    sent.source = sentIp.source
    sent.destination = sentIp.destination
    assert.equal(parseTcp(this.out, sentIp.payloadStart, length, sent, true), undefined)
    this.answer.seq = sent.seq
    this.answer.ack = sent.ack
    this.answer.flags = sent.flags
    this.answer.tsVal = sent.tsVal
  }

  private remember(way: 'in ' | 'out', frame: Uint8Array): void {
    this.log.push({ way, frame })
    if (this.log.length > LAST) this.log.shift()
  }
}

/** One in four waits for its deadline. */
function decide(incoming: Incoming): void {
  const choice = incoming.syn.remotePort & 3
  if (choice === 0) incoming.accept()
  else if (choice === 1) incoming.refuse()
  else if (choice === 2) incoming.ignore()
}

function describe(frame: Uint8Array): string {
  const hex = Buffer.from(frame.subarray(0, 100)).toString('hex')
  return `${printPacket(frame, 0, frame.length)}  ${frame.length} octets: ${hex}`
}
