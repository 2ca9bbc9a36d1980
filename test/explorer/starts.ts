/** Where the explorer begins, and what may happen there. */
import { admitDeferred } from '../../src/tcp/admission.ts'
import { type Action, actionsOfPeer, actionsOfWorld, type PeerActionName } from './actions.ts'
import type { Opening } from './opening.ts'
import { admitPickily } from './policies.ts'
import { DEFER_TIMEOUT } from './settings.ts'

export interface Start {
  readonly name: string
  readonly opening: Opening
  /** What has happened before the walk begins, by name. */
  readonly prefix: readonly string[]
  readonly actions: readonly Action[]
  /** How far the walk goes in the tests. */
  readonly depth: number
}

/** One retransmission; the entry is deleted after 3 s. */
const SHORT_SCHEDULE = { acceptBacklog: 1, synAckRetries: 1, synAckWaits: [1000, 2000] } as const
const WITHOUT_COOKIES = { ...SHORT_SCHEDULE, cookies: false } as const

const PASSIVE: readonly PeerActionName[] = [
  'SYN',
  'SYN, other ISN',
  'SYN with text',
  'SYN,FIN',
  'text without ACK',
  'SYN,ACK, stray',
  'ACK',
  'ACK, ahead',
  'ACK, behind',
  'RST, exact',
  'RST, inexact',
  'RST, outside',
  'FIN',
  'text',
  'text, lost',
  'text and FIN again',
  'ICMP unreachable',
  'ICMP unreachable, forged',
  'loss',
  'close()',
]

const ACTIVE: readonly PeerActionName[] = [
  ...PASSIVE.filter((name) => name !== 'SYN,ACK, stray'),
  'SYN,ACK',
  'SYN,ACK, wrong',
]

/** A second client, of whom only its place in the queues counts. */
const RIVAL: readonly PeerActionName[] = ['SYN', 'ACK', 'RST, exact', 'close()']

/** What decides about a half-open entry. */
const HALF_OPEN: readonly PeerActionName[] = [
  'SYN',
  'SYN, other ISN',
  'ACK',
  'ACK, ahead',
  'RST, exact',
  'RST, inexact',
  'RST, outside',
  'text',
  'ICMP unreachable',
  'loss',
]

const ALWAYS: readonly Action[] = actionsOfWorld(['timer', 'wait', 'accept()', 'listener.close()'])

const LISTENING: readonly Action[] = [...actionsOfPeer(0, PASSIVE), ...ALWAYS]

/** What a connection may meet: each state of its end, from both sides. */
const CONNECTED: readonly Action[] = [
  ...actionsOfPeer(0, ['SYN', 'ACK', 'ACK, ahead', 'RST, exact', 'RST, inexact', 'FIN', 'text', 'text, lost']),
  ...actionsOfPeer(0, ['text and FIN again', 'loss', 'close()', 'send()', 'abort()']),
  ...actionsOfWorld(['timer', 'wait', 'accept()']),
]

/** What decides about a client whose SYN may be answered with a cookie, or lose its entry. */
const BY_COOKIE: readonly PeerActionName[] = [
  'SYN',
  'SYN, other ISN',
  'ACK',
  'ACK, ahead',
  'RST, exact',
  'FIN',
  'text',
  'close()',
]

const WITH_COOKIES: readonly Action[] = [
  ...actionsOfPeer(0, BY_COOKIE),
  ...actionsOfWorld(['timer', 'rotation', 'accept()', 'listener.close()']),
]

/** Five clients of three prefixes, for a queue that is too small for them. */
const CROWD: readonly Action[] = [
  ...actionsOfPeer(0, ['SYN', 'ACK']),
  ...actionsOfPeer(1, ['SYN', 'RST, exact']),
  ...actionsOfPeer(2, ['SYN', 'ACK']),
  ...actionsOfPeer(3, ['SYN']),
  ...actionsOfPeer(4, ['SYN']),
  ...actionsOfWorld(['timer', 'listener.close()']),
]

const DEFERRED: readonly PeerActionName[] = [
  'SYN',
  'SYN, other ISN',
  'SYN with text',
  'SYN,FIN',
  'text without ACK',
  'SYN,ACK, stray',
  'ACK',
  'ACK, ahead',
  'RST, exact',
  'loss',
  'close()',
  'incoming.accept()',
  'incoming.refuse()',
  'incoming.ignore()',
  'earlier incoming.accept()',
]

export const STARTS: readonly Start[] = [
  {
    name: 'LISTEN, backlog 1, two clients',
    opening: { kind: 'listen', listen: { ...WITHOUT_COOKIES, backlog: 1 }, peers: ['A', 'A'] },
    prefix: [],
    actions: [...LISTENING, ...actionsOfPeer(1, RIVAL)],
    depth: 7,
  },
  {
    name: 'LISTEN, backlog 2, two clients',
    opening: { kind: 'listen', listen: { ...WITHOUT_COOKIES, backlog: 2 }, peers: ['A', 'A'] },
    prefix: [],
    actions: [...actionsOfPeer(0, HALF_OPEN), ...actionsOfPeer(1, RIVAL), ...ALWAYS],
    depth: 7,
  },
  {
    name: 'LISTEN with cookies, backlog 1, clients of two prefixes',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1 }, peers: ['A', 'B'] },
    prefix: [],
    actions: [...WITH_COOKIES, ...actionsOfPeer(1, RIVAL)],
    depth: 7,
  },
  {
    name: 'TIME-WAIT with cookies, and a full SYN queue',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1 }, peers: ['A', 'B'] },
    prefix: ['SYN', 'ACK', 'accept()', 'close()', 'FIN', 'ACK', 'SYN (q)'],
    actions: [...WITH_COOKIES, ...actionsOfPeer(1, RIVAL)],
    depth: 7,
  },
  {
    name: 'TIME-WAIT without cookies, and a full SYN queue',
    opening: { kind: 'listen', listen: { ...WITHOUT_COOKIES, backlog: 1 }, peers: ['A', 'B'] },
    prefix: ['SYN', 'ACK', 'accept()', 'close()', 'FIN', 'ACK', 'SYN (q)'],
    actions: [...WITH_COOKIES, ...actionsOfPeer(1, RIVAL)],
    depth: 6,
  },
  {
    name: 'LISTEN without cookies, three entries of two prefixes, and others ask',
    opening: { kind: 'listen', listen: { ...WITHOUT_COOKIES, backlog: 3 }, peers: ['A', 'A', 'B', 'B', 'C'] },
    prefix: ['SYN', 'SYN (q)', 'SYN (r)'],
    actions: CROWD,
    depth: 7,
  },
  {
    name: 'LISTEN with cookies, three entries of two prefixes, and others ask',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 3 }, peers: ['A', 'A', 'B', 'B', 'C'] },
    prefix: ['SYN', 'SYN (q)', 'SYN (r)'],
    actions: CROWD,
    depth: 7,
  },
  {
    name: 'LISTEN, SYNs wait for the application, two clients',
    opening: {
      kind: 'listen',
      listen: { ...SHORT_SCHEDULE, backlog: 1, admission: admitDeferred, deferTimeout: DEFER_TIMEOUT },
      peers: ['A', 'A'],
    },
    prefix: [],
    actions: [
      ...actionsOfPeer(0, DEFERRED),
      ...actionsOfPeer(1, ['SYN', 'ACK', 'RST, exact', 'incoming.accept()']),
      ...actionsOfWorld(['timer', 'wait', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN, acceptOverflow reset, one unaccepted',
    opening: {
      kind: 'listen',
      listen: { ...SHORT_SCHEDULE, backlog: 1, acceptOverflow: 'reset' },
      peers: ['A', 'A', 'A'],
    },
    prefix: ['SYN (q)', 'ACK (q)'],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'ACK', 'ACK, ahead', 'FIN', 'text']),
      ...actionsOfPeer(1, ['SYN', 'RST, exact']),
      ...actionsOfPeer(2, ['SYN', 'ACK']),
      ...actionsOfWorld(['timer', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN, a policy that refuses and ignores, two clients',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 2, admission: admitPickily }, peers: ['A', 'A'] },
    prefix: [],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'SYN, other ISN', 'ACK', 'ACK, ahead', 'RST, exact', 'FIN', 'close()']),
      ...actionsOfPeer(1, ['SYN', 'ACK', 'RST, exact']),
      ...actionsOfWorld(['timer', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN, cookies always, two clients',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1, cookies: 'always' }, peers: ['A', 'A'] },
    prefix: [],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'SYN, other ISN', 'ACK', 'ACK, ahead', 'RST, exact', 'text']),
      ...actionsOfPeer(1, ['SYN', 'ACK']),
      ...actionsOfWorld(['timer', 'rotation', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN, a replica shares the cookie keys',
    opening: {
      kind: 'listen',
      listen: { ...SHORT_SCHEDULE, backlog: 1, cookies: 'always' },
      peers: ['A', 'A'],
      replica: true,
    },
    prefix: [],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'SYN to the replica', 'ACK', 'RST, exact', 'text']),
      ...actionsOfPeer(1, ['SYN']),
      ...actionsOfWorld(['timer', 'rotation of the ring', "rotation of the replica's", 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN over IPv6 with cookies, clients of two prefixes',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 2 }, peers: ['V', 'V', 'W'] },
    prefix: ['SYN', 'SYN (q)'],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'ACK', 'RST, inexact', 'ICMP unreachable', 'ICMP unreachable, forged']),
      ...actionsOfPeer(0, ['RST, exact']),
      ...actionsOfPeer(1, ['SYN', 'ACK']),
      ...actionsOfPeer(2, ['SYN', 'ACK']),
      ...actionsOfWorld(['timer', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'LISTEN with timestamps and cookies, two clients',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1 }, peers: ['A', 'A'], timestamps: true },
    prefix: [],
    actions: [
      ...actionsOfPeer(0, ['SYN', 'ACK', 'ACK, old', 'ACK without timestamps', 'ACK, ahead', 'RST, inexact', 'text']),
      ...actionsOfPeer(0, ['RST, exact']),
      ...actionsOfPeer(1, ['SYN', 'ACK']),
      ...actionsOfWorld(['timer', 'wait', 'rotation', 'accept()', 'listener.close()']),
    ],
    depth: 7,
  },
  {
    name: 'SYN-SENT',
    opening: { kind: 'connect' },
    prefix: [],
    actions: [...actionsOfPeer(0, ACTIVE), ...actionsOfWorld(['timer', 'wait'])],
    depth: 7,
  },
  {
    name: 'ESTABLISHED, accepted',
    opening: { kind: 'listen', listen: { ...WITHOUT_COOKIES, backlog: 1 }, peers: ['A'] },
    prefix: ['SYN', 'ACK', 'accept()'],
    actions: CONNECTED,
    depth: 7,
  },
]
