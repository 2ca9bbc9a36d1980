/** What must hold after every step, whatever happened: the first thing that does not, in words. */
import type { Connection } from '../../src/tcp/connection.ts'
import type { ListenerCounters } from '../../src/tcp/counters.ts'
import type { State } from '../../src/tcp/state.ts'
import { cookiesOf, expectedAdmission, possibleVictims } from './expected-admission.ts'
import { variablesOf } from './fingerprint.ts'
import { MSS, WINDOW } from './frames.ts'
import type { Birth } from './happenings.ts'
import type { Peer } from './peer.ts'
import { forbidden } from './rfc9293.ts'
import { forbiddenCall, forbiddenInTime, isWord } from './rfc9293-calls.ts'
import { ACK, FIN, RST, type Surroundings, SYN, type Variables } from './rfc9293-terms.ts'
import { CONFIG, DEFER_TIMEOUT } from './settings.ts'
import type { World } from './world.ts'

/** What is remembered of a world from before a step. */
export interface Before {
  readonly variables: ReadonlyMap<Peer, Variables>
  readonly surroundings: ReadonlyMap<Peer, Surroundings>
  readonly births: ReadonlyMap<Peer, Birth>
  /** Who may lose an entry to a fairer share. */
  readonly victims: readonly Peer[]
  readonly unaccepted: readonly Peer[]
  readonly syns: number
}

export function before(world: World): Before {
  const { listener } = world
  const around = {
    listening: listener?.open === true,
    room: listener !== undefined && world.births.size < listener.backlog,
    acceptQueueFull: listener !== undefined && listener.acceptQueueLength >= listener.acceptBacklog,
    acceptOverflow: listener?.acceptOverflow ?? 'wait',
    timestamps: world.peers.some(({ stamped }) => stamped),
  }
  return {
    variables: world.variables,
    surroundings: new Map(world.peers.map((peer) => [peer, { ...around, ...surroundingsOf(world, peer) }])),
    births: new Map(world.births),
    victims: possibleVictims(world),
    unaccepted: world.peers.filter((peer) => isUnaccepted(world, world.connections.get(peer))),
    syns: listener?.counters.syns ?? 0,
  }
}

function surroundingsOf(world: World, peer: Peer) {
  return {
    admission: expectedAdmission(world, peer),
    cookies: cookiesOf(world, peer)?.map((offer) => ({ ...offer })),
    answeredLately: world.answeredLately(peer),
  }
}

function isUnaccepted(world: World, connection: Connection | undefined): boolean {
  if (connection === undefined || connection.listener === undefined || world.accepted.has(connection)) return false
  return connection.state !== 'CLOSED' && connection.state !== 'TIME-WAIT'
}

/** The first thing that is wrong after a step; undefined if nothing is. */
export function violation(world: World, was: Before): string | undefined {
  const is = world.variables
  return (
    answersAllowed(world, was, is) ??
    queuesBounded(world) ??
    onlyOneMakesRoom(world, was) ??
    nobodyWaitsInVain(world) ??
    wordsCount(world, was) ??
    livesBounded(world, was) ??
    bothAgree(world) ??
    timeWaitLasts(world) ??
    reasonsAddUp(world, was) ??
    framesAddUp(world) ??
    stamped(world) ??
    endsToldOnce(world) ??
    nothingDue(world)
  )
}

/** Each answer is allowed by RFC 9293, and nothing happens to those whom it does not concern. */
function answersAllowed(world: World, was: Before, is: ReadonlyMap<Peer, Variables>): string | undefined {
  for (const peer of world.peers) {
    const problem = forbiddenFor(world, peer, was, is.get(peer)!)
    if (problem !== undefined) return `${whose(peer)}${problem}`
  }
  return undefined
}

function forbiddenFor(world: World, peer: Peer, was: Before, is: Variables): string | undefined {
  const { stimulus } = world
  const before = was.variables.get(peer)!
  const around = was.surroundings.get(peer)!
  const answers = world.sent.filter((segment) => segment.peer === peer)
  if (stimulus.kind === 'segment' && isVictim(world, stimulus.peer, peer, was)) {
    return answers.length === 0 && is.state === 'LISTEN' ? undefined : 'an entry that makes room is answered'
  }
  const unconcerned = 'peer' in stimulus && stimulus.peer !== undefined && stimulus.peer !== peer
  if (unconcerned) return changed(before, is, answers.length, 'a segment or call for somebody else')
  switch (stimulus.kind) {
    case 'segment':
      return forbidden(before, stimulus.segment, around, is, answers)
    case 'icmp':
      return afterUnreachable(before, stimulus.seq, is, answers.length)
    case 'time':
      return forbiddenInTime(before, is, answers, scheduled(world, was, peer))
    case 'call':
      return forbiddenCall(stimulus.call, before, is, answers, was.unaccepted.includes(peer))
    default:
      return changed(before, is, answers.length, 'what is not for this stack')
  }
}

/** Whether this peer's entry was the one to make room for the SYN of another. */
function isVictim(world: World, asking: Peer, peer: Peer, was: Before): boolean {
  const { admission } = was.surroundings.get(asking)!
  const isAdmitted = world.births.has(asking) && !was.births.has(asking)
  const evicts = admission === 'evict' || (admission === 'cookie' && was.variables.get(asking)!.state === 'TIME-WAIT')
  return peer !== asking && evicts && isAdmitted && was.victims.includes(peer) && !world.births.has(peer)
}

/** §3.9.2.2, and RFC 5927 §4.1: an error about what is not in flight is nothing; about the SYN of ours, a refusal. */
function afterUnreachable(was: Variables, seq: number, is: Variables, answers: number): string | undefined {
  const refused = was.state === 'SYN-SENT' && seq === was.iss && is.state === 'CLOSED' && answers === 0
  return refused ? undefined : changed(was, is, answers, 'an ICMP error, which aborts nothing but an active open')
}

function changed(was: Variables, is: Variables, answers: number, why: string): string | undefined {
  if (answers > 0) return `${why} is answered`
  const names = (Object.keys(was) as (keyof Variables)[]).filter((name) => String(was[name]) !== String(is[name]))
  if (names.length === 0) return undefined
  return `${why} changes ${names.map((name) => `${name} from ${String(was[name])} to ${String(is[name])}`).join(', ')}`
}

/** Whether a SYN,ACK of the peer's half-open entry is due right now: at the end of each wait but the last. */
function scheduled(world: World, was: Before, peer: Peer): boolean {
  const birth = was.births.get(peer)
  if (birth === undefined || birth.deferred) return false
  let end = birth.at
  for (const wait of world.listener!.schedule.waits.slice(0, -1)) {
    end += wait
    if (end === world.now) return true
  }
  return false
}

function queuesBounded({ listener }: World): string | undefined {
  if (listener === undefined) return undefined
  const { halfOpen, backlog, acceptQueueLength, acceptBacklog } = listener
  if (halfOpen > backlog) return `the SYN queue holds ${halfOpen}, more than the backlog of ${backlog}`
  if (acceptQueueLength > acceptBacklog)
    return `the accept queue holds ${acceptQueueLength}, more than its bound of ${acceptBacklog}`
  return undefined
}

/** A SYN that is admitted to a full queue costs one entry, and no more. */
function onlyOneMakesRoom({ births, listener, stimulus }: World, was: Before): string | undefined {
  if (listener === undefined || stimulus.kind !== 'segment' || births.size >= was.births.size) return undefined
  const gone = [...was.births.keys()].filter((peer) => !births.has(peer) && peer !== stimulus.peer)
  return gone.length === 0 ? undefined : `${gone.map(({ port }) => port)} lost an entry, and nobody got one`
}

/** The application is told of each SYN that waits for its word; the word counts as long as it waits, and only then. */
function wordsCount(world: World, was: Before): string | undefined {
  const { births, incoming, mattered, stimulus } = world
  for (const [peer, { deferred, irs }] of births) {
    const told = incoming.get(peer)?.syn
    if (!deferred || (told?.irs === irs && told.mss === MSS && told.window === WINDOW)) continue
    return `${whose(peer)}the SYN ${irs} waits for the application, which was told of ${told?.irs}`
  }
  if (stimulus.kind !== 'call' || !isWord(stimulus.call)) return undefined
  const waited = was.births.get(stimulus.peer!)?.deferred === true && stimulus.call !== 'accept an earlier SYN'
  return mattered === waited
    ? undefined
    : `the word returned ${mattered}, and it ${waited ? 'mattered' : 'came too late'}`
}

/** An entry whose ACK came while the accept queue was full is completed as soon as there is room. */
function nobodyWaitsInVain({ listener, now }: World): string | undefined {
  if (listener === undefined || listener.acceptQueueLength >= listener.acceptBacklog) return undefined
  if (!listener.open || listener.halfOpens(now).every(({ acknowledged }) => !acknowledged)) return undefined
  return 'a half-open entry is acknowledged and waits, though the accept queue has room'
}

/** An entry lives for the SYN-RECEIVED timeout, to the millisecond, and its view says what is left. */
function livesBounded(world: World, was: Before): string | undefined {
  const { listener, now } = world
  if (listener === undefined) return undefined
  for (const view of listener.halfOpen === 0 ? [] : listener.halfOpens(now)) {
    const peer = world.peers.find(({ port }) => port === view.remotePort)!
    const left = leftOf(world.births.get(peer)!, world)
    if (left <= 0) return `${whose(peer)}a half-open entry lives ${-left} ms too long`
    if (view.expiresIn !== left)
      return `${whose(peer)}a half-open entry is to live for ${view.expiresIn} ms more, not ${left} ms`
  }
  if (world.stimulus.kind !== 'time') return undefined
  for (const [peer, birth] of was.births) {
    const left = leftOf(birth, world)
    if (!world.births.has(peer) && left > 0) return `${whose(peer)}a half-open entry is gone ${left} ms too early`
  }
  return undefined
}

function leftOf({ at, deferred }: Birth, { listener, now }: World): number {
  return at + (deferred ? DEFER_TIMEOUT : listener!.survivalTime) - now
}

/** ESTABLISHED only with initial sequence numbers that the peer has heard, and sent, too. */
function bothAgree({ transitions, peers }: World): string | undefined {
  for (const { connection, to } of transitions) {
    if (to !== 'ESTABLISHED') continue
    const peer = peers.find(({ port }) => port === connection.remotePort)!
    const { irs, iss } = variablesOf(connection)
    if (!peer.hasAgreed({ isn: irs, iss })) return `${whose(peer)}ESTABLISHED, and the peer knows nothing of it`
  }
  return undefined
}

/** §3.6.1: TIME-WAIT lasts for two maximum segment lifetimes, but for a RST or the next incarnation. */
function timeWaitLasts(world: World): string | undefined {
  if (world.stimulus.kind !== 'time') return undefined
  for (const { connection, from } of world.transitions) {
    const lasted = world.now - (world.timeWaitSince.get(connection) ?? 0)
    if (from === 'TIME-WAIT' && lasted < 2 * CONFIG.msl) return `TIME-WAIT lasted for ${lasted} ms`
  }
  return undefined
}

/** The listener's reasons add up to the SYNs, and those to the SYNs that came. */
function reasonsAddUp(world: World, was: Before): string | undefined {
  const { listener, stimulus } = world
  if (listener === undefined) return undefined
  const { counters, halfOpen } = listener
  const { syns, held, completed, accepted, cookieCompleted, cookieHeld } = counters
  const become = sum(counters, BECOME)
  if (syns !== become) return `${syns} SYNs, but ${become} were held, answered with a cookie, refused or ignored`
  const ended = sum(counters, ENDS)
  if (held + cookieHeld !== ended + halfOpen)
    return `${held} SYNs and ${cookieHeld} cookies held, but ${ended} ended and ${halfOpen} are half-open`
  const words = sum(counters, WORDS) + [...world.births.values()].filter(({ deferred }) => deferred).length
  if (words > counters.deferred) return `${counters.deferred} SYNs deferred, but ${words} were answered or wait`
  const { acceptQueueLength: waiting, open } = listener
  const established = completed + cookieCompleted
  if (open && established !== accepted + waiting)
    return `${established} completed, but ${accepted} accepted and ${waiting} wait`
  const asked = stimulus.kind === 'segment' && asksToConnect(was, stimulus.peer, stimulus.segment) ? 1 : 0
  if (syns - was.syns !== asked) return `${asked} SYNs came, and ${syns - was.syns} were counted`
  return undefined
}

/** What becomes of a SYN, of an entry, and of a SYN that waits for the application, by the listener's counters. */
const BECOME = ['held', 'cookied', 'refused', 'ignored', 'queueFull'] as const
const WORDS = ['deferAccepted', 'deferRefused', 'deferIgnored', 'deferExpired'] as const
const ENDS = [
  ...(['completed', 'reset', 'expired', 'evicted', 'acceptReset', 'closed'] as const),
  ...(['deferRefused', 'deferIgnored', 'deferExpired'] as const),
] as const

function sum(counters: ListenerCounters, names: readonly (keyof ListenerCounters)[]): number {
  return names.reduce((total, name) => total + counters[name], 0)
}

function asksToConnect(was: Before, peer: Peer, segment: { flags: number; seq: number }): boolean {
  if ((segment.flags & (SYN | ACK | RST | FIN)) !== SYN) return false
  const { state, rcvNxt, deferred } = was.variables.get(peer)!
  const reopens = state === 'TIME-WAIT' && was.surroundings.get(peer)!.listening && ((segment.seq - rcvNxt) | 0) > 0
  return (state === 'LISTEN' && deferred === undefined) || reopens
}

/** RFC 7323 §3.2: once timestamps are in use, all segments but a RST have them, and echo the last. */
function stamped({ peers, sent }: World): string | undefined {
  const bare = sent.find(({ peer, flags, stamped }) => peer.stamped && !stamped && (flags & RST) === 0)
  return bare && peers.length > 0
    ? `${whose(bare.peer)}a segment without the timestamps that were agreed on`
    : undefined
}

function framesAddUp({ stack, framesIn, framesOut }: World): string | undefined {
  const { received, accepted, transmitted, drops } = stack.counters
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0)
  if (received !== accepted + dropped)
    return `${received} frames received, but ${accepted} accepted and ${dropped} dropped`
  if (received !== framesIn) return `${framesIn} frames came, and ${received} were counted`
  if (transmitted !== framesOut) return `${framesOut} frames were sent, and ${transmitted} were counted`
  return undefined
}

/** What the application has is told of its end, once, and of nothing before it. */
function endsToldOnce({ accepted, closedEvents }: World): string | undefined {
  for (const connection of accepted) {
    const told = closedEvents.get(connection) ?? 0
    const ended: State[] = ['CLOSED', 'TIME-WAIT']
    const expected = ended.includes(connection.state) ? 1 : 0
    if (told !== expected) return `the end of a connection in ${connection.state} was told ${told} times`
  }
  return undefined
}

function nothingDue({ stack, now }: World): string | undefined {
  return stack.nextDeadline() <= now ? `something is due at ${stack.nextDeadline()}, and it is ${now}` : undefined
}

function whose(peer: Peer): string {
  return peer.name === '' ? '' : `peer ${peer.name}: `
}
