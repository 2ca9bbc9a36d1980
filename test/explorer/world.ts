/**
 * A real `Stack`, its listener or its active open, the peers and the network between: one state of the explorer's, and
 * the things that can happen in it. Everything follows from the order of what happens, so that a path replayed leads to
 * the same state.
 */
import type { Stack } from '../../src/stack/stack.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Incoming } from '../../src/tcp/incoming.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import type { State } from '../../src/tcp/state.ts'
import type { Segment } from '../../src/wire/segment.ts'
import { stream } from '../support/trace.ts'
import { variablesOf } from './fingerprint.ts'
import { isStamped, readSegment, writeSegment, writeUnreachable } from './frames.ts'
import type { Birth, Loss, Recorder, Sent, Stimulus } from './happenings.ts'
import { clientsOf, type Opening, stackOf } from './opening.ts'
import { ISN, type Peer } from './peer.ts'
import { Replica } from './replica.ts'
import { type Call, isWord, type Word } from './rfc9293-calls.ts'
import { type Arrival, CLOSED, halfOpenVariables, has, LISTEN, RST, SYN, type Variables } from './rfc9293-terms.ts'
import { after } from './sequence.ts'
import { ADDRESSES, CONFIG, CONNECT_PORT, COOKIE_PERIOD, LISTEN_PORT } from './settings.ts'

/** Frames or deadlines at one moment: a stack that has more to say than this has lost its way. */
const ENDLESS = 100

/** Every frame, in and out: it is borrowed until the call returns. */
const frame = new Uint8Array(2048)

export class World {
  readonly opening: Opening
  readonly stack: Stack
  readonly replica: Replica | undefined
  readonly listener: Listener | undefined
  readonly localPort: number
  readonly peers: readonly Peer[]
  now = 0
  stimulus: Stimulus = { kind: 'opening' }
  /** What the stack sent since then. */
  sent: Sent[] = []
  /** Frames that it was given, and that it gave, since the beginning. */
  framesIn = 0
  framesOut = 0
  /** Connections by peer, the last one of each; and those that the application has. */
  readonly connections: Map<Peer, Connection> = new Map()
  readonly accepted: Set<Connection> = new Set()
  /** What a connection did since the last stimulus. */
  transitions: { connection: Connection; from: State; to: State }[] = []
  readonly timeWaitSince: Map<Connection, number> = new Map()
  /** Events `closed` by connection. */
  readonly closedEvents: Map<Connection, number> = new Map()
  /** When an answer, other than a RST, last went to each peer. */
  readonly answeredAt: Map<Peer, number> = new Map()
  /** The oldest first. */
  readonly births: Map<Peer, Birth> = new Map()
  /** When a SYN last found no room: it was answered with a cookie, or took the place of another. */
  overflowedAt = Number.NEGATIVE_INFINITY
  /** The SYN of each client that the application was told of last, and the one before. */
  readonly incoming: Map<Peer, Incoming> = new Map()
  readonly earlier: Map<Peer, Incoming> = new Map()
  /** Whether the application's last word on a SYN mattered, by what it returned. */
  mattered: boolean | undefined
  readonly #recorder: Recorder | undefined
  #variables: ReadonlyMap<Peer, Variables> | undefined

  constructor(opening: Opening, recorder?: Recorder) {
    this.#recorder = recorder
    this.opening = opening
    this.peers = clientsOf(opening)
    if (opening.kind === 'listen' && opening.replica === true) this.replica = new Replica(opening)
    const observer = {
      state: (connection: Connection, from: State, to: State): void => this.#sawState(connection, from, to),
    }
    this.stack = stackOf(opening, observer, this.replica?.ownKeys)
    if (opening.kind === 'listen') {
      this.localPort = LISTEN_PORT
      this.listener = this.stack.listen({ port: LISTEN_PORT, ...opening.listen })
    } else {
      this.localPort = CONNECT_PORT
      this.accepted.add(this.stack.connect({ address: ADDRESSES.A, port: 80, localPort: CONNECT_PORT }))
    }
    this.#settle()
  }

  /** A segment from this peer arrives. */
  receive(peer: Peer, segment: Arrival): void {
    this.#begin({ kind: 'segment', peer, segment })
    this.#recorder?.segmentIn(peer, segment, this.now)
    this.#receive(writeSegment(frame, peer, this.localPort, segment, peer.pair?.isn ?? ISN))
  }

  /** A SYN of this peer's reaches the other stack of this address instead, whose answer is a cookie. */
  receiveElsewhere(peer: Peer, segment: Arrival): void {
    this.#begin({ kind: 'elsewhere', peer })
    const replica = this.replica!
    const answer = replica.answer(peer, segment, this.now)
    peer.transmit(answer, this.now, replica.period, true)
    this.#recorder?.comment(`a replica answers ${peer.name === '' ? 'the peer' : `peer ${peer.name}`} with a cookie`)
  }

  /** The keys of this stack, or of the replica, are rotated. */
  rotate(whose: 'ours' | "the replica's"): void {
    this.#begin({ kind: 'rotation' })
    this.replica!.rotate(whose)
    this.#recorder?.comment(`${whose} keys are rotated`)
  }

  /** Counts the rotations of the keys that cookies are signed with. */
  get period(): number {
    return this.replica?.ownKeys.generation ?? Math.floor(this.now / COOKIE_PERIOD)
  }

  /** An ICMP error arrives about a segment that was sent to this peer. */
  receiveUnreachable(peer: Peer, seq: number): void {
    this.#begin({ kind: 'icmp', peer, seq })
    this.#recorder?.unreachableIn(peer, seq, this.now)
    this.#receive(writeUnreachable(frame, peer, this.localPort, seq))
  }

  /** The network loses the text that this peer has just sent, or the oldest segment that is on its way there. */
  lose(peer: Peer, what: Loss): void {
    this.#begin({ kind: 'loss' })
    if (what === 'oldest in flight') peer.lose()
    this.#recorder?.loss(peer, what)
  }

  /** Time passes until the stack does something, but not for longer than this. */
  passTime(atMost: number): void {
    this.#begin({ kind: 'time' })
    const until = this.now + atMost
    for (let count = 0; this.stack.nextDeadline() <= until; count++) {
      if (count === ENDLESS) throw new Error('the stack asks for a deadline again and again')
      const entries = this.listener?.halfOpen
      this.now = Math.max(this.now, this.stack.nextDeadline())
      this.stack.advance(this.now)
      this.#settle()
      if (this.sent.length > 0 || this.transitions.length > 0 || this.listener?.halfOpen !== entries) {
        this.#recorder?.wait(this.now)
        return
      }
    }
    // As a driver does, which tells the time only to those who wait for it.
    this.now = until
    this.#recorder?.wait(this.now)
  }

  call(call: Call, peer?: Peer): void {
    this.#begin({ kind: 'call', call, peer })
    const connection = peer === undefined ? undefined : this.connections.get(peer)
    if (isWord(call)) this.mattered = this.#say(call, peer!)
    else if (call === 'accept') peer = this.#accept()
    else if (call === 'close the listener') this.listener!.close()
    else if (call === 'close') connection!.close()
    else if (call === 'abort') connection!.abort()
    else connection!.send(stream(0, 5))
    this.#recorder?.call(call, peer)
    this.#settle()
  }

  /** The application is done with its connection to this peer, in both directions. */
  release(peer: Peer): void {
    this.#begin({ kind: 'call', call: 'close', peer })
    this.owned(peer)?.release()
    this.#settle()
  }

  /** The connection of this peer that the application has and that lives. */
  owned(peer: Peer): Connection | undefined {
    const connection = this.connections.get(peer)
    return connection !== undefined && this.accepted.has(connection) && connection.state !== 'CLOSED'
      ? connection
      : undefined
  }

  /** The variables of RFC 9293 for each peer's four-tuple. */
  get variables(): ReadonlyMap<Peer, Variables> {
    this.#variables ??= new Map(this.peers.map((peer) => [peer, this.#variablesOf(peer)]))
    return this.#variables
  }

  #variablesOf(peer: Peer): Variables {
    const connection = this.connections.get(peer)
    if (connection !== undefined && connection.state !== 'CLOSED') return variablesOf(connection)
    const entry = this.births.get(peer)
    if (entry?.deferred === true) return { ...LISTEN, deferred: entry.irs }
    if (entry !== undefined) return halfOpenVariables(entry.irs, entry.iss, CONFIG.receiveBuffer)
    return this.listener?.open === true ? LISTEN : CLOSED
  }

  answeredLately(peer: Peer): boolean {
    const at = this.answeredAt.get(peer)
    return at !== undefined && this.now - at < CONFIG.challengeInterval
  }

  #accept(): Peer {
    const connection = this.listener!.accept()!
    this.accepted.add(connection)
    return this.#peerAt(connection.remotePort)
  }

  #say(word: Word, peer: Peer): boolean {
    if (word === 'accept an earlier SYN') return this.earlier.get(peer)!.accept()
    const incoming = this.incoming.get(peer)!
    if (word === 'accept the SYN') return incoming.accept()
    return word === 'refuse the SYN' ? incoming.refuse() : incoming.ignore()
  }

  #begin(stimulus: Stimulus): void {
    this.stimulus = stimulus
    this.mattered = undefined
    this.#variables = undefined
    this.sent = []
    this.transitions = []
  }

  #receive(length: number): void {
    this.framesIn++
    this.stack.receive(frame, 0, length, this.now)
    // Frames are borrowed: what kept one now keeps rubbish.
    frame.fill(0xee, 0, length)
    this.#settle()
  }

  /** What a driver does after any stimulus: flushes what is to be sent, and hears the events. */
  #settle(): void {
    for (let count = 0; ; count++) {
      const length = this.stack.transmit(frame, 0, this.now)
      if (length === 0) break
      if (count === ENDLESS) throw new Error('the stack sends without end')
      this.framesOut++
      this.#sawSent(readSegment(frame, length))
    }
    for (let event = this.stack.nextEvent(); event !== undefined; event = this.stack.nextEvent()) {
      if (event.type === 'deferred') this.#sawDeferred(event.incoming)
      if (event.type !== 'closed') continue
      this.closedEvents.set(event.connection, (this.closedEvents.get(event.connection) ?? 0) + 1)
    }
    this.#followEntries()
  }

  #sawDeferred(incoming: Incoming): void {
    const peer = this.#peerAt(incoming.syn.remotePort)
    const earlier = this.incoming.get(peer)
    if (earlier !== undefined) this.earlier.set(peer, earlier)
    this.incoming.set(peer, incoming)
    this.#recorder?.deferred(peer)
  }

  #sawSent(segment: Segment): void {
    const peer = this.#peerAt(segment.destinationPort)
    if (!segment.destination.equals(peer.address)) throw new Error(`a segment goes to ${segment.destination}`)
    const { flags, seq, ack, length, wnd } = segment
    this.sent.push({ peer, flags: flags & ~8, seq, ack, length, wnd, stamped: isStamped(segment) })
    if (!has(segment, RST)) this.answeredAt.set(peer, this.now)
    // Beyond the numbers of an old incarnation, it is one for want of a cookie that is.
    const old = this.connections.get(peer)
    peer.transmit(segment, this.now, this.period, old === undefined || seq !== after(old.tcb.snd.nxt, 65_537))
    this.#recorder?.segmentOut(peer, segment, this.now)
  }

  #sawState(connection: Connection, from: State, to: State): void {
    this.transitions.push({ connection, from, to })
    const peer = this.#peerAt(connection.remotePort)
    this.connections.set(peer, connection)
    const offer = peer.offers.find(({ iss }) => iss === connection.tcb.iss)
    if (to === 'ESTABLISHED' && offer !== undefined) offer.completed = true
    if (to === 'TIME-WAIT') this.timeWaitSince.set(connection, this.now)
  }

  #followEntries(): void {
    this.#variables = undefined
    if (this.listener === undefined) return
    const asked = this.stimulus.kind === 'segment' ? this.stimulus.peer : undefined
    const views = this.listener.halfOpen === 0 ? [] : this.listener.halfOpens(this.now)
    for (const peer of this.peers) {
      const view = views.find(({ remotePort }) => remotePort === peer.port)
      const known = this.births.get(peer)
      if (view === undefined) {
        if (this.births.delete(peer) && asked !== undefined && peer !== asked) this.overflowedAt = this.now
      } else if (known?.irs !== view.irs || known.iss !== view.iss || known.deferred !== view.deferred) {
        const { irs, iss, deferred } = view
        this.births.delete(peer)
        this.births.set(peer, { irs, iss, at: this.now, deferred })
        // When the SYN,ACK went out that this is the answer to, an entry that begins with a cookie's ACK does not know.
        if (this.stimulus.kind === 'segment' && !has(this.stimulus.segment, SYN)) this.answeredAt.set(peer, this.now)
      }
    }
    const hasCookie = this.sent.some(({ peer, flags }) => (flags & SYN) !== 0 && !this.births.has(peer))
    if (hasCookie) this.overflowedAt = this.now
  }

  #peerAt(port: number): Peer {
    const peer = this.peers.find((candidate) => candidate.port === port)
    if (peer === undefined) throw new Error(`the stack has to do with port ${port}, where nobody is`)
    return peer
  }
}
