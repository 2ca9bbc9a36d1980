/** Where the explorer begins, and what may happen there. */
import { type Action, actionsOfPeer, actionsOfWorld, type PeerActionName } from './actions.ts'
import type { Opening } from './world.ts'

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

const LISTENING: readonly Action[] = [
  ...actionsOfPeer(0, PASSIVE),
  ...actionsOfWorld(['timer', 'wait', 'accept()', 'listener.close()']),
]

export const STARTS: readonly Start[] = [
  {
    name: 'LISTEN, backlog 1, two clients',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1 }, peers: 2 },
    prefix: [],
    actions: [...LISTENING, ...actionsOfPeer(1, RIVAL)],
    depth: 7,
  },
  {
    name: 'LISTEN, backlog 2, two clients',
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 2 }, peers: 2 },
    prefix: [],
    actions: [...LISTENING, ...actionsOfPeer(1, RIVAL)],
    depth: 6,
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
    opening: { kind: 'listen', listen: { ...SHORT_SCHEDULE, backlog: 1 }, peers: 1 },
    prefix: ['SYN', 'ACK', 'accept()'],
    actions: [...LISTENING, ...actionsOfPeer(0, ['send()', 'abort()'])],
    depth: 6,
  },
]
