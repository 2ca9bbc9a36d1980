/**
 * Everything that can happen: what a peer may send, what the network loses, time, and the application's calls. There is
 * no duplication apart: every segment of a peer's may come again, and what comes twice from the stack can make the peer
 * do nothing that it may not do anyway.
 */
import { ISN, OTHER_ISN, type Peer, TEXT_LENGTH } from './peer.ts'
import type { Call } from './rfc9293-calls.ts'
import { ACK, type Arrival, FIN, hasTcb, RST, SYN, type Variables } from './rfc9293-terms.ts'
import { after } from './sequence.ts'
import { CONFIG, COOKIE_PERIOD, NAMES } from './settings.ts'
import type { World } from './world.ts'

export interface Action {
  readonly name: string
  /** False where it can't happen. */
  possible(world: World): boolean
  run(world: World): void
}

const PSH = 8
/** Ahead of what either side has sent or announced, in every window; behind it, in none. */
const AHEAD = 100
const BEHIND = -100
/** The acknowledgment number of a segment that answers nothing. */
const STRAY = 77_777

/** Beyond every deadline: to the next one, if there is any. Without, no cookie is left, and the next key is as far off as it was. */
const LONG = 3 * COOKIE_PERIOD

/** What each peer may do, by name. */
const OF_PEER = {
  SYN: sends(always, (peer) => syn(peer, ISN)),
  'SYN, other ISN': sends(always, (peer) => syn(peer, OTHER_ISN)),
  'SYN with text': sends(always, (peer) => ({ ...syn(peer, ISN), length: TEXT_LENGTH })),
  'SYN to the replica': happens(isOpen, (peer, world) => world.receiveElsewhere(peer, syn(peer, ISN))),
  'SYN,FIN': sends(always, () => segment(SYN | FIN, ISN, 0)),
  'text without ACK': sends(always, (_, variables) => segment(PSH, expected(variables), 0, TEXT_LENGTH)),
  'SYN,ACK': sends((peer) => peer.canKnowOffer, synAck),
  'SYN,ACK, stray': sends(always, () => segment(SYN | ACK, ISN, STRAY)),
  'SYN,ACK, wrong': sends(isLive, (_, { nxt }) => segment(SYN | ACK, ISN, after(nxt, AHEAD))),
  ACK: sends(canConnect, (peer) => {
    peer.hear('all')
    return segment(ACK, peer.next, peer.ack)
  }),
  'ACK, old': sends(canBeStale, (peer) => ({ ...segment(ACK, peer.next, peer.ack), stamp: 'old' })),
  'ACK without timestamps': sends(canConnect, (peer) => {
    peer.hear('all')
    return { ...segment(ACK, peer.next, peer.ack), stamp: 'none' }
  }),
  'ACK, ahead': sends(always, (_, variables) => {
    return segment(ACK, expected(variables), hasTcb(variables) ? after(variables.nxt, AHEAD) : STRAY)
  }),
  'ACK, behind': sends(isLive, (_, variables) => segment(ACK, expected(variables), variables.iss)),
  'RST, exact': sends(always, (_, variables) => exactReset(variables)),
  'RST, inexact': sends(isLive, (_, variables) => segment(RST, ahead(variables), 0)),
  'RST, outside': sends(isLive, (_, variables) => outsideReset(variables)),
  FIN: sends(canConnect, (peer) => {
    peer.hear('handshake')
    peer.finSent = true
    return segment(FIN | ACK, peer.finSeq, peer.ack)
  }),
  text: sends(canSendText, text),
  'text, lost': happens(canSendText, (peer, world) => {
    text(peer)
    world.lose(peer, 'text')
  }),
  'text and FIN again': sends((peer) => peer.unacknowledged !== undefined, again),
  'ICMP unreachable': happens(
    (peer, world) => inFlight(variablesOf(peer, world)),
    (peer, world) => world.receiveUnreachable(peer, variablesOf(peer, world).una),
  ),
  'ICMP unreachable, forged': happens(isLive, (peer, world) => {
    world.receiveUnreachable(peer, after(variablesOf(peer, world).nxt, AHEAD))
  }),
  loss: happens(
    (peer) => peer.inFlight.length > 0,
    (peer, world) => world.lose(peer, 'oldest in flight'),
  ),
  'close()': calls('close', isOwned),
  'abort()': calls('abort', isOwned),
  'send()': calls('send', (peer, world) => canSend(peer, world)),
  'incoming.accept()': calls('accept the SYN', (peer, world) => world.incoming.has(peer)),
  'incoming.refuse()': calls('refuse the SYN', waitsForWord),
  'incoming.ignore()': calls('ignore the SYN', waitsForWord),
  'earlier incoming.accept()': calls('accept an earlier SYN', (peer, world) => world.earlier.has(peer)),
} as const

export type PeerActionName = keyof typeof OF_PEER

/** What happens to the whole world. */
const OF_WORLD = {
  timer: { name: 'timer', possible: always, run: (world) => world.passTime(LONG) },
  wait: { name: 'wait', possible: always, run: (world) => world.passTime(CONFIG.challengeInterval) },
  /** Until the next cookie key signs. Where something is due before, that is the timer's. */
  rotation: {
    name: 'rotation',
    possible: (world) => world.now + untilRotation(world) < world.stack.nextDeadline(),
    run: (world) => world.passTime(untilRotation(world)),
  },
  'rotation of the ring': {
    name: 'rotation of the ring',
    possible: listens,
    run: (world) => world.rotate('ours'),
  },
  "rotation of the replica's": {
    name: "rotation of the replica's",
    possible: listens,
    run: (world) => world.rotate("the replica's"),
  },
  'accept()': {
    name: 'accept()',
    possible: (world) => world.listener !== undefined && world.listener.acceptQueueLength > 0,
    run: (world) => world.call('accept'),
  },
  'listener.close()': {
    name: 'listener.close()',
    possible: listens,
    run: (world) => world.call('close the listener'),
  },
} as const satisfies Record<string, Action>

export type WorldActionName = keyof typeof OF_WORLD

/** The actions of one peer, by its place among the world's. */
export function actionsOfPeer(index: number, names: readonly PeerActionName[]): Action[] {
  return names.map((name) => OF_PEER[name](index === 0 ? name : `${name} (${NAMES[index]})`, index))
}

export function actionsOfWorld(names: readonly WorldActionName[]): Action[] {
  return names.map((name) => OF_WORLD[name])
}

/** The action of that name, of a peer or of the world. */
export function actionNamed(name: string): Action {
  const [, what = '', peer = ''] = /^(.*?)(?: \((\w)\))?$/.exec(name) ?? []
  if (what in OF_WORLD) return OF_WORLD[what as WorldActionName]
  return OF_PEER[what as PeerActionName](name, NAMES.indexOf(peer as (typeof NAMES)[number]))
}

type Maker = (name: string, index: number) => Action
type Possible = (peer: Peer, world: World) => boolean

function happens(possible: Possible, run: (peer: Peer, world: World) => void): Maker {
  return (name, index) => ({
    name,
    possible: (world) => possible(world.peers[index]!, world),
    run: (world) => run(world.peers[index]!, world),
  })
}

function sends(possible: Possible, make: (peer: Peer, variables: Variables) => Arrival): Maker {
  return happens(possible, (peer, world) => world.receive(peer, make(peer, variablesOf(peer, world))))
}

function calls(call: Call, possible: Possible): Maker {
  return happens(possible, (peer, world) => world.call(call, peer))
}

function segment(flags: number, seq: number, ack: number, length = 0): Arrival {
  return { flags, seq, ack, length }
}

function variablesOf(peer: Peer, world: World): Variables {
  return world.variables.get(peer)!
}

function isLive(peer: Peer, world: World): boolean {
  return hasTcb(variablesOf(peer, world))
}

function inFlight(variables: Variables): boolean {
  return hasTcb(variables) && variables.una !== variables.nxt
}

function always(): boolean {
  return true
}

function waitsForWord(peer: Peer, world: World): boolean {
  return world.births.get(peer)?.deferred === true
}

function untilRotation({ now }: World): number {
  return COOKIE_PERIOD - (now % COOKIE_PERIOD)
}

function canConnect(peer: Peer): boolean {
  return peer.canHaveConnection
}

function listens({ listener }: World): boolean {
  return listener?.open === true
}

function isOpen(_: Peer, world: World): boolean {
  return listens(world)
}

function canBeStale(peer: Peer, world: World): boolean {
  return peer.pair !== undefined && isLive(peer, world)
}

function canSendText(peer: Peer): boolean {
  return peer.canHaveConnection && peer.canSendText
}

function isOwned(peer: Peer, world: World): boolean {
  return world.owned(peer) !== undefined
}

/** Once a connection, where it takes text. */
function canSend(peer: Peer, world: World): boolean {
  const connection = world.owned(peer)
  if (connection === undefined || connection.writable < CONFIG.sendBuffer) return false
  const { nxt, iss, state } = variablesOf(peer, world)
  return state !== 'SYN-SENT' && nxt === after(iss, 1)
}

/** The number that a segment of the peer's begins with if nothing is wrong with it. */
function expected(variables: Variables): number {
  return hasTcb(variables) && variables.state !== 'SYN-SENT' ? variables.rcvNxt : after(ISN, 1)
}

function ahead(variables: Variables): number {
  return after(expected(variables), AHEAD)
}

function syn(peer: Peer, isn: number): Arrival {
  peer.synsSent.add(isn)
  return segment(SYN, isn, 0)
}

function synAck(peer: Peer): Arrival {
  peer.hear('all')
  const iss = peer.offered!
  peer.synsSent.add(ISN)
  peer.agree({ isn: ISN, iss })
  return segment(SYN | ACK, ISN, after(iss, 1))
}

/** What a host that knows nothing of the connection answers to it. */
function exactReset(variables: Variables): Arrival {
  if (variables.state === 'SYN-SENT') return segment(RST | ACK, 0, variables.nxt)
  return segment(RST, expected(variables), 0)
}

function outsideReset(variables: Variables): Arrival {
  if (variables.state === 'SYN-SENT') return segment(RST | ACK, 0, after(variables.nxt, AHEAD))
  return segment(RST, after(expected(variables), BEHIND), 0)
}

function text(peer: Peer): Arrival {
  peer.hear('handshake')
  const seq = peer.next
  peer.sent += TEXT_LENGTH
  return segment(ACK | PSH, seq, peer.ack, TEXT_LENGTH)
}

function again(peer: Peer): Arrival {
  const { seq, length, fin } = peer.unacknowledged!
  return segment(ACK | PSH | (fin ? FIN : 0), seq, peer.ack, length)
}
