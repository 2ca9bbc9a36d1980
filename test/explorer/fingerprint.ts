// biome-ignore-all lint/complexity/useLiteralKeys: TypeScript lets private members be read by literal keys, and checks them
/**
 * What makes two states of the explorer's equal: everything that can decide about the future, and nothing else.
 * Moments count from now, sequence numbers from their connection's first. All that looks behind the public face of the
 * stack is in this file and `fingerprint-listener`; a property that it does not know is an error, so that none is forgotten.
 */
import assert from 'node:assert/strict'
import type { Connection } from '../../src/tcp/connection.ts'
import type { Listener } from '../../src/tcp/listener.ts'
import { items, overflow, prefixes, usedCookies, waiting } from './fingerprint-listener.ts'
import { ISN, type Offer, type Peer } from './peer.ts'
import type { Variables } from './rfc9293-terms.ts'
import { after, distance } from './sequence.ts'
import { CONFIG } from './settings.ts'
import type { World } from './world.ts'

/** The variables of RFC 9293 as the connection has them. */
export function variablesOf(connection: Connection): Variables {
  const { tcb, state, receiveBuffer } = connection
  const { snd, rcv } = tcb
  const origin = after(rcv.nxt, -receiveBuffer.next)
  const ranges = receiveBuffer['early']?.ranges
  const [from, to] = ranges !== undefined && ranges.count > 0 ? [ranges.from(0), ranges.to(0)] : []
  const waits = rcv.finKnown && !connection.finReceived
  return {
    state,
    passive: connection.listener !== undefined,
    iss: tcb.iss,
    irs: tcb.irs,
    una: snd.una,
    nxt: snd.nxt,
    maxWnd: snd.wndMax,
    rcvNxt: rcv.nxt,
    rcvWnd: distance(rcv.nxt, rcv.edge),
    fin: connection.finSent ? after(snd.una, connection.sendBuffer.length - (connection.finAcked ? 1 : 0)) : undefined,
    closing: connection.finQueued && state === 'SYN-RECEIVED',
    early: from === undefined ? undefined : [after(origin, from), after(origin, to!)],
    earlyFin: waits ? rcv.fin : undefined,
    deferred: undefined,
  }
}

/** Equal for equal states. */
export function fingerprint(world: World): string {
  const names = new Names(world)
  const parts: string[] = []
  const { listener } = world
  if (listener !== undefined) parts.push(ofListener(listener, world, names))
  for (const peer of world.peers) {
    const connection = world.connections.get(peer)
    if (connection !== undefined && connection.state !== 'CLOSED') {
      const accepted = world.accepted.has(connection) ? 'accepted' : ''
      parts.push(`${accepted} ${ofConnection(connection, world.now, names)} ${timeWait(connection, world)}`)
    }
    parts.push(ofPeer(peer, world, names))
  }
  return parts.join('\n')
}

/**
 * Initial sequence numbers of the stack's come from its clock, or are cookies. What counts is which are the same, and
 * what each is worth: they are named in the order in which the fingerprint comes upon them.
 */
class Names {
  readonly #known: number[] = []
  readonly #offers: readonly Offer[]
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.#offers = world.peers.flatMap(({ offers }) => offers)
  }

  /** Any number of the stack's, by the initial number that it lies behind. */
  of(seq: number): string {
    const offer = this.#offers.find(({ iss }) => (seq - iss) >>> 0 <= 0xffff)
    const iss = offer?.iss ?? seq
    let name = this.#known.indexOf(iss)
    if (name < 0) name = this.#known.push(iss) - 1
    return `${name}${offer === undefined ? '' : this.worth(offer)}+${(seq - iss) >>> 0}`
  }

  /** Whether it would be chosen again right now, and whether its ACK would complete a handshake as a cookie's. */
  worth({ at, iss, isCookie, period }: Offer): string {
    const { listener, now, stack, replica } = this.#world
    if (listener === undefined) return at === now ? '!' : ''
    const periods = this.#world.period - period
    const again = replica === undefined ? (periods === 0 ? '!' : '') : `${Math.min(periods, 2)}!`
    if (!listener.cookies || !isCookie || periods > 1) return again
    const generation = usedCookies(stack.tcp.listening.used, this.#world.period).findIndex((used) =>
      used.includes(iss | 0),
    )
    return `${again}${generation < 0 ? 'unused' : `used ${generation}`}`
  }
}

function ofListener(listener: Listener, world: World, names: Names): string {
  const entries = listener
    .halfOpens(world.now)
    .map(
      (view) =>
        `${view.remotePort} ${distance(ISN, view.irs)} ${names.of(view.iss)} ${view.retransmissions} ${view.expiresIn} ${view.acknowledged} ${view.deferred}`,
    )
  const established = items(listener.acceptQueue).map(({ remotePort, state }) => `${remotePort} ${state === 'CLOSED'}`)
  const lists = `accept ${established.join(',')} waiting ${waiting(listener)} untold ${items(listener['untold']).join(',')}`
  const cookies = listener.cookies && listener.open ? overflow(world) : ''
  return `${listener.open} ${cookies} ${entries.join(',')} prefixes ${prefixes(listener)} ${lists}`
}

function ofPeer(peer: Peer, world: World, names: Names): string {
  const { pair, sent, finSent, acknowledged, received, offered } = peer
  const lately = ago(world.answeredAt.get(peer) ?? Number.NEGATIVE_INFINITY, world.now)
  const flight = peer.inFlight.map(
    ({ flags, seq, ack, length }) => `${flags} ${names.of(seq)} ${distance(ISN, ack)} ${length}`,
  )
  const offer = offered === undefined ? '' : names.of(offered)
  const agreed = pair === undefined ? '' : `${distance(ISN, pair.isn)} ${names.of(pair.iss)}`
  const entry = world.births.get(peer)
  const known = entry !== undefined && peer.hasAgreed({ isn: entry.irs, iss: entry.iss })
  const syns = [...peer.synsSent].sort((a, b) => a - b)
  const words = `${world.incoming.has(peer)} ${world.earlier.has(peer)}`
  const cookies = world.listener?.cookies === true ? alive(peer, world, names) : ''
  return `${syns} ${words} ${cookies} ${offer} ${agreed} ${sent} ${finSent} ${acknowledged} ${received} ${known} ${lately} flight ${flight.join(',')}`
}

/** What it was sent that may still be a cookie. */
function alive({ offers }: Peer, world: World, names: Names): string {
  return offers
    .filter(({ period }) => world.period - period <= 1)
    .map(({ isn, iss }) => `${distance(ISN, isn)} ${names.of(iss)}`)
    .join(',')
}

/** How long ago, where more than the challenge interval is all the same. */
function ago(at: number, now: number): number {
  return Math.max(at - now, -CONFIG.challengeInterval)
}

type Rule = 'skip' | 'as it is' | 'moment' | 'ago' | 'ours' | 'theirs'

/**
 * `skip` is what never decides anything here: identity, the list of TIME-WAIT (whose bound is far), what feeds only the RTO (which CONFIG pins), the code of a later
 * error, timestamps (which CONFIG turns off), and which segment set the window (all offer the same).
 */
const CONNECTION: Readonly<Record<string, Rule | ((connection: Connection, names: Names, now: number) => string)>> = {
  host: 'skip',
  local: 'skip',
  localPort: 'skip',
  remote: 'skip',
  remotePort: 'skip',
  tupleHash: 'skip',
  // Nobody waits to read here.
  sink: 'skip',
  owner: 'skip',
  listener: (connection) => String(connection.listener !== undefined),
  tcb: ({ tcb }, names) => {
    const numbers = [byRules(tcb, TCB, tcb), byRules(tcb.snd, SND, tcb), byRules(tcb.rcv, RCV, tcb)]
    return `${distance(ISN, tcb.irs)} ${names.of(tcb.iss)} ${numbers.join(' ')} ${tcb.rcv.finKnown ? distance(tcb.irs, tcb.rcv.fin) : ''}`
  },
  sendBuffer: ({ sendBuffer }) => String(sendBuffer.length),
  receiveBuffer: ({ receiveBuffer }) => {
    const { edges, head } = (receiveBuffer['early']?.ranges ?? NO_RANGES) as unknown as typeof NO_RANGES
    const ranges = edges.slice(head).map((position) => position - receiveBuffer.next)
    return `${receiveBuffer.length} ${ranges.join(' ')}`
  },
  // What CONFIG or the explorer leaves alone: the window does not grow, nothing is urgent, no segment is full.
  receiveRateIfMade: 'skip',
  marks: 'as it is',
  // A blank one is as good as none. Longer ago than the RTO, sending starts slowly anew. As long as nothing is limited by the window, nobody asks.
  flightIfMade: (connection, _, now) => {
    const { sentAt, rto, tcb } = connection
    const windowUse = connection.flightIfMade?.windowUse
    const moments = [connection.retransmitAt, connection.persistAt, connection.stalledSince].map((at) => at - now)
    const due = `${connection.probeDue} ${connection.retransmitDue} ${connection.probes}`
    const full = windowUse?.['wasFull'] === true && distance(tcb.iss, windowUse['fullUpTo'])
    return `${due} ${moments.join(' ')} ${full} ${now - sentAt > rto.value || now - sentAt}`
  },
  // Off, or never asked for, but for these two.
  rarities: ({ challengedAt, closeAt }, _, now) => `${ago(challengedAt, now)} ${closeAt - now}`,
  quickAcks: ({ delayedAckAt }, _, now) => String(delayedAckAt - now),
  // Nobody takes text out of frames here.
  pathIfMade: 'skip',
  keepAliveIfMade: 'skip',
  rto: ({ rto }) => String(rto.value),
  recovery: ({ recovery: { newReno, sack }, tcb }) => {
    assert.equal(sack, undefined, 'CONFIG turns SACK off')
    if (newReno === undefined) return ''
    return `${newReno['duplicates']} ${newReno['active']} ${distance(tcb.iss, newReno['recover'])}`
  },
  congestionIfMade: ({ congestion }) => `${congestion?.cwnd} ${congestion?.ssthresh}`,
  acksDue: 'as it is',
  unacknowledged: 'as it is',
  events: 'as it is',
  timeWaitSerial: 'skip',
  heapIndex: 'skip',
  current: 'as it is',
}

const NO_RANGES: { edges: number[]; head: number } = { edges: [], head: 0 }

const TCB: Readonly<Record<string, Rule>> = {
  issWord: 'skip',
  irsWord: 'skip',
  snd: 'skip',
  rcv: 'skip',
  windowScaling: 'as it is',
  timestamps: 'as it is',
  sack: 'as it is',
  tsRecentWord: 'as it is',
  tsRecentSecond: 'skip',
  tsOffsetWord: 'skip',
  lastAckSentWord: 'skip',
}

const SND: Readonly<Record<string, Rule>> = {
  unaWord: 'ours',
  nxtWord: 'ours',
  resendWord: 'ours',
  wnd: 'as it is',
  wndMax: 'as it is',
  wl1Word: 'skip',
  wl2Word: 'skip',
  mss: 'as it is',
  scale: 'as it is',
}

const RCV: Readonly<Record<string, Rule>> = {
  nxtWord: 'theirs',
  edgeWord: 'theirs',
  scale: 'as it is',
  mss: 'skip',
  finWord: 'skip',
  finKnown: 'as it is',
}

/** What its row in TIME-WAIT adds to what the connection was. */
function timeWait(connection: Connection, { stack, now }: World): string {
  if (connection.state !== 'TIME-WAIT') return ''
  const { rows } = stack.tcp.timeWait
  const row = rows.rowOf(connection)
  const since = Math.min(rows.sinceChallenge(row, now), CONFIG.challengeInterval)
  return `${rows.expiry(row) - now} ${since} ${rows.tsRecent(row)}`
}

function ofConnection(connection: Connection, now: number, names: Names): string {
  const parts: string[] = []
  for (const [key, value] of Object.entries(connection)) {
    const rule = CONNECTION[key]
    if (typeof rule === 'function') parts.push(rule(connection, names, now))
    else parts.push(byRule(`Connection.${key}`, value, rule, connection.tcb, now))
  }
  return parts.join(' ')
}

function byRules(object: object, rules: Readonly<Record<string, Rule>>, tcb: Connection['tcb']): string {
  const parts: string[] = []
  for (const [key, value] of Object.entries(object)) {
    parts.push(byRule(`${object.constructor.name}.${key}`, value, rules[key], tcb, 0))
  }
  return parts.join(' ')
}

function byRule(name: string, value: unknown, rule: Rule | undefined, tcb: Connection['tcb'], now: number): string {
  switch (rule) {
    case 'skip':
      return ''
    case 'as it is':
      return String(value)
    case 'moment':
      return String((value as number) - now)
    case 'ago':
      return String(ago(value as number, now))
    case 'ours':
      return String(distance(tcb.iss, value as number))
    case 'theirs':
      return String(distance(tcb.irs, value as number))
    case undefined:
      throw new Error(`the explorer does not know ${name}: test/explorer/fingerprint.ts must say what it counts for`)
  }
}
