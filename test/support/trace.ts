/**
 * A `Stack` under a packet trace: text in packetdrill's notation, run in virtual time, straight against the stack's
 * five verbs. Whatever the stack sends and the trace does not say fails. CONTRIBUTING.md explains the notation.
 */
import assert from 'node:assert/strict'
import { Stack, type StackOptions } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { ConnectionError } from '../../src/tcp/errors.ts'
import type { StackEvent } from '../../src/tcp/events.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { ListenOptions } from '../../src/tcp/listen-options.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { IpAddress, IpPrefix } from '../../src/wire/address.ts'
import { Offload } from '../../src/wire/offload.ts'
import { cutFrame } from './cutting-link.ts'
import { differences, formatSegment } from './trace-format.ts'
import { decode, encodeIcmp, encodeSegment, type Peer, type Sent, stream, streamOctet } from './trace-packet.ts'
import { parseTrace, type SegmentNotation, type TraceLine } from './trace-parse.ts'

export { stream } from './trace-packet.ts'

export interface HostOptions {
  stack?: Partial<StackOptions>
  /** IP version of the stack's own address and the peers'; 4 by default. */
  family?: 4 | 6
  /** The initial sequence number of every peer that has no other; 0 by default, so that numbers are literal. */
  isn?: number
}

export interface PeerOptions {
  address?: string
  port?: number
  /** The stack's address that the peer talks to: the first of the stack's unless given. */
  localAddress?: string
  localPort?: number
  isn?: number
}

/** What `nextEvent()` gave, and when. */
export interface TracedEvent {
  at: number
  type: StackEvent['type']
  connection: Connection | undefined
  listener: Listener | undefined
  incoming: Incoming | undefined
  error: ConnectionError | undefined
}

const NETWORKS = {
  4: { stack: '192.0.2.1/24', peer: '192.0.2.2' },
  6: { stack: '2001:db8::1/64', peer: '2001:db8::2' },
}
const SECRET = Uint8Array.from({ length: 64 }, (_, i) => i * 37 + 11)
/** In milliseconds: a deadline may have a fraction, a trace need not. */
const TOLERANCE = 0.5
const POISON = 0xee
/** Octets kept free before a frame, so that nothing takes its start for 0. */
const HEADROOM = 14
const LONGEST_FRAME = 65_535 + HEADROOM
/** Frames or deadlines at one instant: a stack that has more to say than this has lost its way. */
const ENDLESS = 100_000

/** A stack with nothing open. */
export function host(options: HostOptions = {}): Traced {
  return new Traced(options)
}

/** A stack with a listener, on port 80 unless told otherwise; the trace begins with a peer's SYN. */
export function listen(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  const traced = new Traced(options)
  const { stack: _, family: __, isn: ___, ...rest } = options
  traced.listener = traced.stack.listen({ port: 80, ...rest })
  traced.localPort = traced.listener.port
  return traced
}

/** A stack that connects to port 80 of the peer; the trace begins with the SYN that it sends. */
export function connect(options: HostOptions & { localPort?: number } = {}): Traced {
  const traced = new Traced(options)
  const address = NETWORKS[options.family ?? 4].peer
  const local = options.localPort === undefined ? {} : { localPort: options.localPort }
  traced.connection = traced.stack.connect({ address, port: 80, ...local })
  traced.peer('', { port: 80, localPort: traced.connection.localPort })
  return traced
}

/** A listener's connection, after a handshake without options but the MSS, and accepted. */
export function established(options: HostOptions & Partial<ListenOptions> = {}): Traced {
  const traced = listen(options)
  traced.trace`
    +0 < S 0:0(0) win 65535 <mss 1460>
    +0 > S. 0:0(0) ack 1
    +0 < . 1:1(0) ack 1 win 65535
  `
  traced.accept()
  traced.takeEvents()
  return traced
}

export class Traced {
  readonly stack: Stack
  /** Milliseconds since the beginning of the first trace. */
  now = 0
  /** The stack's port in the connections of peers that are not told another. */
  localPort = 80
  readonly events: TracedEvent[] = []
  /** Octets into which the link cuts the packet that the stack sent last; 0 if it does not. */
  segmentSize = 0
  /** Called after every stimulus, once the stack has nothing more to send: for what must hold at any time. */
  check: () => void = () => {}
  readonly #options: HostOptions
  readonly #localAddress: IpAddress
  readonly #peers = new Map<string, Peer>()
  #listener: Listener | undefined
  #connection: Connection | undefined
  #sent: Sent[] = []
  readonly #log: string[] = []
  readonly #positions = new WeakMap<Connection, { sent: number; received: number }>()
  readonly #offload: Offload | undefined
  readonly #outward = new Uint8Array(LONGEST_FRAME)

  constructor(options: HostOptions) {
    const addresses = options.stack?.addresses ?? [NETWORKS[options.family ?? 4].stack]
    // Without quick ACKs, which would make the beginning of every trace differ from the rest.
    const tcp = { quickAcks: 0, ...options.stack?.tcp }
    this.stack = new Stack({ addresses, secret: SECRET, ...options.stack, tcp })
    this.#options = options
    this.#offload = options.stack?.offload === undefined ? undefined : new Offload()
    this.#localAddress = IpPrefix.parse(addresses[0]!)!.address
  }

  get listener(): Listener {
    return this.#listener ?? assert.fail('nothing listens in this trace')
  }

  set listener(listener: Listener) {
    this.#listener = listener
  }

  get connection(): Connection {
    return this.#connection ?? assert.fail('no connection has been opened or accepted in this trace')
  }

  set connection(connection: Connection) {
    this.#connection = connection
  }

  /** Takes the next connection from the listener's accept queue; `connection` is that one from now on. */
  accept(): Connection {
    this.connection = this.listener.accept() ?? assert.fail('the accept queue is empty')
    return this.connection
  }

  /**
   * The peer of that name, `''` for lines without one. Lines that name a new peer make it: the same address, port
   * 40000 and counting, to the stack's `localPort`. Called with options it makes or replaces it.
   */
  peer(name = '', options?: PeerOptions): Peer {
    const known = this.#peers.get(name)
    if (known !== undefined && options === undefined) return known
    const peer: Peer = {
      name,
      address: IpAddress.parse(options?.address ?? NETWORKS[this.#options.family ?? 4].peer)!,
      port: options?.port ?? 40_000 + this.#peers.size,
      localAddress: options?.localAddress === undefined ? this.#localAddress : IpAddress.parse(options.localAddress)!,
      localPort: options?.localPort ?? this.localPort,
      isn: options?.isn ?? this.#options.isn ?? 0,
      iss: undefined,
      firstTsVal: undefined,
      lastTsVal: 0,
      lastCookie: [],
    }
    this.#peers.set(name, peer)
    return peer
  }

  /** Offers the next `length` octets of the stream to `send`; returns how many it took. */
  send(length: number, connection: Connection = this.connection): number {
    const position = this.#position(connection)
    const taken = connection.send(stream(position.sent, position.sent + length))
    position.sent += taken
    return taken
  }

  /** Reads all that waits, at most `limit` octets, and checks that it is the peer's stream; returns how many. */
  read(limit = Infinity, connection: Connection = this.connection): number {
    const position = this.#position(connection)
    const into = new Uint8Array(Math.min(limit, connection.readable))
    const length = connection.receive(into)
    const wrong = into.findIndex((octet, i) => i < length && octet !== streamOctet(position.received + i))
    assert.equal(wrong, -1, `octet ${position.received + wrong} of what was received is not the one that was sent`)
    position.received += length
    return length
  }

  /** The types of the events since the last call. */
  takeEvents(): StackEvent['type'][] {
    this.#settle()
    return this.events.splice(0).map(({ type }) => type)
  }

  /** Runs the trace; time goes on from the trace before. */
  trace(strings: TemplateStringsArray, ...values: readonly (string | number)[]): void {
    const beginning = this.now
    this.#settle()
    let base = beginning
    const lines = parseTrace(String.raw(strings, ...values))
    for (const [index, line] of lines.entries()) {
      const at = line.base === '@' ? line.ms : base + line.ms
      if (at < base) throw new RangeError(`line ${line.line} of the trace: ${line.text}\n  goes back in time`)
      this.#run(line, at, lines[index + 1]?.base === '&')
      base = at
    }
    this.#nothingLeft('the end of the trace')
  }

  /** Unless `more` comes with it, the stack may answer the line at once. */
  #run(line: TraceLine, at: number, more: boolean): void {
    const where = `line ${line.line} of the trace: ${line.text}`
    if (line.kind === 'out') {
      this.#expect(this.peer(line.peer), line.segment, at, where)
      return
    }
    this.#nothingLeft(where)
    if (line.base !== '&') this.#passTime(at)
    this.#nothingLeft(where)
    if (line.kind === 'wait') return
    this.#log.push(`${seconds(at)} ${line.text.slice(line.text.indexOf('<'))}`)
    const peer = this.peer(line.peer)
    this.#receive(line.kind === 'in' ? encodeSegment(peer, line.segment) : encodeIcmp(peer, line.icmp))
    if (!more) this.#settle()
  }

  /** Lets the stack have its deadlines until the instant, or until it has sent something. */
  #passTime(until: number): void {
    for (let count = 0; this.#sent.length === 0; count++) {
      const deadline = this.stack.nextDeadline()
      if (deadline > until) break
      if (count === ENDLESS) assert.fail(`the stack asks for its deadline at ${seconds(deadline)} again and again`)
      this.now = Math.max(this.now, deadline)
      this.stack.advance(this.now)
      this.#settle()
    }
    if (this.#sent.length > 0) return
    this.now = Math.max(this.now, until)
    this.stack.advance(this.now)
    this.#settle()
  }

  #receive(packet: Uint8Array): void {
    const octets = new Uint8Array(HEADROOM + packet.length + HEADROOM).fill(POISON)
    octets.set(packet, HEADROOM)
    this.stack.receive(octets, HEADROOM, HEADROOM + packet.length, this.now)
    // What receive() was given is borrowed: a stack that kept it now keeps rubbish.
    octets.fill(POISON)
  }

  /** What a driver does after any stimulus: flushes what is to be sent, and delivers the events. */
  #settle(): void {
    for (let count = 0; ; count++) {
      this.#outward.fill(POISON, 0, 2048)
      const length = this.stack.transmit(this.#outward, HEADROOM, this.now, this.#offload)
      if (length === 0) break
      if (count === ENDLESS) assert.fail(`the stack sends without end at ${seconds(this.now)}`)
      const packet = this.#whole(HEADROOM, HEADROOM + length)
      this.#sent.push(decode(packet, this.now, this.#peers.values()))
    }
    for (let event = this.stack.nextEvent(); event !== undefined; event = this.stack.nextEvent()) {
      this.events.push({
        at: this.now,
        type: event.type,
        connection: 'connection' in event ? event.connection : undefined,
        listener: 'listener' in event ? event.listener : undefined,
        incoming: 'incoming' in event ? event.incoming : undefined,
        error: 'error' in event ? event.error : undefined,
      })
    }
    this.check()
  }

  /** A copy of the packet that was sent, its checksum completed. */
  #whole(start: number, end: number): Uint8Array {
    if (this.#offload === undefined) return this.#outward.slice(start, end)
    this.segmentSize = this.#offload.segmentSize
    this.#offload.segmentSize = 0
    return cutFrame(this.#outward, start, end, this.#offload)[0]!
  }

  #expect(peer: Peer, written: SegmentNotation, at: number, where: string): void {
    if (this.#sent.length === 0) this.#passTime(at + TOLERANCE)
    const sent = this.#sent.shift()
    const expected = `${seconds(at)} >${peer.name} ${formatSegment(written)}`
    if (sent === undefined) {
      const deadline = this.stack.nextDeadline()
      this.#fail(where, expected, `nothing; the stack's next deadline is ${seconds(deadline)}`)
    }
    const wrong = sent.peer === peer && sent.segment ? differences(written, sent.segment) : ['what is sent to whom']
    if (Math.abs(sent.at - at) > TOLERANCE) wrong.unshift('time')
    if (sent.defect !== undefined) wrong.push(sent.defect)
    const got = `${seconds(sent.at)} ${sent.text}`
    if (wrong.length > 0) this.#fail(where, expected, got, `wrong: ${wrong.join(', ')}`)
    this.#log.push(got)
  }

  #nothingLeft(where: string): void {
    if (this.#sent.length === 0) return
    const got = this.#sent.map((sent) => `${seconds(sent.at)} ${sent.text}`).join('\n             ')
    this.#sent = []
    this.#fail(where, 'nothing to be sent before this', got)
  }

  #fail(where: string, expected: string, got: string, note?: string): never {
    const details = [where, `  expected   ${expected}`, `  got        ${got}`]
    if (note !== undefined) details.push(`  ${note}`)
    if (this.#log.length > 0) details.push('until then', ...this.#log.map((line) => `  ${line}`))
    const message = details.join('\n')
    throw new assert.AssertionError({ message, expected, actual: got, operator: 'trace', stackStartFn: this.trace })
  }

  #position(connection: Connection): { sent: number; received: number } {
    const known = this.#positions.get(connection) ?? { sent: 0, received: 0 }
    this.#positions.set(connection, known)
    return known
  }
}

function seconds(instant: number): string {
  return (instant / 1000).toFixed(3)
}
